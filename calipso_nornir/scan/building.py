# SPDX-License-Identifier: Apache-2.0
"""Opens the store and the sources that a scan works with."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir.errors import CalipsoError, FetcherRaised
from calipso_nornir.metadata.source_kinds import source_kinds
from calipso_nornir.model.source_kinds import Opening
from calipso_nornir.scan.progress_events import HostAnswered
from calipso_nornir.sources.query_router import Broken, QueryRouter
from calipso_nornir.store import default_uri, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nornir.core import Nornir

    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.source_kinds import SourceKind
    from calipso_nornir.model.stores import Store
    from calipso_nornir.scan.progress_events import Progress
    from calipso_nornir.sources.secrets import Vault

logger = logging.getLogger(__name__)


@contextmanager
def opened_store(store: Store | str | Path | None, *, make: bool) -> Iterator[Store]:
    """Provide a store. One that is opened here is closed at the end; the caller's own is not.

    A store that does not exist is created only with ``make``.
    """
    if store is not None and not isinstance(store, (str, Path)):
        yield store
        return
    opened = open_store(store if store is not None else default_uri(), use="make" if make else "write")
    try:
        yield opened
    finally:
        opened.close()


def environment_source(
    environment: Environment,
    vault: Vault,
    *,
    catalog: Catalog,
    nornir: Nornir | None,
    progress: Progress,
) -> QueryRouter:
    """Open every kind of source that the environment describes; nothing is connected yet."""

    def on_host(host: str, ok: bool) -> None:  # noqa: FBT001 - sources call it so
        progress(HostAnswered(host, ok))

    sources: dict[str, Source] = {}
    for kind in source_kinds().values():
        opening = Opening(
            environment=environment,
            section=environment.section(kind.section),
            secrets=vault,
            documents=catalog.documents,
            nornir=nornir,
            on_host=on_host,
        )
        source = _opened(kind, opening)
        if source is not None:
            sources[kind.name] = source
    return QueryRouter(sources)


def _opened(kind: SourceKind, opening: Opening) -> Source | None:
    """Open a source. If the plug-in raises an error that it must not raise, only its own queries fail."""
    try:
        return kind.open(opening)
    except CalipsoError:
        raise
    except Exception as error:
        logger.exception("source %s cannot be opened", kind.name)
        return Broken(FetcherRaised(f"source {kind.name}, when it was opened,", type(error).__name__))
