# SPDX-License-Identifier: Apache-2.0
"""The law of small scans in the lab: after every act of a random life, and without some sources (``make law``)."""

from __future__ import annotations

import logging
import os
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import requests

from calipso_nornir.errors import CalipsoError
from tests.fixtures import lab
from tests.lab import faults, living
from tests.lab.law import Law
from tests.lab.oracle.api import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.environment import Environment
    from tests.lab.acts import Act, Life

pytestmark = pytest.mark.law
logger = logging.getLogger(__name__)
ACTS = int(os.environ.get("ACTS") or 50)
ASKED = 5
"""Number of acts between two comparisons with the oracle, which takes as long as two full scans; also at the end."""


@pytest.fixture(scope="module")
def life(environment: Environment) -> Life:
    """The random acts."""
    return living.begun(environment.name)


@pytest.fixture(scope="module")
def law(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Law]:
    """A cloud that was scanned completely once, and only by small scans from then on."""
    with Law(environment, tmp_path_factory.mktemp("law")) as held:
        yield held
        logger.info("%s", held.told())


def happens(act: Act, life: Life, law: Law, what: str) -> bool:
    """Perform an act, and check the law after each of its operations; return False if it is not possible now."""
    life.api = Api()  # a login lasts an hour
    steps = 0
    what = f"{what}{act.__name__.replace('_', ' ')}"
    try:
        with closing(act(life)) as happening:
            for refs in happening:
                steps += 1
                law.holds(f"{what} ({steps})", refs, life.tunnels_remade)
    except (faults.NotInTimeError, requests.RequestException, RuntimeError) as error:  # not a fault of the product
        logger.warning("%s: %s", what, error)
        law.begins_anew()
        life.tunnels_remade()
    except (AssertionError, CalipsoError) as error:
        law.is_broken(f"{what}: {error}")
    return steps > 0


def test_after_every_act_of_a_life(law: Law, life: Life) -> None:
    done: list[str] = []
    with law.judged():
        for act in living.life(life.random):
            if happens(act, life, law, f"act {len(done) + 1}, "):
                done.append(act.__name__)
                if len(done) % ASKED == 0:
                    law.tells_the_truth(f"act {len(done)}")
            if len(done) == ACTS:
                break
        law.tells_the_truth("the end")
    never = {act.__name__ for _, act in living.ACTS}.difference(done)
    logger.info("%d acts; never: %s", len(done), ", ".join(sorted(never)) or "none")


def test_what_cannot_be_examined_is_kept(law: Law, life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    server = life.servers("ACTIVE")[0]
    refs = [life.ref("host", server[faults.SERVER_HOST]), *life.server(server)]
    with law.judged():
        with lab.without_sshd(server[faults.SERVER_HOST]):
            law.holds_without_answers("an sshd stopped", refs)
        with monkeypatch.context() as patch:
            patch.setenv(lab.PASSWORD_VARIABLE, "no longer the password")
            law.holds_without_answers("Keystone refuses", refs)
        for name in ("keystone", "mariadb"):
            with faults.service_stopped(name):
                law.holds_without_answers(f"{name} stopped", refs)
        with faults.cell_unreachable():
            law.holds_without_answers("a cell does not answer", refs)
        law.holds("all is well again", refs, life.tunnels_remade)
