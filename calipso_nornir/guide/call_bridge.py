# SPDX-License-Identifier: Apache-2.0
"""Runs code that calls and waits (``self.run(…)``) as a fetching that yields its queries.

The code runs in a greenlet of its own: a query suspends it, and the answer resumes it. Unlike threads, thousands of
greenlets can wait at the same time, and the code does not have to be restarted for each answer (decision 24).
"""

from __future__ import annotations

import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

import greenlet

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.refs import ObjectRef


class Context(Protocol):
    """The context of the guide's classes while a plug-in of the guide's form runs."""

    @property
    def environment(self) -> str:
        """Name of the environment."""
        ...

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        """Return one object, or None."""
        ...

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        """Return all objects of a type."""
        ...

    def with_id(self, id_: str) -> InventoryObject | None:
        """Return the object with an id, of any type; None if there is none."""
        ...

    def types(self) -> Sequence[str]:
        """Return the object types whose objects can be read now."""
        ...


RUNNING: ContextVar[Context] = ContextVar("calipso_guide_running")


class NotRunning(RuntimeError):
    """A method of the guide's classes was called outside of a scan."""

    def __init__(self, what: str, within: str) -> None:
        super().__init__(
            f"{what} works only while a scan runs {within}: not in __init__, at import, or in other threads"
        )


def running(what: str, within: str = "get() or add_links()") -> Context:
    """Return the context of the plug-in that runs now."""
    try:
        return RUNNING.get()
    except LookupError:
        raise NotRunning(what, within) from None


class Suspended:
    """Code in a greenlet, which ``ask`` suspends until ``fetching`` has received the answers."""

    def __init__(self) -> None:
        self._hub: greenlet.greenlet | None = None

    def ask(self, queries: Sequence[Query]) -> Answers:
        """Suspend the code until its queries are answered."""
        hub = self._hub
        if hub is None or greenlet.getcurrent() is hub:
            raise NotRunning("a query", "get()")
        answers: Answers = hub.switch(queries)
        return answers

    def fetching(self, code: Callable[[], Any]) -> Generator[Sequence[Query], Answers, Any]:
        """Run code, yield what it asks, and return what it returns."""
        inner = greenlet.greenlet(code)
        try:
            told = self._enter(inner)
            while not inner.dead:
                answers = yield told
                told = self._enter(inner, answers)
        finally:
            if not inner.dead:  # the scan was stopped
                with contextlib.suppress(greenlet.error):  # collected in another thread, which cannot resume it
                    inner.throw(greenlet.GreenletExit)
        return told

    def _enter(self, inner: greenlet.greenlet, *answers: Answers) -> Any:  # noqa: ANN401 - queries, or what was returned
        self._hub = inner.parent = greenlet.getcurrent()
        return inner.switch(*answers)
