# SPDX-License-Identifier: Apache-2.0
"""Regions, from the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject


class Regions:
    """Regions of the cloud, placed in their folder.

    Source: Keystone, ``GET /v3/auth/catalog``.
    Attributes: ``region`` (its name, which everything below it carries), ``endpoints``: list of {service,
    service_type, region-wide URLs as ``publicURL``, ``internalURL``, ``adminURL``}.
    """

    def get(self, parent: InventoryObject) -> Fetching:  # noqa: ARG002 - one catalogue for all
        """Ask for the catalogue. The regions are those that its endpoints name."""
        catalogue = questions.catalogue()
        answers = yield [catalogue]
        services: Sequence[Mapping[str, Any]] = answers[catalogue]
        names = {_region(endpoint) for service in services for endpoint in service.get("endpoints") or ()}
        return [
            Fetched(
                id=ids.plain(name),
                name=name,
                attributes={"region": name, "endpoints": _endpoints(services, name)},
            )
            for name in sorted(names - {""})
        ]


def _region(endpoint: Mapping[str, Any]) -> str:
    return endpoint.get("region_id") or endpoint.get("region") or ""


def _endpoints(services: Sequence[Mapping[str, Any]], region: str) -> list[dict[str, Any]]:
    found = []
    for service in services:
        urls = {
            f"{endpoint['interface']}URL": endpoint["url"]
            for endpoint in service.get("endpoints") or ()
            if _region(endpoint) == region and "interface" in endpoint and "url" in endpoint
        }
        if urls:
            found.append({"service": service.get("name", ""), "service_type": service.get("type", ""), **urls})
    return sorted(found, key=lambda one: (one["service_type"], one["service"]))
