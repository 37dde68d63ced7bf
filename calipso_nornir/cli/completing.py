# SPDX-License-Identifier: Apache-2.0
"""Shell completion: names from the current store. Never raises, never creates a file."""

import logging
import os
from collections.abc import Callable, Iterable

import typer

from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.stores import Store, StoreView
from calipso_nornir.store.type_names import declared

logger = logging.getLogger(__name__)

OFFERED = 500
"""Maximum number of objects that are searched for names to offer: TAB should be quick."""


def environments(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the environments of the store."""
    from calipso_nornir.analysis.lookup import known_environments  # noqa: PLC0415 - needed when TAB is pressed

    return _begun(incomplete, _from_store(ctx, known_environments))


def object_types(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the types of the objects that the store holds."""

    def types(store: Store) -> set[str]:
        counted = (type_ for view in _views(ctx, store) for type_ in view.counts())
        return {type_ for type_ in counted if not type_.endswith("_folder")}

    return _begun(incomplete, _from_store(ctx, types))


def link_types(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the link types that scans have declared: reading all links would be slow."""
    return _begun(incomplete, _from_store(ctx, lambda store: declared(store, "link_types")))


def link_states(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the states that links may have."""
    return _begun(incomplete, _from_store(ctx, lambda store: declared(store, "link_states")))


def objects(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer names of objects that begin with the text, of the type that was given before."""

    def names(store: Store) -> set[str]:
        type_ = ctx.params.get("type_")
        found = (one for view in _views(ctx, store) for one in _some(view, type_, incomplete))
        return {one.object_name or one.name for one in found if not (one.get("create_object") or one.on_demand)}

    return _begun(incomplete, _from_store(ctx, names))


def scans(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the ids of scans."""
    return _begun(
        incomplete, _from_store(ctx, lambda store: (str(one["scan_id"]) for one in store.collection("scans").find()))
    )


def _views(ctx: typer.Context, store: Store) -> list[StoreView]:
    """Return the view of the named environment, else of all."""
    named = ctx.params.get("environment") or os.environ.get("CALIPSO_ENV")
    return [store.view(name) for name in store.environments() if named in (None, "", name)]


def _some(view: StoreView, type_: object, begun: str) -> Iterable[InventoryObject]:
    return view.of_type(type_) if isinstance(type_, str) else view.search(begun, limit=OFFERED)


def _begun(incomplete: str, names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete) and name.isprintable())


def _from_store(ctx: typer.Context, read: Callable[[Store], Iterable[str]]) -> Iterable[str]:
    from calipso_nornir.store import default_uri, open_store  # noqa: PLC0415 - as above

    try:
        store = open_store(_given(ctx) or default_uri(), use="read")
        try:
            return list(read(store))
        finally:
            store.close()
    except Exception as error:  # noqa: BLE001 - errors must not appear in a prompt
        logger.debug("no completion: %s", error)
        return []


def _given(ctx: typer.Context) -> str | None:
    """Return the ``--store`` of the command line so far, after the command's name or before it."""
    at: typer.Context | None = ctx
    while at is not None:
        if at.params.get("store"):
            return str(at.params["store"])
        at = at.parent  # type: ignore[assignment]  # a context of typer has one of typer above it
    return None
