# SPDX-License-Identifier: Apache-2.0
"""What small commits changed and nobody has applied yet: it stands in the marker (see ``environment_collections``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import bson

from calipso_nornir.store.mongo.connection import RAW_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bson.objectid import ObjectId

    from calipso_nornir.model.protocols import Kind

MOST_COMMITS: Final = 64
"""Commits that a marker holds at most; the next one applies them."""
MOST_BYTES: Final = 128 << 10
"""Every reader reads them, and the server writes the marker whole."""


@dataclass(frozen=True, slots=True)
class Redo:
    """One document as a small commit left it.

    Attributes:
        raw: the document as it is to be stored; None: it was removed.
    """

    kind: Kind
    document_id: ObjectId
    revision: int
    raw: bytes | None

    @property
    def digest(self) -> str | None:
        """That of the document; None when it was removed."""
        return None if self.raw is None else str(bson.decode(self.raw, codec_options=RAW_OPTIONS)["digest"])


def stored(changes: Iterable[Redo], revision: int) -> dict[str, Any]:
    """Return how a commit stands in the marker: as bytes, which may be nested as deep as a document may."""
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
    """What stands in a marker, as one revision shows it: instead of what the collections say of the same documents.

    It stays true when the changes are applied meanwhile, and when others come.
    """

    def __init__(self, pending: Sequence[Redo], revision: int) -> None:
        self._newest: dict[Kind, dict[ObjectId, Redo]] = {}
        for one in pending:
            if one.revision <= revision:
                self._newest.setdefault(one.kind, {})[one.document_id] = one

    def ids(self, kind: Kind) -> Mapping[ObjectId, Redo]:
        """Return the last change of each document of a kind that it tells about."""
        return self._newest.get(kind, {})

    def raws(self, kind: Kind) -> list[bytes]:
        """Return those of them that are there."""
        return [one.raw for one in self.ids(kind).values() if one.raw is not None]
