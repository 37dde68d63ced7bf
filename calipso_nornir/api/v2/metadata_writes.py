# SPDX-License-Identifier: Apache-2.0
"""Metadata that is written: clique types, clique constraints and constants, beside the shipped ones, which stay.

A row is checked as a metadata file is, together with everything else: what is accepted can be scanned with. A clique
type for one environment belongs to that environment, and its admin may write it; all else is for admins of everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api, Asking
from calipso_nornir.api.locating import Located
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.shapes.environments import CliqueTypeShown
from calipso_nornir.api.v2.pictures import Environment as KnownEnvironment
from calipso_nornir.errors import MetadataError, UnknownName
from calipso_nornir.metadata.forms import CliqueConstraintSpec, CliqueTypeSpec
from calipso_nornir.metadata.written import WrittenKind, WrittenRow
from calipso_nornir.model.cliques import ANY
from calipso_nornir.model.environment import Environment
from calipso_nornir.store.environments import load_environment, stored_environment
from calipso_nornir.store.written import written_metadata

router = APIRouter(tags=["metadata"])


class Row(BaseModel):
    """A row that somebody has written."""

    id: str
    kind: WrittenKind
    value: Annotated[dict[str, Any], Field(description="The row, as in a metadata file.")]
    by: str
    at: str


class Rows(BaseModel):
    """All that is written."""

    number: Annotated[int, Field(description="Counts the changes.")]
    rows: list[Row]


class Labelled(BaseModel):
    """A value with its name for people."""

    model_config = ConfigDict(extra="forbid")

    value: str
    label: str


class Constant(BaseModel):
    """Further values of a constant, or a constant of a new name; those of object_types and link_types declare types."""

    model_config = ConfigDict(extra="forbid")

    values: Annotated[list[str | Labelled], Field(min_length=1, examples=[["NewDriver"]])]


@router.get("/metadata/written")
@needs(Role.VIEWER, anywhere=True)
def written(api: Api, who: Asking) -> Rows:
    """List what is written and not shipped, with the id by which it is changed or removed."""
    found = written_metadata(api.store)
    rows = [_shown(one) for one in found.rows]
    return Rows(number=found.number, rows=[one for one in rows if _is_for_all(one) or who.may(Role.VIEWER, _of(one))])


def _of(row: Row) -> str:
    return str(row.value.get("environment", ""))


def _is_for_all(row: Row) -> bool:
    return _of(row) in ("", ANY)


@router.post("/metadata/clique_types", status_code=HTTPStatus.CREATED)
@needs(Role.ADMIN)
def add_clique_type(api: Api, who: Asking, row: CliqueTypeSpec, located: Located) -> Row:
    """Write a clique type: for an environment, a configuration, or ``ANY``."""
    return _add(api, "clique_types", row, who, located)


@router.get("/metadata/clique_types/{id}")
@needs(Role.VIEWER, anywhere=True)
def clique_type(api: Api, who: Asking, id: str) -> Row:  # noqa: A002 - the name in the path
    """Show a written clique type."""
    found = _one(api, "clique_types", id)
    if not _is_for_all(found) and not who.may(Role.VIEWER, _of(found)):
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no written clique type {id} that {who.name} may see")
    return found


@router.put("/metadata/clique_types/{id}")
@needs(Role.ADMIN)
def change_clique_type(api: Api, who: Asking, id: str, row: CliqueTypeSpec) -> Row:  # noqa: A002 - the name in the path
    """Write another clique type in the place of a written one."""
    return _replace(api, "clique_types", id, row, who)


@router.delete("/metadata/clique_types/{id}", status_code=HTTPStatus.NO_CONTENT)
@needs(Role.ADMIN)
def remove_clique_type(api: Api, who: Asking, id: str) -> None:  # noqa: A002 - as above
    """Remove a written clique type."""
    _remove(api, "clique_types", id, who)


@router.post("/metadata/clique_constraints", status_code=HTTPStatus.CREATED)
@needs(Role.ADMIN)
def add_constraint(api: Api, who: Asking, row: CliqueConstraintSpec, located: Located) -> Row:
    """Write the constraints of a focal point type that has none."""
    return _add(api, "clique_constraints", row, who, located)


@router.get("/metadata/clique_constraints/{id}")
@needs(Role.VIEWER, anywhere=True)
def constraint(api: Api, id: str) -> Row:  # noqa: A002 - as above
    """Show written constraints."""
    return _one(api, "clique_constraints", id)


@router.put("/metadata/clique_constraints/{id}")
@needs(Role.ADMIN)
def change_constraint(api: Api, who: Asking, id: str, row: CliqueConstraintSpec) -> Row:  # noqa: A002 - as above
    """Write other constraints in the place of written ones."""
    return _replace(api, "clique_constraints", id, row, who)


@router.delete("/metadata/clique_constraints/{id}", status_code=HTTPStatus.NO_CONTENT)
@needs(Role.ADMIN)
def remove_constraint(api: Api, who: Asking, id: str) -> None:  # noqa: A002 - as above
    """Remove written constraints."""
    _remove(api, "clique_constraints", id, who)


@router.put("/metadata/constants/{name}", responses={HTTPStatus.CREATED: {"description": "New ones.", "model": Row}})
@needs(Role.ADMIN)
def write_constant(api: Api, who: Asking, name: str, row: Constant, response: Response) -> Row:
    """Write the values that a constant has in addition to the shipped ones, instead of those written before."""
    with _told():
        if any(one.kind == "constants" and one.id == name for one in written_metadata(api.store).rows):
            return _shown(api.catalogs.replace("constants", name, row.model_dump(), by=who.name))
        response.status_code = HTTPStatus.CREATED
        return _shown(api.catalogs.add("constants", row.model_dump(), by=who.name, id_=name))


@router.delete("/metadata/constants/{name}", status_code=HTTPStatus.NO_CONTENT)
@needs(Role.ADMIN)
def remove_constant(api: Api, who: Asking, name: str) -> None:
    """Remove the written values of a constant; refused as long as a description or another row has one of them."""
    _remove(api, "constants", name, who)


@router.get("/environments/{environment}/clique_types")
@needs(Role.VIEWER)
def of_environment(api: Api, environment: KnownEnvironment) -> list[CliqueTypeShown]:
    """List the clique types of an environment's objects, the most specific first; those with ``when`` may not apply."""
    catalog, described = api.catalog, Environment(name=environment)
    if stored_environment(api.store, environment) is not None:
        described = load_environment(api.store, environment, constants=catalog.constants, complete=False)
    chosen = [one.clique_type for type_ in catalog.focal_types() for one in catalog.clique_types_for(described, type_)]
    return [
        {
            "name": one.name,
            "focal_point_type": one.focal_point_type,
            "environment": one.environment,
            "link_types": [str(link_type) for link_type in one.link_types],
            "use_implicit_links": one.use_implicit_links,
            "stored": one.stored,
            "when": one.when,
        }
        for one in chosen
    ]


@router.post("/environments/{environment}/clique_types", status_code=HTTPStatus.CREATED)
@needs(Role.ADMIN)
def add_to_environment(
    api: Api, environment: KnownEnvironment, who: Asking, row: CliqueTypeSpec, located: Located
) -> Row:
    """Write a clique type for this environment: it comes before those for configurations and for ``ANY``."""
    if row.environment not in ("", environment):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"expected {environment}, as in the path", field="environment")
    return _add(api, "clique_types", row.model_copy(update={"environment": environment}), who, located)


@router.get("/environments/{environment}/clique_types/{id}")
@needs(Role.VIEWER)
def one_of_environment(api: Api, environment: KnownEnvironment, id: str) -> Row:  # noqa: A002 - as above
    """Show a clique type that was written for this environment."""
    return _of_this(api, environment, id)


@router.delete("/environments/{environment}/clique_types/{id}", status_code=HTTPStatus.NO_CONTENT)
@needs(Role.ADMIN)
def remove_from_environment(api: Api, environment: KnownEnvironment, who: Asking, id: str) -> None:  # noqa: A002 - as above
    """Remove a clique type that was written for this environment."""
    _of_this(api, environment, id)
    _remove(api, "clique_types", id, who)


def _of_this(api: Api, environment: str, id_: str) -> Row:
    found = _one(api, "clique_types", id_)
    if _of(found) != environment:
        raise Problem(HTTPStatus.NOT_FOUND, f"clique type {id_} is not one of environment {environment} alone")
    return found


def _add(api: Api, kind: WrittenKind, row: CliqueTypeSpec | CliqueConstraintSpec, who: Asking, located: Located) -> Row:
    with _told():
        made = _shown(api.catalogs.add(kind, _value(row), by=who.name))
    located(made.id)
    return made


def _one(api: Api, kind: WrittenKind, id_: str) -> Row:
    with _told():
        return _shown(api.catalogs.row(kind, id_))


def _replace(api: Api, kind: WrittenKind, id_: str, row: CliqueTypeSpec | CliqueConstraintSpec, who: Asking) -> Row:
    with _told():
        return _shown(api.catalogs.replace(kind, id_, _value(row), by=who.name))


def _remove(api: Api, kind: WrittenKind, id_: str, who: Asking) -> None:
    with _told():
        api.catalogs.remove(kind, id_, by=who.name)


def _value(row: BaseModel) -> dict[str, Any]:
    return row.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _shown(row: WrittenRow) -> Row:
    return Row(id=row.id, kind=row.kind, value=row.value, by=row.by, at=row.at)


@contextmanager
def _told() -> Iterator[None]:
    """Tell faults as a problem of the request, each with its place."""
    try:
        yield
    except MetadataError as error:
        errors = [{"field": one.where, "detail": one.problem} for one in error.faults]
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), errors=errors) from None
    except UnknownName as error:
        raise Problem(HTTPStatus.NOT_FOUND, f"{error}; what is shipped can only be read") from None
