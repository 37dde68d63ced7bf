# SPDX-License-Identifier: Apache-2.0
"""What scans go by: object types with their attributes, link types, clique types, constants, supported environments."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api
from calipso_nornir.api.shapes.environments import (
    CliqueTypeShown,
    ConstraintShown,
    LinkTypeShown,
    ObjectTypeShown,
    SupportedShown,
)

router = APIRouter(prefix="/metadata", tags=["metadata"])


@router.get("/object_types")
@needs(Role.VIEWER, anywhere=True)
def object_types(api: Api) -> list[ObjectTypeShown]:
    """List the object types with the attributes that each declares."""
    return [asdict(one) for one in api.catalog.object_types.values()]


@router.get("/link_types")
@needs(Role.VIEWER, anywhere=True)
def link_types(api: Api) -> list[LinkTypeShown]:
    """List the link types, each in its declared direction and the reverse."""
    return _documents(api, "link_types")


@router.get("/clique_types")
@needs(Role.VIEWER, anywhere=True)
def clique_types(api: Api) -> list[CliqueTypeShown]:
    """List the clique types: for which focal points and environments, and which links they follow."""
    return _documents(api, "clique_types")


@router.get("/clique_constraints")
@needs(Role.VIEWER, anywhere=True)
def clique_constraints(api: Api) -> list[ConstraintShown]:
    """List what keeps cliques apart."""
    return _documents(api, "clique_constraints")


@router.get("/constants")
@needs(Role.VIEWER, anywhere=True)
def constants(api: Api) -> dict[str, list[str]]:
    """Return the values that fields of descriptions may have, by the name of the constant."""
    return {name: list(values) for name, values in api.catalog.constants.items()}


@router.get("/supported_environments")
@needs(Role.VIEWER, anywhere=True)
def supported_environments(api: Api) -> list[SupportedShown]:
    """List the kinds of clouds that releases were tried with."""
    return _documents(api, "supported_environments")


def _documents(api: Api, collection: str) -> list[dict[str, Any]]:
    """Return published metadata; the order is that of its keys."""
    found = api.store.collection(collection).find()
    return [{name: value for name, value in one.items() if name != "key"} for one in found]
