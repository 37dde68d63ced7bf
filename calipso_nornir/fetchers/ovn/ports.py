# SPDX-License-Identifier: Apache-2.0
"""What OVN says about Neutron's networks and ports: where ports are bound, and the keys that packets carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from calipso_nornir.fetchers.ovn.databases import NORTHBOUND, SOUTHBOUND, is_described
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.parsing.ovn_northbound import Protection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import JSON, InventoryObject
    from calipso_nornir.model.ovsdb import OvsdbTables
    from calipso_nornir.parsing.ovn_northbound import Northbound
    from calipso_nornir.parsing.ovn_southbound import Binding, Southbound

TRUSTED = "network:"
"""Prefix of the device owners whose ports get no security group from Neutron (neutron.common.utils)."""


class OvnNetworks:
    """What OVN adds to a network.

    Source: Southbound's Datapath_Binding.
    Attributes: ``ovn_tunnel_key``: the key that identifies its packets in tunnels (Neutron's segmentation id does not).
    """

    asked_by: ClassVar[Mapping[str, str]] = {}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the datapaths."""
        answers = yield [SOUTHBOUND]
        if not is_described(answers) or parent.id not in (known := answers[SOUTHBOUND]).keys:
            return []
        key = {"ovn_tunnel_key": known.keys[parent.id]}
        return [Fetched(id=parent.id, name=parent.name, attributes=key, sources=(SOUTHBOUND,))]


class OvnPorts:
    """Where OVN has bound a port.

    Source: Southbound's Port_Binding and Chassis.
    Attributes: ``ovn``: ``type`` ("" for an interface, localport, external, virtual …), ``chassis``, ``host`` (OVN's
    name for it), ``requested_chassis``, ``additional_chassis`` and ``additional_hosts`` (its destinations during a
    migration), ``requested_additional_chassis``, ``up``, ``tunnel_key``; of a trunk's sub-port ``parent_port`` and
    ``tag``; of an external port the ``members`` of its group.
    """

    asked_by: ClassVar[Mapping[str, str]] = {}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for its binding."""
        return (yield from binding(parent, parent.id))


class OvnPortSecurity:
    """The security groups that limit the traffic of a port in OVN.

    This is a separate step: if only Northbound cannot be read, the binding is still updated, and the old security
    attributes are kept, unconfirmed.

    Source: Northbound's Port_Group and Logical_Switch_Port.
    Attributes: ``ovn_security``: ``security_groups`` (ids of those whose port group has the port), ``default_drop``
    (whether it passes only what they allow), ``as_in_neutron``: False if Neutron disagrees about either.
    """

    asked_by: ClassVar[Mapping[str, str]] = {}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for port groups."""
        answers = yield [NORTHBOUND]
        if not is_described(answers, NORTHBOUND):
            return []
        known: Northbound = answers[NORTHBOUND]
        return added(parent, "ovn_security", _protected(parent, known.protection.get(parent.id)), NORTHBOUND)


def binding(known: InventoryObject, port: str) -> Fetching:
    """Ask where a logical port is bound, and add it to an object as ``ovn``."""
    answers = yield [SOUTHBOUND]
    if not is_described(answers):
        return []
    found: Southbound = answers[SOUTHBOUND]
    return added(known, "ovn", _bound(found, found.bindings.get(port)), SOUTHBOUND)


def added(known: InventoryObject, name: str, value: JSON, source: OvsdbTables) -> list[Fetched]:
    """Return what is added to an object: one attribute, or nothing if the database does not know the object."""
    if value is None:
        return []
    return [Fetched(id=known.id, name=known.name, attributes={name: value}, sources=(source,))]


def _bound(known: Southbound, one: Binding | None) -> dict[str, JSON] | None:
    if one is None:
        return None
    return {
        "type": one.type,
        "chassis": one.chassis,
        "host": known.hostname(one.chassis),
        "requested_chassis": one.requested_chassis,
        "additional_chassis": list(one.additional_chassis),
        "additional_hosts": [known.hostname(name) for name in one.additional_chassis],
        "requested_additional_chassis": list(one.requested_additional),
        "up": one.up,
        "tunnel_key": one.tunnel_key,
        **({"parent_port": one.parent_port, "tag": one.tag} if one.parent_port else {}),
        **({"members": [[member.chassis, member.priority] for member in one.group]} if one.group else {}),
    }


def _protected(port: InventoryObject, one: Protection | None) -> dict[str, JSON] | None:
    if one is None:
        return None
    return {
        "security_groups": list(one.security_groups),
        "default_drop": one.default_drop,
        "as_in_neutron": one == _intended(port),
    }


def _intended(port: InventoryObject) -> Protection:
    """Return what Neutron wants for a port (``ovn_client.py`` of its OVN driver)."""
    trusted = (port.get("device_owner") or "").startswith(TRUSTED)
    return Protection(
        security_groups=() if trusted else tuple(sorted(port.get("security_groups") or ())),
        default_drop=not trusted and bool(port.get("port_security_enabled")),
    )
