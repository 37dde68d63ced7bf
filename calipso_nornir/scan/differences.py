# SPDX-License-Identifier: Apache-2.0
"""After a full scan that found few changes, derives links and cliques only around these changes.

This is what a small scan of exactly the changed objects would do. All other links and cliques are confirmed unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from calipso_nornir.model.finding import Find, OneOf
from calipso_nornir.model.objects import SCAN
from calipso_nornir.model.refs import ObjectRef, clique_document_id
from calipso_nornir.scan.before import Before
from calipso_nornir.scan.contradictions import tell_contradictions, tell_stored_contradictions
from calipso_nornir.scan.deriving_again import cliques_again, links_again
from calipso_nornir.scan.small_links import Changed
from calipso_nornir.scan.working import ObjectState
from calipso_nornir.store.documents import object_document

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import Document, StoreView
    from calipso_nornir.scan.deriving import Ground
    from calipso_nornir.scan.storing import Generation
    from calipso_nornir.scan.working import Working

FEW = 50
"""At most one object in 50 may have changed; otherwise it is faster to derive everything."""


@dataclass(frozen=True, slots=True)
class Differences:
    """How the objects of a full scan differ from the stored ones."""

    documents: Mapping[ObjectRef, Document]
    """Objects that are new or have changed."""
    same: Sequence[str]
    """``_id``s of unchanged objects."""
    gone: frozenset[ObjectRef]


def differences(ground: Ground) -> Differences | None:
    """Compare a scan's objects with the stored ones; None if too many differ, or one of them is in doubt."""
    if any(ground.working.is_doubted(one.ref) for one in ground.working):
        return None
    stored = dict(ground.view.digests("inventory"))
    most = len(stored) // FEW + 1
    documents: dict[ObjectRef, Document] = {}
    same: list[str] = []
    for one in ground.working:
        if one.parent is None:
            continue
        if ground.working.state(one.ref) is not ObjectState.FOUND or one.scanned_at != ground.at:
            return None
        document = object_document(one)
        if stored.pop(document["_id"], None) == document["digest"]:
            same.append(document["_id"])
        else:
            documents[one.ref] = document
        if len(documents) > most:
            return None
    if len(stored) > most:
        return None
    lost = ground.view.find_documents(Find(where=(OneOf("_id", tuple(stored)),))) if stored else ()
    gone = {ObjectRef(one["environment"], one["type"], one["id"]) for one in lost if one.get("owned_by", SCAN) == SCAN}
    return Differences(documents, same, frozenset(gone))


class AsStored(Before):
    """The stored picture. Unchanged objects are taken from the new picture, which has equal ones."""

    def __init__(self, view: StoreView, working: Working, other: Collection[ObjectRef]) -> None:
        super().__init__(view, by_index=True)
        self._working = working
        self._other = other

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        """Return one object as it was."""
        return super().get(ref) if ref in self._other else self._working.get(ref)

    def of_type(self, type_: str) -> Sequence[InventoryObject]:  # noqa: ARG002 - of any type
        """Return nothing: objects that still exist are in the new picture."""
        return ()

    def where(self, type_: str, equal: Mapping[str, Any]) -> Sequence[InventoryObject]:
        """Return the objects of a type whose attributes have these values."""
        return self._working.look_up(type_, equal)

    def children(self, ref: ObjectRef) -> Sequence[InventoryObject]:  # noqa: ARG002 - as above
        """Return nothing, as above."""
        return ()


class DifferencesDerivation:
    """Derives links and cliques around the changes that a full scan found."""

    def __init__(self, ground: Ground, found: Differences) -> None:
        self._ground = ground
        self._found = found
        self._before = AsStored(ground.view, ground.working, found.documents.keys() | found.gone)
        self._changed = Changed([(self._before.get(ref), ground.working.get(ref)) for ref in found.documents])
        self._changed.objects += [(self._before.get(ref), None) for ref in sorted(found.gone)]
        self._again = links_again(ground, self._before, gone=found.gone)
        self._built: list[Clique] = []
        self._without: list[ObjectRef] = []

    def links(self) -> None:
        """Find the links."""
        self._again.run(self._changed)
        found, ground = self._again.found, self._ground
        tell_contradictions(found.values(), ground.troubles)
        settled = {*found, *self._again.gone}
        tell_stored_contradictions(ground.catalog.link_finders, ground.view, ground.troubles, but=settled)

    def cliques(self) -> None:
        """Build the cliques."""
        if self._changed.types:
            around = cliques_again(self._ground, self._before, self._again, gone=self._found.gone)
            built, self._without = around.build(self._changed, self._ground.at)
            self._built = [replace(one, scanned_at=self._ground.at) for one in built]  # as all their links are

    def write(self, generation: Generation) -> None:
        """Write the differences, and confirm the rest."""
        found, again, nothing = self._found, self._again, frozenset[str]()
        generation.put_some_objects(list(found.documents.values()), found.gone, kept=nothing)
        generation.confirm("inventory", found.same)
        links, cliques = list(again.found.values()), self._built
        generation.put_some_links(links, again.gone, kept=nothing)
        generation.confirm_others("links", {*again.found, *again.gone})
        generation.put_some_cliques(cliques, self._without, kept=nothing)
        rebuilt = {one.document_id for one in cliques}
        generation.confirm_others("cliques", rebuilt.union(map(clique_document_id, self._without)))
        generation.put_links([], "implicit_links")
