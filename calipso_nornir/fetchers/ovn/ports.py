# SPDX-License-Identifier: Apache-2.0
"""What OVN says about Neutron's networks and ports: where ports are bound, and the keys that packets carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from calipso_nornir.fetchers.ovn.databases import SOUTHBOUND, is_described
from calipso_nornir.model.fetching import Fetched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import JSON, InventoryObject
    from calipso_nornir.parsing.ovn_southbound import Southbound


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
    """What OVN adds to a port.

    Source: Southbound's Port_Binding and Chassis.
    Attributes: ``ovn``: ``type`` ("" for an interface, localport, external, virtual …), ``chassis``, ``host`` (OVN's
    name for it), ``requested_chassis``, ``additional_chassis`` and ``additional_hosts`` (its destinations during a
    migration), ``requested_additional_chassis``, ``up``, ``tunnel_key``; of a trunk's sub-port ``parent_port`` and
    ``tag``; of an external port the ``members`` of its group.
    """

    asked_by: ClassVar[Mapping[str, str]] = {}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the bindings."""
        answers = yield [SOUTHBOUND]
        if not is_described(answers):
            return []
        known: Southbound = answers[SOUTHBOUND]  # if it fails, the port keeps its old values unconfirmed
        one = known.bindings.get(parent.id)
        if one is None:
            return []
        told: dict[str, JSON] = {
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
        return [Fetched(id=parent.id, name=parent.name, attributes={"ovn": told}, sources=(SOUTHBOUND,))]
