# SPDX-License-Identifier: Apache-2.0
"""Files of objects and links: JSON, CSV, GraphML, DOT, Mermaid; written while they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from calipso_nornir.access.roles import Role
from calipso_nornir.analysis.exporting import EXTENSIONS, MEDIA_TYPES, Exported, ExportFormat, Table, exported
from calipso_nornir.api.guard import needs
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v2.pictures import Picture, Seen
from calipso_nornir.model.protocols import StoreView
from calipso_nornir.model.refs import ObjectRef

router = APIRouter(prefix="/environments/{environment}", tags=["export"])
Format = Annotated[ExportFormat, Query(description="What the file is for.")]
CHUNK: Final = 1 << 16
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file.",
        "content": {
            media.partition(";")[0]: {"schema": {"type": "object" if name == "json" else "string"}}
            for name, media in MEDIA_TYPES.items()
        },
    }
}


@router.get("/export", response_class=StreamingResponse, responses=RESPONSES)
@needs(Role.VIEWER)
def export(
    seen: Seen,
    format: Format = "json",  # noqa: A002 - the parameter's name
    table: Annotated[Table, Query(description="Of CSV: which of the two.")] = "objects",
    type: Annotated[str | None, Query(description="Only what is below this object: its type.")] = None,  # noqa: A002 - as above
    id: Annotated[str | None, Query(description="Its id.")] = None,  # noqa: A002 - as above
) -> StreamingResponse:
    """Export all objects and links of an environment, or those below one object and the links between them."""
    if (type is None) != (id is None):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "type and id belong together", field="type" if id else "id")
    root = ObjectRef(seen.environment, type, id) if type is not None and id is not None else None
    name = seen.environment if root is None else f"{seen.environment}-{root.type}-{root.id}"
    return as_file(
        seen, lambda view: _whole(view, root, table), format, name=f"{name}-{table}" if format == "csv" else name
    )


def as_file(
    seen: Picture, made: Callable[[StoreView], Exported], format_: ExportFormat, *, name: str
) -> StreamingResponse:
    """Return an answer that writes an export while it is sent; errors come before its beginning."""
    stack = ExitStack()
    try:
        _, view = stack.enter_context(seen.looking())
        text = _opened(stack, exported(made(view), format_))
    except BaseException:
        stack.close()
        raise
    return StreamingResponse(
        text,
        media_type=MEDIA_TYPES[format_],
        headers={"Content-Disposition": _attachment(f"{name}.{EXTENSIONS[format_]}")},
    )


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
    head: dict[str, Any] = {"environment": view.environment, "revision": view.revision}
    documents = view.documents("inventory")
    if root is not None:
        top = view.get(root) if root.type in view.counts() else None
        if top is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"there is no {root} in environment {view.environment}")
        below = f"{top.id_path}/"
        documents = (one for one in documents if one["_id"] == root.document_id or one["id_path"].startswith(below))
        head["below"] = {"type": root.type, "id": root.id}
    return Exported(head, documents, view.documents("links"), table=table)
