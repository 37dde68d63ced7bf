# SPDX-License-Identifier: Apache-2.0
"""Projects (tenants)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import kept
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched

if TYPE_CHECKING:
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject


class Projects:
    """Projects of all domains.

    Source: Keystone, ``GET /v3/projects``.
    Attributes: ``domain_id``, ``enabled``, ``description``, ``tags``, ``parent_project_id``.
    """

    def get(self, parent: InventoryObject) -> Fetching:  # noqa: ARG002 - one list for all
        """Ask for all projects; domains that act as projects are left out."""
        projects = questions.projects()
        answers = yield [projects]
        return [
            Fetched(
                id=ids.plain(row["id"]),
                name=row.get("name") or row["id"],
                attributes={**kept(row, drop=("options", "is_domain")), "parent_project_id": row.get("parent_id")},
            )
            for row in answers[projects]
            if not row.get("is_domain")
        ]
