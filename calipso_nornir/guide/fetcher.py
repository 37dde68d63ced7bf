# SPDX-License-Identifier: Apache-2.0
"""The guide's base class of all fetchers: ``get(self, parent_id)`` returns dictionaries.

A subclass's ``get`` is replaced by one that the engine can run: called with an object, it is a generator that yields
the queries of the guide's code; called with an id (as by ``super().get(parent_id)``), it is the code itself.
"""

from __future__ import annotations

import copy
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Final

from calipso_nornir.guide.call_bridge import RUNNING, NotRunning, Suspended, running
from calipso_nornir.guide.conversion import fetched_of
from calipso_nornir.guide.inventory_mgr import InventoryMgr
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.queries import Lookup

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetched, Fetching
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.refs import ObjectRef


_MARK: Final = "_run_by_the_engine"
"""An attribute of each replaced ``get`` that refers to the function itself, because decorators copy attributes."""


class Running:
    """One run of a guide's ``get``: its parent, and how it asks queries."""

    def __init__(self, parent: InventoryObject, types: Collection[str]) -> None:
        self.parent = parent
        self._types = tuple(types)
        self._suspended = Suspended()

    def fetching(self, code: Callable[[], Any]) -> Generator[Sequence[Query], Answers, Any]:
        """Run code in this context."""

        def within() -> Any:  # noqa: ANN401 - the guide's code may return anything
            RUNNING.set(self)  # a greenlet has a context of its own
            return code()

        return self._suspended.fetching(within)

    def ask(self, queries: Sequence[Query]) -> list[Any]:
        """Return the answers to queries; the error of the first one that has none is raised.

        If the guide's code catches the error and goes on, objects that it could not see do not count as gone.
        """
        answers = self._suspended.ask(queries)
        for query in queries:
            if (error := answers.failed(query)) is not None:
                answers.or_gap(query)
                raise error
        return [answers[query] for query in queries]

    @property
    def environment(self) -> str:
        """Name of the environment."""
        return self.parent.ref.environment

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        """Return all objects of a type, once all of them have been found."""
        [found] = self.ask([Lookup.of(type_)])
        return list(found)

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        """Return one object, or None."""
        if ref == self.parent.ref:
            return self.parent
        return next((one for one in self.of_type(ref.type) if one.id == ref.id), None)

    def with_id(self, id_: str) -> InventoryObject | None:
        """Return the object with an id: the parent, one above it, or any other that this step does not itself find."""
        if id_ in (self.parent.id, self.parent.handed_down):
            return self.parent
        if self.parent.parent is not None and id_ == self.parent.parent.id and self.parent.parent.type != "environment":
            return self.get(self.parent.parent)
        found = self.ask([Lookup.of(type_) for type_ in self._types]) if self._types else []
        return next((one for of_type in found for one in of_type if one.id == id_), None)

    def types(self) -> Sequence[str]:
        """Return the object types that this step can wait for."""
        return self._types


class Fetcher:
    """Base class of fetchers in the guide's form: override ``get(self, parent_id)``."""

    ENVIRONMENT: ClassVar[str] = "environment"
    _guide_type: str = ""
    _guide_types: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.inv = InventoryMgr()

    def __init_subclass__(cls, **more: Any) -> None:  # noqa: ANN401 - arguments of other base classes
        super().__init_subclass__(**more)
        own = cls.get  # perhaps of a class beside this one
        if own is not Fetcher.get and getattr(own, _MARK, None) is not own:
            cls.get = _run_by_the_engine(own)  # type: ignore[method-assign, assignment]  # see the module's docstring

    def get(self, parent_id: Any) -> Any:  # noqa: ANN401 - an id from the guide's code, an object from the engine
        """Return the objects below a parent, as dictionaries; this one finds none."""
        raise NotImplementedError(f"{type(self).__name__} has no get(self, parent_id), which finds its objects")

    def told_types(self, finds: str, object_types: Mapping[str, Collection[str]]) -> None:
        """Receive the type that this fetcher's step finds, and all types with their parents (``model.protocols``)."""
        below = {finds}
        grown = True
        while grown:
            more = {name for name, parents in object_types.items() if name not in below and below & set(parents)}
            below |= more
            grown = bool(more)
        self._guide_type = finds
        self._guide_types = tuple(name for name in object_types if name not in below and name != "environment")

    @property
    def env(self) -> str:
        """Name of the environment that is scanned."""
        return running("self.env", "get()").environment

    def get_env(self) -> str:
        """Return the name of the environment that is scanned."""
        return self.env

    def ask(self, *queries: Query) -> list[Any]:
        """Ask several queries at once and return their answers: one round instead of one for each."""
        context = running("self.ask()", "get()")
        if not isinstance(context, Running):
            raise NotRunning("self.ask()", "get()")
        return context.ask(list(queries))

    @property
    def parent(self) -> InventoryObject:
        """The object that the fetcher runs on."""
        context = running("self.parent", "get()")
        if not isinstance(context, Running):
            raise NotRunning("self.parent", "get()")
        return context.parent


def _run_by_the_engine(own: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    @wraps(own)
    def get(self: Fetcher, parent_id: Any) -> Any:  # noqa: ANN401 - see Fetcher.get
        return _fetching(self, own, parent_id) if isinstance(parent_id, InventoryObject) else own(self, parent_id)

    setattr(get, _MARK, get)
    return get


def _fetching(fetcher: Fetcher, own: Callable[[Any, Any], Any], parent: InventoryObject) -> Fetching:
    """Run ``get`` on a copy of the fetcher, so that runs on different hosts do not share what they keep in ``self``."""
    context = Running(parent, fetcher._guide_types)  # noqa: SLF001 - of this module
    found = yield from context.fetching(lambda: own(copy.copy(fetcher), parent.handed_down or parent.id))
    fetched: list[Fetched] = fetched_of(found, parent, type(fetcher).__name__, fetcher._guide_type)  # noqa: SLF001 - as above
    return fetched
