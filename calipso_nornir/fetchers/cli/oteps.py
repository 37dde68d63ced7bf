# SPDX-License-Identifier: Apache-2.0
"""Overlay tunnel endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import EndpointOnNoWire, SourceNotConfigured
from calipso_nornir.fetchers import questions
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.queries import Select
from calipso_nornir.parsing.common_values import canonical_ip, is_ip
from calipso_nornir.wiring.devices import Devices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.parsing.rows import FdbEntry, Interface

DEFAULT_UDP_PORT = {"vxlan": 4789, "vxlan-gpe": 4790, "geneve": 6081}
"""Default UDP ports, assigned by IANA (RFC 7348, RFC 8926); Open vSwitch uses them if a tunnel has no dst_port."""

WIRELESS = frozenset({"dummy", "vrf"})
"""Kinds of device, besides loopback, that have addresses but lead to no wire (ip-link(8))."""

ENDPOINTS = {
    "vxlan": Select("neutron", "SELECT host, ip_address, udp_port FROM ml2_vxlan_endpoints"),
    "geneve": Select("neutron", "SELECT host, ip_address, udp_port FROM ml2_geneve_endpoints"),
    "gre": Select("neutron", "SELECT host, ip_address FROM ml2_gre_endpoints"),
}
"""Tables in which agents register their endpoints, by overlay type; the API does not provide them."""


class OvsOteps:
    """Tunnel endpoints of one Open vSwitch: one per overlay type.

    Source: the vEdge's tunnel ports and its agent's configuration; ``ip -d address``; with a database also
    ``ml2_<type>_endpoints``.
    Attributes: ``host``, ``overlay_type``, ``ip_address``, ``udp_port``, ``ports`` (the tunnels) [{name, remote_ip …}],
    ``interface`` (device that has the address), ``stack`` (that device and those that its frames pass next, down to the
    first that joins several), ``vlan_id`` (the VLAN in which they leave the stack), ``vconnector`` (name of the Linux
    bridge at which the stack ends, if any), ``endpoint`` (database only: the registered row).
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask which device has the tunnels' address."""
        tunnels: list[dict[str, Any]] = parent.get("tunnel_ports") or []
        configured = parent.get("configurations") or {}
        types = {one["overlay_type"] for one in tunnels}
        if configured.get("tunneling_ip"):
            types |= set(configured.get("tunnel_types") or ())
        if not types:
            return []
        address, interfaces = yield from questions.interfaces(parent["host"])
        endpoints = {type_: ENDPOINTS[type_] for type_ in sorted(types) if type_ in ENDPOINTS}
        answers = yield list(endpoints.values())
        devices = Devices(interfaces)
        found = []
        for type_ in sorted(types):
            own = [one for one in tunnels if one["overlay_type"] == type_]
            ip = next(
                (one["local_ip"] for one in own if one["local_ip"] and is_ip(one["local_ip"])), None
            ) or configured.get("tunneling_ip")
            ip = ip and canonical_ip(ip)
            holder = devices.holder(ip)
            if ip and holder is not None and (holder.link_type == "loopback" or holder.kind in WIRELESS):
                answers.tell(EndpointOnNoWire(parent["host"], ip, holder.name))
            found.append(
                Fetched(
                    id=ids.otep(parent["host"], type_),
                    name=f"{parent['host']}-otep-{type_}",
                    attributes={
                        "host": parent["host"],
                        "overlay_type": type_,
                        "ip_address": ip,
                        "udp_port": udp_port(own, type_),
                        "ports": own,
                        **carrier(parent["host"], ip, devices),
                        **_registered(answers, endpoints.get(type_), parent["host"]),
                    },
                    sources=(address, *parent_sources(endpoints.get(type_))),
                )
            )
        return found


class LinuxBridgeOteps:
    """Tunnel endpoints of one Linux bridge: its VXLAN devices.

    Source: ``ip -d address``, ``bridge fdb show``; the bridge.
    Attributes: ``host``, ``overlay_type`` ("vxlan"), ``vni``, ``ip_address``, ``udp_port``, ``mac_address``, ``mtu``,
    ``state``, ``network``; ``interface`` (device by which its packets leave), ``stack``, ``vlan_id`` as ``OvsOteps``;
    ``vconnector`` (the bridge's name), ``ports`` [{name, remote_ip}]: one per remote endpoint.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the VXLAN devices of the bridge and their remote endpoints."""
        members = [one["name"] for one in parent.get("interfaces") or () if one.get("kind") == "vxlan"]
        if not members:
            return []
        host = parent["host"]
        address, interfaces = yield from questions.interfaces(host)
        fdb, entries = yield from questions.forwarding(host)
        devices = Devices(interfaces)
        return [
            Fetched(
                id=ids.otep(host, name),
                name=f"{host}-otep-{name}",
                attributes={
                    "host": host,
                    "overlay_type": "vxlan",
                    **vxlan_attributes(devices[name], devices),
                    "vconnector": parent.name,
                    **({"network": parent["network"]} if "network" in parent else {}),
                    **({"ports": remotes_of(name, entries)} if entries is not None else {}),
                },
                sources=(address, fdb),
            )
            for name in members
            if name in devices and devices[name].vxlan is not None
        ]


def parent_sources(endpoint: Select | None) -> tuple[Select, ...]:
    """Return the query to the database, if the overlay type has one."""
    return (endpoint,) if endpoint is not None else ()


def carrier(host: str, ip: str | None, devices: Devices) -> dict[str, Any]:
    """Return the device that has an address, and what its frames pass next."""
    holder = devices.holder(ip)
    stack = devices.stack(holder.name) if holder is not None else []
    bridge = {"vconnector": f"{host}-{stack[-1]}"} if stack and devices[stack[-1]].kind == "bridge" else {}
    return {"interface": stack[0] if stack else None, **_stack(devices, stack), **bridge}


def _stack(devices: Devices, stack: list[str]) -> dict[str, Any]:
    vlan = devices.vlan_of(stack)
    return {"stack": stack, **({"vlan_id": vlan} if vlan is not None else {})}


def udp_port(tunnels: Sequence[Mapping[str, Any]], overlay_type: str) -> int | None:
    """Return the UDP port to which tunnels of a type send."""
    named = {one["options"].get("dst_port") for one in tunnels} - {None}
    return int(named.pop()) if len(named) == 1 else DEFAULT_UDP_PORT.get(overlay_type)


def _registered(answers: Answers, endpoint: Select | None, host: str) -> dict[str, Any]:
    if endpoint is None or isinstance(answers.failed(endpoint), SourceNotConfigured):
        return {}
    rows = [row for row in answers.or_blank(endpoint, []) if row["host"] == host]
    return {"endpoint": {key: value for key, value in rows[0].items() if key != "host"}} if rows else {}


def vxlan_attributes(one: Interface, devices: Devices) -> dict[str, Any]:
    """Return the attributes of an endpoint that is a VXLAN device."""
    assert one.vxlan is not None  # noqa: S101 - the caller has filtered
    holder = devices.holder(one.vxlan.local)
    below = one.vxlan.device or (holder.name if holder is not None else None)
    return {
        "vni": one.vxlan.vni,
        "ip_address": one.vxlan.local and canonical_ip(one.vxlan.local),
        "udp_port": one.vxlan.udp_port,
        "interface": below,
        **_stack(devices, devices.stack(below)),
        "mac_address": one.mac,
        "mtu": one.mtu,
        "state": "UP" if one.up else "DOWN",
    }


def remotes_of(device: str, entries: Sequence[FdbEntry]) -> list[dict[str, Any]]:
    """Return the tunnels of a VXLAN device, by its forwarding entries."""
    remotes = sorted({canonical_ip(entry.remote) for entry in entries if entry.device == device and entry.remote})
    return [{"name": device, "remote_ip": remote} for remote in remotes]
