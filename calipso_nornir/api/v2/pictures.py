# SPDX-License-Identifier: Apache-2.0
"""The picture of one environment that a request sees: one revision, of now or of a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple, TypeAlias

from fastapi import Depends, Query, Request
from fastapi.concurrency import run_in_threadpool

from calipso_nornir.api.dependencies import at_once
from calipso_nornir.api.handler_arguments import Api
from calipso_nornir.api.moments import Moment
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.settings import ApiSettings
from calipso_nornir.api.tags import Tagged, Tagging
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.model.stores import Store, StoreView
from calipso_nornir.store.environments import environment_names, stored_environment
from calipso_nornir.store.frozen import Frozen
from calipso_nornir.store.type_names import unknown

MOST_REVISIONS: Final = (1 << 63) - 1
"""Stores count with signed 64 bits."""
At: TypeAlias = Annotated[
    Moment | None, Query(description="Show what was true then.", examples=["2026-11-28T19:10:00Z"])
]
Revision: TypeAlias = Annotated[int | None, Query(ge=0, le=MOST_REVISIONS, description="Show this revision.")]


class ObjectInRevision(NamedTuple):
    """One object, and the revision in which it is seen."""

    store: Store
    view: StoreView
    object: InventoryObject


@dataclass(frozen=True, slots=True)
class Picture:
    """An environment that is known, at the newest revision, at a time or at an earlier revision."""

    store: Store
    environment: str
    at: datetime | int | None
    """A time, or the number of a revision; None: now."""
    tagging: Tagging | None = None
    """Gives the answer a tag; only if nothing but the revision and the request decide what is shown."""

    @contextmanager
    def looking(self) -> Iterator[tuple[Store, StoreView]]:
        """Give the store at one revision, and the view of the environment."""
        frozen = Frozen(self.store, at=self.at)
        try:
            view = frozen.view(self.environment)
            if self.tagging is not None:
                self.tagging.shows(view.revision)
            yield frozen, view
        finally:
            frozen.close()


@dataclass(frozen=True, slots=True)
class ObjectInPicture:
    """An object that the path names."""

    picture: Picture
    type: str
    id: str

    @contextmanager
    def looking(self) -> Iterator[ObjectInRevision]:
        """Give the object and the revision in which it is seen. Raises Problem, 404."""
        with self.picture.looking() as (store, view):
            found = view.get(ObjectRef(view.environment, self.type, self.id))
            if found is None:
                raise Problem(
                    HTTPStatus.NOT_FOUND, f"there is no {self.type} {self.id} in environment {view.environment}"
                )
            yield ObjectInRevision(store, view, found)


async def _environment(request: Request, api: Api, environment: str) -> str:
    if not getattr(request.state, "described", False):  # as the guard has found
        await run_in_threadpool(_must_be_known, api, environment)
    return environment


def _must_be_known(api: ApiSettings, environment: str) -> None:
    known = stored_environment(api.store, environment) is not None or environment in api.store.environments()
    if not known:
        raise Problem(HTTPStatus.NOT_FOUND, str(unknown("environment", environment, environment_names(api.store))))


Environment: TypeAlias = Annotated[str, Depends(_environment)]
"""The environment in the path; 404 for one that nobody knows."""


class PointInTime(NamedTuple):
    """When: a time, or the number of a revision; None: now."""

    at: datetime | int | None


def _moment(at: At = None, revision: Revision = None) -> PointInTime:
    if at is not None and revision is not None:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "at and revision exclude each other", field="revision")
    return PointInTime(at if revision is None else revision)


When: TypeAlias = Annotated[PointInTime, at_once(_moment)]


def _picture(api: Api, environment: Environment, when: When) -> Picture:
    return Picture(api.store, environment, when.at)


Seen: TypeAlias = Annotated[Picture, at_once(_picture)]


def _tagged_picture(api: Api, environment: Environment, tagging: Tagged, when: When) -> Picture:
    return Picture(api.store, environment, when.at, tagging)


SeenTagged: TypeAlias = Annotated[Picture, at_once(_tagged_picture)]
"""As ``Seen``, for answers that only the revision and the request decide: they get an ETag."""


def _object(seen: Seen, type: str, id: str) -> ObjectInPicture:  # noqa: A002 - the names in the path
    return ObjectInPicture(seen, type, id)


SeenObject: TypeAlias = Annotated[ObjectInPicture, at_once(_object)]


def _tagged_object(seen: SeenTagged, type: str, id: str) -> ObjectInPicture:  # noqa: A002 - as above
    return ObjectInPicture(seen, type, id)


SeenTaggedObject: TypeAlias = Annotated[ObjectInPicture, at_once(_tagged_object)]
