# SPDX-License-Identifier: Apache-2.0
"""Connection tests: what is named is tried for real, in a thread; steps are stored as they end."""

from __future__ import annotations

import logging
import threading
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.api.lost_tests import COLLECTION, FILES, RUNNING, shown
from calipso_nornir.errors import CalipsoError, InvalidRequest, StoreError
from calipso_nornir.model.source_kinds import Finding
from calipso_nornir.preflight.sections import try_sections
from calipso_nornir.store.liveness import sign_of_life

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from calipso_nornir.api.settings import ApiSettings
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.stores import Collection, Store

logger = logging.getLogger(__name__)

PASSED: Final = "passed"
WITH_WARNINGS: Final = "passed_with_warnings"
FAILED: Final = "failed"
BEAT_S: Final = 10.0
"""Interval of signs of life, by which other machines know that a test still runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionTest:
    """What is to be tried.

    Attributes:
        environment: whose sections are tried; None: a test of the installation's back ends.
        by: who asks.
        findings: yields what is found, step by step.
        noted: further fields of the test's document.
        secret_files: of secrets that were given for this test alone; removed when it has ended, however it ended.
    """

    environment: str | None
    by: str
    findings: Callable[[], Iterable[Finding]]
    noted: Mapping[str, Any] = field(default_factory=dict)
    secret_files: Sequence[str] = ()


def of_sections(
    store: Store, environment: Environment, *, metadata: tuple[str, ...], targets: tuple[str, ...] | None = None
) -> Iterator[Finding]:
    """Try sections: the ``targets`` only, or every one, as a scan needs them. Yield what is found, in their order."""
    hosts = [one.id for one in store.view(environment.name).of_type("host")]
    if targets is None:
        yield from try_sections(environment, known_hosts=hosts, metadata=metadata)
    for target in targets or ():
        try:
            yield from try_sections(environment, only=target, known_hosts=hosts, metadata=metadata)
        except InvalidRequest as error:
            yield Finding(target, "check", ok=False, detail=str(error))


def run(api: ApiSettings, trial: ConnectionTest) -> dict[str, Any]:
    """Begin a test, and return its document as it begins; the steps are found under its ``id``."""
    id_ = uuid.uuid4().hex
    document: dict[str, Any] = {
        "id": id_,
        "environment": trial.environment,
        "status": RUNNING,
        "submitted_by": trial.by,
        "submit_timestamp": datetime.now(UTC).isoformat(),
        "steps": [],
        **trial.noted,
        FILES: list(trial.secret_files),
        **sign_of_life(),
    }
    api.store.collection(COLLECTION).put(id_, document)
    arguments = (api, trial, id_)
    threading.Thread(target=_run, args=arguments, name=f"connection test {id_}", daemon=True).start()
    return shown(document)


def _beat(tests: Collection, id_: str, ended: threading.Event) -> None:
    while not ended.wait(BEAT_S):
        try:
            tests.update_if(id_, {}, sign_of_life())
        except StoreError as error:  # the next sign will show that the store is back
            logger.info("a sign of life of connection test %s could not be stored: %s", id_, error)


def _outcome(steps: Sequence[Mapping[str, Any]]) -> str:
    """Return the outcome in one word: a step that is not needed fails no test, but is not passed over either."""
    if any(one["needed"] and not one["ok"] for one in steps):
        return FAILED
    return PASSED if all(one["ok"] for one in steps) else WITH_WARNINGS


def _run(api: ApiSettings, trial: ConnectionTest, id_: str) -> None:
    steps: list[dict[str, Any]] = []
    tests, ended = api.store.collection(COLLECTION), threading.Event()
    threading.Thread(target=_beat, args=(tests, id_, ended), name=f"signs of life of {id_}", daemon=True).start()
    outcome: dict[str, Any] = {"status": FAILED}
    try:
        for finding in trial.findings():
            steps.append(asdict(finding))
            tests.update_if(id_, {}, {"steps": steps})
        outcome = {"status": _outcome(steps)}
    except CalipsoError as error:
        outcome["error"] = str(error)
    except Exception:
        logger.exception("connection test %s of %s", id_, trial.environment or "the back ends")
        outcome["error"] = "This is a bug in calipso; the log of the API has its traceback."
    finally:
        ended.set()
        api.secret_files.remove(trial.secret_files)
    try:
        tests.update_if(id_, {}, {**outcome, "end_timestamp": datetime.now(UTC).isoformat()})
    except CalipsoError as error:
        logger.error("the outcome of connection test %s could not be noted: %s", id_, error)  # noqa: TRY400 - known
