# SPDX-License-Identifier: Apache-2.0
"""The paths that packets of an instance or vService take, from each of its NICs.

>>> for path in network_paths(store, server.ref, to="switch_pnic"):  # doctest: +SKIP
...     print(path.network, path.end.name, path.up)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calipso_nornir.analysis.around import clique_around
from calipso_nornir.analysis.clique_routes import routes_of
from calipso_nornir.analysis.meant_types import object_types
from calipso_nornir.model.refs import ObjectRef, checked_ref
from calipso_nornir.store.type_names import unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.analysis.clique_routes import Leg, Routes
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import Store

DOWN = ("DOWN", "LOWERLAYERDOWN", "no")
"""Values of a device's ``state``, or of ethtool's "Link detected", that mean that it carries no frames."""


@dataclass(frozen=True, slots=True)
class NetworkPath:
    """One path from an object, through its NIC, to an object of the requested type.

    Attributes:
        network: the network whose packets take this path; None if the NIC's network is not known.
        nodes: the objects on the path, including both ends.
        links: the links between them, as stored: a path may follow a link against its direction.
    """

    network: InventoryObject | None
    nodes: tuple[InventoryObject, ...]
    links: tuple[Link, ...]

    @property
    def nic(self) -> InventoryObject:
        """The first object on the path: the vNIC by which packets leave."""
        return self.nodes[1]

    @property
    def end(self) -> InventoryObject:
        """The last object on the path."""
        return self.nodes[-1]

    @property
    def up(self) -> bool:
        """Whether no link and no device on the path is known to be down."""
        devices = [state for one in self.nodes for state in (one.get("state"), one.get("link_detected"))]
        return all(link.state == "up" for link in self.links) and not any(state in DOWN for state in devices)

    def first(self, type_: str) -> InventoryObject | None:
        """Return the first object of a type on the path."""
        return next((one for one in self.nodes if one.type == type_), None)

    def __str__(self) -> str:
        return " - ".join(f"{one.type} {one.name}" for one in self.nodes)


def network_paths(store: Store, start: ObjectRef, *, to: str = "switch_pnic") -> tuple[NetworkPath, ...]:
    """Return every path of packets from an object's NICs to an object of type ``to``.

    The paths are those of the object's clique; from each NIC, only links that carry the NIC's network are followed
    (of a trunk, each of its networks in turn), and no path visits an object twice. There may be several paths, e.g.
    through both members of a bond. An object without a clique has none: compare the ``path.nic`` of all paths with its
    NICs if each must have one.

    Raises:
        TypeError: if ``start`` is not an ObjectRef.
        UnknownName: if ``to`` is not an object type.
    """
    view = store.view(checked_ref(start, "network_paths()").environment)
    known_types = object_types(store, [view])
    if to not in known_types:
        raise unknown("object type", to, known_types)
    found: list[NetworkPath] = []
    around = clique_around(store, view, start)
    for routes in [routes_of(store, view, around.clique)] if around is not None else ():
        for leg in routes.legs.get(start, ()):
            for network in routes.networks_of(leg):
                for legs in _ways(routes, [leg], to=to, network=network):
                    ends = [start, *(one.to for one in legs)]
                    if all(ref in routes.objects for ref in ends):
                        nodes = tuple(routes.objects[ref] for ref in ends)
                        known = view.get(ObjectRef(start.environment, "network", network)) if network else None
                        found.append(NetworkPath(known, nodes, tuple(one.link for one in legs)))
    return tuple(found)


def _ways(routes: Routes, legs: list[Leg], *, to: str, network: str | None) -> Iterator[list[Leg]]:
    here = legs[-1].to
    if here.type == to:
        yield legs
        return
    if legs[-1].link.cut_off:
        return
    been = {routes.clique.focal_point, *(leg.to for leg in legs)}
    for leg in routes.onward(here, network=network):
        if leg.to not in been:
            yield from _ways(routes, [*legs, leg], to=to, network=network)
