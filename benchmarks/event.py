# SPDX-License-Identifier: Apache-2.0
"""One event of a server in a large cloud, from its message to the stored result; nothing else is written.

The wait for other events of the same burst (``live.agenda.GATHER_S``) is included.
``CALIPSO_BENCH_EVENT=hosts/instances,hosts/instances`` sets the sizes.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.large_cloud import LargeCloud, uuid_of
from benchmarks.two_sizes import Cost, compared, measured
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
    from pathlib import Path

    from benchmarks.figures import Figure

SIZES = "25/750,100/3000"
TIMES = 7
MOST_CHANGED = 1


def run() -> list[Figure]:
    """Scan a small and a large cloud completely, then switch off servers of each."""
    what = "event of one server until stored"
    return compared(what, _listened, sizes=SIZES, variable="CALIPSO_BENCH_EVENT", limit=2.0, times=TIMES, goal=1.3)


@contextmanager
def _listened(file: Path, hosts: int, servers: int) -> Iterator[Callable[[int], Cost]]:
    """Scan a cloud; provide a function that switches off a server, and waits until that is stored."""
    store, source = open_store(file), LargeCloud(hosts, servers)
    with open_cloud(CLOUD, store=store, source=source) as cloud:
        cloud.scan()
        handlers = installed_catalog().event_handlers

        def event(number: int) -> Cost:
            server = servers // 2 + number
            source.switch(server, "SHUTOFF")
            body = envelope("compute.instance.power_off.end", {"instance_id": uuid_of(server)})
            settled: list[int] = []
            inbox = Inbox()  # and a new processor, without the pending later scans of the previous event
            processor = Processor("cloud", store=store, inbox=inbox, handlers=handlers, looker=Looker(cloud))
            base = store.view("cloud").revision
            with measured() as cost:
                inbox.put(Arrival(body=body, source="nova", settle=lambda: settled.append(1)))
                while not settled:
                    processor.round()
            changed = [one for one in store.changes("cloud", since=base) if one.kind == "inventory"]
            if len(changed) != MOST_CHANGED:
                raise RuntimeError(f"{len(changed)} objects were written; {MOST_CHANGED} has changed")
            return cost

        event(-1)  # the source makes its answers only once
        yield event
    store.close()
