# SPDX-License-Identifier: Apache-2.0
"""Dependencies that wait for nothing: they are called where requests are answered, in the event loop.

FastAPI gives every dependency that is not ``async`` to a thread. A request has up to nine of them, and each way to a
thread and back takes 0.2 to 0.3 ms of CPU time: more than all that they do.
"""

from __future__ import annotations

from functools import cache, wraps
from inspect import unwrap
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import Depends

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi.dependencies.models import Dependant

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


@cache
def _in_the_loop(call: Callable[..., T]) -> Callable[..., Any]:
    """Return the same function each time: FastAPI calls it once for a request, however many depend on it."""

    @wraps(call)
    async def called(**arguments: Any) -> T:  # noqa: ANN401 - those of the call
        return call(**arguments)

    return called
