# SPDX-License-Identifier: Apache-2.0
"""Finds environments by name, and objects by id, name, MAC or IP address, or ``type:id``."""

from __future__ import annotations

import shlex
from difflib import get_close_matches
from typing import TYPE_CHECKING

from calipso_nornir.analysis.meant_types import meant_type
from calipso_nornir.errors import AmbiguousObject, InvalidRequest, UnknownEnvironment, UnknownObject
from calipso_nornir.model.finding import Equal, Find, Prefix
from calipso_nornir.model.text import pasteable, plain
from calipso_nornir.store.meaning import Fits, find_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import Store, StoreView

LISTED = 20
NEAR = 3
"""Maximum number of suggestions for an unknown name."""
LOOKED_AT = 2000
"""Maximum number of names per environment that a mistyped name is compared with."""


def known_environments(store: Store) -> list[str]:
    """Return the names of all environments, described or scanned, sorted."""
    from calipso_nornir.store.environments import COLLECTION  # noqa: PLC0415 - it brings pydantic's models along

    described = {str(document.get("name")) for document in store.collection(COLLECTION).find()}
    return sorted(described | set(store.environments()))


def one_environment(store: Store, name: str | None) -> str:
    """Return the environment of that name, or the only one. Raises UsageError."""
    known = known_environments(store)
    if name is not None:
        if name not in known:
            raise UnknownEnvironment(name, tuple(known))
        return name
    if len(known) == 1:
        return known[0]
    if not known:
        raise InvalidRequest(f"{store.uri} contains no environment yet: calipso scan FILE.yaml, or calipso env add")
    raise InvalidRequest(
        f"which environment? The store contains {', '.join(known)}: choose one with -e NAME, or in CALIPSO_ENV"
    )


def environments_meant(store: Store, name: str | None) -> list[str]:
    """Return the named one, or all of them."""
    return [one_environment(store, name)] if name is not None else known_environments(store)


def views_meant(store: Store, name: str | None) -> list[StoreView]:
    """Return the view of the named environment, or of each; raises UsageError if there is none."""
    names = environments_meant(store, name) or [one_environment(store, name)]
    return [store.view(one) for one in names]


def find_one(
    store: Store,
    text: str,
    *,
    environment: str | None = None,
    type_: str | None = None,
    fits: Fits = lambda _view, _one: True,
) -> tuple[StoreView, InventoryObject]:
    """Return the single object that a text names, with the view of its environment.

    ``fits`` says which objects are possible. Raises UnknownObject, or AmbiguousObject with the candidates.
    """
    views = views_meant(store, environment)
    type_ = meant_type(store, views, type_) if type_ is not None else None
    found = [(view, one) for view in views for one in find_all(view, text, type_=type_, fits=fits)]
    if not found:
        raise UnknownObject(" or ".join(view.environment for view in views), plain(text), near(views, text, type_))
    if len(found) > 1:
        raise AmbiguousObject(plain(text), tuple(_candidates(found, several=len(views) > 1)))
    return found[0]


def near(views: Sequence[StoreView], text: str, type_: str | None) -> tuple[str, ...]:
    """Return suggestions: objects that contain the text, else those with similar names."""
    hits = [(view, one) for view in views for one in view.search(text, limit=NEAR) if type_ in (None, one.type)]
    found = hits or _slips(views, text, type_)
    several = len(views) > 1
    return tuple(
        f"{pasteable(one.type, one.id)}{_option(view) if several else ''} ({plain(one.name)})"
        for view, one in found[:NEAR]
    )


def _slips(views: Sequence[StoreView], text: str, type_: str | None) -> list[tuple[StoreView, InventoryObject]]:
    """Return objects with names similar to a text. The first letter must be right: the index is searched by it."""
    wanted = text.rpartition(":")[2] if type_ is None and text.partition(":")[0].isidentifier() else text
    begun = [Prefix("name", each) for each in {wanted[:1].lower(), wanted[:1].upper()}]
    of_type = () if type_ is None else (Equal("type", type_),)
    named: dict[str, tuple[StoreView, InventoryObject]] = {}
    for view in views:
        for each in begun:
            for one in view.find(Find(where=(each, *of_type), limit=LOOKED_AT)):
                if not one.get("create_object") and not one.on_demand:
                    named.setdefault(one.name.casefold(), (view, one))
    return [named[name] for name in get_close_matches(wanted.casefold(), named, n=NEAR, cutoff=0.7)]


def _option(view: StoreView) -> str:
    return f" -e {shlex.quote(plain(view.environment))}"


def _candidates(found: list[tuple[StoreView, InventoryObject]], *, several: bool) -> Iterator[str]:
    for view, one in found[:LISTED]:
        where = _option(view) if several else ""
        yield f"{pasteable(one.type, one.id)}{where}  {plain(one.name_path)}"
    if len(found) > LISTED:
        yield f"… and {len(found) - LISTED} more"
