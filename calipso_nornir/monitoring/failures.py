# SPDX-License-Identifier: Apache-2.0
"""The failures of an environment, each once, with its consequences."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from calipso_nornir.model.finding import Find, OneOf, Range
from calipso_nornir.model.status import BEHIND, CONSEQUENCE, FINDING, FIRST, NOT_GOOD, severity_of
from calipso_nornir.store.documents import status_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from calipso_nornir.model.status import Status
    from calipso_nornir.model.stores import Document, Kind, StoreView

Place: TypeAlias = tuple[str, str]
"""The rank of a failure, and the ``_id`` of its object or link."""
_BEHIND_CONSEQUENCES: Final = chr(ord(CONSEQUENCE) + 1)
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
    rank: str = FIRST


def failures(view: StoreView, *, after: Place | None = None, limit: int | None = None) -> list[Failure]:
    """Return failures in the order of their places, the worst first.

    The store finds each part by an index, so of good statuses none is read, and of others those of the page.

    Args:
        view: the picture.
        after: the place of the last failure of the page before.
        limit: the most to return.
    """
    lost = sorted((one for one in _without_cause(view) if after is None or _place(one) > after), key=_place)
    made: list[Failure] = []
    while limit is None or len(made) < limit:
        at_once = None if limit is None else limit - len(made)
        roots = _failing(view, after, at_once)
        ends = at_once is None or len(roots) < at_once
        last = None if ends else _place(roots[-1])
        here = [one for one in lost if last is None or _place(one) <= last]
        lost = lost[len(here) :]
        made += _with_consequences(view, sorted((*roots, *here), key=_place))
        if ends:
            break
        after = last
    return made[:limit]


def place_of(one: Failure) -> Place:
    """Return the place of a failure."""
    return one.rank, one.about.of


def largest_first(one: Failure) -> tuple[str, int, str, str]:
    """Return a key that sorts the worst failures first; of equally bad ones, those with the most consequences."""
    return one.rank, -len(one.consequences), one.about.name, one.about.of


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


def _failing(view: StoreView, after: Place | None, limit: int | None) -> list[Status]:
    """Return failures that have no cause, ordered by their places."""
    where = (Range(FINDING, at_least=FIRST, below=BEHIND),)
    return _statuses(view, Find(kind="status", where=where, order=(FINDING,), after=after, limit=limit))


def _without_cause(view: StoreView) -> list[Status]:
    """Return consequences whose cause no longer fails, or is gone: until causes are computed again, they are failures.

    Of each cause's consequences, one is read.
    """
    causes: list[str] = []
    begin = CONSEQUENCE
    while True:
        where = (Range(FINDING, at_least=begin, below=_BEHIND_CONSEQUENCES),)
        found = view.find_documents(Find(kind="status", where=where, order=(FINDING,), limit=1, fields=(FINDING,)))
        if not found:
            break
        causes.append(str(found[0][FINDING]).removeprefix(CONSEQUENCE))
        begin = f"{found[0][FINDING]}{NOT_GOOD}"
    if not causes:
        return []
    failing = (OneOf("_id", tuple(causes)), Range(FINDING, at_least=NOT_GOOD))
    there = {one["_id"] for one in view.find_documents(Find(kind="status", where=failing, fields=("_id",)))}
    return _following(view, [one for one in causes if one not in there])


def _following(view: StoreView, causes: Sequence[str]) -> list[Status]:
    """Return the consequences of these causes, without links that only follow their ends."""
    findings = tuple(f"{CONSEQUENCE}{one}" for one in causes)
    return _statuses(view, Find(kind="status", where=(OneOf(FINDING, findings),))) if findings else []


def _with_consequences(view: StoreView, roots: Sequence[Status]) -> Iterator[Failure]:
    following = _following(view, [one.of for one in roots])
    named = names_of(view, (*roots, *following))
    of_cause: defaultdict[str | None, list[Named]] = defaultdict(list)
    for one in following:
        if one.of in named:
            of_cause[one.cause].append(named[one.of])
    for root in roots:
        if root.of in named:
            yield Failure(named[root.of], tuple(sorted(of_cause[root.of], key=_worst_first)), root.rank)


def _statuses(view: StoreView, query: Find) -> list[Status]:
    return [status_of(one) for one in view.find_documents(query)]


def _place(one: Status) -> Place:
    return one.rank, one.of


def _named(status: Status, row: Document) -> Named:
    link = status.kind == "links"
    id_ = ends_of(row["source_id"], row["target_id"]) if link else row["id"]
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


def ends_of(source: str, target: str) -> str:
    """Return how a link is named: by the ids of its ends."""
    return f"{source} > {target}"


def _worst_first(one: Named) -> tuple[int, str, str]:
    return (-severity_of(one.value), one.type, one.name)


def shown_failure(one: Failure) -> dict[str, Any]:
    """Return a finding as JSON."""
    return {**_as_json(one.about), "consequences": [_as_json(each) for each in one.consequences]}


def _as_json(one: Named) -> dict[str, Any]:
    return {
        name: getattr(one, name) if name != "since" else (one.since.isoformat() if one.since else None)
        for name in Named.__slots__
    }
