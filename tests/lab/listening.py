# SPDX-License-Identifier: Apache-2.0
"""Compares listening to the lab with scans: 5 s after an act, the picture equals that of a scan from scratch."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from calipso_nornir import ScanPlan, run_scan
from calipso_nornir.live.session import Session
from calipso_nornir.metadata.environment_sections import AmqpSection
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.store import open_store
from calipso_nornir.store.environments import save_environment
from tests.fixtures import lab
from tests.fixtures.living import eventually
from tests.lab.law import LIMIT_S, differences_but_notes, picture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.environment import Environment
    from tests.lab.law import Picture

logger = logging.getLogger(__name__)

PAUSE_S = 5.0
PAUSES = 3
"""Maximum number of pauses for a cloud that is still changing."""
LATE_S = 40.0
"""How long a picture that is wrong after the pause is observed, to distinguish late from never."""


def with_bus(environment: Environment) -> Environment:
    """Return the lab as an environment that listens to its notifications and, under OVN, monitors its databases."""
    section = AmqpSection.model_validate({"host": lab.here().controller, "user": "openstack"}).model_dump()
    configuration = {**environment.configuration}
    configuration["AMQP"] = {**section, "pwd": SecretRef("env", lab.PASSWORD_VARIABLE)}
    if environment.section("ovsdb") is not None:  # directly, not on the controller
        there = lab.here().controller
        configuration["ovsdb"] = {"nb": f"tcp:{there}:6641", "sb": f"tcp:{there}:6642"}
    return replace(environment, configuration=configuration, extra={**environment.extra, "listen": True})


def with_watch(environment: Environment) -> Environment:
    """Return the lab as an environment whose hosts are watched, too."""
    section = {**(environment.section("CLI") or {}), "watch": True}
    return replace(environment, configuration={**environment.configuration, "CLI": section})


class Listening:
    """A store that only events update, after one full scan; and full scans in other stores."""

    def __init__(self, environment: Environment, folder: Path) -> None:
        self.wrong: list[str] = []
        self.late: list[tuple[str, float]] = []
        self.checks = 0
        self._open = ExitStack()
        self._environment = environment
        self.store = self._open.enter_context(closing(open_store(folder / "live.db")))
        self._whole_store = self._open.enter_context(closing(open_store(folder / "whole.db")))
        save_environment(self.store, environment)
        self._session = Session(self.store, environment.name)
        self._thread = threading.Thread(target=self._session.run, name="session")

    def __enter__(self) -> Self:
        """Scan everything, then listen."""
        assert run_scan(self._environment.name, store=self.store).ok
        self._whole = self._open.enter_context(open_cloud(self._environment, store=self._whole_store))
        self._thread.start()
        eventually(lambda: self.state().get("state") == "running")
        return self

    def __exit__(self, *_: object) -> None:
        """Close everything."""
        self._session.stop()
        self._thread.join(60)
        self._open.close()
        assert not self._thread.is_alive()

    @contextmanager
    def judged(self) -> Iterator[None]:
        """Fail only at the end if a picture was wrong or late, so that later acts are still checked."""
        self.wrong.clear()
        self.late.clear()
        yield
        assert not self.wrong, "\n".join(self.wrong)
        assert not self.late

    def state(self) -> dict[str, Any]:
        """Return the listener's own state."""
        return self.store.collection("listeners").get(self._environment.name) or {}

    def check(self, what: str, *, pause_s: float = PAUSE_S) -> None:
        """Compare the picture, 5 s after an act, with a scan of everything.

        If the cloud itself changes during these scans, because its agents are slow, the pause begins anew.
        """
        self.checks += 1
        logger.info("check %d: %s", self.checks, what)
        for _ in range(PAUSES):
            time.sleep(pause_s)
            began, live, looked = time.monotonic(), self._live(), self._looked()
            if not differences_but_notes(live, looked):
                return
            truth = self._at_rest()
            late = differences_but_notes(live, truth)
            if not late:
                return
            if not differences_but_notes(looked, truth):
                break
            logger.info("the cloud was still changing")
        while differences_but_notes(live := self._live(), truth) and time.monotonic() - began < LATE_S:
            time.sleep(1)
            truth = self._at_rest()
        waited = time.monotonic() - began
        found = differences_but_notes(live, truth)
        if not found:
            self.late.append((what, waited))
            logger.warning("%s: true only after %.0f s; before\n%s", what, waited, late)
            return
        self.wrong.append(f"{what}:\n{found}")
        logger.error("%s", self.wrong[-1])
        self.begins_anew()

    def begins_anew(self) -> None:
        """Scan everything after a change that no event announces, so that the next act is judged separately."""
        assert run_scan(self._environment.name, store=self.store).ok

    def _live(self) -> Picture:
        return picture(self.store, self._environment.name)

    def _at_rest(self) -> Picture:
        end = time.monotonic() + LIMIT_S
        before, now = self._looked(), self._looked()
        while before != now:
            assert time.monotonic() < end, "the cloud does not come to rest"
            before, now = now, self._looked()
        return now

    def _looked(self) -> Picture:
        report = self._whole.scan(ScanPlan(clear=True))
        assert report.ok, [str(one.error) for one in report.failures]
        return picture(self._whole_store, self._environment.name)
