# SPDX-License-Identifier: Apache-2.0
"""Environments: their descriptions, in which secrets can be written and not read, and connection tests."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Response

from calipso_nornir.access.roles import Role
from calipso_nornir.analysis.lookup import known_environments
from calipso_nornir.api import connection_tests, lost_tests
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api, Asking
from calipso_nornir.api.locating import Located
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.shapes.environments import ConnectionTestShown, EnvironmentNowShown, EnvironmentShown
from calipso_nornir.api.shapes.environments import Environment as Environment_
from calipso_nornir.api.tags import IfMatch, tag_of
from calipso_nornir.api.v2.pictures import Environment, Seen
from calipso_nornir.metadata.environments import environment_document
from calipso_nornir.store import clear
from calipso_nornir.store.environments import (
    COLLECTION,
    load_environment,
    replace_environment,
    stored_environment,
)

router = APIRouter(tags=["environments"])
_NEW: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.CREATED: {"description": "A new one.", "model": Environment_}
}
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
def environments(api: Api, who: Asking) -> list[EnvironmentShown]:
    """List the environments that whoever asks may see."""
    names = [name for name in known_environments(api.store) if who.may(Role.VIEWER, name)]
    return [_described(stored_environment(api.store, name), name) for name in names]


@router.get("/environments/{environment}")
@needs(Role.VIEWER)
def environment(api: Api, seen: Seen, response: Response) -> EnvironmentNowShown:
    """Describe an environment, with the number of its objects by type. Secrets are references.

    Its ETag is that of the description: PUT and DELETE take it as ``If-Match``.
    """
    with seen.looking() as (_, view):
        stored = stored_environment(api.store, view.environment)
        described = _described(stored, view.environment)
        if stored is not None:
            response.headers["ETag"] = tag_of(described)
        return {**described, "counts": dict(view.counts()), "revision": view.revision}


@router.put("/environments/{environment}", responses=_NEW)
@needs(Role.ADMIN)
def describe(
    api: Api,
    environment: str,
    body: Annotated[dict[str, Any], Body(examples=[EXAMPLE])],
    expected: IfMatch,
    response: Response,
) -> EnvironmentShown:
    """Describe an environment: a new one, or another description of one that is there.

    A secret, or the content of a key file, is given as ``{"secret": "…"}`` and cannot be read again. A reference that
    stands in the stored description may stay as it is; another one is refused. With ``If-Match``, only the description
    with this ETag is replaced.
    """
    if body.get("name", environment) != environment:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"expected {environment}, as in the path", field="name")
    while True:
        before = stored_environment(api.store, environment)
        expected.check(None if before is None else _described(before, environment))
        described = api.secret_files.environment(
            {**body, "name": environment}, before=before, where=environment, constants=api.catalog.constants
        )
        after = environment_document(described)
        if replace_environment(api.store, described, before=before):
            break
        api.secret_files.forget(after, but=before)  # somebody else was faster: what they wrote is looked at first
    if before is not None:
        api.secret_files.forget(before, but=after)
    response.status_code = HTTPStatus.OK if before is not None else HTTPStatus.CREATED
    now = _described(stored_environment(api.store, environment), environment)
    response.headers["ETag"] = tag_of(now)
    return now


@router.delete("/environments/{environment}", status_code=HTTPStatus.NO_CONTENT)
@needs(Role.ADMIN)
def remove(api: Api, environment: Environment, expected: IfMatch, *, with_inventory: bool = False) -> None:
    """Remove a description; its objects, links and cliques only with ``with_inventory``."""
    while True:
        before = stored_environment(api.store, environment)
        expected.check(None if before is None else _described(before, environment))
        if api.store.collection(COLLECTION).change_if(environment, before, None):
            break
    if before is not None:
        api.secret_files.forget(before)
    if with_inventory:
        clear(api.store, environment)


@router.post("/environments/{environment}/checks", status_code=HTTPStatus.ACCEPTED)
@needs(Role.OPERATOR)
def check(api: Api, environment: Environment, who: Asking, located: Located) -> ConnectionTestShown:
    """Begin to try every section for real: logins, roles, services, schemas, host keys, commands, sudo."""
    described = load_environment(api.store, environment, constants=api.catalog.constants)
    trial = connection_tests.ConnectionTest(
        environment=environment,
        by=who.name,
        findings=lambda: connection_tests.of_sections(api.store, described, metadata=api.metadata),
    )
    begun = connection_tests.run(api, trial)
    located(begun["id"])
    return begun


@router.get("/environments/{environment}/checks/{id}")
@needs(Role.VIEWER)
def checked(api: Api, environment: Environment, id: str) -> ConnectionTestShown:  # noqa: A002 - the name in the path
    """Show a connection test, with the steps so far: running, passed, passed_with_warnings, failed or lost.

    It has failed if a step failed that a scan needs. If another one failed, it has passed with warnings. It is lost if
    the API process that ran it has died.
    """
    found: dict[str, Any] | None = api.store.collection(lost_tests.COLLECTION).get(id)
    if found is None or found.get("environment") != environment:
        raise Problem(HTTPStatus.NOT_FOUND, f"environment {environment} has no connection test {id}")
    return lost_tests.shown(found)


def _described(document: dict[str, Any] | None, name: str) -> dict[str, Any]:
    return {key: value for key, value in (document or {"name": name}).items() if not key.startswith("_")}
