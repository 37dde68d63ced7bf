# SPDX-License-Identifier: Apache-2.0
"""Switches and their ports, from the LLDP announcements that hosts receive (IEEE 802.1AB)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.fetchers.cli.switch_heard import (
    LLDP,
    REACHABLE,
    KnowsPlatforms,
    in_one_form,
    label,
    lldp_of,
    logins,
    per_port_names,
)
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.queries import Lookup

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.switch_platforms import SwitchPlatforms
    from calipso_nornir.parsing.rows import Neighbour

SWITCHING = frozenset({"Bridge", "Router"})
"""Capabilities (IEEE 802.1AB table 8-4) of devices that forward frames or packets of others."""


class LldpSwitches(KnowsPlatforms):
    """Switches whose LLDP announcements one host receives on its physical interfaces, in the switches folder.

    Source: ``lldpctl -f json``; physical interfaces and hosts of the inventory.
    Attributes: ``switch`` (its own id), ``chassis_id``, ``chassis_id_type``, ``description``, ``management_addresses``,
    ``capabilities`` (none for a neighbour that announces none), ``announced_ids`` (chassis ids of a node of an ACI
    fabric, which is known by its name). Neighbours that are hosts of the cloud themselves are not switches.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the neighbours."""
        query, neighbours = yield from _heard(parent, self.platforms)
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
                    "capabilities": sorted(one.capabilities or ()),
                    **_announced(neighbours, one.chassis_id),
                },
                under=parent.sibling("switches_folder", ids.folder(ids.escaped(parent.ref.environment), "switches")),
                sources=(query,),
            )
        return list(found.values())


class LldpSwitchPnics(KnowsPlatforms):
    """Switch ports whose LLDP announcements one host receives on its physical interfaces, below their switch.

    Source: as ``LldpSwitches``.
    Attributes: ``switch`` (id), ``role`` ("hostlink"), ``port_id``, ``port_id_type``, ``description``, ``vlans`` (ids
    that it announces), ``mac_address`` if that is its id, ``neighbours`` [{host, interface}] that receive them.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the neighbours."""
        query, neighbours = yield from _heard(parent, self.platforms)
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


def _announced(neighbours: Sequence[Neighbour], chassis_id: str) -> dict[str, list[str]]:
    """Return the chassis ids that were heard of a switch which is known by another one."""
    found = {one.announced for one in neighbours if one.announced and one.chassis_id == chassis_id}
    return {"announced_ids": sorted(found)} if found else {}


def _heard(
    host: InventoryObject, platforms: SwitchPlatforms
) -> Generator[Sequence[Query], Answers, tuple[Query, list[Neighbour]]]:
    """Ask which forwarding devices, except hosts of the cloud, announce themselves on a host's physical interfaces.

    A switch that uses CDP as well as LLDP is counted once. Capabilities are optional (IEEE 802.1AB, 8.5): a neighbour
    that announces none counts as a switch unless a host has its name, its address or its MAC.
    """
    query = lldp_of(host.id)
    pnics, hosts = Lookup.of("host_pnic", {"host": host.id}), Lookup.of("host")
    answers = yield [query, pnics, hosts]
    if answers.failed(query) is not None and answers.or_gap(query) is None:
        return query, []
    neighbours: Sequence[Neighbour] = answers[query]
    interfaces = {one["local_name"] for one in answers[pnics]}
    own = {name for one in answers[hosts] for full in _names(one) for name in (full, label(full))}
    heard = [
        one
        for one in neighbours
        if one.interface in interfaces
        and (one.capabilities is None or SWITCHING & set(one.capabilities))
        and label(one.chassis_name or "") not in own
        and not any(_same(one, other) for other in neighbours if other.interface == one.interface)
    ]
    names: dict[str, str] = {}
    if heard and any(one.chassis_per_port for one in platforms.by_name.values()):
        answers = yield [REACHABLE]
        names = per_port_names(logins(answers, platforms))
    heard = [in_one_form(one, names) for one in heard]
    if any(one.capabilities is None for one in heard):
        hardware = Lookup.of("host_pnic")
        answers = yield [hardware]
        known = _identities(answers.or_blank(hardware, ()))
        heard = [one for one in heard if one.capabilities is not None or not _told(one) & known]
    return query, heard


def _same(one: Neighbour, other: Neighbour) -> bool:
    """Return whether a CDP neighbour is also an LLDP neighbour, by its name or one of its addresses.

    LLDP's ids are then used, because those of CDP are names for people.
    """
    if one.protocol == LLDP or other.protocol != LLDP:
        return False
    names = {label(told.chassis_name or "").lower() for told in (one, other)}
    addresses = [{label(address) for address in told.management_addresses} for told in (one, other)]
    return (len(names) == 1 and "" not in names) or bool(addresses[0] & addresses[1])


def _names(host: InventoryObject) -> list[str]:
    return [host.name, *host.get("also_called", ())]


def _identities(pnics: Sequence[InventoryObject]) -> set[str]:
    """Return MAC and IP addresses of interfaces."""
    addresses = {label(str(address).partition("/")[0]) for one in pnics for address in one.get("addresses") or ()}
    return addresses | {one["mac_address"] for one in pnics if one.get("mac_address")}


def _told(one: Neighbour) -> set[str]:
    return {one.chassis_id, one.port_id, *(label(address) for address in one.management_addresses)}
