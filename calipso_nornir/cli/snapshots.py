# SPDX-License-Identifier: Apache-2.0
"""A store as one command sees it: however often the command reads an environment, it reads one revision."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from calipso_nornir.model.protocols import Store, StoreView


class _Snapshots:
    """A store whose first view of an environment pins what all its views of it show."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._views: dict[str, StoreView] = {}
        self._pins = ExitStack()

    def view(self, environment: str) -> StoreView:
        if environment not in self._views:
            self._views[environment] = self._pins.enter_context(self._store.snapshot(environment))
        return self._views[environment]

    def close(self) -> None:
        self._pins.close()
        self._store.close()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the rest is the store's
        return getattr(self._store, name)


def pinned(store: Store) -> Store:
    """Return the store for one command that reads; closing it closes the store."""
    return cast("Store", _Snapshots(store))
