# SPDX-License-Identifier: Apache-2.0
"""/inventory: one object, or a list of them: by id, by parent, by path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import Needs
from calipso_nornir.api.v1.answers import bounds, chosen, shown, with_status
from calipso_nornir.api.v1.attribute_names import with_older_names
from calipso_nornir.api.v1.operations import Asked, operation
from calipso_nornir.api.v1.parameters import ALL, ENVIRONMENT, PAGING, Parameter
from calipso_nornir.api.v1.reading import missing, wrong
from calipso_nornir.api.v1.shapes import BOOLEAN, ID, TEXT, TEXT_OR_NONE, TIME, document, either, in_list
from calipso_nornir.model.finding import Condition, Equal, Find, Prefix, Range
from calipso_nornir.model.objects import root_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.api.v1.answers import Answer
    from calipso_nornir.model.stores import Document, StoreView

router = APIRouter()

FIELDS: Final = {"id": TEXT, "name": TEXT, "name_path": TEXT}
WHOLE: Final = document(
    {**FIELDS, "_id": ID, "environment": TEXT, "type": TEXT, "id_path": TEXT, "last_scanned": TIME},
    {"parent_type": TEXT_OR_NONE, "parent_id": TEXT_OR_NONE, "show_in_tree": BOOLEAN},
)
ANSWER: Final = either(in_list("objects", document({}, FIELDS)), WHOLE)
"""With ``projection``, members of the list have other fields."""
PARAMETERS: Final = (
    ENVIRONMENT,
    Parameter(name="id", text="Its id: the answer is this one object."),
    Parameter(name="id_path", text="Its path of ids."),
    Parameter(name="parent_id", text="The id of what it is directly below."),
    Parameter(name="parent_path", text="The path of ids of what it is below."),
    Parameter(
        name="sub_tree",
        type="boolean",
        default=False,
        text="With parent_path: the object there and everything below it, not only what is directly below.",
    ),
    Parameter(name="type", constant="object_types", text="Its type."),
    Parameter(name="projection", text="Fields to return, with commas between them."),
    Parameter(name="scanned_after", type="time", text="Seen then or later."),
    Parameter(name="scanned_before", type="time", text="Last seen before."),
    ALL,
    *PAGING,
)


@operation(router, "GET /inventory", needs=Needs(Role.VIEWER), answer=ANSWER, parameters=PARAMETERS)
def inventory(asked: Asked) -> Answer:
    """Show one object (with ``id``), or list objects."""
    with asked.api.store.snapshot(asked.environment) as view:
        if asked["id"] is not None:
            return _one(asked, view)
        fields = _fields(asked["projection"])
        found = _found(asked, view)
        return {"objects": [chosen(with_older_names(shown(one)), fields) for one in found]}


def _one(asked: Asked, view: StoreView) -> Document:
    conditions = (Equal("id", asked["id"]), *_conditions(asked))
    found = [one for one in view.find_documents(Find(where=conditions, limit=2)) if _in_path(asked, one)]
    if not found:
        raise missing("inventory", asked["id"], view.environment)
    return with_status(view, with_older_names(shown(found[0])))


def _found(asked: Asked, view: StoreView) -> list[Document]:
    """Return the page of objects that was asked for, ordered by path, or by ``_id`` without a path."""
    first, last = bounds(asked.values)
    conditions, path = _conditions(asked), asked["parent_path"]
    if path is None:
        found = view.find_documents(Find(where=conditions, limit=last))
    elif asked["sub_tree"]:
        found = _whole_tree(view, path.rstrip("/"), conditions, last)
    else:
        found = _children(view, path.rstrip("/"), conditions, last)
    return list(found)[first:last]


def _whole_tree(view: StoreView, path: str, conditions: tuple[Condition, ...], limit: int | None) -> Sequence[Document]:
    """Return the object at a path and everything below it; /env/a is not the path of /env/ab."""
    top = view.find_documents(Find(where=(*conditions, Equal("id_path", path))))
    below = Find(where=(*conditions, Prefix("id_path", f"{path}/")), order=("id_path",), limit=limit)
    return [*top, *view.find_documents(below)]


def _children(view: StoreView, path: str, conditions: tuple[Condition, ...], limit: int | None) -> Sequence[Document]:
    """Return what is directly below the object at a path."""
    root = root_of(view.environment)
    parents = [one.ref for one in view.find(Find(where=(Equal("id_path", path),), limit=1))]
    if path == root.id_path:
        parents = [root.ref]
    if not parents:
        return []
    below = (Equal("parent_type", parents[0].type), Equal("parent_id", parents[0].id))
    return view.find_documents(Find(where=(*conditions, *below), order=("id_path",), limit=limit))


def _conditions(asked: Asked) -> tuple[Condition, ...]:
    equal = [Equal(name, asked[name]) for name in ("type", "parent_id", "id_path") if asked[name] is not None]
    if asked["scanned_after"] is None and asked["scanned_before"] is None:
        return tuple(equal)
    return (*equal, Range("last_scanned", at_least=asked["scanned_after"], below=asked["scanned_before"]))


def _in_path(asked: Asked, document: Document) -> bool:
    path = asked["parent_path"]
    if path is None:
        return True
    path, own = path.rstrip("/"), document["id_path"]
    return own == path or own.startswith(f"{path}/") if asked["sub_tree"] else _is_directly_below(document, path)


def _is_directly_below(document: dict[str, Any], path: str) -> bool:
    return bool(document["id_path"].rpartition("/")[0] == path)


def _fields(projection: str | None) -> tuple[str, ...]:
    if projection is None:
        return tuple(FIELDS)
    names = tuple(name.strip() for name in projection.split(",") if name.strip())
    if not names:
        raise wrong("projection must name fields, with commas between them", "projection")
    return names
