# SPDX-License-Identifier: Apache-2.0
"""A second scan of an unchanged cloud: the share of documents that it writes, and the time that storing takes."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Figure
from benchmarks.synthetic import ENVIRONMENT, Size, cloud
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.scan.links import find_links
from calipso_nornir.scan.report import ScanReport
from calipso_nornir.scan.storing import Generation
from calipso_nornir.store import open_store

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Store

SIZE = Size(hosts=100, instances=7_500, networks=100)


def run() -> list[Figure]:
    """Store the same generation twice."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "bench.db")
        begun = datetime.now(UTC)
        first, first_s = _scan(store, begun)
        second, second_s = _scan(store, begun + timedelta(seconds=1))
        store.close()
    there = first.objects.new + first.links.new
    written = sum(one.new + one.changed + one.removed for one in (second.objects, second.links))
    detail = f"{there} documents, stored in {first_s:.1f} s, the second time in {second_s:.1f} s"
    return [
        Figure("rescan: documents written / documents", written / there, 0.0, detail),
        Figure("rescan: storing, second time / first", second_s / first_s, 1.0, "only what marks them seen is written"),
    ]


def _scan(store: Store, at: datetime) -> tuple[ScanReport, float]:
    """Find the links of a cloud and store everything; return the report and the seconds that storing took."""
    report = ScanReport(scan_id="bench", environment=ENVIRONMENT, started_at=at)
    working = cloud(SIZE)
    links = find_links(load_catalog().link_finders, working, before=lambda _type: (), at=at, on_trouble=_raise)
    begun = time.perf_counter()
    with store.write(ENVIRONMENT) as writer:
        generation = Generation(writer, environment=ENVIRONMENT, base=0, at=at)
        generation.put_objects(working)
        generation.put_links(links)
    generation.tell(report)
    return report, time.perf_counter() - begun


def _raise(error: Exception, _affected: str) -> None:
    raise error
