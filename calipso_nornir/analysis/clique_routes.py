# SPDX-License-Identifier: Apache-2.0
"""A clique as directed paths: each link points in the direction in which the clique was built."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calipso_nornir.analysis.bulk_reading import links_of, objects_of
from calipso_nornir.model.links import LinkType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import Store, StoreView

FOCAL_POINTS_WITH_NICS = ("instance", "vservice")


@dataclass(frozen=True, slots=True)
class Leg:
    """One link, followed from one end to the other."""

    link: Link
    to: ObjectRef


@dataclass(slots=True)
class Routes:
    """Everything that a drawing of a clique needs.

    Attributes:
        objects: the clique's nodes that still exist.
        legs: from each node, in the order of the clique type.
    """

    clique: Clique
    links: list[Link]
    objects: dict[ObjectRef, InventoryObject]
    legs: dict[ObjectRef, list[Leg]] = field(default_factory=dict)

    def starts(self) -> list[Leg | None]:
        """Return the first leg of each path: to each NIC of an instance or vService; else None, for the focal point."""
        first = self.legs.get(self.clique.focal_point, [])
        if self.clique.focal_point.type in FOCAL_POINTS_WITH_NICS and first:
            return list(first)
        return [None]

    def networks_of(self, start: Leg) -> list[str | None]:
        """Return the networks of a path's NIC; of a trunk, the parent port's and then the sub-ports'.

        [None] if not known. A server that is cabled to a switch port has no known NIC: its link has the network.
        """
        one = self.objects.get(start.to)
        own = one.get("network", start.link.networks) if one is not None else None
        if isinstance(own, (list, tuple)):
            own = own[0] if len(own) == 1 else None
        subs = [row.get("network") for row in one.get("sub_ports") or ()] if one is not None else []
        return list(dict.fromkeys([own if isinstance(own, str) else None, *(each for each in subs if each)]))

    def onward(self, ref: ObjectRef, *, network: str | None) -> list[Leg]:
        """Return the legs from a node that a network's packets may take; all of them for None."""
        return [leg for leg in self.legs.get(ref, []) if _carries(leg.link, network)]


def _carries(link: Link, network: str | None) -> bool:
    return network is None or link.networks is None or link.cut_off or network in link.networks


def routes_of(store: Store, view: StoreView, clique: Clique) -> Routes:
    """Read a clique's links and nodes, and turn the links."""
    links = _links(view, clique)
    objects = objects_of(view, clique.nodes)
    routes = Routes(clique, links, objects)
    for order in (*_declared(store, clique), _by_occurrence(links)):
        turned = _turned(clique.focal_point, links, order)
        if sum(map(len, turned.values())) == len(links) or not routes.legs:
            routes.legs = turned
        if sum(map(len, turned.values())) == len(links):
            break
    return routes


def _links(view: StoreView, clique: Clique) -> list[Link]:
    """Return a clique's links in its order, without those that no longer exist."""
    found = links_of(view, clique.links)
    if missing := [id_ for id_ in clique.links if id_ not in found]:
        found |= links_of(view, missing, kind="implicit_links")
    return [found[id_] for id_ in clique.links if id_ in found]


def _declared(store: Store, clique: Clique) -> list[Sequence[LinkType]]:
    """Return the link types of the clique types with the clique's name, as scans have stored them."""
    rows = store.collection("clique_types").find({"name": clique.clique_type})
    fitting = [row for row in rows if row.get("focal_point_type") == clique.focal_point.type]
    return [[LinkType.of(name) for name in row.get("link_types", ())] for row in fitting]


def _by_occurrence(links: Iterable[Link]) -> list[LinkType]:
    """Return the types of links in the order in which they occur, each in both directions."""
    types = dict.fromkeys(LinkType.of(link.type) for link in links)
    return [way for one in types for way in dict.fromkeys((one, one.reverse))]


def _turned(start: ObjectRef, links: Sequence[Link], order: Sequence[LinkType]) -> dict[ObjectRef, list[Leg]]:
    """Follow the clique's links as the builder of cliques did (scan/cliques.py)."""
    reached: defaultdict[str, set[ObjectRef]] = defaultdict(set, {start.type: {start}})
    legs: defaultdict[ObjectRef, list[Leg]] = defaultdict(list)
    left = {link.document_id: link for link in links}
    for way in order:
        starts = set(reached[way.source])
        while starts:
            arrived: set[ObjectRef] = set()
            for link in list(left.values()):
                ends = _ends(link, way, starts)
                if ends is not None:
                    legs[ends[0]].append(Leg(link, ends[1]))
                    arrived |= set() if link.cut_off else {ends[1]}
                    del left[link.document_id]
            reached[way.target] |= arrived
            starts = arrived if way.source == way.target else set()
    return dict(legs)


def _ends(link: Link, way: LinkType, reached: set[ObjectRef]) -> tuple[ObjectRef, ObjectRef] | None:
    """Return a link's near and far end, if it can be followed in this direction from the objects reached so far."""
    type_ = LinkType.of(link.type)
    if type_ == way and link.source in reached:
        return link.source, link.target
    if type_.reverse == way and link.target in reached:
        return link.target, link.source
    return None
