# SPDX-License-Identifier: Apache-2.0
"""A re-scan of one instance: its cost does not depend on the size of the cloud if the sources answer at once.

``CALIPSO_BENCH_SMALL=hosts/instances,hosts/instances`` sets the sizes.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.large_cloud import LargeCloud, uuid_of
from benchmarks.two_sizes import Cost, compared, measured
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.store import open_store
from tests.fixtures.tiny_cloud import CLOUD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.figures import Figure

SIZES = "100/3000,400/30000"
LIMIT = 2.0
GOAL = 1.3
TIMES = 15


def run() -> list[Figure]:
    """Scan a small and a large cloud completely, then one instance of each."""
    what = "re-scan of one instance"
    return compared(what, _scanned, sizes=SIZES, variable="CALIPSO_BENCH_SMALL", limit=LIMIT, times=TIMES, goal=GOAL)


@contextmanager
def _scanned(file: Path, hosts: int, servers: int) -> Iterator[Callable[[int], Cost]]:
    """Scan a cloud; provide a function that scans one of its instances again."""
    store = open_store(file)
    with open_cloud(CLOUD, store=store, source=LargeCloud(hosts, servers)) as cloud:
        cloud.scan()
        ref = ObjectRef("cloud", "instance", uuid_of(servers // 2))

        def rescan(_number: int) -> Cost:
            with measured() as cost:
                report = cloud.rescan([ref])
            if report.status != "completed" or report.objects.changed or not report.objects.unchanged:
                raise RuntimeError(f"not what was expected: {report}")
            return cost

        rescan(-1)  # the source makes its answers only once
        yield rescan
    store.close()
