# SPDX-License-Identifier: Apache-2.0
"""Environments: their descriptions, without secrets, and what is known of each."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from calipso_nornir.access.roles import Role
from calipso_nornir.analysis.finding import known_environments
from calipso_nornir.api.guard import Asking, needs
from calipso_nornir.api.v2.views import looking
from calipso_nornir.store.environments import stored_environment

router = APIRouter(tags=["environments"])


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


def _described(document: dict[str, Any] | None, name: str) -> dict[str, Any]:
    return {key: value for key, value in (document or {"name": name}).items() if not key.startswith("_")}
