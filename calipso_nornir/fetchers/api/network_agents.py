# SPDX-License-Identifier: Apache-2.0
"""Neutron's agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.api.census import names_of
from calipso_nornir.fetchers.attributes import configuration, kept
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject


class NetworkAgents:
    """Agents on one host, in its network agents folder.

    Source: Neutron, ``GET /v2.0/agents`` (one list for all hosts).
    Attributes: ``host``, ``agent_id``, ``agent_type``, ``binary``, ``alive``, ``admin_state_up``, ``configurations``
    (without the counters in it), ``availability_zone``, ``topic``, ``started_at``, ``created_at``.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the agents of all hosts and select this one's."""
        agents = questions.agents(parent["region"])
        answers = yield [agents]
        by_host = answers.grouped(agents, "host")
        rows = [row for name in names_of(parent) for row in by_host.get(name, ())]
        folder = parent.sibling("network_agents_folder", ids.folder(parent.id, "network_agents"))
        return [
            Fetched(
                id=ids.network_agent(parent.id, row["binary"]),
                name=row["binary"],
                attributes={
                    **kept(row, drop=("heartbeat_timestamp", "configurations", "resources_synced")),
                    "configurations": configuration(row),
                    "agent_id": row["id"],
                    "host": parent.id,
                },
                under=folder,
            )
            for row in (_one_of_each(rows) if "also_called" in parent else rows)
        ]


def _one_of_each(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return one agent per binary, preferably a live one: Neutron still lists the dead agent of a renamed host."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        if row["binary"] not in found or (row.get("alive") and not found[row["binary"]].get("alive")):
            found[row["binary"]] = row
    return list(found.values())
