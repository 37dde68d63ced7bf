# SPDX-License-Identifier: Apache-2.0
"""Networks with their subnets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import kept
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.queries import Lookup
from calipso_nornir.model.refs import Folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject

UNKNOWN_PROJECTS = Folder(type="networks_folder", types_name="networks", text="Networks of unknown projects")
"""Neutron's own networks (HA) have no project; other networks may have a project that Keystone no longer knows."""


class Networks:
    """Networks of a region, in the networks folder of their project.

    Source: Neutron, ``GET /v2.0/networks`` and ``/v2.0/subnets``.
    Attributes: all fields of Neutron; ``network`` (its own id, for constraints), ``project`` (name),
    ``subnets`` (list of Neutron's subnets), ``cidrs``, ``subnet_ids``, ``region``.
    """

    asked_by: ClassVar[Mapping[str, str]] = {"network": "id", "project": "project_id"}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for networks and subnets, and look up the projects."""
        region = parent["region"]
        networks, subnets, projects = questions.networks(region), questions.subnets(region), Lookup.of("project")
        answers = yield [networks, subnets, projects]
        known = {one.id: one for one in answers.or_blank(projects, ())}
        rows = {row["id"]: row for row in answers[subnets]}
        return [self._network(parent, row, known.get(_project(row)), rows) for row in answers[networks]]

    def _network(
        self,
        parent: InventoryObject,
        row: Mapping[str, Any],
        project: InventoryObject | None,
        subnets: Mapping[str, Mapping[str, Any]],
    ) -> Fetched:
        own = [subnets[id_] for id_ in sorted(row.get("subnets") or ()) if id_ in subnets]
        attributes = {
            **kept(row, drop=("subnets",)),
            "network": row["id"],
            "project": project.name if project else None,
            "subnets": [dict(subnet) for subnet in own],
            "cidrs": [subnet.get("cidr") for subnet in own],
            "subnet_ids": sorted(row.get("subnets") or ()),
            "region": parent["region"],
        }
        under = parent.sibling("networks_folder", ids.folder(project.id, "networks")) if project else None
        return Fetched(
            id=ids.plain(row["id"]),
            name=row.get("name") or row["id"],
            attributes=attributes,
            under=under or parent.ref,
            folder=None if under else UNKNOWN_PROJECTS,
        )


def _project(row: Mapping[str, Any]) -> str:
    return row.get("project_id") or row.get("tenant_id") or ""
