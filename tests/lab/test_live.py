# SPDX-License-Identifier: Apache-2.0
"""Listening to the lab: after every act of a random life, and 5 s, the picture equals a fresh scan (``make live``)."""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import pytest
import requests

from calipso_nornir import ScanPlan, run_scan
from calipso_nornir.live.session import Session
from calipso_nornir.metadata.environment_sections import AmqpSection
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.store import open_store
from calipso_nornir.store.environments import save_environment
from tests.fixtures import lab
from tests.fixtures.living import eventually
from tests.lab import faults, living
from tests.lab.law import LIMIT_S, differences_but_notes, picture
from tests.lab.oracle.api import Api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.environment import Environment
    from tests.lab.acts import Life
    from tests.lab.law import Picture

pytestmark = pytest.mark.live
logger = logging.getLogger(__name__)
ACTS = int(os.environ.get("ACTS") or 50)
PAUSE_S = 5.0
LATE_S = 40.0
"""How long a picture that is not true after the pause is looked at: it tells late from never."""


class Listening:
    """A store that only events keep, after one whole scan; and whole scans beside it."""

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

    def state(self) -> dict[str, Any]:
        """Return what the listener says of itself."""
        return self.store.collection("listeners").get(self._environment.name) or {}

    def check(self, what: str) -> None:
        """Compare the picture, 5 s after something happened, with a scan of everything."""
        time.sleep(PAUSE_S)
        self.checks += 1
        began, live = time.monotonic(), self._live()
        truth = self._at_rest()
        if not differences_but_notes(live, truth):
            return
        while differences_but_notes(live := self._live(), truth) and time.monotonic() - began < LATE_S:
            time.sleep(1)
            truth = self._at_rest()
        waited = time.monotonic() - began
        found = differences_but_notes(live, truth)
        if not found:
            self.late.append((what, waited))
            logger.warning("%s: true only after %.0f s", what, waited)
            return
        self.wrong.append(f"{what}:\n{found}")
        logger.error("%s", self.wrong[-1])
        run_scan(self._environment.name, store=self.store)

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


@pytest.fixture(scope="module")
def heard(environment: Environment) -> Environment:
    """The lab as an environment that listens."""
    section = AmqpSection.model_validate({"host": lab.here().controller, "user": "openstack"}).model_dump()
    configuration = {**environment.configuration}
    configuration["AMQP"] = {**section, "pwd": SecretRef("env", lab.PASSWORD_VARIABLE)}
    return replace(environment, configuration=configuration, extra={**environment.extra, "listen": True})


@pytest.fixture(scope="module")
def life(heard: Environment) -> Life:
    """What happens, by chance."""
    return living.begun(heard.name)


@pytest.fixture(scope="module")
def listening(heard: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    with Listening(heard, tmp_path_factory.mktemp("live")) as started:
        yield started


def test_after_every_act_the_picture_is_true(listening: Listening, life: Life) -> None:
    done = 0
    for act in living.life(life.random, living.BY_API):
        life.api = Api()  # a login lasts an hour
        what = f"act {done + 1}, {act.__name__.replace('_', ' ')}"
        steps = 0
        try:
            with closing(act(life)) as happening:
                for _ in happening:
                    steps += 1
                    listening.check(f"{what} ({steps})")
        except (faults.NotInTimeError, requests.RequestException, RuntimeError) as error:  # nothing of the product
            logger.warning("%s: %s", what, error)
            listening.check(f"{what}, which failed")
        done += steps > 0
        if done == ACTS:
            break
    state = listening.state()
    logger.info("%d acts, %d checks, late %s; %s", done, listening.checks, listening.late, state)
    assert not listening.wrong, "\n".join(listening.wrong)
    assert not listening.late
    assert not listening.store.collection("dead_letters").find()
