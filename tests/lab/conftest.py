# SPDX-License-Identifier: Apache-2.0
"""One scan of the lab for all tests of this folder; tests that change the cloud come last."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from calipso_nornir import ScanReport, run_scan
from calipso_nornir.store import open_store
from tests.fixtures import lab
from tests.lab import faults, faults_ovn
from tests.lab.oracle.reading import derive, read_site
from tests.lab.watching import LIMIT_S, Watch, whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.stores import Store
    from tests.lab.oracle import Truth
    from tests.lab.oracle.wiring import Site

FIRST, LAST = ("test_oracle.py", "test_truth.py"), ("test_faults.py", "test_faults_ovn.py", "test_faults_ha.py")
FAULTS = {"ovn": "test_faults_ovn.py", "ovs-dvr": "test_faults_ha.py"}
"""Variant -> its own tests of faults, which replace the general ones."""

ONLY = {"test_monitoring_deployed.py": "ovs"}
"""Tests that run in one variant only."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the tests of the unchanged cloud first, and those that change it last; drop those of other variants."""
    if "lab" in config.option.markexpr or "law" in config.option.markexpr:
        variant = lab.here().variant
        others = {*LAST} - {FAULTS.get(variant, "test_faults.py")} | {
            name for name, one in ONLY.items() if one != variant
        }
        config.hook.pytest_deselected(items=[item for item in items if item.path.name in others])
        items[:] = [item for item in items if item.path.name not in others]
        items.sort(key=lambda item: (item.path.name not in FIRST, item.path.name in LAST))


@pytest.fixture(scope="session")
def password() -> Iterator[str]:
    """The lab's password, in the environment where the environment's description refers to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(lab.PASSWORD_VARIABLE, lab.here().password)
        yield lab.here().password


@pytest.fixture(scope="session")
def known_hosts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hosts' keys: checking is strict, which is the default."""
    return lab.write_known_hosts(tmp_path_factory.mktemp("lab") / "known_hosts")


@pytest.fixture(scope="session")
def environment(known_hosts: Path, password: str) -> Environment:  # noqa: ARG001 - scans look it up
    """The lab as an environment."""
    return lab.environment(known_hosts)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The store for the scans of all tests in this folder."""
    opened = open_store(tmp_path_factory.mktemp("lab") / "lab.db")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def settled(environment: Environment, store: Store) -> tuple[Site, ScanReport]:
    """The state before any test has changed it, from all observers, and a first scan during which it did not change.

    A cloud that was just created may still change: agents report, ports become active.
    """
    end = time.monotonic() + LIMIT_S
    (site, before), report = whole(_read), run_scan(environment, store=store)
    while True:
        later, after = whole(_read)
        if (before == after and not after.contradictions) or time.monotonic() > end:
            return site, report
        site, before, report = later, after, run_scan(environment, store=store)


def _read() -> tuple[Site, Truth]:
    site = read_site()
    return site, derive(site)


@pytest.fixture(scope="session")
def site(settled: tuple[Site, ScanReport]) -> Site:
    """The state before any test has changed something, from all observers."""
    return settled[0]


@pytest.fixture(scope="session")
def truth(site: Site) -> Truth:
    """The cloud before any test has changed it."""
    return derive(site)


@pytest.fixture(scope="session")
def first_scan(settled: tuple[Site, ScanReport]) -> ScanReport:
    """The first scan of the lab."""
    return settled[1]


@pytest.fixture(scope="module")
def watch(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    """A lab that was scanned before any fault."""
    with closing(open_store(tmp_path_factory.mktemp("faults") / "faults.db")) as store:
        watching = Watch(environment, store)
        watching.tells_the_truth()
        yield watching


@pytest.fixture(scope="class")
def quiet(watch: Watch) -> Iterator[str]:
    """A compute with servers whose agents are killed, so that they do not repair faults."""
    plain = {one.end for one in watch.truth.of_type("vnic") if not one.facts.get("trunk")}
    host = next(
        one.interface.host
        for one in watch.truth.chains
        if one.owner.type == "instance" and not one.stops and one.interface in plain
    )
    killed = faults_ovn.controller_killed if lab.here().variant == "ovn" else faults.agents_killed
    with killed(host):
        yield host
    watch.tells_the_truth()
