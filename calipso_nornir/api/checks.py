# SPDX-License-Identifier: Apache-2.0
"""Connection tests: each section of an environment is tried for real, in a thread; steps are stored as they end."""

from __future__ import annotations

import logging
import threading
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import CalipsoError, InvalidRequest
from calipso_nornir.model.source_kinds import Finding
from calipso_nornir.preflight.sections import try_sections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Store

logger = logging.getLogger(__name__)

COLLECTION: Final = "connection_tests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is to be tried.

    Attributes:
        environment: with the sections.
        by: who asks.
        metadata: folders with further metadata.
        targets: only these sections; None: every one, as a scan needs them.
        noted: further fields of the test's document.
        after: is called when the test has ended, however it ended.
    """

    environment: Environment
    by: str
    metadata: tuple[str, ...] = ()
    targets: tuple[str, ...] | None = None
    noted: Mapping[str, Any] = field(default_factory=dict)
    after: Callable[[], None] = lambda: None

    def findings(self, store: Store) -> Iterator[Finding]:
        """Yield what is found, section by section."""
        hosts = [one.id for one in store.view(self.environment.name).of_type("host")]
        if self.targets is None:
            yield from try_sections(self.environment, known_hosts=hosts, metadata=self.metadata)
        for target in self.targets or ():
            try:
                yield from try_sections(self.environment, only=target, known_hosts=hosts, metadata=self.metadata)
            except InvalidRequest as error:
                yield Finding(target, "check", ok=False, detail=str(error))


def start(store: Store, environment: Environment, *, by: str, metadata: tuple[str, ...]) -> str:
    """Begin to test an environment, and return the id under which the steps are found."""
    return run(store, Trial(environment=environment, by=by, metadata=metadata))


def run(store: Store, trial: Trial) -> str:
    """Begin a test, and return the id under which the steps are found."""
    id_ = uuid.uuid4().hex
    document = {
        "id": id_,
        "environment": trial.environment.name,
        "status": "running",
        "submitted_by": trial.by,
        "submit_timestamp": datetime.now(UTC).isoformat(),
        "steps": [],
        **trial.noted,
    }
    store.collection(COLLECTION).put(id_, document)
    arguments = (store, trial, id_)
    threading.Thread(target=_run, args=arguments, name=f"connection test {id_}", daemon=True).start()
    return id_


def _run(store: Store, trial: Trial, id_: str) -> None:
    steps: list[dict[str, Any]] = []
    tests = store.collection(COLLECTION)
    outcome: dict[str, Any] = {"status": "failed"}
    try:
        for finding in trial.findings(store):
            steps.append(asdict(finding))
            tests.update_if(id_, {}, {"steps": steps})
        if all(one["ok"] or not one["needed"] for one in steps):
            outcome = {"status": "passed"}
    except CalipsoError as error:
        outcome["error"] = str(error)
    except Exception:
        logger.exception("connection test %s of %s", id_, trial.environment.name)
        outcome["error"] = "This is a bug in calipso; the log of the API has its traceback."
    finally:
        trial.after()
    try:
        tests.update_if(id_, {}, {**outcome, "end_timestamp": datetime.now(UTC).isoformat()})
    except CalipsoError as error:
        logger.error("the outcome of connection test %s could not be noted: %s", id_, error)  # noqa: TRY400 - known
