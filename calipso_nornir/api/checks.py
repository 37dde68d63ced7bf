# SPDX-License-Identifier: Apache-2.0
"""Connection tests: each section of an environment is tried for real, in a thread; steps are stored as they end."""

from __future__ import annotations

import logging
import threading
import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import CalipsoError
from calipso_nornir.preflight.sections import try_sections

if TYPE_CHECKING:
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Store

logger = logging.getLogger(__name__)

COLLECTION: Final = "connection_tests"


def start(store: Store, environment: Environment, *, by: str, metadata: tuple[str, ...]) -> str:
    """Begin to test an environment, and return the id under which the steps are found."""
    id_ = uuid.uuid4().hex
    document = {
        "id": id_,
        "environment": environment.name,
        "status": "running",
        "submitted_by": by,
        "submit_timestamp": datetime.now(UTC).isoformat(),
        "steps": [],
    }
    store.collection(COLLECTION).put(id_, document)
    arguments = (store, environment, id_, metadata)
    threading.Thread(target=_run, args=arguments, name=f"connection test {id_}", daemon=True).start()
    return id_


def _run(store: Store, environment: Environment, id_: str, metadata: tuple[str, ...]) -> None:
    steps: list[dict[str, Any]] = []
    tests = store.collection(COLLECTION)
    outcome: dict[str, Any] = {"status": "failed"}
    try:
        hosts = [one.id for one in store.view(environment.name).of_type("host")]
        for finding in try_sections(environment, known_hosts=hosts, metadata=metadata):
            steps.append(asdict(finding))
            tests.update_if(id_, {}, {"steps": steps})
        if all(one["ok"] or not one["needed"] for one in steps):
            outcome = {"status": "passed"}
    except CalipsoError as error:
        outcome["error"] = str(error)
    except Exception:
        logger.exception("connection test %s of %s", id_, environment.name)
        outcome["error"] = "This is a bug in calipso; the log of the API has its traceback."
    try:
        tests.update_if(id_, {}, {**outcome, "end_timestamp": datetime.now(UTC).isoformat()})
    except CalipsoError as error:
        logger.error("the outcome of connection test %s could not be noted: %s", id_, error)  # noqa: TRY400 - known
