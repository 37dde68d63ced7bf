# SPDX-License-Identifier: Apache-2.0
"""Draws a clique as the paths that packets take: chains run straight down, only forks are indented."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calipso_nornir.cli.facts import WRONG, doubts, facts
from calipso_nornir.model.segments import segments_of
from calipso_nornir.wiring.vlan_modes import tag_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.analysis.clique_routes import Leg, Routes
    from calipso_nornir.cli.output import Part
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.store.freshness import Freshness

TUNNELS = ("vxlan", "gre", "geneve")
TYPE_WIDTH = 12


def drawing(routes: Routes, fresh: Freshness) -> Iterator[list[Part]]:
    """Yield the lines of a drawing."""
    focal = routes.clique.focal_point
    starts = [(start, network) for start in routes.starts() for network in _networks_of(routes, start)]
    for place, (start, network) in enumerate(starts):
        path = _Path(routes, network, fresh)
        if place:
            yield []
        if start is not None:
            what = path.network.name if path.network is not None else "no network known"
            yield [(f"path {place + 1} of {len(starts)}", "dim"), "  ", (what, "magenta")]
            yield path.node(focal, None)
            yield from path.edge(start, "")
            yield from path.from_node(start.to, "", start.link)
        else:
            yield from path.from_node(focal, "", None)


def _networks_of(routes: Routes, start: Leg | None) -> list[InventoryObject | None]:
    """Return the networks of the NIC that paths start with: more than one where it has a trunk."""
    known = {ref.id: one for ref, one in routes.objects.items() if ref.type == "network"}
    ids = routes.networks_of(start) if start is not None else [None]
    return [known.get(id_ or "") for id_ in ids]


@dataclass(slots=True)
class _Path:
    """One path; each node is drawn once, and later only referred to."""

    routes: Routes
    network: InventoryObject | None
    fresh: Freshness
    drawn: set[ObjectRef] = field(default_factory=set)

    def from_node(self, ref: ObjectRef, prefix: str, came_by: Link | None) -> Iterator[list[Part]]:
        """Yield a node and all that follows it."""
        if ref in self.drawn:
            yield [(prefix, "dim"), *self.node(ref, None), ("  (see above)", "dim")]
            return
        self.drawn.add(ref)
        yield [(prefix, "dim"), *self.node(ref, came_by)]
        if came_by is not None and came_by.cut_off:
            return
        legs = self.routes.onward(ref, network=self.network.id if self.network is not None else None)
        follow = _continuation(prefix)
        if len(legs) == 1 and legs[0].to not in self.drawn:
            yield from self.edge(legs[0], follow)
            yield from self.from_node(legs[0].to, follow, legs[0].link)
            return
        for place, leg in enumerate(legs):
            last = place == len(legs) - 1
            down = [_down(leg.link)] if leg.link.state == "down" else []
            if down:
                yield [(f"{follow}│ ", "dim"), *down]
            yield from self.from_node(leg.to, follow + ("└─ " if last else "├─ "), leg.link)

    def edge(self, leg: Leg, prefix: str) -> Iterator[list[Part]]:
        """Yield the line between two nodes of a chain."""
        yield [(f"{prefix}│", "dim"), *([" ", _down(leg.link)] if leg.link.state == "down" else [])]

    def node(self, ref: ObjectRef, came_by: Link | None) -> list[Part]:
        """Describe one node: type, name, host, important facts."""
        one = self.routes.objects.get(ref)
        if one is None:
            return [f"{ref.type:<{TYPE_WIDTH}}", (ref.id, "bold"), "  ", ("gone since the last scan", WRONG)]
        label: list[Part] = [(f"{ref.type:<{TYPE_WIDTH}}", "cyan"), (one.object_name or one.name, "bold")]
        host = one.get("host")
        if isinstance(host, str) and host and host not in one.object_name:
            label.append((f"  {host}", "dim"))
        for fact in (*facts(one), *self._on_this_path(one, came_by), *doubts(one, self.fresh)):
            label += ["  ", fact] if fact else []
        return label

    def _on_this_path(self, one: InventoryObject, came_by: Link | None) -> Iterator[Part]:
        """Yield the facts of a node that concern only this path: its port of entry, and the segment it leaves in."""
        if one.type == "vedge" and came_by is not None:
            yield from _port(one, came_by, self.routes)
            yield from _why_it_ends(came_by)
        if self.network is None:
            return
        if one.type == "otep" and one.get("chassis") and self.network.get("ovn_tunnel_key"):
            yield f"VNI {self.network['ovn_tunnel_key']}"  # OVN's own number, whatever Neutron says
        for each in segments_of(self.network):
            if one.type == "otep" and each.network_type in TUNNELS and each.segmentation_id and _takes_neutrons(one):
                yield f"VNI {each.segmentation_id}"
            if one.type == "host_pnic" and each.network_type == "vlan":
                yield str(each)


def _port(vedge: InventoryObject, came_by: Link, routes: Routes) -> Iterator[Part]:
    """Yield the port of a virtual switch that a link ends at."""
    neighbour = routes.objects.get(came_by.source if came_by.source != vedge.ref else came_by.target)
    names = {came_by.target_label}
    if neighbour is not None:
        names |= {neighbour.name, str(neighbour.get("device") or neighbour.name)}
    port: dict[str, Any] = next(
        (port for port in vedge.get("ports") or () if isinstance(port, dict) and port.get("name") in names), {}
    )
    if port:
        yield f"port {port['name']}"
        yield f"tag {tag}" if (tag := tag_of(port)) is not None else ""


def _takes_neutrons(otep: InventoryObject) -> bool:
    """Return whether packets of an endpoint carry the number that Neutron gives a network: OVN's do not."""
    return not otep.get("vni") and not otep.get("chassis")


def _why_it_ends(came_by: Link) -> Iterator[Part]:
    """Yield why no frames pass a link on: a chassis that stands by, or that answers for a port only."""
    ends, priority = came_by.attributes.get("ends"), came_by.attributes.get("priority")
    yield {"control": "control only"}.get(ends, ends) if ends else ""
    yield f"priority {priority}" if ends and priority is not None else ""


def _down(link: Link) -> Part:
    return f"✗ down: {link.type} {link.name or ''}".rstrip(), WRONG


def _continuation(prefix: str) -> str:
    """Return the characters below a branch's own character on the following lines."""
    if prefix.endswith("├─ "):
        return f"{prefix[:-3]}│  "
    return f"{prefix[:-3]}   " if prefix.endswith("└─ ") else prefix
