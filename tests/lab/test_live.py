# SPDX-License-Identifier: Apache-2.0
"""Listening to the lab: at each pause of 5 s in a random life, the picture equals a fresh scan (``make live``)."""

from __future__ import annotations

import logging
import os
import random
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import requests

from tests.lab import faults, living, oracle
from tests.lab.comparing import explain
from tests.lab.listening import Listening, with_bus
from tests.lab.oracle.api import Api
from tests.lab.told import told
from tests.lab.watching import whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.environment import Environment
    from tests.lab.acts import Life

pytestmark = pytest.mark.live
logger = logging.getLogger(__name__)
ACTS = int(os.environ.get("ACTS") or 50)
STEPS = int(os.environ.get("STEPS") or 1)
"""The largest number of an act's steps before a pause: with more than one, their events arrive together."""


@pytest.fixture(scope="module")
def life(environment: Environment) -> Life:
    """The random acts."""
    return living.begun(environment.name)


@pytest.fixture(scope="module")
def listening(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    with Listening(with_bus(environment), tmp_path_factory.mktemp("live")) as started:
        yield started


def test_at_every_pause_the_picture_is_true(listening: Listening, life: Life, environment: Environment) -> None:
    chance = random.Random(life.seed)  # noqa: S311 - no secret
    done, since = 0, list[str]()

    def pause(*, at_least: int = 0) -> None:
        if len(since) >= (at_least or chance.randint(1, STEPS)):
            listening.check("; ".join(since))
            since.clear()

    for act in living.life(life.random, living.BY_API):
        life.api = Api()  # a login lasts an hour
        what = f"act {done + 1}, {act.__name__.replace('_', ' ')}"
        steps = 0
        try:
            with closing(act(life)) as happening:
                for _ in happening:
                    steps += 1
                    since.append(f"{what} ({steps})")
                    pause()
        except (faults.NotInTimeError, requests.RequestException, RuntimeError) as error:  # not a fault of the product
            logger.warning("%s: %s", what, error)
            since.append(f"{what}, which failed")
            pause(at_least=1)
        done += steps > 0
        if done == ACTS:
            break
    pause(at_least=1)
    logger.info("%d acts, %d checks, late %s; %s", done, listening.checks, listening.late, listening.state())
    assert not listening.wrong, "\n".join(listening.wrong)
    assert not listening.late
    assert not listening.store.collection("dead_letters").find()
    truth = whole(oracle.read)
    assert not explain(told(listening.store.view(environment.name)), truth)
