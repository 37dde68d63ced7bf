# SPDX-License-Identifier: Apache-2.0
"""Tunnel endpoints of Flannel and Calico."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.cli.oteps import carrier, remotes_of, vxlan_attributes
from calipso_nornir.fetchers.kubernetes.plugins import FLANNEL
from calipso_nornir.fetchers.kubernetes.routing import TUNNELS
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.wiring.devices import Devices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.parsing.rows import FdbEntry, Interface

_CALICO_DEVICES = ("tunl0", "vxlan.calico")
_FLANNEL_PREFIX = "flannel."


class RoutedOteps:
    """Tunnel endpoints of one node's Flannel or Calico: the tunnel devices that the plug-in makes.

    Source: ``ip -d address``, ``bridge fdb show``; the routes of the vEdge.
    Attributes: ``host``, ``overlay_type`` ("vxlan" or "ipip"), ``vni``, ``ip_address`` (of the node, where its tunnels
    begin), ``udp_port``, ``mac_address``, ``mtu``, ``state``, ``interface``, ``stack``, ``vlan_id`` as ``OvsOteps``;
    ``ports`` [{name, remote_ip}]: by the forwarding entries of VXLAN, by the next hops of routes for IPIP.
    """

    asked_by: ClassVar[Mapping[str, str]] = {}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the devices and their remote endpoints."""
        host = parent["host"]
        address, interfaces = yield from questions.interfaces(host)
        devices = Devices(interfaces)
        own = [one for one in devices.all if _is_of(one, parent["vedge_type"])]
        if not own:
            return []
        fdb, entries = yield from questions.forwarding(host)
        return [
            Fetched(
                id=ids.otep(host, one.name),
                name=f"{host}-otep-{one.name}",
                attributes={
                    "host": host,
                    "overlay_type": TUNNELS[one.kind or ""],
                    **_of_device(parent, one, devices, entries),
                },
                sources=(address, fdb),
            )
            for one in own
        ]


def _is_of(one: Interface, vedge_type: str) -> bool:
    """Return whether a device is a tunnel of a plug-in; tunl0 without an address only shows that ipip is loaded."""
    if vedge_type == FLANNEL:
        return one.kind == "vxlan" and one.vxlan is not None and one.name.startswith(_FLANNEL_PREFIX)
    return one.kind in TUNNELS and one.name in _CALICO_DEVICES and bool(one.addresses)


def _of_device(
    vedge: InventoryObject, one: Interface, devices: Devices, entries: Sequence[FdbEntry] | None
) -> dict[str, Any]:
    if one.vxlan is not None:
        told = vxlan_attributes(one, devices)
        ip = told["ip_address"] or vedge.get("ip_address")
        return {
            **told,
            "ip_address": ip,
            **({"ports": remotes_of(one.name, entries)} if entries is not None else {}),
        }
    hops = sorted({row["via"] for row in vedge.get("routes") or () if row["device"] == one.name})
    return {
        "ip_address": vedge.get("ip_address"),
        "mtu": one.mtu,
        "state": "UP" if one.up else "DOWN",
        "ports": [{"name": one.name, "remote_ip": ip} for ip in hops],
        **carrier(vedge["host"], vedge.get("ip_address"), devices),
    }
