# SPDX-License-Identifier: Apache-2.0
"""Reads many objects or links at once, because each query costs a round trip to the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.model.finding import Find, OneOf
from calipso_nornir.store.chunks import chunks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import Kind, StoreView

_AT_ONCE: Final = 500


def objects_of(view: StoreView, refs: Iterable[ObjectRef]) -> dict[ObjectRef, InventoryObject]:
    """Return the objects that exist, in the order in which they are named."""
    wanted = {ref.document_id: ref for ref in refs}
    found: dict[str, InventoryObject] = {}
    for ids in chunks(wanted, _AT_ONCE):
        found.update((one.ref.document_id, one) for one in view.find(Find(where=(OneOf("_id", tuple(ids)),))))
    return {ref: found[id_] for id_, ref in wanted.items() if id_ in found}


def links_of(view: StoreView, document_ids: Iterable[str], *, kind: Kind = "links") -> dict[str, Link]:
    """Return the links that exist, by ``_id``."""
    found: dict[str, Link] = {}
    for ids in chunks(dict.fromkeys(document_ids), _AT_ONCE):
        links = view.find_links(Find(kind=kind, where=(OneOf("_id", tuple(ids)),)))
        found.update((link.document_id, link) for link in links)
    return found
