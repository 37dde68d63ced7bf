# SPDX-License-Identifier: Apache-2.0
"""The shape of answers: times as text, ``id`` in place of ``_id``, chosen fields, and the body of an error."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from fastapi.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calipso_nornir.model.stores import Document, StoreView

Answer: TypeAlias = "dict[str, Any] | list[dict[str, Any]] | list[str] | None"
"""What an operation answers: a JSON object, seldom a list, or nothing."""

TIME: Final = "%Y-%m-%dT%H:%M:%S.%f"
"""As the older API writes times; they are UTC."""
_HIDDEN: Final = frozenset({"key", "owner", "process", "number"})
"""Fields of documents beside the inventory that are the program's own."""
_TIMES: Final = ("timestamp", "_at", "last_scanned", "last_run")
"""How the fields of documents beside the inventory end that hold times."""


def problem(status: HTTPStatus | int, detail: str, *, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Make the answer that tells an error."""
    status = HTTPStatus(status)
    body = {"error": {"message": detail, "code": str(status.value), "title": status.phrase}}
    return JSONResponse(body, status.value, headers=dict(headers or {}))


def plain(value: Any) -> Any:  # noqa: ANN401 - JSON has no type
    """Return a value with every time as text."""
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).strftime(TIME).zfill(26)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def shown(document: Mapping[str, Any]) -> Document:
    """Return what may be shown of a document of the inventory."""
    return {name: value for name, value in document.items() if name != "digest"}


def with_times(document: Mapping[str, Any]) -> Document:
    """Return what may be shown of a document beside the inventory, whose times are texts of ISO 8601 there."""
    return {
        name: _moment(value) if name.endswith(_TIMES) else value
        for name, value in document.items()
        if name not in _HIDDEN
    }


def with_id(document: Mapping[str, Any]) -> Document:
    """Return a document with its ``_id`` as ``id``, too."""
    return {**document, "id": document["_id"]}


def with_status(view: StoreView, document: Mapping[str, Any]) -> Document:
    """Return the document of an object or link with what monitoring says of it, in the older fields."""
    status = view.status(document["_id"])
    if status is None:
        return dict(document)
    told = {"status": status.value, "status_text": status.text, "status_timestamp": status.checked_at}
    return {**told, **document}


def chosen(document: Mapping[str, Any], fields: Iterable[str]) -> Document:
    """Return some fields of a document; one that it lacks is left out."""
    return {name: document[name] for name in fields if name in document}


def page(documents: Sequence[Document], values: Mapping[str, Any]) -> Sequence[Document]:
    """Return the page that was asked for, of all documents in their order."""
    first, last = bounds(values)
    return documents[first:last]


def bounds(values: Mapping[str, Any]) -> tuple[int, int | None]:
    """Return where the page begins and ends that was asked for."""
    size = 0 if values.get("all") else values["page_size"]
    return (values["page"] * size, (values["page"] + 1) * size) if size else (0, None)


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return value
    return found if found.tzinfo else found.replace(tzinfo=UTC)
