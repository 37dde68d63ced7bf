# SPDX-License-Identifier: Apache-2.0
"""/clique_constraints, /constants, /monitoring_config_templates: what scans go by."""

from __future__ import annotations

import hashlib
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import Needs
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v1.answers import chosen, page, with_times
from calipso_nornir.api.v1.operations import Asked, known, operation
from calipso_nornir.api.v1.parameters import ENVIRONMENT_IF_ANY, PAGING, Parameter
from calipso_nornir.api.v1.reading import the_one_of, wrong
from calipso_nornir.api.v1.shapes import ID as ID_TEXT
from calipso_nornir.api.v1.shapes import TEXT, TEXTS, document, either, list_of
from calipso_nornir.model.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from calipso_nornir.api.v1.answers import Answer
    from calipso_nornir.model.stores import Document

router = APIRouter()

ID: Final = Parameter(name="id", type="id", text="Its id: the answer is this one document.")
FOCAL_POINT_TYPE: Final = Parameter(name="focal_point_type", constant="object_types", text="Type of the focal point.")
ANYWHERE: Final = Needs(Role.VIEWER, anywhere=True)
"""Who may read metadata: whoever may read anything."""
CONSTRAINT: Final = {"id": ID_TEXT}
TEMPLATE: Final = {"id": ID_TEXT, "side": TEXT, "type": TEXT}
IDENTITY: Final = {
    "clique_types": (
        "name",
        "focal_point_type",
        "environment",
        "environment_type",
        "distribution",
        "distribution_version",
        "mechanism_drivers",
        "type_drivers",
        "when",
    )
}
"""Collection → the fields that tell its documents apart, if that is not their key."""


@operation(
    router,
    "GET /clique_constraints",
    needs=ANYWHERE,
    answer=either(
        list_of("clique_constraints", CONSTRAINT),
        document({**CONSTRAINT, "_id": ID_TEXT, "focal_point_type": TEXT, "constraints": TEXTS}),
    ),
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

    return listed(asked, "clique_constraints", fits, CONSTRAINT)


@operation(
    router,
    "GET /monitoring_config_templates",
    needs=ANYWHERE,
    answer=either(
        list_of("monitoring_config_templates", TEMPLATE, optional=("side", "type")),
        document({"_id": ID_TEXT, "id": ID_TEXT}, TEMPLATE),
    ),
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

    return listed(asked, "monitoring_config_templates", fits, TEMPLATE)


@operation(
    router,
    "GET /constants",
    needs=ANYWHERE,
    answer=document(
        {
            "_id": ID_TEXT,
            "id": ID_TEXT,
            "name": TEXT,
            "data": {"type": "array", "items": document({"value": TEXT, "label": TEXT})},
        }
    ),
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


def listed(asked: Asked, collection: str, fits: Callable[[Document], bool], fields: Iterable[str]) -> dict[str, Any]:
    """Return the one document that ``id`` names, or the list of those that fit."""
    documents = [_identified(collection, one) for one in asked.api.store.collection(collection).find()]
    fitting = [one for one in documents if fits(one)]
    if asked["id"] is None:
        return {collection: [chosen(one, fields) for one in page(fitting, asked.values)]}
    return the_one_of(fitting, collection, asked["id"])


def _identified(collection: str, document: Document) -> Document:
    """Return a document of metadata with an id as MongoDB would give it.

    It follows from the key; from what a clique type is for, because its key is only its place among the others.
    """
    identity = [collection, *(document.get(name) for name in IDENTITY.get(collection, ("key",)))]
    id_ = hashlib.blake2b(json.dumps(identity, sort_keys=True).encode(), digest_size=12).hexdigest()
    return {**with_times(document), "_id": id_, "id": id_}
