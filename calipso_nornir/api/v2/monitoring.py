# SPDX-License-Identifier: Apache-2.0
"""Templates of a monitoring system's files: those of this product, those that admins write; and the files as made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v2.pictures import Environment
from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.stores import Document
from calipso_nornir.monitoring.back_ends.sensu_core import shipped_templates
from calipso_nornir.monitoring.check_names import encoded
from calipso_nornir.monitoring.file_templates import COLLECTION, FileTemplate, template_of
from calipso_nornir.monitoring.preparing import prepare

router = APIRouter(tags=["monitoring"])
MARKER: Final = "********"
"""In place of each secret in files that are shown."""
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$", description="The id of a template.")]


class TemplateWanted(BaseModel):
    """A template of a file of a monitoring system."""

    model_config = ConfigDict(extra="forbid")

    type: Annotated[str, Field(min_length=1, max_length=200, examples=["client.json", "client_check_vnic.json"])]
    side: Literal["client", "server"]
    order: Annotated[int, Field(ge=0, le=1_000_000, description="Among those of one type and side.")] = 1
    monitoring_system: Annotated[str, Field(max_length=100)] = "sensu"
    condition: Annotated[
        dict[str, Any],
        Field(description="Field of the environment → values, one of which it must have.", examples=[{}]),
    ] = {}
    config: Annotated[dict[str, Any], Field(description="The content, with placeholders `{name}`.")]


class TemplateShown(BaseModel):
    """A template."""

    id: Annotated[str | None, Field(description="null: it is shipped, and can only be read.")]
    type: str
    side: Literal["client", "server"]
    order: int
    monitoring_system: str
    condition: dict[str, Any]
    config: dict[str, Any]
    problem: Annotated[str, Field(description="Why it cannot be used.")] = ""


class FileShown(BaseModel):
    """A file of a monitoring system, as it would be deployed."""

    path: str
    text: Annotated[str, Field(description=f"{MARKER} stands for a secret.")]
    secret: Annotated[bool, Field(description="Only its owner may read it where it is deployed.")]


@router.get("/monitoring/templates")
@needs(Role.VIEWER, anywhere=True)
def templates(api: Api) -> list[TemplateShown]:
    """List the templates: the shipped ones, then the written ones. Later ones add to those before."""
    written = [one for one in api.store.collection(COLLECTION).find() if "config" in one]
    return [*(_shown(None, one) for one in shipped_templates()), *map(_stored, written)]


@router.put(
    "/monitoring/templates/{id}", responses={HTTPStatus.CREATED: {"description": "A new one.", "model": TemplateShown}}
)
@needs(Role.ADMIN)
def write(api: Api, id: Id, wanted: TemplateWanted, response: Response) -> TemplateShown:  # noqa: A002 - the name in the path
    """Write a template, or replace a written one."""
    document = {**wanted.model_dump(), "id": id, "key": id}
    if api.store.collection(COLLECTION).insert(id, document):
        response.status_code = HTTPStatus.CREATED
    else:
        api.store.collection(COLLECTION).put(id, document)
    return _stored(document)


@router.delete("/monitoring/templates/{id}", status_code=HTTPStatus.NO_CONTENT)
@needs(Role.ADMIN)
def remove(api: Api, id: Id) -> None:  # noqa: A002 - as above
    """Remove a written template."""
    if not api.store.collection(COLLECTION).delete(id):
        raise Problem(HTTPStatus.NOT_FOUND, f"no template {id} is written; what is shipped can only be read")


@router.post("/environments/{environment}/monitoring/preview")
@needs(Role.ADMIN)
def preview(
    api: Api,
    environment: Environment,
    wanted: list[TemplateWanted] | None = None,
    *,
    host: Annotated[str | None, Query(description="Only the files of this host.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="The most files to return.")] = 100,
) -> list[FileShown]:
    """Make the files of an environment's monitoring system, also with templates that are not written yet.

    Nothing is written or deployed, and no secret is read.
    """
    prepared = prepare(api.store, environment, api.catalog, secret=lambda _ref: MARKER)
    tried = [template_of(one.model_dump(), origin=f"template {n}") for n, one in enumerate(wanted or ())]
    prepared = replace(prepared, wish=replace(prepared.wish, templates=(*prepared.wish.templates, *tried)))
    made: Iterable[Any] = prepared.files()
    if host is not None:
        made = [one for one in made if one.path.startswith(f"host/{encoded(host)}/")]
    return [FileShown(path=one.path, text=one.text, secret=one.secret) for one in made][:limit]


def _stored(document: Document) -> TemplateShown:
    """Return what is shown of a stored template, which may be one that another program has written."""
    id_ = str(document.get("id") or document.get("key") or document.get("_id"))
    try:
        return _shown(id_, template_of(document))
    except InvalidRequest as error:
        config = document["config"] if isinstance(document["config"], dict) else {}
        return TemplateShown(
            id=id_,
            type=str(document.get("type")),
            side="server" if document.get("side") == "server" else "client",
            order=0,
            monitoring_system=str(document.get("monitoring_system")),
            condition={},
            config=config,
            problem=str(error),
        )


def _shown(id_: str | None, one: FileTemplate) -> TemplateShown:
    return TemplateShown(
        id=id_,
        type=one.type,
        side="server" if one.side == "server" else "client",
        order=one.order,
        monitoring_system=one.monitoring_system,
        condition=dict(one.condition),
        config=dict(one.config),
    )
