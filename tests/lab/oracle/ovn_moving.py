# SPDX-License-Identifier: Apache-2.0
"""Ports of servers that are moving to another host: their connections there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab.oracle.chains import Walk
from tests.lab.oracle.model import Chain, End

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.oracle.model import Thing
    from tests.lab.oracle.ovn import Tables
    from tests.lab.oracle.wiring import Site


def chains(site: Site, tables: Tables, known: Mapping[End, Thing]) -> Iterator[Chain]:
    """Yield the chain of every interface on each host to which its port is being moved."""
    for end, one in known.items():
        id_ = str(one.facts["port"]) if end.type == "vnic" else ""
        for name in tables.also_on(tables.bindings[id_]) if id_ in tables.bindings else ():
            host, port = site.hosts[name], End("port", "", id_)
            walk = Walk(site, host, site.cloud.networks.get(str(one.facts["network"])))
            walk.take(end, port)
            stops = [walk.from_device(port, each.name) for each in host.ports.values() if each.iface_id == id_]
            yield Chain(End("instance", "", str(one.facts["owner"])), end, tuple(walk.links), "; ".join(stops))
