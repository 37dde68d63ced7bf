# SPDX-License-Identifier: Apache-2.0
"""/clique_types: which links make up the cliques of which objects; and a new clique type."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.analysis.lookup import known_environments
from calipso_nornir.api.guard import Needs
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v1.metadata import ANYWHERE, FOCAL_POINT_TYPE, ID, listed
from calipso_nornir.api.v1.operations import Asked, known, operation
from calipso_nornir.api.v1.parameters import PAGING, Parameter
from calipso_nornir.api.v1.reading import wrong
from calipso_nornir.api.v1.shapes import BOOLEAN, CREATED, TEXT, TEXT_OR_TEXTS, TEXTS, document, either, list_of
from calipso_nornir.api.v1.shapes import ID as ID_TEXT
from calipso_nornir.errors import MetadataError
from calipso_nornir.model.cliques import ANY
from calipso_nornir.model.text import plain

if TYPE_CHECKING:
    from calipso_nornir.api.v1.answers import Answer
    from calipso_nornir.model.stores import Document

router = APIRouter()

FIELDS: Final = {
    "id": ID_TEXT,
    "focal_point_type": TEXT,
    "link_types": TEXTS,
    "environment": TEXT,
    "name": TEXT,
    "distribution": TEXT_OR_TEXTS,
    "distribution_version": TEXT_OR_TEXTS,
    "mechanism_drivers": TEXT_OR_TEXTS,
    "type_drivers": TEXT_OR_TEXTS,
    "use_implicit_links": BOOLEAN,
}
CONFIGURATION: Final = (
    Parameter(name="distribution", text="For clouds of this distribution."),
    Parameter(name="distribution_version", text="And of this version of it."),
    Parameter(name="mechanism_drivers", constant="mechanism_drivers", text="For clouds with this driver."),
    Parameter(name="type_drivers", constant="type_drivers", text="For clouds with this type driver."),
)


@operation(
    router,
    "GET /clique_types",
    needs=ANYWHERE,
    answer=either(list_of("clique_types", FIELDS), document({**FIELDS, "_id": ID_TEXT})),
    parameters=(
        Parameter(name="env_name", text=f"The environment that it is declared for; {ANY}: those for all."),
        ID,
        *CONFIGURATION,
        FOCAL_POINT_TYPE,
        Parameter(name="link_type", constant="link_types", repeated=True, text="It follows this type; all of them."),
        Parameter(name="name", text="Its name."),
        *PAGING,
    ),
)
def clique_types(asked: Asked) -> Answer:
    """Show one clique type (with ``id``), or list clique types."""
    _check_version(asked)
    environment = asked["env_name"]
    if environment not in (None, ANY):
        _must_be_seen(asked, environment)
    equal = {name: asked[name] for name in ("distribution", "distribution_version", "type_drivers", "name")}
    equal |= {"focal_point_type": asked["focal_point_type"], "environment": environment}

    def fits(one: Document) -> bool:
        return (
            all(value in (None, one.get(name)) for name, value in equal.items())
            and asked["mechanism_drivers"] in (None, *_list(one.get("mechanism_drivers")))
            and set(asked["link_type"] or ()) <= set(one["link_types"])
            and _is_seen(asked, one.get("environment"))
        )

    return listed(asked, "clique_types", fits, FIELDS)


@operation(
    router,
    "POST /clique_types",
    needs=Needs(Role.ADMIN),
    answer=CREATED,
    parameters=(
        Parameter(name="environment", is_environment=True, text="The environment that it is for."),
        Parameter(name="focal_point_type", needed=True, constant="object_types", text="Type of the focal point."),
        Parameter(name="link_types", type="list", needed=True, constant="link_types", text="What it follows."),
        Parameter(name="name", needed=True, text="Its name."),
        *CONFIGURATION,
        Parameter(name="use_implicit_links", type="boolean", default=False, text="Follow implicit links, too."),
    ),
)
def write(asked: Asked) -> Answer:
    """Write a clique type for an environment, or for a configuration. The next scan goes by it."""
    _check_version(asked)
    configuration = {one.name: asked[one.name] for one in CONFIGURATION if asked[one.name] is not None}
    environment = asked["environment"]
    if (environment is None) == (not configuration):
        raise wrong("either environment or a configuration must be specified, not both", "environment")
    if environment is None and not asked.who.may(Role.ADMIN, None):
        raise Problem(HTTPStatus.FORBIDDEN, f"{asked.who.name} is not admin everywhere")
    if environment is not None and environment.casefold() == ANY.casefold():
        raise wrong(f"environment: {ANY} is reserved", "environment")
    where = {"environment": known(asked.api, environment)} if environment is not None else configuration
    _must_be_new(asked, where)
    row = {**where, **{name: asked[name] for name in ("name", "focal_point_type", "link_types", "use_implicit_links")}}
    try:
        asked.api.catalogs.add("clique_types", row, by=asked.who.name)
    except MetadataError as error:
        raise wrong(str(error)) from None
    described = f"environment {environment}" if environment is not None else "the configuration"
    return {"message": f"created a new clique_type for {described}"}


def _check_version(asked: Asked) -> None:
    if asked["distribution_version"] is not None and asked["distribution"] is None:
        raise wrong("distribution_version must be given together with distribution", "distribution_version")


def _must_be_new(asked: Asked, where: dict[str, str]) -> None:
    """Raise Problem, 409, if there is a clique type for the same objects."""
    for one in asked.api.store.collection("clique_types").find({"focal_point_type": asked["focal_point_type"]}):
        is_for = {
            "environment": one.get("environment"),
            **{field.name: one.get(field.name) for field in CONFIGURATION},
        }
        its = {
            name: value[0] if isinstance(value, list) and len(value) == 1 else value for name, value in is_for.items()
        }
        if where == {name: value for name, value in its.items() if value}:
            detail = f"there is a clique type for {asked['focal_point_type']} already: {plain(str(one.get('name')))}"
            raise Problem(HTTPStatus.CONFLICT, detail)


def _is_seen(asked: Asked, environment: str | None) -> bool:
    return environment in (None, "", ANY) or asked.who.may(Role.VIEWER, environment)


def _must_be_seen(asked: Asked, environment: str) -> None:
    """Refuse an environment that whoever asks has no role in (403), or that nobody knows (400).

    The guard does not see this parameter: "ANY" is none.
    """
    if not asked.who.may(Role.VIEWER, environment):
        raise Problem(HTTPStatus.FORBIDDEN, f"{asked.who.name} is not viewer in environment {plain(environment)}")
    if environment not in known_environments(asked.api.store):
        raise wrong(f"Unknown environment: {plain(environment)}", "env_name")


def _list(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
