# SPDX-License-Identifier: Apache-2.0
"""Errors as ``application/problem+json`` (RFC 9457): what is wrong, where in the request, and what is expected."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from calipso_nornir.errors import (
    CalipsoError,
    Conflict,
    EnvironmentInvalid,
    InvalidRequest,
    LoginServiceUnavailable,
    PastUnknown,
    StoreError,
    TooManyChanges,
    UnknownEnvironment,
    UnknownObject,
    UsageError,
)
from calipso_nornir.model.text import plain

if TYPE_CHECKING:
    import re
    from collections.abc import Collection, Mapping, Sequence

    from fastapi import FastAPI, Request

logger = logging.getLogger(__name__)

FORM: Final = "__form_of_problems__"
"""Attribute of a handler whose problems have another form: what to make them with, in place of ``answer``."""
NO_JSON: Final = "json_invalid"
"""What pydantic calls a body that is no JSON."""
MEDIA_TYPE: Final = "application/problem+json"
Paths: TypeAlias = "Sequence[tuple[re.Pattern[str], Collection[str]]]"
"""Each path that is served, and the methods of one of its routes."""
CONFLICTS: Final[dict[int | str, dict[str, Any]]] = {HTTPStatus.CONFLICT: {}}
"""For ``responses`` of a route whose request may contradict what is there: it exists already, or has ended."""
_STATUS: Final[tuple[tuple[type[CalipsoError], HTTPStatus], ...]] = (
    (UnknownEnvironment, HTTPStatus.NOT_FOUND),
    (UnknownObject, HTTPStatus.NOT_FOUND),
    (PastUnknown, HTTPStatus.NOT_FOUND),
    (TooManyChanges, HTTPStatus.NOT_FOUND),
    (EnvironmentInvalid, HTTPStatus.UNPROCESSABLE_ENTITY),
    (Conflict, HTTPStatus.CONFLICT),
    (UsageError, HTTPStatus.BAD_REQUEST),
    (LoginServiceUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (StoreError, HTTPStatus.SERVICE_UNAVAILABLE),
)


class Problem(Exception):
    """An answer that is no success.

    Args:
        status: of the answer.
        detail: what is wrong, what was expected, what to do.
        field: of the query or body, if one is to blame.
        errors: instead of ``field``: several places, each with what is wrong there.
        headers: of the answer.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        field: str | None = None,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors or ([{"field": field, "detail": detail}] if field else None)
        self.headers = dict(headers or {})


def install(app: FastAPI) -> None:
    """Let an application answer every error in this form."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(CalipsoError, _calipso)
    app.add_exception_handler(Exception, _bug)


def answer(
    status: HTTPStatus | int,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Make the answer."""
    status = HTTPStatus(status)
    body: dict[str, Any] = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    if errors:
        body["errors"] = errors
    return JSONResponse(body, status.value, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def _told(request: Request, status: HTTPStatus | int, detail: str, **more: Any) -> JSONResponse:  # noqa: ANN401 - as answer has it
    """Make the answer in the form of the route that was asked."""
    other = getattr(request.scope.get("endpoint"), FORM, None)
    if other is None:
        return answer(status, detail, **more)
    made: JSONResponse = other(status, detail, headers=more.get("headers"))
    return made


def _problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101 - narrows the type
    return _told(request, error.status, error.detail, errors=error.errors, headers=error.headers)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Word what the models refuse; what was sent is not repeated: it may be a password."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - narrows the type
    given = request.headers.get("content-type", "")
    is_other = any(tuple(one["loc"]) == ("body",) and one["type"] != "missing" for one in error.errors())
    if is_other and not _is_json(given):
        detail = "expected Content-Type: application/json, and JSON in the body"
        problem = [{"field": "content-type", "detail": detail}]
        return answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, errors=problem)
    errors = [{"field": _place(one), "detail": _fault(one)} for one in error.errors()]
    detail = "; ".join(f"{one['field']}: {one['detail']}" for one in errors)
    return answer(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().casefold()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _place(fault: Mapping[str, Any]) -> str:
    location = ("body",) if fault["type"] == NO_JSON else fault["loc"]
    return ".".join(str(part) for part in (location[1:] if len(location) > 1 else location))


def _fault(fault: Mapping[str, Any]) -> str:
    if fault["type"] == NO_JSON:
        return f"this is no JSON: {fault['ctx']['error']} at character {fault['loc'][-1]}"
    return str(fault["msg"]).removeprefix("Value error, ")


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - narrows the type
    if error.status_code == HTTPStatus.BAD_REQUEST and not hasattr(request.scope.get("endpoint"), FORM):
        # FastAPI's only one: what is no UTF-8, or nested so deep that Python cannot read it
        detail = "the body cannot be read: expected JSON in UTF-8, and few levels of lists and objects"
        return answer(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=[{"field": "body", "detail": detail}])
    detail, headers = str(error.detail), dict(error.headers or {})
    if error.status_code == HTTPStatus.NOT_FOUND:  # raised by the router only
        detail = f"there is nothing at {plain(request.url.path)}; GET /api/v2/openapi.json lists what there is"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": ", ".join(_methods(request))}
        detail = f"{plain(request.url.path)} does not take {plain(request.method)}; expected {headers['Allow']}"
    return _told(request, error.status_code, detail, headers=headers)


def _methods(request: Request) -> list[str]:
    """Return the methods of all routes at a path; each route knows only its own."""
    paths: Paths = request.app.state.paths
    return sorted({one for path, methods in paths if path.match(request.scope["path"]) for one in methods})


def _calipso(request: Request, error: Exception) -> JSONResponse:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s %s: %s", request.method, request.url.path, error)
    errors: list[dict[str, str]] | None = None
    if isinstance(error, EnvironmentInvalid):
        errors = [{"field": one.where, "detail": one.problem} for one in error.faults]
    elif isinstance(error, InvalidRequest) and error.field is not None:
        errors = [{"field": error.field, "detail": str(error)}]
    text = str(error)
    if isinstance(error, StoreError):  # where the store is concerns nobody who asks
        text = text.replace(f"store {getattr(error, 'uri', '')}", "the store")
    return _told(request, status, text, errors=errors)


def _bug(request: Request, error: Exception) -> JSONResponse:
    logger.error("%s %s", request.method, request.url.path, exc_info=error)
    return _told(
        request, HTTPStatus.INTERNAL_SERVER_ERROR, "This is a bug in calipso; the log of the API has its traceback."
    )
