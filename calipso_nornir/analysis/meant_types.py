# SPDX-License-Identifier: Apache-2.0
"""Resolves names of object types and link types; unknown names are refused with the nearest known ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.model.finding import Equal, Find
from calipso_nornir.model.links import LinkType
from calipso_nornir.store.type_names import declared, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calipso_nornir.model.stores import Store, StoreView


def object_types(store: Store, views: Iterable[StoreView]) -> set[str]:
    """Return the types of existing objects, and those that the metadata of past scans declare."""
    return {*declared(store, "object_types"), *(type_ for view in views for type_ in view.counts())}


def link_types(store: Store, views: Iterable[StoreView]) -> set[str]:
    """Return the types of existing links, and those that the metadata of past scans declare."""
    found = {link.type for view in views for link in (*view.links(), *view.implicit_links())}
    return {*declared(store, "link_types"), *found}


def meant_type(store: Store, views: Sequence[StoreView], text: str) -> str:
    """Return the object type that a text names, in any case, with dashes, or in the plural.

    Raises UnknownName with the nearest names.
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
    """Return the link type that a text names, in any case, in the direction in which links are found.

    Raises UnknownName with the nearest names.
    """
    if text in declared(store, "link_types"):
        return _as_found(views, text)
    known = link_types(store, views)
    by_name = {name.casefold(): name for name in sorted(known)}
    if text.casefold() not in by_name:
        raise unknown("link type", text, known)
    return _as_found(views, by_name[text.casefold()])


def _as_found(views: Sequence[StoreView], link_type: str) -> str:
    """Return a link type, or its reverse if only the reverse has links: each type is found in one direction."""
    reverse = str(LinkType.of(link_type).reverse)
    for name in (link_type, reverse):
        one = Find(kind="links", where=(Equal("link_type", name),), limit=1)
        if any(view.find_links(one) for view in views):
            return name
    return link_type


def meant_link_state(store: Store, text: str) -> str:
    """Return the link state that a text names, in any case. Raises UnknownName with the nearest names."""
    by_name = {name.casefold(): name for name in declared(store, "link_states") or {"up", "down"}}
    if text.casefold() not in by_name:
        raise unknown("link state", text, by_name.values())
    return by_name[text.casefold()]
