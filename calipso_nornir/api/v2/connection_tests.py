# SPDX-License-Identifier: Apache-2.0
"""Connection tests of the installation's back ends: the store, the LDAP directory, the OpenID Connect issuer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.api import connection_tests
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api, Asking
from calipso_nornir.api.locating import Located
from calipso_nornir.api.lost_tests import COLLECTION, shown
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.shapes.environments import ConnectionTestShown

router = APIRouter(prefix="/checks", tags=["health"])


@router.post("", status_code=HTTPStatus.ACCEPTED)
@needs(Role.ADMIN)
def check(api: Api, who: Asking, located: Located) -> ConnectionTestShown:
    """Begin to try the back ends for real: the store, and the LDAP directory and the issuer that are set up."""
    trial = connection_tests.ConnectionTest(environment=None, by=who.name, findings=api.back_ends.tried)
    begun = connection_tests.run(api, trial)
    located(begun["id"])
    return begun


@router.get("/{id}")
@needs(Role.ADMIN)
def checked(api: Api, id: str) -> ConnectionTestShown:  # noqa: A002 - the name in the path
    """Show a test of the back ends, with the steps so far: running, passed, passed_with_warnings, failed or lost."""
    found: dict[str, Any] | None = api.store.collection(COLLECTION).get(id)
    if found is None or found.get("environment") is not None:
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no test {id} of the back ends")
    return shown(found)
