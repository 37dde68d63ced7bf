# SPDX-License-Identifier: Apache-2.0
"""Neutron's agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import configuration, kept
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched

if TYPE_CHECKING:
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject


class NetworkAgents:
    """Agents on one host, in its network agents folder.

    Source: Neutron, ``GET /v2.0/agents`` (one list for all hosts).
    Attributes: ``host``, ``agent_id``, ``agent_type``, ``binary``, ``alive``, ``admin_state_up``, ``configurations``
    (without the counters that agents report along), ``availability_zone``, ``topic``, ``started_at``, ``created_at``.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the agents of all hosts and take this one's."""
        agents = questions.agents(parent["region"])
        answers = yield [agents]
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
            for row in answers.grouped(agents, "host").get(parent.name, [])
        ]
