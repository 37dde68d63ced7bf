# SPDX-License-Identifier: Apache-2.0
"""Host aggregates and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.api.census import names_of
from calipso_nornir.fetchers.attributes import kept
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.queries import Lookup

if TYPE_CHECKING:
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject


class Aggregates:
    """Host aggregates of a region, in its aggregates folder.

    Source: Nova, ``GET /os-aggregates``.
    Attributes: ``number`` (Nova's id), ``hosts`` (names), ``metadata``, ``availability_zone``, ``region``.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the region's aggregates."""
        aggregates = questions.aggregates(parent["region"])
        answers = yield [aggregates]
        folder = parent.sibling("aggregates_folder", ids.folder(parent.id, "aggregates"))
        return [
            Fetched(
                id=ids.aggregate(parent.id, row["id"]),
                name=row["name"],
                attributes={
                    **kept(row, drop=("deleted", "deleted_at")),
                    "number": row["id"],
                    "hosts": sorted(row.get("hosts") or ()),
                    "region": parent["region"],
                },
                under=folder,
            )
            for row in answers[aggregates]
        ]


class AggregateHosts:
    """References to the hosts of an aggregate; a host itself is below its zone.

    Source: the aggregate, and the hosts of the inventory.
    Attributes: ``host`` (id), ``ref_id`` (``_id`` of the host's document) unless no such host is known.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Look up the hosts."""
        if not parent["hosts"]:
            return []
        hosts = Lookup.of("host")
        answers = yield [hosts]
        by_name = {name: host for host in answers.or_blank(hosts, ()) for name in names_of(host)}
        found: dict[str, Fetched] = {}
        for name in parent["hosts"]:
            host = by_name.get(name)
            host_id = host.id if host is not None else ids.plain(name)
            known = {"ref_id": host.ref.document_id} if host is not None else {}
            one = Fetched(id=ids.host_ref(parent.id, host_id), name=name, attributes={"host": host_id, **known})
            found.setdefault(one.id, one)
        return list(found.values())
