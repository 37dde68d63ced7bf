# SPDX-License-Identifier: Apache-2.0
"""Writes a scan's picture as the next generation: what changed, what was seen unchanged, what is gone.

Absence needs evidence: a whole scan removes what it neither found nor kept; a partial one only what hung below its
object. What another scan has seen since this one began is never removed by it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calipso_nornir.model.objects import SCAN
from calipso_nornir.scan.report import Changes
from calipso_nornir.scan.working import State
from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.documents import clique_document, link_document, object_document
from calipso_nornir.store.values import utc_ms

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.protocols import Document, Kind, StoreView, Writer
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.scan.report import ScanReport
    from calipso_nornir.scan.working import Working

CHUNK = 2000
"""Documents that are held at once on their way to the store."""


class Generation:
    """What one scan writes, within one ``store.write`` block."""

    def __init__(self, writer: Writer, *, at: datetime) -> None:
        self._writer = writer
        self._at = utc_ms(at)
        self.objects, self.links, self.cliques = Changes(), Changes(), Changes()
        self._removed: list[dict[str, str]] = []

    def tell(self, report: ScanReport) -> None:
        """Note in the report what was committed: nothing counts before."""
        report.objects, report.links, report.cliques = self.objects, self.links, self.cliques
        report.removed += self._removed

    def put_objects(self, working: Working, *, gone: Collection[ObjectRef] | None) -> None:
        """Write the objects; ``gone``: what a small scan has found to be there no more, None for a whole one."""
        kept = {one.ref.document_id for one in working if working.is_doubted(one.ref)}
        context = {one.ref.document_id for one in working.in_state(State.CONTEXT)}
        stored = (one for one in working if working.state(one.ref) is not State.CONTEXT)
        lost = self._write("inventory", (object_document(one) for one in stored), self.objects, kept=kept)
        lost -= context
        if gone is not None:
            lost &= {ref.document_id for ref in gone}
        self._remove("inventory", lost, self.objects)

    def put_links(self, links: Iterable[Link], kind: Kind = "links", *, kept: AbstractSet[str] = frozenset()) -> None:
        """Write the links of the whole environment; those that are not among them are gone.

        ``kept``: ``_id``s of those with an end that somebody wanted to look at and could not.
        """
        changes = self.links if kind == "links" else Changes()
        gone = self._write(kind, map(link_document, links), changes, kept=kept)
        self._remove(kind, gone, changes)

    def put_cliques(self, cliques: Iterable[Clique], *, kept: AbstractSet[str] = frozenset()) -> None:
        """Write the cliques of the whole environment; those that are not among them are gone.

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
        """Take what is gone out of the links and cliques that there are, without looking for new ones."""
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
        self, kind: Kind, documents: Iterator[Document], changes: Changes, *, kept: AbstractSet[str]
    ) -> set[str]:
        """Put what is new or changed and mark what this scan has confirmed; return the ``_id``s that did not come."""
        before = dict(self._writer.digests(kind))
        there = set(before)
        for chunk in chunks(documents, CHUNK):
            put: list[Document] = []
            seen: list[str] = []
            for document in chunk:
                known = before.get(document["_id"])
                there.discard(document["_id"])
                if known == document["digest"]:
                    if document["_id"] in kept:
                        changes.kept += 1
                        continue
                    changes.unchanged += 1
                    if document["last_scanned"] == self._at:
                        seen.append(document["_id"])
                else:
                    changes.new += known is None
                    changes.changed += known is not None
                    put.append(document)
            if put:
                self._writer.put(kind, put)
            if seen:
                self._writer.seen(kind, seen, self._at)
        return there

    def _remove(self, kind: Kind, document_ids: set[str], changes: Changes) -> None:
        if not document_ids:
            return
        gone = []
        now = datetime.now(UTC)  # what was seen later than that was seen by a clock that was ahead
        for document in self._writer.documents(kind, sorted(document_ids)):
            scanned: datetime | None = document.get("last_scanned")
            seen_later = scanned is not None and self._at < scanned <= now
            if document.get("owned_by", SCAN) == SCAN and not seen_later:
                gone.append(document["_id"])
                if kind == "inventory":
                    self._removed.append({key: document[key] for key in ("type", "id", "name")})
        self._writer.remove(kind, gone)
        changes.removed += len(gone)
