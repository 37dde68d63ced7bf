# SPDX-License-Identifier: Apache-2.0
"""A view that caches answers, because the handlers of a burst of events repeat the same queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calipso_nornir.model.finding import Find
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import Document, StoreView


class Recalling:
    """Answers repeated queries from a cache that is new for every burst; all other queries go to the view."""

    def __init__(self, view: StoreView) -> None:
        self._view = view
        self._known: dict[object, Any] = {}

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        """Return one object, or None."""
        found: InventoryObject | None = self._recalled(("get", ref), lambda: self._view.get(ref))
        return found

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        """Return all objects of a type, ordered by id."""
        found: Sequence[InventoryObject] = self._recalled(("type", type_), lambda: self._view.of_type(type_))
        return found

    def find(self, wanted: Find | str, *, type_: str | None = None) -> Sequence[InventoryObject]:
        """Return the objects that match a query."""
        key = ("find", wanted, type_)
        found: Sequence[InventoryObject] = self._recalled(key, lambda: self._view.find(wanted, type_=type_))
        return found

    def find_documents(self, query: Find) -> Sequence[Document]:
        """Return the documents that match a query."""
        found: Sequence[Document] = self._recalled(("documents", query), lambda: self._view.find_documents(query))
        return found

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any attribute of a view
        return getattr(self._view, name)

    def _recalled(self, key: object, ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - as above
        try:
            known = key in self._known
        except TypeError:  # a condition with a value that has no hash
            return ask()
        if not known:
            self._known[key] = ask()
        return self._known[key]
