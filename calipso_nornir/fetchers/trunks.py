# SPDX-License-Identifier: Apache-2.0
"""Trunks: Neutron ports that carry several VLANs, each of which is a Neutron port of its own (a sub-port)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers.attributes import TAP_SUFFIX_LENGTH
from calipso_nornir.model.queries import Lookup

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query

    Port = Mapping[str, Any] | InventoryObject

DETAILS = "trunk_details"
"""Neutron's field of a parent port: {trunk_id, sub_ports} (api-ref, extension "trunk-details")."""


def _listed(port: Port) -> Sequence[Mapping[str, Any]]:
    return (port.get(DETAILS) or {}).get("sub_ports") or ()


def sub_ports(parents: Iterable[Port]) -> Generator[Sequence[Query], Answers, dict[str, InventoryObject]]:
    """Look up the sub-ports of trunks by their ids, because the parent does not give their networks."""
    wanted = {row["port_id"] for port in parents for row in _listed(port)}
    if not wanted:
        return {}
    queries = [Lookup.of("port", {"tap_suffix": id_[:TAP_SUFFIX_LENGTH]}) for id_ in sorted(wanted)]
    answers = yield list(dict.fromkeys(queries))
    return {one.id: one for query in answers for one in answers.or_blank(query, ()) if one.id in wanted}


def sub_ports_of(port: Port, known: Mapping[str, InventoryObject]) -> list[tuple[Mapping[str, Any], InventoryObject]]:
    """Return the known sub-ports of a port, each with what the trunk says about it."""
    return [(row, known[row["port_id"]]) for row in _listed(port) if row["port_id"] in known]


def trunk_attributes(port: InventoryObject, known: Mapping[str, InventoryObject]) -> dict[str, Any]:
    """Return ``trunk_id`` and ``sub_ports`` of an interface with a trunk; nothing for any other."""
    details = port.get(DETAILS)
    if not details:
        return {}
    return {
        "trunk_id": details.get("trunk_id"),
        "sub_ports": [
            {
                "port_id": one.id,
                "segmentation_type": row.get("segmentation_type"),
                "segmentation_id": row.get("segmentation_id"),
                "network": one["network"],
                "mac_address": one.get("mac_address"),
                "addresses": [ip["ip_address"] for ip in one.get("fixed_ips") or ()],
            }
            for row, one in sub_ports_of(port, known)
        ],
    }
