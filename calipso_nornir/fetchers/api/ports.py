# SPDX-License-Identifier: Apache-2.0
"""Neutron ports."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, ClassVar

from calipso_nornir.errors import NetworksUnlisted, SourceNotConfigured
from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import TAP_SUFFIX_LENGTH, kept
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.queries import Lookup, Select
from calipso_nornir.model.refs import Folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.refs import ObjectRef

UNKNOWN_NETWORKS = Folder(type="ports_folder", types_name="ports", text="Ports of unknown networks")
"""For ports whose network was deleted between the two requests, or is hidden from a user who may see only the port."""
BINDING_LEVELS = Select(
    "neutron",
    "SELECT l.port_id, l.host, l.level, l.driver, s.network_type, s.physical_network, s.segmentation_id "
    "FROM ml2_port_binding_levels l LEFT JOIN networksegments s ON s.id = l.segment_id "
    "ORDER BY l.port_id, l.host, l.level",
)
"""The mechanism driver and segment of each level of a port's binding, which the API does not provide."""


class Ports:
    """Ports of a region, in the ports folder of their network.

    Source: Neutron, ``GET /v2.0/ports``, ``/v2.0/networks`` and ``/v2.0/floatingips``; with a database also
    ``ml2_port_binding_levels``.
    Attributes: all fields of Neutron; ``port_name`` (Neutron's name; the object's name is its MAC), ``project``
    (name), ``network`` (id), ``floating_ips`` [{id, floating_ip_address, fixed_ip_address, status}],
    ``tap_suffix`` (the part of the id in device names), ``binding_levels`` (database only) [{level, driver, …}].
    """

    asked_by: ClassVar[Mapping[str, str]] = {
        "port": "id",
        "instance": "device_id",
        "network": "network_id",
        "host": "binding_host_id",
    }

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for ports, networks, floating IPs and binding levels, and look up the projects."""
        region = parent["region"]
        ports, networks, floating = questions.ports(region), questions.networks(region), questions.floating_ips(region)
        projects = Lookup.of("project")
        answers = yield [ports, networks, floating, projects, BINDING_LEVELS]
        names = {one.id: one.name for one in answers.or_blank(projects, ())}
        rows: Sequence[Mapping[str, Any]] = answers[ports]
        floating_of = _floating_ips(answers.or_blank(floating))
        levels = _binding_levels(answers)
        lost = {row["id"] for row in _without_network(rows, answers, networks)}
        if lost:
            unlisted = {row["network_id"] for row in rows if row["id"] in lost}
            answers.tell(NetworksUnlisted(region, tuple(sorted(unlisted)), len(lost)))
        return [
            Fetched(
                id=ids.plain(row["id"]),
                name=row.get("mac_address") or row["id"],
                attributes={
                    **kept(row),
                    "port_name": row.get("name") or "",
                    "project": names.get(row.get("project_id") or row.get("tenant_id") or ""),
                    "network": row["network_id"],
                    **({"floating_ips": floating_of.get(row["id"], [])} if floating_of is not None else {}),
                    "tap_suffix": row["id"][:TAP_SUFFIX_LENGTH],
                    **({"binding_levels": levels.get(row["id"], [])} if levels is not None else {}),
                },
                under=None if row["id"] in lost else _folder(parent, row),
                folder=UNKNOWN_NETWORKS if row["id"] in lost else None,
            )
            for row in rows
        ]


def _folder(region: InventoryObject, row: Mapping[str, Any]) -> ObjectRef:
    return region.sibling("ports_folder", ids.folder(ids.plain(row["network_id"]), "ports"))


def _without_network(
    rows: Sequence[Mapping[str, Any]], answers: Answers, networks: Query
) -> Sequence[Mapping[str, Any]]:
    """Return the ports whose network is in no list; none if the list of networks may be incomplete."""
    if not answers.whole(networks):
        return ()
    known = answers.grouped(networks, "id")
    return [row for row in rows if row["network_id"] not in known]


def _floating_ips(rows: Sequence[Mapping[str, Any]] | None) -> dict[str, list[dict[str, Any]]] | None:
    """Return the floating IPs by port; None if they are not known."""
    if rows is None:
        return None
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    names = ("id", "floating_ip_address", "fixed_ip_address", "router_id", "status")
    for row in sorted(rows, key=lambda one: str(one.get("id"))):
        if row.get("port_id"):
            found[row["port_id"]].append({key: row.get(key) for key in names})
    return found


def _binding_levels(answers: Answers) -> dict[str, list[dict[str, Any]]] | None:
    """Return the levels by port; None if there is no database, or it did not answer."""
    if isinstance(answers.failed(BINDING_LEVELS), SourceNotConfigured):
        return None
    rows = answers.or_blank(BINDING_LEVELS)
    if rows is None:
        return None
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["port_id"]].append({key: value for key, value in row.items() if key != "port_id"})
    return found
