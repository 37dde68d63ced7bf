# SPDX-License-Identifier: Apache-2.0
"""Virtual network interfaces of instances, from libvirt."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched, ask, together
from calipso_nornir.model.queries import Command, Lookup

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.parsing.rows import Domain, DomainInterface, Interface

    Ports = Generator[Sequence[Query], Answers, dict[str, InventoryObject | None]]

OF_THE_KERNEL = frozenset({"bridge", "direct", "ethernet", "network"})
"""Types of libvirt's interfaces whose device the host's kernel shows while the domain runs (not "vhostuser")."""


class InstanceVnics:
    """Interfaces of one instance, in its vNICs folder; an instance whose domain is not on the host has none.

    Source: ``virsh list --all --uuid``, ``virsh dumpxml`` of its domain, ``ip -d address``; ports of the inventory.
    Attributes: ``vnic_type`` ("instance_vnic"), ``host``, ``instance_id``, ``instance_db_id`` (``_id`` of the
    instance's document), ``mac_address``, ``source_bridge``, ``device``, its ``device_mtu`` and ``state``; ``port_id``,
    ``network``, ``addresses`` of its port (by the port id in the device's name, else by MAC among the instance's
    ports where only one has it); and libvirt's whole ``<interface>`` element, attributes with ``@`` before their name.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask which domains there are, then for the instance's own."""
        host = parent["host"]
        listing = Command(host, f"{questions.LIBVIRT} list --all --uuid", "virsh_uuids", root=True)
        uuids, (address, interfaces) = yield from together(ask(listing), questions.interfaces(host))
        if parent["uuid"] not in uuids:
            return []
        dump = Command.of(host, f"{questions.LIBVIRT} dumpxml {{}}", parent["uuid"], parser="virsh_dumpxml", root=True)
        answers = yield [dump]
        domain: Domain = answers[dump]
        rows = {one.name: one for one in interfaces}
        ports = yield from self._ports(parent, domain)
        folder = parent.sibling("vnics_folder", ids.folder(parent.id, "vnics"))
        return [
            Fetched(
                id=ids.vnic(host, device_name(parent, one)),
                name=one.device or one.mac or device_name(parent, one),
                attributes=_attributes(parent, one, rows.get(one.device or ""), ports.get(device_name(parent, one))),
                under=folder,
                sources=(dump, address),
            )
            for one in domain.interfaces
        ]

    def _ports(self, parent: InventoryObject, domain: Domain) -> Ports:
        """Look the ports up by device name; where that tells none, by MAC among the instance's own ports."""
        by_device = yield from questions.ports_of_devices(one.device for one in domain.interfaces if one.device)
        own = Lookup.of("port", {"device_id": parent.id})
        answers = yield [own]
        count = Counter(port.get("mac_address") for port in answers.or_blank(own))
        by_mac = {mac: port for port in answers.or_blank(own) if count[mac := port.get("mac_address")] == 1}
        return {
            device_name(parent, one): by_device.get(one.device or "") or by_mac.get(one.mac)
            for one in domain.interfaces
        }


def device_name(instance: InventoryObject, one: DomainInterface) -> str:
    """Return what tells an interface from others on its host: its device, else the instance and the MAC."""
    return one.device or f"{instance.id} {one.mac or 'without MAC'}"


def _attributes(
    instance: InventoryObject,
    one: DomainInterface,
    device: Interface | None,
    port: InventoryObject | None,
) -> Mapping[str, Any]:
    seen: dict[str, Any] = {}
    if device is not None:
        seen = {"device_mtu": device.mtu, "state": "UP" if device.up else "DOWN"}
    elif one.device is not None and one.type in OF_THE_KERNEL:
        seen = {"state": "DOWN"}  # a domain that is off: its configuration names a tap that is not there
    behind = (
        {
            "port_id": port.id,
            "network": port["network"],
            "addresses": [ip["ip_address"] for ip in port.get("fixed_ips") or ()],
            "floating_ips": [ip["floating_ip_address"] for ip in port.get("floating_ips") or ()],
        }
        if port is not None
        else {}
    )
    return {
        **{key: value for key, value in one.element.items() if key not in ("type", "name")},
        "vnic_type": "instance_vnic",
        "host": instance["host"],
        "instance_id": instance.id,
        "instance_db_id": instance.ref.document_id,
        "interface_type": one.type,
        "mac_address": one.mac,
        "source_bridge": one.bridge,
        "device": one.device,
        **seen,
        **behind,
    }
