# SPDX-License-Identifier: Apache-2.0
"""The failures of an environment, each once, with its consequences; and the status of a whole clique."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model.finding import Find, OneOf, Range
from calipso_nornir.monitoring.judging import CAUSE
from calipso_nornir.monitoring.results import ERROR, OK, SEVERITY
from calipso_nornir.monitoring.settling import FOLLOWS
from calipso_nornir.store.documents import status_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.status import Status
    from calipso_nornir.model.stores import Document, Kind, StoreView

NAMED: Final[Mapping[Kind, tuple[str, ...]]] = {
    "inventory": ("type", "id", "name", "host"),
    "links": ("link_type", "source_id", "target_id", "host"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An object or link with its status, as lists show it."""

    of: str
    kind: str
    type: str
    id: str
    name: str
    host: str | None
    value: int
    label: str
    text: str
    since: datetime | None
    check: str


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure, and its consequences, without links that only follow their ends."""

    about: Named
    consequences: tuple[Named, ...] = ()


def failures(view: StoreView) -> list[Failure]:
    """Return the failures in the order of their places."""
    rows = view.find_documents(Find(kind="status", where=(Range("value", at_least=1),)))
    statuses = {one["_id"]: status_of(one) for one in rows}
    named = names_of(view, statuses.values())
    following: defaultdict[str, list[Named]] = defaultdict(list)
    roots: list[Named] = []
    for of, one in named.items():
        cause = statuses[of].attributes.get(CAUSE)
        if isinstance(cause, dict) and cause.get("of") in named:
            if not statuses[of].attributes.get(FOLLOWS):
                following[cause["of"]].append(one)
        else:
            roots.append(one)
    made = [Failure(one, tuple(sorted(following[one.of], key=_worst_first))) for one in roots]
    return sorted(made, key=place_of)


def place_of(one: Failure) -> tuple[int, int, str, str]:
    """Return the place of a failure: the worst first; among equally bad ones, those with the most consequences."""
    return -_severity(one.about.value), -len(one.consequences), one.about.name, one.about.of


def names_of(view: StoreView, statuses: Iterable[Status]) -> dict[str, Named]:
    """Return statuses by ``_id``, with the names of their objects and links."""
    listed = list(statuses)
    found: dict[str, Document] = {}
    for kind, fields in NAMED.items():
        ids = tuple(one.of for one in listed if one.kind == kind)
        if ids:
            rows = view.find_documents(Find(kind=kind, where=(OneOf("_id", ids),), fields=fields))
            found |= {one["_id"]: one for one in rows}
    return {one.of: _named(one, found[one.of]) for one in listed if one.of in found}


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
            ends = _ends(one.source.id, one.target.id)
            members.append((one.status, {"kind": "links", "type": one.type, "id": ends, "name": ends}))
    if not members:
        return None
    worst, member = max(members, key=lambda one: (_severity(one[0].value), CAUSE not in one[0].attributes))
    cause = worst.attributes.get(CAUSE) if worst.value != OK else None
    return CliqueStatus(worst.value, worst.label, worst.text, member, cause)


def _named(status: Status, row: Document) -> Named:
    link = status.kind == "links"
    id_ = _ends(row["source_id"], row["target_id"]) if link else row["id"]
    return Named(
        of=status.of,
        kind=status.kind,
        type=row["link_type"] if link else row["type"],
        id=id_,
        name=id_ if link else row.get("name") or id_,
        host=row.get("host"),
        value=status.value,
        label=status.label,
        text=status.text,
        since=status.since,
        check=status.source,
    )


def _severity(value: int) -> int:
    return SEVERITY.get(value, SEVERITY[ERROR])


def _ends(source: str, target: str) -> str:
    return f"{source} > {target}"


def _worst_first(one: Named) -> tuple[int, str, str]:
    return (-_severity(one.value), one.type, one.name)


def shown_failure(one: Failure) -> dict[str, Any]:
    """Return a finding as JSON."""
    return {**_as_json(one.about), "consequences": [_as_json(each) for each in one.consequences]}


def _as_json(one: Named) -> dict[str, Any]:
    return {
        name: getattr(one, name) if name != "since" else (one.since.isoformat() if one.since else None)
        for name in Named.__slots__
    }
