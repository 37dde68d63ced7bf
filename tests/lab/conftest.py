# SPDX-License-Identifier: Apache-2.0
"""One scan of the lab for all tests of this folder; tests that change the cloud come last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calipso_nornir import ScanReport, run_scan
from calipso_nornir.store import open_store
from tests.fixtures import lab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Store


@pytest.fixture(scope="session", autouse=True)
def _password() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(lab.PASSWORD_VARIABLE, lab.here().password)
        yield


@pytest.fixture(scope="session")
def known_hosts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hosts' keys: checking is strict, as it is by default."""
    return lab.write_known_hosts(tmp_path_factory.mktemp("lab") / "known_hosts")


@pytest.fixture(scope="session")
def environment(known_hosts: Path) -> Environment:
    """The lab as an environment."""
    return lab.environment(known_hosts)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The store that all tests of this folder scan into."""
    opened = open_store(tmp_path_factory.mktemp("lab") / "lab.db")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def first_scan(environment: Environment, store: Store) -> ScanReport:
    """The first scan of the lab."""
    return run_scan(environment, store=store)
