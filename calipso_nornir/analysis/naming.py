# SPDX-License-Identifier: Apache-2.0
"""Resolves names of object types and link types; unknown names are refused with the nearest known ones."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from calipso_nornir.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from calipso_nornir.model.protocols import Store, StoreView

NEAR = 3


def object_types(store: Store, views: Iterable[StoreView]) -> set[str]:
    """Return the types that there are objects of, and those that the metadata of past scans declare."""
    return {*_constant(store, "object_types"), *(type_ for view in views for type_ in view.counts())}


def link_types(store: Store, views: Iterable[StoreView]) -> set[str]:
    """Return the types that there are links of, and those that the metadata of past scans declare."""
    found = {link.type for view in views for link in (*view.links(), *view.implicit_links())}
    return {*_constant(store, "link_types"), *found}


def meant_type(store: Store, views: Sequence[StoreView], text: str) -> str:
    """Return the object type that a text names, whatever its case, with dashes, or in the plural.

    Raises UnknownName with the nearest.
    """
    known = object_types(store, views)
    if text in known:
        return text
    wanted = text.casefold().replace("-", "_")
    ways = (wanted, wanted.removesuffix("s"), wanted.removesuffix("es"), f"{wanted.removesuffix('ies')}y")
    by_name = {name.casefold(): name for name in sorted(known)}
    for way in ways:
        if way in by_name:
            return by_name[way]
    raise unknown("object type", text, {name for name in known if not name.endswith("_folder")})


def meant_link_type(store: Store, views: Sequence[StoreView], text: str) -> str:
    """Return the link type that a text names, whatever its case. Raises UnknownName with the nearest."""
    declared = _constant(store, "link_types")
    if text in declared:
        return text
    known = link_types(store, views)
    by_name = {name.casefold(): name for name in sorted(known)}
    if text.casefold() not in by_name:
        raise unknown("link type", text, known)
    return by_name[text.casefold()]


def unknown(what: str, text: str, known: Collection[str]) -> UnknownName:
    """Return the error for a name that is none of the known ones."""
    by_name = {name.casefold(): name for name in sorted(known)}
    near = get_close_matches(text.casefold(), by_name, n=NEAR, cutoff=0.6)
    return UnknownName(what, text, tuple(by_name[one] for one in near), tuple(sorted(known)))


def _constant(store: Store, name: str) -> set[str]:
    """Return a list of names that scans have put into the store (``calipso_nornir.store.publishing``)."""
    document = store.collection("constants").get(name) or {}
    return {str(row["value"]) for row in document.get("data", ()) if isinstance(row, dict) and "value" in row}
