# SPDX-License-Identifier: Apache-2.0
"""Which parts of a request run in a thread: only what waits for the store, a file or the network.

FastAPI gives every dependency that is not ``async`` to a thread, and the check of an answer, too. A request has up to
ten of these, and each way to a thread and back takes more time than what they do.
"""

from __future__ import annotations

from functools import cache, wraps
from inspect import unwrap
from typing import TYPE_CHECKING, Any, TypeVar, cast

from fastapi import Depends
from fastapi.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi.dependencies.models import Dependant

F = TypeVar("F", bound="Callable[..., object]")
T = TypeVar("T")


def at_once(call: Callable[..., T]) -> Any:  # noqa: ANN401 - as FastAPI's Depends
    """Return a dependency on a class or function that reads no store, file or network."""
    return Depends(_in_the_loop(call))


def depends_on(dependant: Dependant, wanted: Callable[..., object]) -> bool:
    """Return whether a route has a dependency, at any depth."""
    call = dependant.call
    return (call is not None and unwrap(call) is wanted) or any(
        depends_on(one, wanted) for one in dependant.dependencies
    )


def in_a_thread(handler: F) -> F:
    """Return a handler that runs in a thread, while its answer is checked in the event loop, where it is written."""

    @wraps(handler)
    async def called(**arguments: Any) -> Any:  # noqa: ANN401 - those of the handler
        return await run_in_threadpool(handler, **arguments)

    return cast("F", called)


@cache
def _in_the_loop(call: Callable[..., T]) -> Callable[..., Any]:
    """Return the same function each time: FastAPI calls it once for a request, however many depend on it."""

    @wraps(call)
    async def called(**arguments: Any) -> T:  # noqa: ANN401 - those of the call
        return call(**arguments)

    return called
