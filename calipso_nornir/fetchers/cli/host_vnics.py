# SPDX-License-Identifier: Apache-2.0
"""Interfaces of Neutron ports in a host's own namespace, for example that of Octavia's health manager."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import TAP_SUFFIX_LENGTH, address_attributes
from calipso_nornir.fetchers.cli.host_pnics import switch_or_gap
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched, together
from calipso_nornir.model.queries import Lookup
from calipso_nornir.model.refs import Folder
from calipso_nornir.wiring.devices import Devices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject

OF_SERVERS = "compute:"
"""Prefix of the device owners of servers' ports: a device with such a port is not an interface of the host itself."""
FOLDER = Folder(type="vnics_folder", types_name="vnics", text="vNICs")


class HostVnics:
    """A host's own interfaces that are Neutron ports, in its vNICs folder.

    Source: ``ovs-vsctl list`` (internal ports with an ``iface-id``), ``ip -d address``; ports of the inventory.
    Attributes: ``vnic_type`` ("host_vnic"), ``host``, ``device``, ``mac_address``, ``mtu``, ``state``, ``kind``,
    ``addresses`` and first ones as ``ip_address`` …; ``port_id``, ``network``, ``device_owner`` of the port.
    """

    asked_by: ClassVar[Mapping[str, str]] = {}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask the switch for internal ports, then look up those whose device is in the host's own namespace."""
        agents = yield from questions.switch_agents(parent)
        (switch, bridges), (address, interfaces) = yield from together(
            switch_or_gap(parent.id, agents=len(agents)), questions.interfaces(parent.id)
        )
        devices = Devices(interfaces)
        named = {
            one.name: one.external_ids["iface-id"]
            for bridge in bridges
            for port in bridge.ports
            for one in port.interfaces
            if one.type == "internal" and "iface-id" in one.external_ids and one.name in devices
        }
        if not named:
            return []
        queries = {id_: Lookup.of("port", {"tap_suffix": id_[:TAP_SUFFIX_LENGTH]}) for id_ in named.values()}
        answers = yield list(queries.values())
        ports = {one.id: one for query in queries.values() for one in answers.or_blank(query, ())}
        return [
            Fetched(
                id=ids.vnic(parent.id, name),
                name=name,
                attributes={
                    "vnic_type": "host_vnic",
                    "host": parent.id,
                    "device": name,
                    "mac_address": devices[name].mac,
                    "mtu": devices[name].mtu,
                    "state": "UP" if devices[name].up else "DOWN",
                    "kind": devices[name].kind,
                    **address_attributes(devices[name].addresses),
                    "port_id": id_,
                    "network": ports[id_]["network"],
                    "device_owner": ports[id_].get("device_owner"),
                },
                folder=FOLDER,
                sources=(switch, address),
            )
            for name, id_ in named.items()
            if id_ in ports and not (ports[id_].get("device_owner") or "").startswith(OF_SERVERS)
        ]
