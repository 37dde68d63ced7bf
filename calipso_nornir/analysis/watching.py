# SPDX-License-Identifier: Apache-2.0
"""Changes as they happen: what changed, when, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model.finding import Find

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from threading import Event

    from calipso_nornir.model.changes import Commit
    from calipso_nornir.model.stores import Document, Kind, Store

FIELDS: Final = {
    "inventory": ("type", "id", "name"),
    "links": ("link_type", "source_id", "target_id"),
    "cliques": ("focal_point_type", "focal_point_id"),
    "status": ("value", "label"),
}
"""The fields that summarise a document, by kind."""
RECENT: Final = 200
"""Maximum number of commits read to find the newest one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One change: ``op`` is "new", "changed" or "removed"; ``about`` has the fields of ``FIELDS``."""

    revision: int
    op: str
    kind: str
    document_id: str
    about: Mapping[str, Any]
    at: str
    cause: str


def told_changes(
    store: Store, environment: str, *, kinds: Sequence[Kind], since: int | None, stop: Event
) -> Iterator[Told]:
    """Yield the changes after a revision (by default now) as they happen, until ``stop`` is set.

    Raises PastUnknown if removals since then are no longer known.
    """
    view = store.view(environment)
    begun = view.revision if since is None else since
    known: dict[str, dict[str, Any]] = {}
    for kind in kinds:
        for one in view.find_documents(Find(kind=kind, fields=FIELDS[kind])):
            known[one["_id"]] = _about(kind, one)
    commits: dict[int, Commit] = {}
    for change in store.watch(environment, since=begun, stop=stop):
        if change.kind not in kinds:
            continue
        if change.revision not in commits:
            commits = {one.revision: one for one in store.commits(environment, limit=RECENT)}
        commit = commits.get(change.revision)
        op, about = "removed", known.pop(change.document_id, {})
        if change.document is not None:
            op, about = "changed" if about else "new", _about(change.kind, change.document)
            known[change.document_id] = about
        yield Told(
            revision=change.revision,
            op=op,
            kind=change.kind,
            document_id=change.document_id,
            about=about,
            at=commit.at.isoformat() if commit is not None else "",
            cause=commit.cause if commit is not None else "",
        )


def _about(kind: str, document: Document) -> dict[str, Any]:
    return {name: document.get(name) for name in FIELDS[kind]}
