# SPDX-License-Identifier: Apache-2.0
"""Environments: their descriptions, in which secrets can be written and not read, and connection tests."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response

from calipso_nornir.access.roles import Role
from calipso_nornir.analysis.lookup import known_environments
from calipso_nornir.api import checks
from calipso_nornir.api.guard import Asking, needs
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v2.pictures import looking, must_exist
from calipso_nornir.metadata.environments import environment_document
from calipso_nornir.store import clear
from calipso_nornir.store.environments import (
    load_environment,
    remove_environment,
    save_environment,
    stored_environment,
)

router = APIRouter(tags=["environments"])
EXAMPLE = {
    "environment_type": "OpenStack",
    "distribution": "Debian",
    "distribution_version": "Zed",
    "mechanism_drivers": ["OVS"],
    "type_drivers": "vxlan",
    "configuration": [
        {"name": "OpenStack", "auth_url": "https://cloud.example:5000/v3", "user": "admin", "pwd": {"secret": "…"}},
        {"name": "CLI", "user": "scanner", "key": {"secret": "-----BEGIN OPENSSH PRIVATE KEY-----\n…"}},
    ],
}


@router.get("/environments")
@needs(Role.VIEWER, anywhere=True)
def environments(request: Request, who: Asking) -> list[dict[str, Any]]:
    """List the environments that whoever asks may see."""
    store = request.app.state.settings.store
    names = [name for name in known_environments(store) if who.may(Role.VIEWER, name)]
    return [_described(stored_environment(store, name), name) for name in names]


@router.get("/environments/{environment}")
@needs(Role.VIEWER)
def environment(request: Request, environment: str) -> dict[str, Any]:
    """Describe an environment, with the number of its objects by type. Secrets are references."""
    with looking(request, environment) as (store, view):
        described = _described(stored_environment(store, environment), environment)
        return {**described, "counts": dict(view.counts()), "revision": view.revision}


@router.put("/environments/{environment}")
@needs(Role.ADMIN)
def describe(
    request: Request, environment: str, body: Annotated[dict[str, Any], Body(examples=[EXAMPLE])], response: Response
) -> dict[str, Any]:
    """Describe an environment: a new one, or another description of one that is there.

    A secret, or the content of a key file, is given as ``{"secret": "…"}`` and cannot be read again. A reference that
    stands in the stored description may stay as it is; another one is refused.
    """
    settings = request.app.state.settings
    before = stored_environment(settings.store, environment)
    if body.get("name", environment) != environment:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"expected {environment}, as in the path", field="name")
    described = settings.secret_files.environment(
        {**body, "name": environment}, before=before, where=environment, constants=settings.catalog.constants
    )
    save_environment(settings.store, described)
    after = environment_document(described)
    if before is not None:
        settings.secret_files.forget(before, but=after)
    response.status_code = HTTPStatus.OK if before is not None else HTTPStatus.CREATED
    return _described(stored_environment(settings.store, environment), environment)


@router.delete("/environments/{environment}", status_code=HTTPStatus.NO_CONTENT)
@needs(Role.ADMIN)
def remove(request: Request, environment: str, *, with_inventory: bool = False) -> None:
    """Remove a description; its objects, links and cliques only with ``with_inventory``."""
    settings = request.app.state.settings
    must_exist(settings.store, environment)
    before = stored_environment(settings.store, environment)
    if before is not None:
        remove_environment(settings.store, environment)
        settings.secret_files.forget(before)
    if with_inventory:
        clear(settings.store, environment)


@router.post("/environments/{environment}/checks", status_code=HTTPStatus.ACCEPTED)
@needs(Role.OPERATOR)
def check(request: Request, environment: str, who: Asking) -> dict[str, Any]:
    """Begin to try every section for real: logins, roles, services, schemas, host keys, commands, sudo."""
    settings = request.app.state.settings
    must_exist(settings.store, environment)
    described = load_environment(settings.store, environment, constants=settings.catalog.constants)
    return _test(request, environment, checks.start(settings.store, described, by=who.name, metadata=settings.metadata))


@router.get("/environments/{environment}/checks/{id}")
@needs(Role.VIEWER)
def checked(request: Request, environment: str, id: str) -> dict[str, Any]:  # noqa: A002 - the name in the path
    """Show a connection test: running, passed or failed, with the steps so far."""
    return _test(request, environment, id)


def _test(request: Request, environment: str, id_: str) -> dict[str, Any]:
    found: dict[str, Any] | None = request.app.state.settings.store.collection(checks.COLLECTION).get(id_)
    if found is None or found.get("environment") != environment:
        raise Problem(HTTPStatus.NOT_FOUND, f"environment {environment} has no connection test {id_}")
    return found


def _described(document: dict[str, Any] | None, name: str) -> dict[str, Any]:
    return {key: value for key, value in (document or {"name": name}).items() if not key.startswith("_")}
