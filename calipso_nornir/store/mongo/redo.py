# SPDX-License-Identifier: Apache-2.0
"""The changes of small commits that are not applied yet; the marker holds them (see ``environment_collections``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import bson

from calipso_nornir.store.mongo.connection import RAW_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bson.objectid import ObjectId

    from calipso_nornir.model.stores import Kind

MOST_COMMITS: Final = 64
"""Maximum number of commits in a marker; the next one applies them."""
MOST_BYTES: Final = 128 << 10
"""Maximum size of the changes: every reader reads them, and the server always writes the whole marker."""


@dataclass(frozen=True, slots=True)
class Redo:
    """One document as a small commit left it.

    Attributes:
        raw: the document to be stored; None if it was removed.
    """

    kind: Kind
    document_id: ObjectId
    revision: int
    raw: bytes | None

    @property
    def digest(self) -> str | None:
        """The document's digest; None if it was removed."""
        return None if self.raw is None else str(bson.decode(self.raw, codec_options=RAW_OPTIONS)["digest"])


def stored(changes: Iterable[Redo], revision: int) -> dict[str, Any]:
    """Return a commit for the marker. Its documents are bytes: so each may be nested as deeply as BSON allows."""
    return {
        "revision": revision,
        "changes": [{"kind": one.kind, "of": one.document_id, "raw": one.raw} for one in changes],
    }


def restored(commits: Iterable[Mapping[str, Any]]) -> tuple[Redo, ...]:
    """Read what ``stored`` made, oldest first."""
    return tuple(
        Redo(change["kind"], change["of"], int(commit["revision"]), change["raw"])
        for commit in commits
        for change in commit["changes"]
    )


class Overlay:
    """The changes in a marker, as of one revision; they override what the collections have of the same documents.

    It stays valid if the changes are applied meanwhile, and if further changes follow.
    """

    def __init__(self, pending: Sequence[Redo], revision: int) -> None:
        self._newest: dict[Kind, dict[ObjectId, Redo]] = {}
        for one in pending:
            if one.revision <= revision:
                self._newest.setdefault(one.kind, {})[one.document_id] = one

    def ids(self, kind: Kind) -> Mapping[ObjectId, Redo]:
        """Return the last change of each changed document of a kind."""
        return self._newest.get(kind, {})

    def raws(self, kind: Kind) -> list[bytes]:
        """Return the changed documents of a kind, without those that were removed."""
        return [one.raw for one in self.ids(kind).values() if one.raw is not None]
