# SPDX-License-Identifier: Apache-2.0
"""Listening to the lab: 5 s after every act of a random life, the picture equals a fresh scan (``make live``)."""

from __future__ import annotations

import logging
import os
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import requests

from tests.lab import faults, living
from tests.lab.listening import Listening, with_bus
from tests.lab.oracle.api import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.environment import Environment
    from tests.lab.acts import Life

pytestmark = pytest.mark.live
logger = logging.getLogger(__name__)
ACTS = int(os.environ.get("ACTS") or 50)


@pytest.fixture(scope="module")
def life(environment: Environment) -> Life:
    """The random acts."""
    return living.begun(environment.name)


@pytest.fixture(scope="module")
def listening(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    with Listening(with_bus(environment), tmp_path_factory.mktemp("live")) as started:
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
        except (faults.NotInTimeError, requests.RequestException, RuntimeError) as error:  # not a fault of the product
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
