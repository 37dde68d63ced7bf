# SPDX-License-Identifier: Apache-2.0
"""Looking again at one instance: it costs the same whatever the size of the cloud, when the sources answer at once.

Sizes may be given as ``CALIPSO_BENCH_SMALL=hosts/instances,hosts/instances``.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.large_cloud import LargeCloud, uuid_of
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.store import open_store
from tests.fixtures.tiny_cloud import CLOUD

SIZES = os.environ.get("CALIPSO_BENCH_SMALL", "25/750,100/3000")
TIMES = 7
MOST_S = 1.0


def run() -> list[Figure]:
    """Scan a small and a large cloud whole, then one instance of each several times."""
    sizes = [tuple(map(int, size.split("/"))) for size in SIZES.split(",")]
    seconds = [_rescan(hosts, servers) for hosts, servers in sizes]
    told = [
        f"{hosts} hosts, {servers} instances: {one:.3f} s" for (hosts, servers), one in zip(sizes, seconds, strict=True)
    ]
    return [
        Figure("re-scan of one instance: seconds / 1 s", seconds[-1] / MOST_S, 1.0, told[-1]),
        Figure(
            "re-scan of one instance: large cloud / small cloud",
            seconds[-1] / seconds[0],
            5.0,
            "; ".join(told),
            goal=1.3,
        ),
    ]


def _rescan(hosts: int, servers: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "bench.db")
        with open_cloud(CLOUD, store=store, source=LargeCloud(hosts, servers)) as cloud:
            cloud.scan()
            ref = ObjectRef("cloud", "instance", uuid_of(servers // 2))
            cloud.rescan([ref])  # what the source tells is made once
            taken = []
            for _ in range(TIMES):
                begun = time.perf_counter()
                report = cloud.rescan([ref])
                taken.append(time.perf_counter() - begun)
                if report.status != "completed" or report.objects.changed or not report.objects.unchanged:
                    raise RuntimeError(f"not what was expected: {report}")
        store.close()
    return median(taken)
