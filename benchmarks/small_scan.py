# SPDX-License-Identifier: Apache-2.0
"""Looking again at one instance: it costs the same whatever the size of the cloud, when the sources answer at once.

Sizes may be given as ``CALIPSO_BENCH_SMALL=hosts/instances,hosts/instances``.
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.figures import Figure
from benchmarks.large_cloud import LargeCloud, uuid_of
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.store import open_store
from tests.fixtures.tiny_cloud import CLOUD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZES = os.environ.get("CALIPSO_BENCH_SMALL", "25/750,100/3000")
TIMES = 9
MOST_S = 1.0


def run() -> list[Figure]:
    """Scan a small and a large cloud whole, then one instance of each in turns: other work hits both alike."""
    sizes = [tuple(map(int, size.split("/"))) for size in SIZES.split(",")]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as clouds:
        rescans = [clouds.enter_context(_scanned(Path(folder) / f"{size[0]}.db", *size)) for size in sizes]
        taken = [[rescan() for rescan in rescans] for _ in range(TIMES)]
    costs = [_Cost(*map(median, zip(*of_one, strict=True))) for of_one in zip(*taken, strict=True)]
    told = [
        f"{hosts} hosts, {servers} instances: {one.wall_s:.3f} s, CPU {one.cpu_s:.3f} s"
        for (hosts, servers), one in zip(sizes, costs, strict=True)
    ]
    return [
        Figure("re-scan of one instance: seconds / 1 s", costs[-1].wall_s / MOST_S, 1.0, told[-1]),
        Figure(
            "re-scan of one instance: CPU, large cloud / small cloud",
            costs[-1].cpu_s / costs[0].cpu_s,
            2.0,
            "; ".join(told),
            goal=1.3,
        ),
    ]


class _Cost(NamedTuple):
    """What one re-scan takes."""

    wall_s: float
    cpu_s: float


@contextmanager
def _scanned(file: Path, hosts: int, servers: int) -> Iterator[Callable[[], _Cost]]:
    """Scan a cloud whole; give what scans one of its instances again."""
    store = open_store(file)
    with open_cloud(CLOUD, store=store, source=LargeCloud(hosts, servers)) as cloud:
        cloud.scan()
        ref = ObjectRef("cloud", "instance", uuid_of(servers // 2))

        def rescan() -> _Cost:
            wall, cpu = time.perf_counter(), time.process_time()
            report = cloud.rescan([ref])
            cost = _Cost(time.perf_counter() - wall, time.process_time() - cpu)
            if report.status != "completed" or report.objects.changed or not report.objects.unchanged:
                raise RuntimeError(f"not what was expected: {report}")
            return cost

        rescan()  # what the source tells is made once
        yield rescan
    store.close()
