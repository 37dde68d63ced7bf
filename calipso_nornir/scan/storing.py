# SPDX-License-Identifier: Apache-2.0
"""Writes a scan's picture as the next generation: what changed, what was seen unchanged, what is gone.

Absence needs evidence: a full scan removes what it neither found nor kept; a partial one only what was below its
object. What another scan has seen since this one began is taken over.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calipso_nornir.errors import Overtaken
from calipso_nornir.model.objects import SCAN
from calipso_nornir.model.refs import clique_document_id
from calipso_nornir.scan.report import Changes
from calipso_nornir.scan.working import ObjectState
from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.documents import clique_document, link_document, object_document
from calipso_nornir.store.values import utc_ms

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import Document, Kind, StoreView, Writer
    from calipso_nornir.scan.report import ScanReport
    from calipso_nornir.scan.working import Working

CHUNK = 2000
"""Documents held in memory at once on their way to the store."""


class Generation:
    """What one scan writes, within one ``store.write`` block."""

    def __init__(self, writer: Writer, *, environment: str, base: int, at: datetime) -> None:
        self._writer = writer
        self._environment = environment
        self._base = base
        self._at = utc_ms(at)
        self.objects, self.links, self.cliques = Changes(), Changes(), Changes()
        self._removed: list[dict[str, str]] = []

    def tell(self, report: ScanReport) -> None:
        """Record in the report what was committed; call it only after the commit."""
        report.objects, report.links, report.cliques = self.objects, self.links, self.cliques
        report.removed += self._removed

    def put_objects(self, working: Working) -> None:
        """Write the objects of the whole environment; all others are gone."""
        lost = self._write("inventory", self._stored(working), self.objects, kept=doubted(working))
        lost -= {one.ref.document_id for one in working.in_state(ObjectState.CONTEXT)}
        self._remove("inventory", lost, self.objects)

    def put_some_objects(
        self, documents: Sequence[Document], gone: Collection[ObjectRef], *, kept: AbstractSet[str]
    ) -> None:
        """Write the objects of a small scan, and remove what it found to be gone."""
        known = self._known("inventory", documents)
        self._write("inventory", iter(documents), self.objects, kept=kept, known=known)
        self._remove("inventory", {ref.document_id for ref in gone}, self.objects)

    def see_objects(self, objects: Sequence[InventoryObject], *, kept: AbstractSet[str]) -> None:
        """Mark unchanged objects as seen; if one of them is changed meanwhile, the commit is overtaken."""
        confirmed = [one for one in objects if one.ref.document_id not in kept]
        self.objects.kept += len(objects) - len(confirmed)
        self.objects.unchanged += len(confirmed)
        seen = [one for one in confirmed if one.scanned_at is not None and utc_ms(one.scanned_at) == self._at]
        if seen:
            self._writer.seen("inventory", [one.ref.document_id for one in seen], self._at)
        self.depends_on(one.ref for one in objects)

    def put_some_links(self, links: Sequence[Link], gone: Collection[str], *, kept: AbstractSet[str]) -> None:
        """Write links that were found again, and remove those that were not."""
        documents = [link_document(one) for one in links]
        self._write("links", iter(documents), self.links, kept=kept, known=self._known("links", documents))
        self._remove("links", set(gone), self.links)

    def put_some_cliques(
        self, cliques: Sequence[Clique], gone: Collection[ObjectRef], *, kept: AbstractSet[str]
    ) -> None:
        """Write cliques that were built again, and remove those of focal points that no longer have one."""
        unconfirmed = {one.document_id for one in cliques if not kept.isdisjoint(one.links)}
        documents = [clique_document(one) for one in cliques]
        known = self._known("cliques", documents)
        self._write("cliques", iter(documents), self.cliques, kept=unconfirmed, known=known)
        self._remove("cliques", {clique_document_id(ref) for ref in gone}, self.cliques)

    def confirm(self, kind: Kind, document_ids: Sequence[str]) -> None:
        """Mark unchanged documents as seen; if one of them is changed meanwhile, the commit is overtaken."""
        self._changes(kind).unchanged += len(document_ids)
        for some in chunks(document_ids, CHUNK):
            self._writer.seen(kind, some, self._at)
        self._writer.depends_on(kind, document_ids)

    def confirm_others(self, kind: Kind, written: AbstractSet[str]) -> None:
        """Mark everything of a kind as seen that the scan has neither written nor removed."""
        self.confirm(kind, [one for one in self._writer.digests(kind) if one not in written])

    def depends_on(self, objects: Iterable[ObjectRef]) -> None:
        """Name the objects that were read but not written: a change of one of them overtakes this commit."""
        self._writer.depends_on("inventory", [ref.document_id for ref in objects])

    def _changes(self, kind: Kind) -> Changes:
        return {"inventory": self.objects, "links": self.links, "cliques": self.cliques}[kind]

    @staticmethod
    def _stored(working: Working) -> Iterator[Document]:
        return (object_document(one) for one in working if working.state(one.ref) is not ObjectState.CONTEXT)

    def _known(self, kind: Kind, documents: Iterable[Document]) -> dict[str, str]:
        wanted = [one["_id"] for one in documents]
        return {one["_id"]: one["digest"] for one in self._writer.documents(kind, wanted)}

    def put_links(self, links: Iterable[Link], kind: Kind = "links", *, kept: AbstractSet[str] = frozenset()) -> None:
        """Write the links of the whole environment; all others are gone.

        ``kept``: ``_id``s of links with an end that could not be examined.
        """
        changes = self.links if kind == "links" else Changes()
        gone = self._write(kind, map(link_document, links), changes, kept=kept)
        self._remove(kind, gone, changes)

    def put_cliques(self, cliques: Iterable[Clique], *, kept: AbstractSet[str] = frozenset()) -> None:
        """Write the cliques of the whole environment; all others are gone.

        ``kept``: links that are not confirmed; a clique that contains one is not confirmed either.
        """
        unconfirmed: set[str] = set()

        def documents() -> Iterator[Document]:
            for one in cliques:
                if not kept.isdisjoint(one.links):
                    unconfirmed.add(one.document_id)
                yield clique_document(one)

        gone = self._write("cliques", documents(), self.cliques, kept=unconfirmed)
        self._remove("cliques", gone, self.cliques)

    def prune(self, working: Working, view: StoreView) -> None:
        """Remove stored links and cliques of objects that are gone, without finding new ones."""
        lost = {link.document_id for link in view.links() if not (link.source in working and link.target in working)}
        self._remove("links", lost, self.links)
        for clique in list(view.cliques()):
            if clique.focal_point not in working:
                self._remove("cliques", {clique.document_id}, self.cliques)
            elif lost & set(clique.links):
                links = tuple(link for link in clique.links if link not in lost)
                nodes = tuple(node for node in clique.nodes if node in working)
                self._writer.put("cliques", [clique_document(replace(clique, links=links, nodes=nodes))])
                self.cliques.changed += 1

    def _write(
        self,
        kind: Kind,
        documents: Iterator[Document],
        changes: Changes,
        *,
        kept: AbstractSet[str],
        known: Mapping[str, str] | None = None,
    ) -> set[str]:
        """Put what is new or changed and mark what this scan confirmed; return known ``_id``s that did not occur.

        ``known``: ``_id`` -> digest of what may be stored; None for everything in the store.
        """
        before = dict(self._writer.digests(kind) if known is None else known)
        there = set(before)
        differ: list[str] = []
        for chunk in chunks(documents, CHUNK):
            put: list[Document] = []
            seen: list[str] = []
            for document in chunk:
                was = before.get(document["_id"])
                there.discard(document["_id"])
                if was == document["digest"]:
                    if document["_id"] in kept:
                        changes.kept += 1
                        continue
                    changes.unchanged += 1
                    if document["last_scanned"] == self._at:
                        seen.append(document["_id"])
                else:
                    changes.new += was is None
                    if was is not None:
                        changes.changed += 1
                        differ.append(document["_id"])
                    put.append(document)
            if put:
                self._writer.put(kind, put)
            if seen:
                self._writer.seen(kind, seen, self._at)
        self._must_be_ours(kind, self._writer.documents(kind, differ) if kind == "inventory" and differ else ())
        return there

    def _remove(self, kind: Kind, document_ids: set[str], changes: Changes) -> None:
        """Remove what the scan owns."""
        if not document_ids:
            return
        documents = self._writer.documents(kind, sorted(document_ids))
        gone = [one for one in documents if one.get("owned_by", SCAN) == SCAN]
        if kind == "inventory":
            self._must_be_ours(kind, gone)
            self._removed += [{key: one[key] for key in ("type", "id", "name")} for one in gone]
        self._writer.remove(kind, [one["_id"] for one in gone])
        changes.removed += len(gone)

    def _must_be_ours(self, kind: Kind, documents: Iterable[Document]) -> None:
        """Raise Overtaken for documents that another scan has seen, unchanged, since this one began: it is newer.

        The store itself refuses to overwrite what others have changed meanwhile; but being seen is not a change.
        """
        now = datetime.now(UTC)  # later times come from a clock that was ahead
        seen_later = [
            f"{kind}/{one['_id']}"
            for one in documents
            if (scanned := one.get("last_scanned")) is not None and self._at < scanned <= now
        ]
        if seen_later:
            raise Overtaken("", self._environment, self._base, self._base, tuple(seen_later))


def doubted(working: Working) -> set[str]:
    """Return the ``_id``s of objects that could not be examined."""
    return {one.ref.document_id for one in working if working.is_doubted(one.ref)}
