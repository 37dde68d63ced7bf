# SPDX-License-Identifier: Apache-2.0
"""Links of FD.io VPP, from its own data: sockets, taps, bridge domains and cross-connects."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from calipso_nornir.link_finders.making import (
    by_host,
    link_detected,
    make,
    network_of,
    on_hosts,
    once,
    pnics_by_device,
    vnics_by_host,
)
from calipso_nornir.wiring.vpp import AF_PACKET, BOND, PHYSICAL, TAP, VHOST_USER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

    Port = Mapping[str, Any]

SIGNS_OF_PORT = 11


def vnic_bridge_domains(view: View) -> Iterator[Link]:
    """Yield one ``vnic-vconnector`` link per virtual interface whose socket or tap is in a bridge domain."""
    vnics = vnics_by_host(view)
    for domain in _domains(view):
        for vnic, port in _plugged(domain.get("interfaces") or (), vnics.get(domain["host"], ())):
            yield make(
                vnic,
                domain,
                rule=f"{_how(vnic, port)}, which is in {domain.object_name}",
                name=vnic.get("mac_address"),
                up=_both_up(vnic, port),
                network=network_of(vnic),
            )


def taps_in_bridges(view: View) -> Iterator[Link]:
    """Yield one ``vconnector-vconnector`` link from each Linux bridge that has a tap of a bridge domain as a member.

    networking-vpp connects the interfaces of Neutron's agents in this way, because they need a kernel device.
    """
    domains = _domains(view)
    members = {
        (bridge["host"], member["name"]): (bridge, member)
        for bridge in (on_hosts(view, "vconnector", "bridge_name") if domains else ())
        for member in bridge.get("interfaces") or ()
    }
    for domain in domains:
        for port in domain.get("interfaces") or ():
            device = _device(port)
            bridge, member = members.get((domain["host"], device or ""), (None, None))
            if bridge is not None and member is not None:
                yield make(
                    bridge,
                    domain,
                    rule=f"{device}, a member of {bridge['bridge_name']}, is {port['name']} of {domain.object_name}",
                    name=f"{bridge.object_name}-{domain.object_name}",
                    up=port["state"] == "UP" and member.get("state", "UP") == "UP",
                    network=port["networks"],
                    attributes={"outward": "vconnector"},
                )


def vedge_links(view: View) -> Iterator[Link]:
    """Yield the links of VPP itself.

    ``vconnector-vedge``: its bridge domains. ``vnic-vedge``: interfaces that are in none of them. ``vedge-host_pnic``:
    its cards and bonds, and the kernel's devices that it reads. Each serves the networks of the bridge domains and
    cross-connects that the device or one of its sub-interfaces is in.
    """
    vnics, domains = vnics_by_host(view), by_host(_domains(view))
    pnics = pnics_by_device(view)
    for vedge in on_hosts(view, "vedge", "ports"):
        if vedge.get("vedge_type") == "VPP":
            yield from (_domain(domain, vedge) for domain in domains.get(vedge["host"], ()))
            alone = [port for port in vedge["ports"] if port["bridge_domain"] is None]
            for vnic, port in _plugged(alone, vnics.get(vedge["host"], ())):
                yield _unbridged(vnic, vedge, port)
            yield from _cards(vedge, pnics)


def plugged_into_vpp(view: View) -> set[tuple[str, str]]:
    """Return host and id of each Neutron port that is plugged into the host's VPP."""
    return {
        (vedge["host"], port["port_id"])
        for vedge in on_hosts(view, "vedge", "ports")
        if vedge.get("vedge_type") == "VPP"
        for port in vedge["ports"]
        if port["port_id"]
    }


def _domains(view: View) -> list[InventoryObject]:
    return once(view, _bridge_domains)


def _bridge_domains(view: View) -> list[InventoryObject]:
    return [one for one in on_hosts(view, "vconnector", "bd_id") if one.get("connector_type") == "bridge-domain"]


def _domain(domain: InventoryObject, vedge: InventoryObject) -> Link:
    return make(
        domain,
        vedge,
        rule=f"{domain.object_name} is a bridge domain of VPP of {vedge['host']}",
        name=domain.object_name,
        network={network for port in domain.get("interfaces") or () for network in port["networks"]},
        attributes={"outward": "vedge"},
    )


def _unbridged(vnic: InventoryObject, vedge: InventoryObject, port: Port) -> Link:
    passes = port["xconnect"] is not None
    where = f"cross-connected with {port['xconnect']}" if passes else "in no bridge domain"
    return make(
        vnic,
        vedge,
        rule=f"{_how(vnic, port)}, which is {where}",
        name=f"{vnic.name}-{vedge.name}",
        up=passes and _both_up(vnic, port),
        network=network_of(vnic) if passes else (),
        labels=(vnic.get("mac_address") or "", port["id"]),
    )


def _cards(vedge: InventoryObject, pnics: Mapping[tuple[str, str], InventoryObject]) -> Iterator[Link]:
    passing: defaultdict[str, set[str]] = defaultdict(set)
    for port in vedge["ports"]:
        passing[port["parent"] or port["name"]].update(port["networks"])
    for port in vedge["ports"]:
        device = port["lower"] if port["kind"] == AF_PACKET else port["name"]
        pnic = pnics.get((vedge["host"], device)) if port["kind"] in (PHYSICAL, BOND, AF_PACKET) else None
        if pnic is not None and not (pnic.get("virtual_switch") and pnic.get("ether_channel_master")):
            read = f"{port['name']} of VPP is {device}"
            yield make(
                vedge,
                pnic,
                rule=read if device != port["name"] else f"{device} is a port of VPP",
                name=f"Port-{port['id']}",
                up=link_detected(pnic) and port["state"] == "UP",
                network=passing[port["name"]],
            )


def _plugged(ports: Iterable[Port], vnics: Iterable[InventoryObject]) -> Iterator[tuple[InventoryObject, Port]]:
    """Yield virtual interfaces with the VPP port that they are plugged into: by socket or device, and Neutron port.

    Nothing known about both may contradict the match; if two interfaces match, neither is used.
    """
    by_end: defaultdict[str, list[InventoryObject]] = defaultdict(list)
    by_port: defaultdict[str, list[InventoryObject]] = defaultdict(list)
    for vnic in vnics:
        by_end[_end_of_vnic(vnic) or ""].append(vnic)
        by_port[vnic.get("port_id") or ""].append(vnic)
    for port in ports:
        if port["kind"] in (VHOST_USER, TAP):
            end = port["socket"] or port["device"]
            fitting = (by_end.get(end, []) if end else []) or by_port.get(port["port_id"] or "-", [])
            fitting = [vnic for vnic in fitting if _may_be(vnic, port)]
            if len(fitting) == 1:
                yield fitting[0], port


def _may_be(vnic: InventoryObject, port: Port) -> bool:
    ids = {vnic.get("port_id"), port["port_id"]} - {None}
    if port["kind"] == VHOST_USER:
        ends = {_end_of_vnic(vnic), port["socket"]} - {None}
        return vnic.get("interface_type") == "vhostuser" and len(ids) < 2 and len(ends) < 2  # noqa: PLR2004 - both alike
    return bool(port["device"]) and _end_of_vnic(vnic) == port["device"] and len(ids) < 2  # noqa: PLR2004 - as above


def _end_of_vnic(vnic: InventoryObject) -> str | None:
    """Return the socket of an interface, or the name of its device."""
    source = vnic.get("source")
    if vnic.get("interface_type") == "vhostuser":
        return source.get("@path") if isinstance(source, dict) else None
    return vnic.get("device") or (vnic.name if vnic.get("namespace") else None)


def _how(vnic: InventoryObject, port: Port) -> str:
    end = port["socket"] or port["device"]
    return f"{vnic.name} is {port['name']} of VPP" + (f" by {end}" if end else "")


def _both_up(vnic: InventoryObject, port: Port) -> bool:
    return bool(port["state"] == "UP" and vnic.get("state", "UP") == "UP")


def _device(port: Port) -> str | None:
    """Return a tap's device in the host's own namespace; networking-vpp's name for it if VPP does not name it."""
    if port["kind"] != TAP or port["namespace"]:
        return None
    named: str | None = port["device"]
    return named or (f"vpp{port['port_id'][:SIGNS_OF_PORT]}" if port["port_id"] else None)
