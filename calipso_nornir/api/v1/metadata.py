# SPDX-License-Identifier: Apache-2.0
"""/clique_types, /clique_constraints, /constants, /monitoring_config_templates: what scans go by."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.analysis.lookup import known_environments
from calipso_nornir.api.guard import Needs
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v1.answers import chosen, page, with_times
from calipso_nornir.api.v1.operations import Asked, known, operation
from calipso_nornir.api.v1.parameters import ENVIRONMENT_IF_ANY, PAGING, Parameter
from calipso_nornir.api.v1.reading import missing, wrong
from calipso_nornir.model.cliques import ANY
from calipso_nornir.model.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.api.v1.answers import Answer
    from calipso_nornir.model.protocols import Document

router = APIRouter()

CLIQUE_TYPE_FIELDS: Final = (
    "id",
    "focal_point_type",
    "link_types",
    "environment",
    "name",
    "distribution",
    "distribution_version",
    "mechanism_drivers",
    "type_drivers",
    "use_implicit_links",
)
ID: Final = Parameter(name="id", type="id", text="Its id: the answer is this one document.")
FOCAL_POINT_TYPE: Final = Parameter(name="focal_point_type", constant="object_types", text="Type of the focal point.")
CONFIGURATION: Final = (
    Parameter(name="distribution", text="For clouds of this distribution."),
    Parameter(name="distribution_version", text="And of this version of it."),
    Parameter(name="mechanism_drivers", constant="mechanism_drivers", text="For clouds with this driver."),
    Parameter(name="type_drivers", constant="type_drivers", text="For clouds with this type driver."),
)
_ANYWHERE: Final = Needs(Role.VIEWER, anywhere=True)


@operation(
    router,
    "GET /clique_types",
    needs=_ANYWHERE,
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
    if asked["distribution_version"] is not None and asked["distribution"] is None:
        raise wrong("distribution_version must be given together with distribution", "distribution_version")
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

    return _answer(asked, "clique_types", fits, CLIQUE_TYPE_FIELDS)


@operation(
    router,
    "GET /clique_constraints",
    needs=_ANYWHERE,
    parameters=(
        ID,
        FOCAL_POINT_TYPE,
        Parameter(name="constraint", repeated=True, text="It has this constraint; all of them."),
        *PAGING,
    ),
)
def clique_constraints(asked: Asked) -> Answer:
    """Show what keeps cliques of one type of focal point apart (with ``id``), or list the ids."""

    def fits(one: Document) -> bool:
        wanted = set(asked["constraint"] or ())
        return asked["focal_point_type"] in (None, one["focal_point_type"]) and wanted <= set(one["constraints"])

    return _answer(asked, "clique_constraints", fits, ("id",))


@operation(
    router,
    "GET /monitoring_config_templates",
    needs=_ANYWHERE,
    parameters=(
        ID,
        Parameter(name="order", type="integer", text="Its order."),
        Parameter(name="side", constant="monitoring_sides", text="Client or server."),
        Parameter(name="type", text="Its type."),
        *PAGING,
    ),
)
def monitoring_config_templates(asked: Asked) -> Answer:
    """Show one template (with ``id``), or list templates."""

    def fits(one: Document) -> bool:
        order = asked["order"] is None or str(one.get("order")) == str(asked["order"])  # stored as text by some
        return order and all(asked[name] in (None, one.get(name)) for name in ("side", "type"))

    return _answer(asked, "monitoring_config_templates", fits, ("id", "side", "type"))


@operation(
    router,
    "GET /constants",
    needs=_ANYWHERE,
    parameters=(
        Parameter(name="name", needed=True, text="Its name."),
        ENVIRONMENT_IF_ANY,
        Parameter(name="env_type", constant="environment_types", text="Constants are the same for all types."),
    ),
)
def constants(asked: Asked) -> Answer:
    """Show the values that a constant lists."""
    if asked["env_type"] is not None and asked["env_name"] is not None:
        raise wrong("env_name and env_type exclude each other", "env_type")
    if asked["env_name"] is not None:
        known(asked.api, asked["env_name"])
    found = asked.api.store.collection("constants").get(asked["name"])
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no constant {plain(asked['name'])}")
    return _identified("constants", found)


def _answer(asked: Asked, collection: str, fits: Callable[[Document], bool], fields: tuple[str, ...]) -> dict[str, Any]:
    """Return the one document that ``id`` names, or the list of those that fit."""
    documents = [_identified(collection, one) for one in asked.api.store.collection(collection).find()]
    fitting = [one for one in documents if fits(one)]
    if asked["id"] is None:
        return {collection: [chosen(one, fields) for one in page(fitting, asked.values)]}
    found = next((one for one in fitting if one["id"] == asked["id"]), None)
    if found is None:
        raise missing(collection, asked["id"])
    return found


def _identified(collection: str, document: Document) -> Document:
    """Return a document of metadata with an id as MongoDB would give it; it follows from its key."""
    text = f"{collection}/{document.get('key')}"
    id_ = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
    return {**with_times(document), "_id": id_, "id": id_}


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
