# SPDX-License-Identifier: Apache-2.0
"""A store as one command sees it: each environment at one revision, however often the command reads."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from threading import Event

    from calipso_nornir.model.changes import Change, Commit, Life
    from calipso_nornir.model.stores import Collection, Document, Kind, Store, StoreView, Writer


class Frozen:
    """A store whose views show the revision that was the newest at the first read, or at a given time.

    Args:
        store: the store; closing this one does not close it.
        at: a time in the past, or the number of a revision.
    """

    def __init__(self, store: Store, *, at: datetime | int | None = None) -> None:
        self._store = store
        self._stack = ExitStack()
        self._views: dict[str, StoreView] = {}
        self.at = at

    @property
    def uri(self) -> str:
        """Where it is, without secrets."""
        return self._store.uri

    def view(self, environment: str) -> StoreView:
        """Return the reader of one environment: the same at each call."""
        if environment not in self._views:
            snapshot = self._store.snapshot(environment, at=self.at)
            self._views[environment] = self._stack.enter_context(snapshot)
        return self._views[environment]

    @contextmanager
    def snapshot(self, environment: str, *, at: datetime | int | None = None) -> Iterator[StoreView]:
        """Return a reader of one revision: the frozen one, unless another time is given."""
        if at is None:
            yield self.view(environment)
            return
        with self._store.snapshot(environment, at=at) as view:
            yield view

    def write(self, environment: str, *, base: int | None = None, cause: str = "") -> AbstractContextManager[Writer]:
        """Prepare a commit to the store; these views will not show it."""
        return self._store.write(environment, base=base, cause=cause)

    def changes(self, environment: str, *, since: int, limit: int = 1000, most: int | None = None) -> Sequence[Change]:
        """Return what was put and removed after a revision."""
        return self._store.changes(environment, since=since, limit=limit, most=most)

    def watch(self, environment: str, *, since: int, stop: Event) -> Iterator[Change]:
        """Yield changes indefinitely."""
        return self._store.watch(environment, since=since, stop=stop)

    def commits(self, environment: str, *, limit: int = 100) -> Sequence[Commit]:
        """Return the newest commits, newest first."""
        return self._store.commits(environment, limit=limit)

    def lives(self, environment: str, kind: Kind, document_id: str, *, limit: int = 1000) -> Sequence[Life]:
        """Return what a document was, the newest first."""
        return self._store.lives(environment, kind, document_id, limit=limit)

    def environments(self) -> Sequence[str]:
        """Return the names of the environments that have objects, links or cliques, ordered."""
        return self._store.environments()

    def collection(self, name: str) -> Collection:
        """Return one of the collections of plain documents."""
        return self._store.collection(name)

    def plain_documents(self, wanted: Sequence[tuple[str, str]]) -> Sequence[Document | None]:
        """Return plain documents by collection and key."""
        return self._store.plain_documents(wanted)

    def index(self, attributes: Iterable[str]) -> None:
        """Create an index for each of these attributes that has none."""
        self._store.index(attributes)

    def index_texts(self, environment: str, *, at_least: int = 1) -> int:
        """Update the index for search if at least this many objects are missing in it; return how many were added."""
        return self._store.index_texts(environment, at_least=at_least)

    def sizes(self) -> Mapping[str, int]:
        """Return how many bytes the store takes, by part."""
        return self._store.sizes()

    def close(self) -> None:
        """Release the snapshots."""
        self._views.clear()
        self._stack.close()
