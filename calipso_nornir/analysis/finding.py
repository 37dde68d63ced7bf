# SPDX-License-Identifier: Apache-2.0
"""Finds environments by name, and objects by id, name, MAC or IP address, or ``type:id``."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from calipso_nornir.analysis.naming import meant_type
from calipso_nornir.errors import AmbiguousObject, InvalidRequest, UnknownEnvironment, UnknownObject
from calipso_nornir.model.text import pasteable, plain
from calipso_nornir.store.meaning import Fits, find_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import Store, StoreView

LISTED = 20


def known_environments(store: Store) -> list[str]:
    """Return the names of all environments, described or scanned, ordered."""
    from calipso_nornir.store.environments import COLLECTION  # noqa: PLC0415 - it brings pydantic's models along

    described = {str(document.get("name")) for document in store.collection(COLLECTION).find()}
    return sorted(described | set(store.environments()))


def one_environment(store: Store, name: str | None) -> str:
    """Return the environment of that name, or the only one that there is. Raises UsageError."""
    known = known_environments(store)
    if name is not None:
        if name not in known:
            raise UnknownEnvironment(name, tuple(known))
        return name
    if len(known) == 1:
        return known[0]
    if not known:
        raise InvalidRequest(f"{store.uri} holds no environment yet: calipso scan FILE.yaml, or calipso env add")
    raise InvalidRequest(
        f"which environment? The store holds {', '.join(known)}: name one with -e NAME, or in CALIPSO_ENV"
    )


def environments_meant(store: Store, name: str | None) -> list[str]:
    """Return the one that is named, or all of them."""
    return [one_environment(store, name)] if name is not None else known_environments(store)


def views_meant(store: Store, name: str | None) -> list[StoreView]:
    """Return the view of the environment that is named, or of each that there is; raises UsageError for none."""
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
    """Return the one object that answers to a text, with the view of its environment.

    ``fits`` says which objects may be meant at all. Raises UnknownObject, or AmbiguousObject with the candidates.
    """
    views = views_meant(store, environment)
    type_ = meant_type(store, views, type_) if type_ is not None else None
    found = [(view, one) for view in views for one in find_all(view, text, type_=type_, fits=fits)]
    if not found:
        raise UnknownObject(" or ".join(view.environment for view in views), plain(text), _near(views, text))
    if len(found) > 1:
        raise AmbiguousObject(plain(text), tuple(_candidates(found, several=len(views) > 1)))
    return found[0]


def _near(views: Sequence[StoreView], text: str) -> tuple[str, ...]:
    hits = (one for view in views for one in view.search(text, limit=3))
    return tuple(f"{pasteable(one.type, one.id)} ({plain(one.name)})" for one, _ in zip(hits, range(3), strict=False))


def _candidates(found: list[tuple[StoreView, InventoryObject]], *, several: bool) -> Iterator[str]:
    for view, one in found[:LISTED]:
        where = f" -e {shlex.quote(plain(view.environment))}" if several else ""
        yield f"{pasteable(one.type, one.id)}{where}  {plain(one.name_path)}"
    if len(found) > LISTED:
        yield f"… and {len(found) - LISTED} more"
