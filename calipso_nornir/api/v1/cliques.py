# SPDX-License-Identifier: Apache-2.0
"""/cliques: one clique with its links, or a list of them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.analysis.around import clique_around
from calipso_nornir.api.guard import Needs
from calipso_nornir.api.v1.answers import bounds, chosen, shown, with_id
from calipso_nornir.api.v1.links import WHOLE as LINK
from calipso_nornir.api.v1.operations import Asked, operation
from calipso_nornir.api.v1.parameters import ENVIRONMENT, PAGING, Parameter
from calipso_nornir.api.v1.reading import missing
from calipso_nornir.api.v1.shapes import ID, TEXT, document, either, list_of
from calipso_nornir.model.finding import Equal, Find, Holds, OneOf
from calipso_nornir.model.refs import clique_document_id
from calipso_nornir.store.documents import clique_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.api.v1.answers import Answer
    from calipso_nornir.model.finding import Condition
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import Document, StoreView

router = APIRouter()

FIELDS: Final = {"id": ID, "focal_point_type": TEXT, "environment": TEXT}
WHOLE: Final = document(
    {
        **FIELDS,
        "_id": ID,
        "focal_point": ID,
        "focal_point_object_id": TEXT,
        "links": {"type": "array", "items": ID},
        "links_detailed": {"type": "array", "items": LINK},
    }
)
CHUNK: Final = 500
"""Cliques that are read at once when their links have to be looked at."""


@operation(
    router,
    "GET /cliques",
    needs=Needs(Role.VIEWER),
    answer=either(list_of("cliques", FIELDS), WHOLE),
    parameters=(
        ENVIRONMENT,
        Parameter(name="id", type="id", text="Its id: the answer is this one clique, with its links in full."),
        Parameter(name="focal_point", type="id", text="The _id of its focal point."),
        Parameter(name="focal_point_object_id", text="The id of its focal point."),
        Parameter(name="focal_point_type", constant="object_types", text="The type of its focal point."),
        Parameter(name="link_type", constant="link_types", text="It has a link of this type."),
        Parameter(name="link_id", type="id", text="It has this link."),
        *PAGING,
    ),
)
def cliques(asked: Asked) -> Answer:
    """Show one clique (with ``id``), or list cliques.

    A clique of a type that is not stored is built when it is asked for by its id or its focal point.
    """
    with asked.api.store.snapshot(asked.environment) as view:
        if asked["id"] is not None:
            return _one(asked, view)
        first, last = bounds(asked.values)
        return {"cliques": [chosen(with_id(one), FIELDS) for one in islice(_found(asked, view), first, last)]}


def _one(asked: Asked, view: StoreView) -> Document:
    found = view.get_by_id("cliques", asked["id"]) or _unstored(asked, view, _with_clique_id(asked, view))
    if found is None or not _fits(asked, view, found):
        raise missing("cliques", asked["id"], view.environment)
    query = Find(kind="links", where=(OneOf("_id", tuple(found["links"])),))
    links = {one["_id"]: with_id(shown(one)) for one in view.find_documents(query)}
    detailed = [links[id_] for id_ in found["links"] if id_ in links]
    return {**with_id(shown(found)), "links_detailed": detailed}


def _found(asked: Asked, view: StoreView) -> Iterator[Document]:
    """Yield the cliques that are asked for, ordered by ``_id``; first one that is not stored, if it is named."""
    focal_points = _focal_points(asked, view)
    for ref in focal_points or ():
        built = _unstored(asked, view, ref) if not view.cliques(ref) else None
        if built is not None and _fits(asked, view, built):
            yield built
    where: list[Condition] = []
    if focal_points is not None:
        where.append(OneOf("focal_point", tuple(ref.document_id for ref in focal_points)))
    if asked["focal_point_type"] is not None:
        where.append(Equal("focal_point_type", asked["focal_point_type"]))
    if asked["link_id"] is not None:
        where.append(Holds("links", asked["link_id"]))
    after: tuple[Any, ...] | None = None
    while found := view.find_documents(Find(kind="cliques", where=tuple(where), after=after, limit=CHUNK)):
        yield from (one for one in found if _has_link_type(asked, view, one))
        after = (found[-1]["_id"],)


def _focal_points(asked: Asked, view: StoreView) -> list[ObjectRef] | None:
    """Return the focal points that are named; None if any will do."""
    named = {"_id": asked["focal_point"], "id": asked["focal_point_object_id"]}
    where = tuple(Equal(name, value) for name, value in named.items() if value is not None)
    return [one.ref for one in view.find(Find(where=where))] if where else None


def _fits(asked: Asked, view: StoreView, clique: Document) -> bool:
    pairs = {name: clique[name] for name in ("focal_point", "focal_point_object_id", "focal_point_type")}
    if any(asked[name] not in (None, value) for name, value in pairs.items()):
        return False
    return asked["link_id"] in (None, *clique["links"]) and _has_link_type(asked, view, clique)


def _has_link_type(asked: Asked, view: StoreView, clique: Document) -> bool:
    if asked["link_type"] is None:
        return True
    where = (OneOf("_id", tuple(clique["links"])), Equal("link_type", asked["link_type"]))
    return bool(view.find_documents(Find(kind="links", where=where, limit=1)))


def _unstored(asked: Asked, view: StoreView, ref: ObjectRef | None) -> Document | None:
    around = clique_around(asked.api.store, view, ref, catalog=asked.api.catalog) if ref is not None else None
    return clique_document(around.clique) if around is not None else None


def _with_clique_id(asked: Asked, view: StoreView) -> ObjectRef | None:
    """Return the object whose clique has the id that is asked for, of the types whose cliques are not stored."""
    types = {one.focal_point_type for one in asked.api.catalog.clique_types if not one.stored}
    known = view.counts()
    refs = (one.ref for type_ in sorted(types & set(known)) for one in view.of_type(type_))
    return next((ref for ref in refs if clique_document_id(ref) == asked["id"]), None)
