# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document: what FastAPI makes of the handlers, and what surrounds all of them.

Refusals come from the guard, the shield and the checks of parameters, not from one handler. So they are described here,
from what a route needs and takes, and no handler lists them.
"""

from __future__ import annotations

from copy import deepcopy
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi.routing import APIRoute

from calipso_nornir.api.dependencies import depends_on
from calipso_nornir.api.examples import example_objects, examples, exemplify
from calipso_nornir.api.guard import needs_of
from calipso_nornir.api.locating import Locating
from calipso_nornir.api.problems import FORM, MEDIA_TYPE
from calipso_nornir.api.shapes.objects import with_objects
from calipso_nornir.api.shapes.saying import lifted
from calipso_nornir.api.tags import Precondition, Tagging
from calipso_nornir.api.v2.listing import Listing, LongListing
from calipso_nornir.api.v2.pages import paging

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fastapi import APIRouter, FastAPI

    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.store.written import Catalogs

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "description": "What is wrong, where, and what is expected (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "The places of the request that are wrong.",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_EXAMPLES: Final = {
    HTTPStatus.BAD_REQUEST: "Authorization: Basic expects base64 of NAME:PASSWORD",
    HTTPStatus.UNAUTHORIZED: "log in: Authorization: Bearer TOKEN; POST /api/v2/tokens makes one",
    HTTPStatus.FORBIDDEN: "ada is not operator in environment lab",
    HTTPStatus.NOT_FOUND: "there is no host cmp9 in environment lab",
    HTTPStatus.CONFLICT: "user ada exists already",
    HTTPStatus.PRECONDITION_FAILED: "it has been changed since it was read: read it again, and send the new ETag",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "the body has more than 1048576 bytes",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "expected Content-Type: application/json, and JSON in the body",
    HTTPStatus.UNPROCESSABLE_ENTITY: "limit: Input should be less than or equal to 1000",
    HTTPStatus.TOO_MANY_REQUESTS: "too many failed logins: try again in 42 s",
    HTTPStatus.SERVICE_UNAVAILABLE: "the store cannot be reached",
}
_TEXT: Final = {"schema": {"type": "string"}}
_LINK: Final = {"description": "The next page (rel=next); missing on the last one.", "schema": {"type": "string"}}
_LOCATION: Final = {"description": "Where it is.", "schema": {"type": "string", "format": "uri-reference"}}
_HEADERS: Final = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": _TEXT},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": {"schema": {"type": "string", "pattern": "^[0-9]+$"}}},
}
_SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token; POST /api/v2/tokens makes one."},
    "basic": {"type": "http", "scheme": "basic", "description": "Name and password, to make a token."},
    "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token", "description": "A token, as the older API."},
}


class Description:
    """The document of an application; it is made when it is first asked for, and again for other metadata."""

    def __init__(self, app: FastAPI, routers: Iterable[tuple[str, APIRouter]], catalogs: Catalogs) -> None:
        self._app = app
        self._routers = tuple(routers)
        self._catalogs = catalogs
        self._made: tuple[Catalog, dict[str, Any]] | None = None

    def __call__(self) -> dict[str, Any]:
        """Return it."""
        catalog, made = self._catalogs.current, self._made
        if made is None or made[0] is not catalog:
            self._made = made = (catalog, document(self._app, self._routers, catalog))
        return made[1]


def document(app: FastAPI, routers: Iterable[tuple[str, APIRouter]], catalog: Catalog) -> dict[str, Any]:
    """Return the OpenAPI document of an application that serves these routers, each below its prefix.

    ``catalog`` has the types of objects.
    """
    models: dict[str, Any] = {}
    made: dict[str, Any] = lifted(deepcopy(app.openapi()), models)
    parts = made.setdefault("components", {})
    parts["schemas"] = {**parts.get("schemas", {}), **models, "Problem": PROBLEM}
    for unused in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(unused, None)
    parts["securitySchemes"] = _SCHEMES
    made["security"] = [{name: []} for name in _SCHEMES]
    known = examples()
    parts["schemas"] = with_objects(parts["schemas"], catalog, example_objects())
    for prefix, router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                path = prefix + route.path_format
                for method in sorted(route.methods or ()):
                    operation = made["paths"][path][method.lower()]
                    _complete(operation, route, method)
                    if (example := known.get(f"{method} {path}")) is not None:
                        exemplify(operation, example)
    return made


def _complete(operation: dict[str, Any], route: APIRoute, method: str) -> None:
    """Add to an operation what surrounds its handler."""
    needed = needs_of(route.endpoint)
    if needed is not None and needed.open:
        operation["security"] = []
    if hasattr(route.endpoint, FORM):  # the older API has declared its own refusals
        return
    answers = operation["responses"]
    answers.update({str(status.value): _refusal(status) for status in _refusals(operation, route, method)})
    if depends_on(route.dependant, Tagging):
        answers["304"] = {"description": "The client has it already (If-None-Match).", "headers": {"ETag": _TEXT}}
        answers["200"].setdefault("headers", {})["ETag"] = _TEXT
    if any(depends_on(route.dependant, one) for one in (Listing, LongListing, paging)):
        answers["200"].setdefault("headers", {})["Link"] = _LINK
    if depends_on(route.dependant, Locating):
        answers[str(route.status_code)].setdefault("headers", {})["Location"] = _LOCATION


def _refusals(operation: dict[str, Any], route: APIRoute, method: str) -> Iterator[HTTPStatus]:
    needed = needs_of(route.endpoint)
    if needed is None or not needed.open:
        yield HTTPStatus.BAD_REQUEST
        yield HTTPStatus.UNAUTHORIZED
        yield HTTPStatus.FORBIDDEN
        yield HTTPStatus.TOO_MANY_REQUESTS
    if "{" in route.path:
        yield HTTPStatus.NOT_FOUND
    if HTTPStatus.CONFLICT in route.responses:
        yield HTTPStatus.CONFLICT
    if depends_on(route.dependant, Precondition):
        yield HTTPStatus.PRECONDITION_FAILED
    if operation.get("parameters") or "requestBody" in operation:
        yield HTTPStatus.UNPROCESSABLE_ENTITY
    if "requestBody" in operation:
        yield HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    if method != "GET":
        yield HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    yield HTTPStatus.SERVICE_UNAVAILABLE


def _refusal(status: HTTPStatus) -> dict[str, Any]:
    example = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": _EXAMPLES[status]}
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}}
    headers = {"headers": _HEADERS[status]} if status in _HEADERS else {}
    return {"description": status.phrase, "content": content, **headers}
