# SPDX-License-Identifier: Apache-2.0
"""Every operation of the OpenAPI document does what the document says, for requests that schemathesis makes from it.

Requests that fit the document, and such that do not: no answer is a 500, and status, content type, headers and body are
documented ones. The seed is fixed, so that each run sends the same requests.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from calipso_nornir.api.app import ROUTERS
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.store import open_store
from tests.fixtures.recorded import bundle, filled
from tests.fixtures.serving import Client, Served, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.stores import Store

EXAMPLES: Final = int(os.environ.get("CALIPSO_SCHEMA_EXAMPLES", "3"))
"""Requests of each kind to an operation; ``make soak`` sends more."""
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
LAB: Final = "/environments/lab"
STREAM: Final = "GET /api/v2/environments/{environment}/changes/stream"
"""Its answer has no end: what has come within two seconds is looked at."""
STRANGE_ONLY: Final = {
    STREAM: "as above",
    "DELETE /api/v2/environments/{environment}": "the other operations need the environment",
    "POST /api/v2/environments/{environment}/checks": "a thread would call the cloud that was recorded",
    "POST /connection_tests": "as above",
    "PATCH /api/v2/users/{name}": "whoever asks would lose the right to ask",
    "DELETE /api/v2/users/{name}": "as above",
}
"""Operations that are only asked for what the document lets one make up, never for what is there, and why."""
TAKES_NOTHING: Final = {"GET /healthz", "GET /readyz"}
"""No parameter, body or login: no request can be wrong."""
MADE: Final[dict[str, tuple[str, dict[str, Any], str]]] = {
    f"{LAB}/scans/": (f"{LAB}/scans", {}, "scan_id"),
    f"{LAB}/schedules/": (f"{LAB}/schedules", {"freq": "DAILY"}, "id"),
    f"{LAB}/webhooks/": (f"{LAB}/webhooks", {"url": "https://hooks.example.com/x"}, "id"),
    "/tokens/": ("/tokens", {}, "id"),
}
"""Part of a path → how to make what a parameter names, and that parameter."""


def operations() -> list[str]:
    """Return method and path of everything that the document describes."""
    return [
        f"{method} {prefix}{route.path_format}"
        for prefix, router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in sorted(route.methods or ())
    ]


@dataclass
class Described:
    """A running API, and the operations that it says it has."""

    api: Served
    operations: dict[str, Any]
    store: Store

    def letter(self) -> str:
        """Make a dead letter, and return its id."""
        letter = {"id": "letter", "environment": "lab", "state": "dead", "notification": {"type": "x"}}
        self.store.collection("dead_letters").put("letter", letter)
        return "letter"

    def there(self, label: str, admin: Client) -> dict[str, str]:
        """Return values of the path's parameters that name what is there."""
        if label in STRANGE_ONLY:
            return {}
        object_ = ObjectRef("lab", "host", "cmp1")
        found = {
            "environment": "lab",
            "type": object_.type,
            "id": object_.id,
            "of": object_.document_id,
            "name": "root",
        }
        if "/dead-letters/" in label:
            found["id"] = self.letter()
            return found
        path = label.partition("/api/v2")[2].replace("{environment}", "lab")
        for part, (where, body, parameter) in MADE.items():
            if path.startswith(part):
                found[parameter] = admin.post(where, body)[parameter]
        return found


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    folder = tmp_path_factory.mktemp("api")
    store = open_store(filled(folder / "s.db", bundle(folder / "whole.calipso")))
    with served(store, secrets=folder / "secrets") as api:
        schema = schemathesis.openapi.from_dict(api.nobody.get("/openapi.json"))
        results: list[Any] = list(schema.get_all_operations())
        found = [one.ok() for one in results]  # an error of the document fails here
        yield Described(api, {one.label: one for one in found}, store)
    store.close()


def test_the_document_has_every_operation(described: Described) -> None:
    assert sorted(described.operations) == sorted(operations())
    assert set(STRANGE_ONLY) <= set(described.operations)


@pytest.mark.chaos
@pytest.mark.parametrize("label", operations())
def test_an_operation_answers_as_the_document_says(described: Described, label: str) -> None:
    operation = described.operations[label]
    there = described.there(label, described.api.user("root", everywhere="admin"))
    requests = operation.as_strategy()
    if label not in TAKES_NOTHING:
        requests |= operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)

    @seed(1)
    @settings(
        max_examples=2 * EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],  # no shrinking: the first request that fails says enough
        suppress_health_check=list(HealthCheck),
    )
    @given(case=requests, known=st.booleans())
    def answers(case: Any, known: bool) -> None:  # noqa: ANN401, FBT001 - of schemathesis; of hypothesis
        if known:
            _name(case, there)
        client = described.api.user("root")  # anew: an operation may have revoked the tokens
        limit_s = 2 if label == STREAM else 30
        answer = case.call(base_url=described.api.url, headers=client.headers, timeout=limit_s)
        case.validate_response(answer, checks=CHECKS)

    answers()


def _name(case: Any, there: dict[str, str]) -> None:  # noqa: ANN401 - of schemathesis
    """Let a request ask for what is there."""
    for name in (case.path_parameters or {}).keys() & there.keys():
        case.path_parameters[name] = there[name]
    for place in (case.query, case.body):
        if isinstance(place, dict) and "env_name" in place and there:
            place["env_name"] = there["environment"]
