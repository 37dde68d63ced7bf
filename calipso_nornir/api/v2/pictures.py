# SPDX-License-Identifier: Apache-2.0
"""The picture of one environment that a request sees: one revision, of now or of a time."""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from calipso_nornir.api.problems import Problem
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.store.environments import environment_names, stored_environment
from calipso_nornir.store.frozen import Frozen
from calipso_nornir.store.type_names import unknown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fastapi import Request

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import Store, StoreView


@contextmanager
def looking(request: Request, environment: str, at: datetime | None = None) -> Iterator[tuple[Store, StoreView]]:
    """Give the store at one revision, and the view of an environment.

    Raises:
        Problem: 404, the environment is not known; 422, the time has no zone.
    """
    store: Store = request.app.state.settings.store
    if at is not None and at.tzinfo is None:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "expected a time with a zone: 2026-11-28T19:10:00Z", field="at")
    must_exist(store, environment)
    frozen = Frozen(store, at=at)
    try:
        yield frozen, frozen.view(environment)
    finally:
        frozen.close()


def must_exist(store: Store, environment: str) -> None:
    """Raise Problem for an environment that nobody knows."""
    if stored_environment(store, environment) is None and environment not in store.environments():
        raise Problem(HTTPStatus.NOT_FOUND, str(unknown("environment", environment, environment_names(store))))


def object_there(view: StoreView, type_: str, id_: str) -> InventoryObject:
    """Return an object. Raises Problem, 404."""
    found = view.get(ObjectRef(view.environment, type_, id_)) if type_ in view.counts() else None
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no {type_} {id_} in environment {view.environment}")
    return found
