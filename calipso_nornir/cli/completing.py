# SPDX-License-Identifier: Apache-2.0
"""What the shell may offer when TAB is pressed: names of the store at hand. Never an error, never a new file."""

import logging
from collections.abc import Callable, Iterable

import typer

from calipso_nornir.model.protocols import Store

logger = logging.getLogger(__name__)


def environments(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the environments of the store."""
    from calipso_nornir.analysis.finding import known_environments  # noqa: PLC0415 - needed when TAB is pressed

    return _begun(incomplete, _from_store(ctx, known_environments))


def object_types(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the types of the objects that the store holds."""

    def types(store: Store) -> set[str]:
        return {type_ for name in store.environments() for type_ in store.view(name).counts()}

    return _begun(incomplete, _from_store(ctx, types))


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
    except Exception as error:  # noqa: BLE001 - a prompt is no place for errors
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
