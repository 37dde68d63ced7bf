# SPDX-License-Identifier: Apache-2.0
"""Links between virtual switches and what is wired to their ports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.link_finders.making import (
    by_host,
    carries,
    in_words,
    link_detected,
    make,
    network_of,
    on_hosts,
    vnics_by_host,
)
from calipso_nornir.link_finders.plugs import plug_is_up
from calipso_nornir.link_finders.traffic import traffic_of_hosts
from calipso_nornir.link_finders.trunks import networks_of_trunks
from calipso_nornir.link_finders.vpp import vedge_links
from calipso_nornir.wiring.host import BRIDGE, OVS, PNIC
from calipso_nornir.wiring.vlan_modes import cut_off, tag_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.link_finders.traffic import Traffic
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View
    from calipso_nornir.wiring.host import Joint, Wire

_NONE: Final[frozenset[str]] = frozenset()


class Vedges:
    """Links of the ports of a virtual switch, each by the strongest evidence of its other end.

    ``vnic-vedge``: the virtual interface is plugged into the port. ``vconnector-vedge``: a wire leads from the port to
    a Linux bridge, or the Linux bridge agent runs the bridge. ``vedge-host_pnic``: the port is a physical interface, or
    on top of one; the link serves the networks that leave untunnelled. For VPP, see ``link_finders.vpp``.
    """

    link_types = ("vnic-vedge", "vconnector-vedge", "vedge-host_pnic")
    reads = ("vedge", "vnic", "vconnector", "host_pnic", "otep", "network")
    scope = "host"

    def find(self, view: View) -> Iterator[Link]:
        """Go through the switches host by host."""
        yield from vedge_links(view)
        vnics = vnics_by_host(view)
        for host, traffic in traffic_of_hosts(view).items():
            vedge = traffic.wires.vedge
            if vedge is not None:
                yield from _vnics(vedge, traffic)
                yield from _bridges(vedge, traffic, vnics.get(host, []))
                yield from _pnics(vedge, traffic)
        run_by_agent = [vedge for vedge in on_hosts(view, "vedge") if vedge.get("vedge_type") == "LXB"]
        bridges = by_host(on_hosts(view, "vconnector", "bridge_name")) if run_by_agent else {}
        for vedge in run_by_agent:
            yield from _run_by_agent(vedge, bridges.get(vedge["host"], []))


def _vnics(vedge: InventoryObject, traffic: Traffic) -> Iterator[Link]:
    for vnic, port in traffic.plugs:
        off = cut_off(port)
        rule = f"{port['name']} is a port of {port['bridge']}"
        yield make(
            vnic,
            vedge,
            rule=f"{rule}, which {_cut_by(vedge)}" if off else rule,
            name=f"{vnic.name}-{vedge.name}{_tag(port)}",
            up=plug_is_up(vnic, port),
            network=() if off else network_of(vnic),
            labels=(vnic.get("mac_address") or "", port.get("id") or ""),
            attributes={"cut_off": True} if off else None,
        )


def _cut_by(vedge: InventoryObject) -> str:
    return "OVN has not bound here" if vedge["vedge_type"] == "OVN" else "the agent has cut off"


def _bridges(vedge: InventoryObject, traffic: Traffic, vnics: list[InventoryObject]) -> Iterator[Link]:
    """Yield one link for each Linux bridge that is wired to the switch, whichever of the two shows the wire."""
    done = set()
    of_trunks = [one for one in vnics if one.get("sub_ports")]
    for wire in traffic.wires:
        near, far = wire.near, wire.far
        if (near.kind == OVS and far.kind == BRIDGE) or (near.kind == BRIDGE and far.kind == OVS):
            bridge = near if near.kind == BRIDGE else far
            if bridge not in done:
                done.add(bridge)
                trunks = networks_of_trunks(traffic.wires.bridges[bridge.name], of_trunks) if of_trunks else set()
                yield _bridge(vedge, wire, traffic, trunks)


def _bridge(vedge: InventoryObject, wire: Wire, traffic: Traffic, trunks: set[str]) -> Link:
    """Make the link of a bridge; ``trunks`` are the networks of trunks in it, of which its own is only the first."""
    inner, outer = (wire.near, wire.far) if wire.near.kind == BRIDGE else (wire.far, wire.near)
    member, name = (wire.port, wire.through) if wire.near.kind == BRIDGE else (wire.through, wire.port)
    bridge, port = traffic.wires.bridges[inner.name], traffic.wires.ports[name]
    inward, outward = traffic.between.get((inner, outer), _NONE), traffic.between.get((outer, inner), _NONE)
    off = cut_off(port)
    return make(
        bridge,
        vedge,
        rule=f"{name}, a port of {port['bridge']}, is wired to {member}" if name != member
        else f"{name}, a port of {port['bridge']}, is a member of {inner.name}",
        name=f"port-{port.get('id')}{_tag(port)}",
        up=not off,
        network=() if off else trunks or network_of(bridge) or inward | outward or None,
        labels=("" if member == name else member, name),
        attributes={
            "mac_address": port.get("attached_mac"),
            **_outward(inner, traffic, inward=bool(inward), outward=bool(outward)),
            **({"cut_off": True} if off else {}),
        },
    )  # fmt: skip


def _outward(bridge: Joint, traffic: Traffic, *, inward: bool, outward: bool) -> dict[str, Any]:
    """Return which end of a wire between bridge and switch is nearer to the outside; {} if networks pass both ways."""
    if inward and outward:
        return {}
    uplink = any(wire.far.kind == PNIC for wire in traffic.wires.wires.get(bridge, ()))
    return {"outward": "vconnector" if outward or (uplink and not inward) else "vedge"}


def _pnics(vedge: InventoryObject, traffic: Traffic) -> Iterator[Link]:
    bonds = {(bond["bridge"], row["name"]): (bond, row) for bond in vedge.get("bonds") or () for row in bond["members"]}
    for wire in traffic.wires:
        if (wire.near.kind, wire.far.kind) == (OVS, PNIC):
            port, pnic = traffic.wires.ports[wire.port], traffic.wires.pnics[wire.far.name]
            bond, member = bonds.get((port["bridge"], port["name"]), ({}, {}))
            role = member.get("role")
            of = f"bond {bond['name']}{in_words(role)}, a port of {port['bridge']}" if bond else ""
            yield make(
                vedge,
                pnic,
                rule=f"{port['name']} is a member of {of}" if bond else f"{port['name']} is a port of {port['bridge']}",
                name=f"Port-{port['id']}",
                up=link_detected(pnic) and carries(role),
                network=traffic.passed.get(wire, ()),
                attributes={"bond": bond["name"], "role": role} if bond else None,
            )


def _run_by_agent(vedge: InventoryObject, bridges: list[InventoryObject]) -> Iterator[Link]:
    agents = {one["name"] for one in vedge.get("bridges") or ()}
    for bridge in bridges:
        if bridge["bridge_name"] in agents:
            yield make(
                bridge,
                vedge,
                rule=f"the Linux bridge agent of {vedge['host']} runs {bridge['bridge_name']}",
                name=bridge["bridge_name"],
                network=network_of(bridge),
                attributes={"outward": "vedge"},
            )


def _tag(port: Any) -> str:  # noqa: ANN401 - JSON
    return f"-{tag}" if (tag := tag_of(port)) is not None else ""
