# SPDX-License-Identifier: Apache-2.0
"""Full scans of a cloud whose sources answer at once, compared with a bare insert of the documents that they store.

``CALIPSO_BENCH_SCAN=hosts/instances`` sets the size.
"""

from __future__ import annotations

import contextlib
import os
import resource
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.bare_insert import Taken, insert
from benchmarks.figures import Figure
from benchmarks.large_cloud import LargeCloud
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.store import open_store
from tests.fixtures.tiny_cloud import CLOUD

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Kind
    from calipso_nornir.scan.cloud import Cloud
    from calipso_nornir.scan.report import ScanReport

SIZE = os.environ.get("CALIPSO_BENCH_SCAN", "50/2000")
KINDS: tuple[Kind, ...] = ("inventory", "links", "cliques")
MEMORY_LIMIT_MIB = 2048


def run() -> list[Figure]:
    """Scan twice with one open cloud, and once with a new one; then insert the stored documents."""
    hosts, instances = map(int, SIZE.split("/"))
    source = LargeCloud(hosts, instances)
    source.prepare()
    reports: list[ScanReport] = []
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(open_store(Path(folder) / "bench.db")) as store:
        with open_cloud(CLOUD, store=store, source=source) as cloud:
            first, second = (Taken.by(lambda: reports.append(_scan(cloud))) for _ in range(2))
        with open_cloud(CLOUD, store=store, source=source) as cloud:
            anew = Taken.by(lambda: reports.append(_scan(cloud)))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        view = store.view("cloud")
        bare = insert([document for kind in KINDS for document in view.documents(kind)])
    for again in reports[1:]:
        if again.objects.new + again.objects.changed + again.links.new + again.links.changed:
            raise RuntimeError(f"nothing had changed: {again}")
    phases = ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in reports[0].durations.items())
    return [
        Figure(
            "whole scan: wall / bare insert",
            first.wall / bare.wall,
            30.0,
            f"{hosts} hosts, {instances} instances: {first.wall:.1f} s ({phases}), bare insert {bare.wall:.2f} s; "
            f"by CPU time {first.cpu / bare.cpu:.1f}",
            goal=5.0,
        ),
        Figure(
            "whole scan: CPU, nothing changed / first",
            second.cpu / first.cpu,
            0.8,
            f"{second.cpu:.1f} s against {first.cpu:.1f} s in an open cloud; "
            f"in a newly opened one {anew.cpu:.1f} s, {anew.cpu / first.cpu:.2f}",
            goal=0.5,
        ),
        Figure("whole scan: memory / 2 GiB", memory / MEMORY_LIMIT_MIB, 1.0, f"{memory:.0f} MiB at most"),
    ]


def _scan(cloud: Cloud) -> ScanReport:
    report = cloud.scan()
    if report.status != "completed":
        raise RuntimeError(f"not what was expected: {report}")
    return report
