# SPDX-License-Identifier: Apache-2.0
"""/connection_tests: what came of trying to reach a cloud, or a list of such tests; and a new one, which is run."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.api.connection_tests import ConnectionTest, of_sections, run
from calipso_nornir.api.guard import Needs
from calipso_nornir.api.lost_tests import COLLECTION, RUNNING, shown
from calipso_nornir.api.v1.answers import chosen, with_times
from calipso_nornir.api.v1.operations import Asked, constant, operation
from calipso_nornir.api.v1.parameters import ENVIRONMENT, PAGING, Parameter
from calipso_nornir.api.v1.reading import missing, the_one, wrong
from calipso_nornir.api.v1.records import records
from calipso_nornir.api.v1.sections import sections_read, without_secrets
from calipso_nornir.api.v1.shapes import (
    BOOLEAN,
    CREATED_WITH_ID,
    TEXT,
    TEXT_OR_NONE,
    TEXTS,
    TIME,
    TIME_OR_NONE,
    document,
    either,
    list_of,
)
from calipso_nornir.errors import EnvironmentInvalid
from calipso_nornir.metadata.environments import environment_document
from calipso_nornir.store.environments import stored_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.api.v1.answers import Answer
    from calipso_nornir.model.stores import Document

router = APIRouter()

FIELDS: Final = {"id": TEXT, "test_targets": TEXTS, "test_results": {"type": "object", "additionalProperties": BOOLEAN}}
REQUEST: Final = "request"
RESPONSE: Final = "response"
_TARGETS: Final = "configuration_targets"


@operation(
    router,
    "GET /connection_tests",
    needs=Needs(Role.VIEWER),
    answer=either(
        list_of("connection_tests", FIELDS),
        document(
            {
                **FIELDS,
                "_id": TEXT,
                "environment": TEXT,
                "status": {"enum": [REQUEST, RESPONSE]},
                "submit_timestamp": TIME,
                "response_timestamp": TIME_OR_NONE,
                "response_time": TEXT_OR_NONE,
                "last_response_message": TEXT_OR_NONE,
            }
        ),
    ),
    parameters=(
        ENVIRONMENT,
        Parameter(name="id", text="Its id: the answer is this one test."),
        Parameter(name="status", one_of=(REQUEST, RESPONSE), text="Whether it still runs, or has ended."),
        Parameter(name="test_targets", constant=_TARGETS, repeated=True, text="With id: only these targets."),
        Parameter(name="test_results", type="boolean", text="With id: only targets with this result."),
        *PAGING,
    ),
)
def connection_tests(asked: Asked) -> Answer:
    """Show one test (with ``id``), or list tests, the oldest first."""
    collection, environment = asked.api.store.collection(COLLECTION), asked.environment
    if asked["id"] is not None:
        one = the_one(collection.get(asked["id"]), "connection_tests", asked["id"], {"environment": environment})
        test = _older(one)
        if asked["status"] not in (None, test["status"]):
            raise missing("connection_tests", asked["id"], environment)
        return _narrowed(test, asked["test_targets"], wanted=asked["test_results"])
    keep = None if asked["status"] is None else (lambda one: _status(shown(one)) == asked["status"])
    found = records(collection, {"environment": environment}, asked.values, by="submit_timestamp", keep=keep)
    return {"connection_tests": [chosen(_older(one), FIELDS) for one in found]}


@operation(
    router,
    "POST /connection_tests",
    needs=Needs(Role.ADMIN),
    answer=CREATED_WITH_ID,
    parameters=(
        Parameter(name="environment", needed=True, is_environment=True, text="Name of the environment."),
        Parameter(name="test_targets", type="list", needed=True, constant=_TARGETS, text="The sections to try."),
        Parameter(name="targets_configuration", type="list", needed=True, text="The sections: how it is reached."),
    ),
)
def test(asked: Asked) -> Answer:
    """Try to reach a cloud with these sections. It is begun at once; what was given as a secret is removed after it."""
    api, environment = asked.api, asked.environment
    sections = sections_read(asked["targets_configuration"], constants=lambda name: constant(api, name))
    targets = list(dict.fromkeys(asked["test_targets"]))
    without = [one for one in targets if one not in {section["name"] for section in sections}]
    if without:
        raise wrong(f"targets_configuration: the section {without[0]} must be specified", "targets_configuration")
    stored = stored_environment(api.store, environment) or {}
    kept = {key: stored[key] for key in ("environment_type", "mechanism_drivers", "type_drivers") if stored.get(key)}
    description = {"name": environment, **kept, "configuration": sections}
    if "AMQP" in targets:  # of an environment that does not listen the broker would not be needed, and could not fail
        description["listen"] = True
    try:
        tried = api.secret_files.environment(
            description, before=None, where=environment, constants=api.catalog.constants
        )
    except EnvironmentInvalid as error:
        raise wrong(str(error)) from None
    trial = ConnectionTest(
        environment=environment,
        by=asked.who.name,
        findings=lambda: of_sections(api.store, tried, metadata=api.metadata, targets=tuple(targets)),
        noted={"test_targets": targets, "targets_configuration": without_secrets(sections)},
        secret_files=api.secret_files.named_in(environment_document(tried)),
    )
    id_: str = run(api, trial)["id"]
    return {"message": f"created a connection test for environment {environment}", "id": id_}


def _status(test: Document) -> str:
    """Return the status in the older API."""
    return REQUEST if test.get("status") == RUNNING else RESPONSE


def _older(stored: Document) -> dict[str, Any]:
    """Return a test with the fields of the older API; one of /api/v2 has them, too. A lost one has passed nowhere."""
    document = shown(stored)
    steps = document.get("steps", ())
    targets = document.get("test_targets") or list(dict.fromkeys(one["section"] for one in steps))
    ended = document.get("end_timestamp")
    tried = {target: _passed(target, steps) for target in targets} if ended else dict.fromkeys(targets, False)
    status = _status(document)
    wrong_ones = [f"{one['section']}: {one['detail']}" for one in steps if one["needed"] and not one["ok"]]
    return {
        **with_times(document),
        "_id": document["id"],
        "status": status,
        "test_targets": targets,
        "test_results": tried if status == RESPONSE else {},
        "response_timestamp": with_times({"at_timestamp": ended})["at_timestamp"],
        "response_time": _took(document),
        "last_response_message": document.get("error") or "; ".join(wrong_ones) or None,
    }


def _passed(target: str, steps: Any) -> bool:  # noqa: ANN401 - a list of findings
    mine = [one for one in steps if one["section"] == target]
    return bool(mine) and all(one["ok"] or not one["needed"] for one in mine)


def _took(document: Mapping[str, Any]) -> str | None:
    if not document.get("end_timestamp"):
        return None
    took = datetime.fromisoformat(document["end_timestamp"]) - datetime.fromisoformat(document["submit_timestamp"])
    return f"{took.total_seconds() * 1000:.0f} ms"


def _narrowed(test: dict[str, Any], targets: list[str] | None, *, wanted: bool | None) -> dict[str, Any]:
    """Return a test with some of its targets only."""
    shown = [
        one
        for one in test["test_targets"]
        if (targets is None or one in targets) and wanted in (None, test["test_results"].get(one))
    ]
    results = {one: result for one, result in test["test_results"].items() if one in shown}
    return {**test, "test_targets": shown, "test_results": results}
