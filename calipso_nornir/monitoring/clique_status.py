# SPDX-License-Identifier: Apache-2.0
"""The status of a whole clique."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from calipso_nornir.model.status import CAUSE, OK
from calipso_nornir.monitoring.failures import ends_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.status import Status


@dataclass(frozen=True, slots=True)
class CliqueStatus:
    """The worst status among the members of a clique, the member that has it, and its cause."""

    value: int
    label: str
    text: str
    member: Mapping[str, str]
    cause: Mapping[str, Any] | None = None

    def document(self) -> dict[str, Any]:
        """Return a JSON object."""
        return asdict(self)


def clique_status(objects: Iterable[InventoryObject], links: Iterable[Link]) -> CliqueStatus | None:
    """Return the status of a clique from its objects and links as they were read; None if no member has one.

    Among equally bad members, one without a cause is named.
    """
    members: list[tuple[Status, Mapping[str, str]]] = [
        (one.status, {"kind": "inventory", "type": one.type, "id": one.id, "name": one.name})
        for one in objects
        if one.status is not None
    ]
    for one in links:
        if one.status is not None:
            ends = ends_of(one.source.id, one.target.id)
            members.append((one.status, {"kind": "links", "type": one.type, "id": ends, "name": ends}))
    if not members:
        return None
    worst, member = max(members, key=lambda one: (one[0].severity, CAUSE not in one[0].attributes))
    cause = worst.attributes.get(CAUSE) if worst.value != OK else None
    return CliqueStatus(worst.value, worst.label, worst.text, member, cause)
