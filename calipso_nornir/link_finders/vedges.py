# SPDX-License-Identifier: Apache-2.0
"""Links between virtual switches and what is wired to their ports."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from calipso_nornir.link_finders.making import by_host, link_detected, make, network_of, on_hosts, pnics_by_device
from calipso_nornir.link_finders.traffic import networks_of_bridges

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

    Port = Mapping[str, Any]


class Vedges:
    """Links of the ports of a virtual switch, each port by the strongest thing that tells its other end.

    ``vnic-vedge``: the port is the virtual interface's device. ``vconnector-vedge``: the port is the veth peer of a
    member of a Linux bridge; or the bridge is run by the Linux bridge agent. ``vedge-host_pnic``: the port is a
    physical interface, or a VLAN on one; it serves the networks that leave the switch by its bridge.
    """

    link_types = ("vnic-vedge", "vconnector-vedge", "vedge-host_pnic")

    def find(self, view: View) -> Iterator[Link]:
        """Go over the switches host by host."""
        vnics = by_host(on_hosts(view, "vnic"))
        bridges = by_host(on_hosts(view, "vconnector", "bridge_name"))
        pnics = pnics_by_device(view)
        networks = networks_of_bridges(view)
        for vedge in on_hosts(view, "vedge"):
            host = vedge["host"]
            yield from _vnics(vedge, vnics.get(host, []))
            yield from _bridges(vedge, bridges.get(host, []))
            for port in vedge.get("ports") or ():
                pnic = pnics.get((host, port["name"]))
                if pnic is not None:
                    yield make(
                        vedge,
                        pnic,
                        rule=f"{port['name']} is a port of {port['bridge']}",
                        name=f"Port-{port['id']}",
                        up=link_detected(pnic),
                        network=networks[vedge.ref].get(port["bridge"], ()),
                    )


def _vnics(vedge: InventoryObject, vnics: list[InventoryObject]) -> Iterator[Link]:
    by_name: defaultdict[str, list[InventoryObject]] = defaultdict(list)
    for one in vnics:
        by_name[one.get("device") or one.name].append(one)
    for port in vedge.get("ports") or ():
        vnic = _vnic_of(port, by_name.get(port["name"], []))
        if vnic is not None:
            tag = f"-{port['tag']}" if port.get("tag") is not None else ""
            yield make(
                vnic,
                vedge,
                rule=f"{port['name']} is a port of {port['bridge']}",
                name=f"{vnic.name}-{vedge.name}{tag}",
                up=vnic.get("state", "UP") == "UP",
                network=network_of(vnic),
                labels=(vnic.get("mac_address") or "", port.get("id") or ""),
            )


def _vnic_of(port: Port, candidates: list[InventoryObject]) -> InventoryObject | None:
    """Choose the interface that a port is: by Neutron port where both tell it, then by MAC; never by chance.

    A port of type "" is a device of the host's own namespace: what is called like it in another is another.
    """
    here = [one for one in candidates if one.get("namespace") is None or port.get("type")]
    fitting = [one for one in here if not (port.get("port_id") and one.get("port_id") not in (None, port["port_id"]))]
    if len(fitting) > 1:
        macs = {port.get("attached_mac"), port.get("mac_address")} - {None}
        fitting = [one for one in fitting if one.get("mac_address") in macs]
    return fitting[0] if len(fitting) == 1 else None


def _bridges(vedge: InventoryObject, bridges: list[InventoryObject]) -> Iterator[Link]:
    by_member = {name: bridge for bridge in bridges for name in bridge.get("interfaces_names") or ()}
    for port in vedge.get("ports") or ():
        peer = port.get("peer") if port.get("type") != "patch" else None
        bridge = by_member.get(peer or _usual_peer(port["name"]))
        if bridge is not None:
            tag = f"-{port['tag']}" if port.get("tag") is not None else ""
            yield make(
                bridge,
                vedge,
                rule=f"{port['name']}, a port of {port['bridge']}, is wired to {peer or _usual_peer(port['name'])}",
                name=f"port-{port.get('id')}{tag}",
                network=network_of(bridge),
                labels=(peer or "", port["name"]),
                attributes={"mac_address": port.get("attached_mac")},
            )
    agents = {one["name"] for one in vedge.get("bridges") or ()} if vedge.get("vedge_type") == "LXB" else set()
    for bridge in bridges:
        if bridge["bridge_name"] in agents:
            yield make(
                bridge,
                vedge,
                rule=f"the Linux bridge agent of {vedge['host']} runs {bridge['bridge_name']}",
                name=bridge["bridge_name"],
                network=network_of(bridge),
            )


def _usual_peer(name: str) -> str:
    """Return how Nova calls the other end of a qvo device (nova/network/os_vif_util.py: qvo and qvb, same suffix)."""
    return f"qvb{name[3:]}" if name.startswith("qvo") else ""
