# SPDX-License-Identifier: Apache-2.0
"""Physical network interfaces, and bonds of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import address_attributes, kept
from calipso_nornir.fetchers.cli.devices import physical, stack_below
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched, ask, together
from calipso_nornir.model.queries import Command
from calipso_nornir.parsing.ip import resolve_namespaces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.parsing.rows import Bond, Interface


class HostPnics:
    """Physical network interfaces of one host, in its pNICs folder.

    Source: ``ls -l /sys/class/net``, ``ip -d address``, ``ip netns list``; per interface ``ethtool``, ``ethtool -i``.
    Attributes: ``host``, ``local_name``, ``mac_address``, ``mtu`` (bytes), ``state`` ("UP" or "DOWN"), ``addresses``
    (CIDR texts) and first ones as ``IP Address``, ``IPv6 Address``; ``Link detected`` ("yes" or "no") and whatever
    else ethtool prints, under its own keys; ``driver`` (of ethtool -i); ``vlan_interfaces`` [{name, vlan_id,
    addresses}] (also of VLANs on VLANs); ``EtherChannel Master`` (id of the bond that it is a member of).
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for devices and interfaces, then for the details of the physical ones."""
        devices = Command(parent.id, "ls -l /sys/class/net", "ls_sys_class_net")
        listed, (address, interfaces), (_, namespaces) = yield from together(
            ask(devices), questions.interfaces(parent.id), questions.namespaces(parent.id)
        )
        interfaces = resolve_namespaces(interfaces, namespaces)
        found = physical(listed, interfaces)
        details = {one.name: _ethtool(parent.id, one.name) for one in found}
        answers = yield [query for pair in details.values() for query in pair]
        return [self._pnic(parent, one, interfaces, answers, (devices, address, *details[one.name])) for one in found]

    def _pnic(
        self,
        parent: InventoryObject,
        one: Interface,
        interfaces: Sequence[Interface],
        answers: Answers,
        sources: tuple[Query, ...],
    ) -> Fetched:
        settings, driver = sources[-2:]
        told = answers.or_blank(settings, {})
        named = answers.or_blank(driver)
        attributes = {
            **kept(told),
            **pnic_attributes(parent, one, interfaces),
            **({"driver": named} if named is not None else {}),
            "Link detected": told.get("Link detected") or ("yes" if one.up else "no"),
        }
        return Fetched(
            id=ids.host_pnic(parent.id, one.name),
            name=one.name,
            attributes=attributes,
            under=pnics_folder(parent),
            sources=sources,
        )


class HostBonds:
    """Bonds of one host, in its pNICs folder: physical interfaces to all who use them.

    Source: ``ip -d address``; per bond ``/proc/net/bonding/<bond>``.
    Attributes: as ``HostPnics`` without ethtool's; ``EtherChannel`` (True), ``members`` [{name, id, mac_address,
    …}] with every key of the member's block, ``actor`` and ``partner`` apart; every general key as printed
    (``Bonding Mode``, ``MII Status``, ``802.3ad info`` …); ``Link detected`` from ``MII Status``.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for interfaces, then for the state of every bond among them."""
        address, interfaces = yield from questions.interfaces(parent.id)
        bonds = {
            one.name: Command.of(parent.id, "cat {}", f"/proc/net/bonding/{one.name}", parser="bonding", root=True)
            for one in interfaces
            if one.kind == "bond"
        }
        if not bonds:
            return []
        answers = yield list(bonds.values())
        found = []
        for one in interfaces:
            if one.name in bonds:
                bond: Bond | None = answers.or_blank(bonds[one.name])
                found.append(
                    Fetched(
                        id=ids.host_pnic(parent.id, one.name),
                        name=one.name,
                        attributes={
                            **(_bond_attributes(parent.id, bond) if bond is not None else {}),
                            **pnic_attributes(parent, one, interfaces),
                            "EtherChannel": True,
                        },
                        under=pnics_folder(parent),
                        sources=(address, bonds[one.name]),
                    )
                )
        return found


def pnics_folder(host: InventoryObject) -> Any:  # noqa: ANN401 - an ObjectRef, spelt by its host
    """Return the folder of a host's physical interfaces."""
    return host.sibling("pnics_folder", ids.folder(host.id, "host_pnics"))


def pnic_attributes(host: InventoryObject, one: Interface, interfaces: Sequence[Interface]) -> dict[str, Any]:
    """Return what the kernel says of a physical interface or bond, without its MAC when it has none."""
    master = ids.host_pnic(host.id, one.master) if one.member_of_kind == "bond" and one.master else ""
    rows = {row.name: row for row in interfaces}
    vlans = [row for row in interfaces if row.kind == "vlan" and one.name in stack_below(row.name, rows)]
    return {
        "host": host.id,
        "local_name": one.name,
        **({"mac_address": one.mac} if one.mac else {}),
        "mtu": one.mtu,
        "state": "UP" if one.up else "DOWN",
        **address_attributes(one.addresses),
        "vlan_interfaces": [
            {"name": row.name, "vlan_id": row.vlan_id, "addresses": [address.cidr for address in row.addresses]}
            for row in vlans
        ],
        "EtherChannel Master": master,
        "master": one.master,
    }


def _ethtool(host: str, name: str) -> tuple[Command, Command]:
    return (
        Command.of(host, "ethtool {}", name, parser="ethtool", root=True, optional=True),
        Command.of(host, "ethtool -i {}", name, parser="ethtool_driver", root=True, optional=True),
    )


def _bond_attributes(host_id: str, bond: Bond) -> dict[str, Any]:
    members: list[Mapping[str, Any]] = [
        {
            **member.details,
            "name": member.name,
            "id": ids.host_pnic(host_id, member.name),
            "mac_address": member.mac,
            "actor": dict(member.actor),
            "partner": dict(member.partner),
        }
        for member in bond.members
    ]
    return {
        **kept(bond.details),
        **{name: dict(block) for name, block in bond.info.items()},
        "members": members,
        "Link detected": "yes" if bond.details.get("MII Status") == "up" else "no",
    }
