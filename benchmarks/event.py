# SPDX-License-Identifier: Apache-2.0
"""One event of a server: from its message to what is stored, in a large cloud; nothing else is written.

The wait for other events of the same burst (``live.agenda.GATHER_S``) is in it. Sizes may be given as
``CALIPSO_BENCH_EVENT=hosts/instances,hosts/instances``.
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
from calipso_nornir.live.arrivals import Arrival, Inbox
from calipso_nornir.live.looking import Looker
from calipso_nornir.live.processor import Processor
from calipso_nornir.metadata.loading import installed_catalog
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.store import open_store
from tests.fixtures.living import envelope
from tests.fixtures.tiny_cloud import CLOUD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZES = os.environ.get("CALIPSO_BENCH_EVENT", "25/750,100/3000")
TIMES = 7
MOST_S = 1.0
MOST_CHANGED = 1


def run() -> list[Figure]:
    """Scan a small and a large cloud whole, then let servers of each be switched off, in turns."""
    sizes = [tuple(map(int, size.split("/"))) for size in SIZES.split(",")]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as clouds:
        events = [clouds.enter_context(_listened(Path(folder) / f"{size[0]}.db", *size)) for size in sizes]
        taken = [[event(number) for event in events] for number in range(TIMES)]
    costs = [_Cost(*map(median, zip(*of_one, strict=True))) for of_one in zip(*taken, strict=True)]
    told = [
        f"{hosts} hosts, {servers} instances: {one.wall_s:.3f} s, CPU {one.cpu_s:.3f} s"
        for (hosts, servers), one in zip(sizes, costs, strict=True)
    ]
    return [
        Figure("event of one server until stored: seconds / 1 s", costs[-1].wall_s / MOST_S, 1.0, told[-1]),
        Figure(
            "event of one server: CPU, large cloud / small cloud",
            costs[-1].cpu_s / costs[0].cpu_s,
            2.0,
            "; ".join(told),
            goal=1.3,
        ),
    ]


class _Cost(NamedTuple):
    """What one event takes."""

    wall_s: float
    cpu_s: float


@contextmanager
def _listened(file: Path, hosts: int, servers: int) -> Iterator[Callable[[int], _Cost]]:
    """Scan a cloud whole; give what lets one of its servers be switched off, and waits until that is stored."""
    store, source = open_store(file), LargeCloud(hosts, servers)
    with open_cloud(CLOUD, store=store, source=source) as cloud:
        cloud.scan()
        handlers = installed_catalog().event_handlers

        def event(number: int) -> _Cost:
            server = servers // 2 + number
            source.switch(server, "SHUTOFF")
            body = envelope("compute.instance.power_off.end", {"instance_id": uuid_of(server)})
            settled: list[int] = []
            inbox = Inbox()  # and a processor without the later looks of the event before
            processor = Processor("cloud", store=store, inbox=inbox, handlers=handlers, looker=Looker(cloud))
            base = store.view("cloud").revision
            wall, cpu = time.perf_counter(), time.process_time()
            inbox.put(Arrival(body=body, source="nova", settle=lambda: settled.append(1)))
            while not settled:
                processor.round()
            cost = _Cost(time.perf_counter() - wall, time.process_time() - cpu)
            changed = [one for one in store.changes("cloud", since=base) if one.kind == "inventory"]
            if len(changed) != MOST_CHANGED:
                raise RuntimeError(f"{len(changed)} objects were written; {MOST_CHANGED} has changed")
            return cost

        event(-1)  # what the source tells is made once
        yield event
    store.close()
