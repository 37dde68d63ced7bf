# SPDX-License-Identifier: Apache-2.0
"""Files of objects and links: JSON, CSV, GraphML, DOT, Mermaid; written while they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeAlias
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from calipso_nornir.access.roles import Role
from calipso_nornir.analysis.around import MOST_LINKS, clique_around
from calipso_nornir.analysis.clique_routes import routes_of
from calipso_nornir.analysis.exporting import EXTENSIONS, MEDIA_TYPES, Exported, ExportFormat, Table, exported
from calipso_nornir.analysis.graphs import graph_around, ways_between
from calipso_nornir.api.dependencies import at_once
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v2.filters import conditions
from calipso_nornir.api.v2.graphs import Depth, Ends, MostWays, Nodes, Way_, there
from calipso_nornir.api.v2.objects import fields_of_objects
from calipso_nornir.api.v2.pages import WHEN, wanted
from calipso_nornir.api.v2.pictures import Picture, Seen, SeenObject
from calipso_nornir.model.finding import Find
from calipso_nornir.model.links import Link
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.model.stores import Document, Store, StoreView
from calipso_nornir.store.documents import link_document, object_document

router = APIRouter(prefix="/environments/{environment}", tags=["export"])
CHUNK: Final = 1 << 16
AT_ONCE: Final = 1000
_JSON: Final = {
    "type": "object",
    "required": ["nodes", "links"],
    "properties": {
        "revision": {"type": "integer"},
        "nodes": {"type": "array", "items": {"type": "object", "required": ["_id", "type", "id", "name"]}},
        "links": {"type": "array", "items": {"type": "object", "required": ["_id", "link_type", "source", "target"]}},
    },
}
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file.",
        "content": {
            media.partition(";")[0]: {"schema": _JSON if name == "json" else {"type": "string"}}
            for name, media in MEDIA_TYPES.items()
        },
    }
}


class File:
    """What file is wanted."""

    def __init__(
        self,
        format: Annotated[ExportFormat, Query(description="What the file is for.")] = "json",  # noqa: A002 - the parameter's name
        table: Annotated[Table, Query(description="Of CSV: which of the two.")] = "objects",
    ) -> None:
        self.format = format
        self.table = table

    def answer(self, seen: Picture, made: Callable[[Store, StoreView], Exported], *, name: str) -> StreamingResponse:
        """Return an answer that writes an export while it is sent; errors come before its beginning."""
        stack = ExitStack()
        try:
            text = _opened(stack, exported(made(*stack.enter_context(seen.looking())), self.format))
        except BaseException:
            stack.close()
            raise
        table = f"-{self.table}" if self.format == "csv" else ""
        return StreamingResponse(
            text,
            media_type=MEDIA_TYPES[self.format],
            headers={"Content-Disposition": _attachment(f"{name}{table}.{EXTENSIONS[self.format]}")},
        )


Wanted: TypeAlias = Annotated[File, at_once(File)]


@router.get("/export", response_class=StreamingResponse, responses=RESPONSES)
@needs(Role.VIEWER)
def export(
    seen: Seen,
    file: Wanted,
    type: Annotated[str | None, Query(description="Only what is below this object: its type.")] = None,  # noqa: A002 - the parameter's name
    id: Annotated[str | None, Query(description="Its id.")] = None,  # noqa: A002 - as above
) -> StreamingResponse:
    """Export all objects and links of an environment, or those below one object and the links between them."""
    if (type is None) != (id is None):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "type and id belong together", field="type" if id else "id")
    root = ObjectRef(seen.environment, type, id) if type is not None and id is not None else None
    name = seen.environment if root is None else f"{seen.environment}-{root.type}-{root.id}"
    return file.answer(seen, lambda _, view: _whole(view, root, file.table), name=name)


@router.get("/objects_file", response_class=StreamingResponse, responses=RESPONSES)
@needs(Role.VIEWER)
def objects_file(request: Request, api: Api, seen: Seen, file: Wanted) -> StreamingResponse:
    """Export the objects that have given values, and the links between them.

    Every further parameter is a field with its value, as for ``/objects``: ``?type=vnic&host=cmp1``.
    """
    fields = wanted(request, WHEN | {"format", "table"})
    known = fields_of_objects(api.catalog, request.query_params.getlist("type"))
    where = conditions(fields, known)

    def made(_: Store, view: StoreView) -> Exported:
        head = {**_head(view), "where": [list(pair) for pair in fields]}
        return Exported(head, _selected(view, Find(where=where, limit=AT_ONCE)), view.documents("links"), file.table)

    return file.answer(seen, made, name=f"{seen.environment}-selection")


@router.get("/graph_file/{type}/{id:path}", response_class=StreamingResponse, responses=RESPONSES)
@needs(Role.VIEWER)
def graph_file(
    seen: SeenObject, file: Wanted, *, depth: Depth = 1, direction: Way_ = "both", limit: Nodes = 1000
) -> StreamingResponse:
    """Export what is at most so many links away from an object."""

    def made(_: Store, view: StoreView) -> Exported:
        one = there(view, seen.type, seen.id)
        found = graph_around(view, one, depth=depth, direction=direction, limit=limit)
        return _of({**_head(view), "whole": found.whole}, found.nodes, found.links, file.table)

    return file.answer(seen.picture, made, name=f"{seen.picture.environment}-{seen.type}-{seen.id}")


@router.get("/clique_file/{type}/{id:path}", response_class=StreamingResponse, responses=RESPONSES)
@needs(Role.VIEWER)
def clique_file(api: Api, seen: SeenObject, file: Wanted) -> StreamingResponse:
    """Export the clique of an object: its links and nodes; 404 for an object that has none."""

    def made(store: Store, view: StoreView) -> Exported:
        one = there(view, seen.type, seen.id)
        around = clique_around(store, view, one.ref, catalog=api.catalog, limit=MOST_LINKS)
        if around is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"{one.type} {one.id} has no clique")
        routes = routes_of(store, view, around.clique)
        nodes = [routes.objects[ref] for ref in around.clique.nodes if ref in routes.objects]
        head = {**_head(view), "focal_point": {"type": one.type, "id": one.id}, "whole": around.whole}
        return _of(head, nodes, routes.links, file.table)

    return file.answer(seen.picture, made, name=f"{seen.picture.environment}-clique-{seen.type}-{seen.id}")


@router.get("/paths_file", response_class=StreamingResponse, responses=RESPONSES)
@needs(Role.VIEWER)
def paths_file(seen: Seen, file: Wanted, ends: Ends, limit: MostWays = 10) -> StreamingResponse:
    """Export the shortest ways between two objects as one graph; what is known of them is said in its head."""

    def made(store: Store, view: StoreView) -> Exported:
        found = ways_between(store, view, *ends.there(view), most=limit)
        refs = dict.fromkeys(ref for way in found.ways for ref in way.nodes)
        nodes = [one for ref in refs if (one := view.get(ref)) is not None]
        links = {link.document_id: link for way in found.ways for link in way.links}
        head = {"answer": found.answer, "unknown": list(found.unknown), "whole": found.whole}
        return _of({**_head(view), **head}, nodes, links.values(), file.table)

    return file.answer(seen, made, name=f"{seen.environment}-paths")


def _head(view: StoreView) -> dict[str, Any]:
    return {"environment": view.environment, "revision": view.revision}


def _of(head: dict[str, Any], nodes: Iterable[InventoryObject], links: Iterable[Link], table: Table) -> Exported:
    return Exported(head, map(object_document, nodes), map(link_document, links), table)


def _selected(view: StoreView, query: Find) -> Iterator[Document]:
    """Yield all documents that a query finds, page by page."""
    while True:
        found = list(view.find_documents(query))
        yield from found
        if len(found) < AT_ONCE:
            return
        query = replace(query, after=(found[-1]["_id"],))


def _opened(stack: ExitStack, pieces: Iterator[str]) -> Iterator[bytes]:
    """Yield pieces in chunks; the revision is let go at the end, also when nobody reads on."""
    with stack:
        kept: list[str] = []
        size = 0
        for piece in pieces:
            kept.append(piece)
            size += len(piece)
            if size >= CHUNK:
                yield "".join(kept).encode("utf-8", "replace")
                kept, size = [], 0
        yield "".join(kept).encode("utf-8", "replace")


def _attachment(name: str) -> str:
    """Return the header (RFC 6266): a plain name for old clients, then the real one."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "_" for sign in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _whole(view: StoreView, root: ObjectRef | None, table: Table) -> Exported:
    head = _head(view)
    documents = view.documents("inventory")
    if root is not None:
        top = there(view, root.type, root.id)
        below = f"{top.id_path}/"
        documents = (one for one in documents if one["_id"] == root.document_id or one["id_path"].startswith(below))
        head["below"] = {"type": root.type, "id": root.id}
    return Exported(head, documents, view.documents("links"), table)
