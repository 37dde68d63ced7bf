# SPDX-License-Identifier: Apache-2.0
"""Watching the lab's hosts: 5 s after a fault that no notification announces, the picture equals a fresh scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calipso_nornir.live import service_watch
from tests.lab import acts, breaking, faults, faults_ovn, living
from tests.lab.listening import Listening, with_bus, with_watch
from tests.lab.oracle.api import Api

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from calipso_nornir.model.environment import Environment
    from tests.lab.acts import Life, Refs

pytestmark = pytest.mark.live
CABLES = 3
UNANNOUNCED_S = service_watch.EVERY_S + 15
"""Neutron and Nova send no notification about what died, so their lists are read. Nova takes 5 s longer to miss it."""


@pytest.fixture(scope="module")
def life(environment: Environment) -> Life:
    """The acts on the running lab."""
    return living.begun(environment.name)


@pytest.fixture(scope="module")
def listening(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    with Listening(with_watch(with_bus(environment)), tmp_path_factory.mktemp("live")) as started:
        yield started


def seen(listening: Listening, what: str, steps: Generator[Refs]) -> None:
    """Cause and repair a fault, and check after each step."""
    for number, _ in enumerate(steps, 1):
        listening.check(f"{what} ({number})")


def ovns_tunnel_deleted(host: str) -> Generator[Refs]:
    """Delete a tunnel of OVN, and restore it."""
    with faults_ovn.tunnel_deleted(host):
        yield []
    yield []


def test_cables_that_are_pulled_are_seen(listening: Listening, life: Life) -> None:
    with listening.judged():
        for number in range(CABLES):
            seen(listening, f"cable {number + 1}", acts.a_cable_pulled(life))


def test_wiring_that_is_broken_is_seen(listening: Listening, life: Life) -> None:
    life.api = Api()
    host, tap = breaking.tap_of_a_server(life)
    killed = faults_ovn.controller_killed if life.variant == "ovn" else faults.agents_killed
    with listening.judged(), killed(host):  # it would repair what is broken
        listening.check("its agents and services died", pause_s=UNANNOUNCED_S)
        if life.variant == "ovn":
            wiring = [("a tunnel deleted", ovns_tunnel_deleted(host))]
        else:
            wiring = [
                ("a bridge deleted", breaking.a_bridge_deleted(life, host, tap)),
                ("a tunnel removed", breaking.a_tunnel_removed(life, host)),
            ]
        for what, steps in [*wiring, ("a tap unplugged", breaking.a_tap_unplugged(life, host, tap))]:
            seen(listening, what, steps)
