# SPDX-License-Identifier: Apache-2.0
"""Virtual network interfaces of instances, from libvirt."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from calipso_nornir.errors import DeviceGivenAway, PortsAlike
from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.trunks import sub_ports, trunk_attributes
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched, ask, together
from calipso_nornir.model.queries import Command, Lookup
from calipso_nornir.parsing.rows import DomainInterface
from calipso_nornir.wiring.devices import Devices

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.parsing.rows import Domain

    Ports = Generator[Sequence[Query], Answers, tuple[list[InventoryObject | None], list[PortsAlike]]]

OF_THE_KERNEL = frozenset({"bridge", "direct", "ethernet", "network"})
"""Types of libvirt interfaces that have a kernel device on the host while the domain runs (not "vhostuser")."""


class InstanceVnics:
    """Interfaces of one instance, in its vNICs folder; an instance whose domain is not on the host has none.

    Source: ``virsh list --all --uuid``, ``virsh dumpxml`` of its domain, ``ip -d address``; ports of the inventory.
    Attributes: ``vnic_type`` ("instance_vnic"), ``host``, ``instance_id``, ``instance_db_id`` (``_id`` of the
    instance's document), ``mac_address``, ``source_bridge``, ``device``, its ``device_mtu`` and ``state``; ``port_id``,
    ``network``, ``addresses`` of its port (matched by the port id in the device's name; else, among the instance's
    ports, by the id at the end of its vhost-user socket's path, by PCI address, or by MAC if only one has it); the
    whole ``<interface>`` element of libvirt, attributes as ``@name``; ``pci_address`` of a virtual function;
    ``allowed_address_pairs`` of the port, if it has some; of a trunk, ``trunk_id`` and ``sub_ports`` [{port_id,
    segmentation_type, segmentation_id, network, mac_address, addresses}].
    """

    asked_by: ClassVar[Mapping[str, str]] = {}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the list of domains, then for the instance's own domain."""
        host = parent["host"]
        listing = Command(host, f"{questions.LIBVIRT} list --all --uuid", "virsh_uuids", root=True)
        uuids, (address, interfaces) = yield from together(ask(listing), questions.interfaces(host))
        if parent["uuid"] not in uuids:
            return []
        dump = Command.of(host, f"{questions.LIBVIRT} dumpxml {{}}", parent["uuid"], parser="virsh_dumpxml", root=True)
        answers = yield [dump]
        domain: Domain = answers[dump]
        devices = Devices(interfaces)
        ports, alike = yield from self._ports(parent, domain)
        for trouble in alike:
            answers.tell(trouble)
        found = [*zip(domain.interfaces, ports, strict=False), *_given(domain, ports)]
        for one, _ in found[len(domain.interfaces) :]:
            answers.tell(DeviceGivenAway(host, str(one.pci), parent.name))
        subs = yield from sub_ports(port for _, port in found if port is not None)
        names = device_names(parent, [one for one, _ in found])
        folder = parent.sibling("vnics_folder", ids.folder(parent.id, "vnics"))
        return [
            Fetched(
                id=ids.vnic(host, name),
                name=one.device or one.mac or name,
                attributes=_attributes(parent, one, devices, port, subs),
                under=folder,
                sources=(dump, address),
            )
            for (one, port), name in zip(found, names, strict=True)
        ]

    def _ports(self, parent: InventoryObject, domain: Domain) -> Ports:
        """Look up the port of each interface: by device; among the instance's own, by socket, PCI address, then MAC.

        The ports of whole devices are appended. Ports that share a MAC and cannot be told apart otherwise are reported.
        """
        by_device = yield from questions.ports_of_devices(one.device for one in domain.interfaces if one.device)
        own = Lookup.of("port", {"device_id": parent.id})
        answers = yield [own]
        ports = answers.or_blank(own)
        by_pci = _unique(ports, lambda port: (port.get("binding:profile") or {}).get("pci_slot"))
        known = [
            by_device.get(one.device or "") or _by_socket(one, ports) or by_pci.get(one.pci)
            for one in domain.interfaces
        ]
        whole = [by_pci[pci] for pci in domain.devices if pci in by_pci]
        taken = {port.id for port in (*known, *whole) if port is not None}
        by_mac = _by_mac(
            [one for one, port in zip(domain.interfaces, known, strict=True) if port is None],
            [port for port in ports if port.id not in taken],
        )
        found = [port or _only(by_mac.get(one.mac or "")) for one, port in zip(domain.interfaces, known, strict=True)]
        alike = [
            PortsAlike(parent["host"], parent.name, mac, count, tuple(port.id for port in left))
            for mac, (count, left) in by_mac.items()
            if left and (count, len(left)) != (1, 1)
        ]
        return [*found, *whole], alike


def _given(
    domain: Domain, ports: Sequence[InventoryObject | None]
) -> list[tuple[DomainInterface, InventoryObject | None]]:
    """Return the whole NICs passed to an instance: libvirt lists them as devices, Neutron has a port for each."""
    given = [port for port in ports[len(domain.interfaces) :] if port is not None]
    return [
        (DomainInterface("hostdev", port.get("mac_address"), None, None, {}, port["binding:profile"]["pci_slot"]), port)
        for port in given
    ]


def _by_socket(one: DomainInterface, ports: Sequence[InventoryObject]) -> InventoryObject | None:
    """Return the port whose complete id is at the end of a vhost-user socket's path, as in networking-vpp."""
    source = one.element.get("source")
    path = str(source.get("@path") or "") if isinstance(source, dict) and one.type == "vhostuser" else ""
    return next((port for port in ports if path.endswith(port.id)), None)


def _by_mac(
    interfaces: Sequence[DomainInterface], ports: Sequence[InventoryObject]
) -> dict[str, tuple[int, list[InventoryObject]]]:
    """Return how many interfaces, and which ports, have each MAC."""
    count = Counter(one.mac for one in interfaces if one.mac)
    return {mac: (number, [port for port in ports if port.get("mac_address") == mac]) for mac, number in count.items()}


def _only(alike: tuple[int, Sequence[InventoryObject]] | None) -> InventoryObject | None:
    """Return the port of the interface if no other interface or port has its MAC."""
    count, ports = alike or (0, ())
    return ports[0] if count == 1 == len(ports) else None


def _unique(ports: Sequence[InventoryObject], key: Callable[[InventoryObject], Any]) -> dict[Any, InventoryObject]:
    """Index ports by distinguishing values; values that two ports share are ignored."""
    count = Counter(map(key, ports))
    return {key(port): port for port in ports if key(port) and count[key(port)] == 1}


def device_names(instance: InventoryObject, interfaces: Sequence[DomainInterface]) -> list[str]:
    """Return names that distinguish each interface of a domain from all others on the host.

    The name is that of its device or, without one, the instance and the MAC; if two interfaces of the domain share a
    MAC, its PCI address or its position is added (a guest that bonds virtual functions needs one MAC for both).
    """
    plain = [one.device or f"{instance.id} {one.mac or 'without MAC'}" for one in interfaces]
    count = Counter(plain)
    return [
        name if count[name] == 1 else f"{name} {one.pci or place}"
        for place, (name, one) in enumerate(zip(plain, interfaces, strict=True), 1)
    ]


def _attributes(
    instance: InventoryObject,
    one: DomainInterface,
    devices: Devices,
    port: InventoryObject | None,
    subs: Mapping[str, InventoryObject],
) -> Mapping[str, Any]:
    device = devices.get(one.device)
    seen: dict[str, Any] = {}
    if device is not None:
        seen = {"device_mtu": device.mtu, "state": "UP" if device.up else "DOWN"}
    elif one.device is not None and one.type in OF_THE_KERNEL:
        seen = {"state": "DOWN"}  # the domain is shut off: the tap that its configuration names does not exist
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
        **({"pci_address": one.pci} if one.pci else {}),
        **({"stack": devices.stack(one.device)} if one.type == "direct" and device is not None else {}),
        **seen,
        **(_of_port(port, subs) if port is not None else {}),
    }


def _of_port(port: InventoryObject, subs: Mapping[str, InventoryObject]) -> dict[str, Any]:
    pairs = port.get("allowed_address_pairs")
    return {
        "port_id": port.id,
        "network": port["network"],
        "addresses": [ip["ip_address"] for ip in port.get("fixed_ips") or ()],
        "floating_ips": [ip["floating_ip_address"] for ip in port.get("floating_ips") or ()],
        **({"allowed_address_pairs": pairs} if pairs else {}),
        **trunk_attributes(port, subs),
    }
