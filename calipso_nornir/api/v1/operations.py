# SPDX-License-Identifier: Apache-2.0
"""Turns the declaration of an operation into a route: what it needs, its parameters, and its part of OpenAPI."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from inspect import getdoc
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from calipso_nornir.analysis.lookup import known_environments
from calipso_nornir.api.guard import NamedEnvironments, Needs, say_needs
from calipso_nornir.api.handler_arguments import Api
from calipso_nornir.api.problems import FORM
from calipso_nornir.api.v1 import answers
from calipso_nornir.api.v1.answers import Answer
from calipso_nornir.api.v1.parameters import Parameter
from calipso_nornir.api.v1.reading import query_given, read, wrong
from calipso_nornir.api.v1.shapes import Schema
from calipso_nornir.model.text import plain

if TYPE_CHECKING:
    from calipso_nornir.access.principals import Principal
    from calipso_nornir.access.roles import Role
    from calipso_nornir.api.settings import ApiSettings

Handler: TypeAlias = "Callable[[Asked], Answer]"
_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "code", "title"],
            "properties": {name: {"type": "string"} for name in ("message", "code", "title")},
        }
    },
}
_REFUSALS: Final = (400, 401, 403, 404, 409, 413, 429, 503)
_REFUSED: Final[dict[int | str, dict[str, Any]]] = {
    code: {"description": HTTPStatus(code).phrase, "content": {"application/json": {"schema": _ERROR}}}
    for code in _REFUSALS
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose parameters have been checked."""

    request: Request
    api: ApiSettings
    values: dict[str, Any]
    parameters: Sequence[Parameter]

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - of the declared type
        return self.values[name]

    @property
    def who(self) -> Principal:
        """Who is asking; not for operations that are open to all."""
        principal: Principal = self.request.state.principal
        return principal

    @property
    def environment(self) -> str:
        """The environment that the request names. Raises Problem, 400, for one that nobody knows."""
        name = self._named
        if name is None:
            raise wrong("the environment must be specified: env_name", "env_name")
        return known(self.api, name)

    def environments(self, role: Role) -> list[str]:
        """Return the environment that the request names, or all in which whoever asks has a role."""
        if self._named is not None:
            return [self.environment]
        return [name for name in known_environments(self.api.store) if self.who.may(role, name)]

    @property
    def _named(self) -> str | None:
        found = (self.values[one.name] for one in self.parameters if one.is_environment)
        return next((name for name in found if name is not None), None)


def known(api: ApiSettings, name: str) -> str:
    """Return the name of an environment that is known. Raises Problem, 400."""
    if name not in known_environments(api.store):
        raise wrong(f"Unknown environment: {plain(name)}", "env_name")
    return name


def constant(api: ApiSettings, name: str) -> list[str]:
    """Return the values that a constant lists now."""
    found = api.store.collection("constants").get(name) or {"data": []}
    return [one["value"] for one in found["data"]]


def operation(  # noqa: PLR0913 - the parts of a declaration
    router: APIRouter,
    what: str,
    *,
    needs: Needs,
    answer: Schema | None,
    parameters: Sequence[Parameter] = (),
    further: str = "",
    creates: bool = True,
    ignores_others: bool = False,
) -> Callable[[Handler], Handler]:
    """Declare an operation of the older API.

    Args:
        router: of its module.
        what: method and path. GET and DELETE take their parameters from the query, POST from a JSON object.
        needs: who may use it. The guard finds the environment in the parameters.
        answer: what it answers; None: nothing.
        parameters: all that there are.
        further: texts whose keys begin with this may be given, too.
        creates: whether a POST answers 201.
        ignores_others: whether other keys are ignored, not refused.
    """
    method, _, path = what.partition(" ")
    names = tuple(one.name for one in parameters if one.is_environment)
    where: Literal["query", "body"] = "body" if method == "POST" else "query"
    status = HTTPStatus.CREATED if method == "POST" and creates else HTTPStatus.OK
    known_names = {one.name for one in parameters}

    def declare(handler: Handler) -> Handler:
        def route(request: Request, api: Api) -> Response:
            given = query_given(request.scope["query_string"].decode("latin-1")) if where == "query" else _body(request)
            if ignores_others:
                given = {name: one for name, one in given.items() if name in known_names}
            values = read(given, parameters, constants=lambda name: constant(api, name), further=further)
            found = handler(Asked(request, api, values, parameters))
            return Response(status_code=status) if found is None else JSONResponse(answers.plain(found), status)

        say_needs(route, needs, named=NamedEnvironments(where, names) if names or where == "body" else None)
        setattr(route, FORM, answers.problem)
        router.add_api_route(
            path,
            route,
            methods=[method],
            status_code=status,
            response_class=Response if answer is None else JSONResponse,
            name=handler.__name__,
            description=getdoc(handler) or "",
            summary=(getdoc(handler) or "").partition("\n")[0],
            tags=["older API"],
            responses={**({} if answer is None else {int(status): {"content": _json(answer)}}), **_REFUSED},
            openapi_extra=_described(parameters, where, closed=not ignores_others),
        )
        return handler

    return declare


def _body(request: Request) -> dict[str, Any]:
    body = getattr(request.state, "body", None)
    if not isinstance(body, dict):
        raise wrong("the body must be a JSON object")
    return body


def _described(parameters: Sequence[Parameter], where: str, *, closed: bool) -> dict[str, Any]:
    if where == "query":
        return {
            "parameters": [
                {
                    "name": one.name,
                    "in": "query",
                    "required": one.needed,
                    "description": one.description,
                    "schema": one.schema(),
                }
                for one in parameters
            ]
        }
    schema = {
        "type": "object",
        "additionalProperties": not closed,
        "required": [one.name for one in parameters if one.needed],
        "properties": {one.name: {**one.schema(), "description": one.description} for one in parameters},
    }
    return {"requestBody": {"required": True, "content": _json(schema)}}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
