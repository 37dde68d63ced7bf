# SPDX-License-Identifier: Apache-2.0
"""The simplest possible model of revisions, to compare real stores with: it keeps every picture complete."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calipso_nornir.model.changes import Change
    from calipso_nornir.model.stores import Document, Kind

Name: TypeAlias = "tuple[Kind, str]"
Picture: TypeAlias = "dict[Name, Document]"


@dataclass(slots=True)
class Revisions:
    """All pictures of one environment; the number of a revision is its place in ``pictures``."""

    pictures: list[Picture] = field(default_factory=lambda: [{}])
    written: dict[Name, int] = field(default_factory=dict)
    """The revision in which each document was last put or removed."""

    @property
    def newest(self) -> int:
        """The number of the newest revision."""
        return len(self.pictures) - 1

    def overtaken(self, base: int, put: Iterable[tuple[Kind, Document]], gone: Iterable[Name]) -> set[Name]:
        """Return the documents that a commit computed from ``base`` may no longer write."""
        now = self.pictures[-1]
        late = {name for name in self.written if self.written[name] > base}
        puts = {(kind, document["_id"]): document["digest"] for kind, document in put}
        contradicted = {name for name in late & puts.keys() if name not in now or now[name]["digest"] != puts[name]}
        return contradicted | {name for name in late & set(gone) if name in now}

    def commit(self, put: Iterable[tuple[Kind, Document]], gone: Iterable[Name]) -> None:
        """Make the next revision, if anything changes."""
        now = dict(self.pictures[-1])
        touched: set[Name] = set()
        for name in gone:
            if now.pop(name, None) is not None:
                touched.add(name)
        for kind, document in put:
            name = (kind, document["_id"])
            if name not in now or now[name]["digest"] != document["digest"]:
                now[name] = document
                touched.add(name)
        if touched:
            self.pictures.append(now)
            self.written.update(dict.fromkeys(touched, self.newest))

    @staticmethod
    def after(picture: Picture, changes: Iterable[Change]) -> Picture:
        """Return a picture with changes applied."""
        result = dict(picture)
        for change in changes:
            if change.document is None:
                result.pop((change.kind, change.document_id), None)
            else:
                result[change.kind, change.document_id] = change.document
        return result
