# SPDX-License-Identifier: Apache-2.0
"""Switches and their ports, as hosts hear them by LLDP (IEEE 802.1AB)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.queries import Command, Lookup

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.parsing.rows import Neighbour

SWITCHING = frozenset({"Bridge", "Router"})
"""Capabilities (IEEE 802.1AB table 8-4) of what forwards for others."""


class LldpSwitches:
    """Switches that one host hears on its physical interfaces, in the environment's switches folder.

    Source: ``lldpctl -f json``; physical interfaces and hosts of the inventory.
    Attributes: ``switch`` (its own id), ``chassis_id``, ``chassis_id_type``, ``description``, ``management_addresses``,
    ``capabilities``. Neighbours that are hosts of the cloud themselves are no switches.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the neighbours."""
        query, neighbours = yield from _heard(parent)
        found = {}
        for one in neighbours:
            id_ = ids.switch(one.chassis_id_type, one.chassis_id)
            found[id_] = Fetched(
                id=id_,
                name=one.chassis_name or one.chassis_id,
                attributes={
                    "switch": id_,
                    "chassis_id": one.chassis_id,
                    "chassis_id_type": one.chassis_id_type,
                    "description": one.chassis_description,
                    "management_addresses": sorted(one.management_addresses),
                    "capabilities": sorted(one.capabilities),
                },
                under=parent.sibling("switches_folder", ids.folder(ids.escaped(parent.ref.environment), "switches")),
                sources=(query,),
            )
        return list(found.values())


class LldpSwitchPnics:
    """Switch ports that one host hears on its physical interfaces, below their switch.

    Source: as ``LldpSwitches``.
    Attributes: ``switch`` (id), ``role`` ("hostlink"), ``port_id``, ``port_id_type``, ``description``, ``vlans`` (ids
    that it announces), ``mac_address`` when that is its id, ``neighbours`` [{host, interface}]: who hears it.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the neighbours."""
        query, neighbours = yield from _heard(parent)
        found = []
        for one in neighbours:
            switch = ids.switch(one.chassis_id_type, one.chassis_id)
            found.append(
                Fetched(
                    id=ids.switch_pnic(switch, one.port_id),
                    name=one.port_description or one.port_id,
                    attributes={
                        "switch": switch,
                        "role": "hostlink",
                        "port_id": one.port_id,
                        "port_id_type": one.port_id_type,
                        "description": one.port_description,
                        "vlans": sorted(one.vlans),
                        "neighbours": [{"host": parent.id, "interface": one.interface}],
                        **({"mac_address": one.port_id} if one.port_id_type == "mac" else {}),
                    },
                    under=parent.sibling("switch", switch),
                    sources=(query,),
                )
            )
        return found


def _heard(host: InventoryObject) -> Generator[Sequence[Query], Answers, tuple[Query, list[Neighbour]]]:
    """Ask what a host hears on its physical interfaces from what forwards, and is no host of the cloud."""
    query = Command(host.id, "lldpctl -f json", "lldpctl_json", root=True, optional=True)
    pnics, hosts = Lookup.of("host_pnic", {"host": host.id}), Lookup.of("host")
    answers = yield [query, pnics, hosts]
    if answers.failed(query) is not None and answers.or_gap(query) is None:
        return query, []
    neighbours: Sequence[Neighbour] = answers[query]
    interfaces = {one["local_name"] for one in answers[pnics]}
    own = {name for one in answers[hosts] for name in (one.name, one.name.partition(".")[0])}
    return query, [
        one
        for one in neighbours
        if one.interface in interfaces
        and SWITCHING & set(one.capabilities)
        and (one.chassis_name or "").partition(".")[0] not in own
    ]
