# SPDX-License-Identifier: Apache-2.0
"""run_scan with an environment's name: how complete its description must be, and which constants count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from calipso_nornir import ReplaySource, ScanPlan, open_store, run_scan
from calipso_nornir.errors import EnvironmentInvalid, InvalidRequest, UnknownEnvironment
from calipso_nornir.metadata.environments import read_environment
from calipso_nornir.store.environments import save_environment
from tests.bundles import whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with the description of a recording, which has no secrets."""
    opened = open_store(tmp_path / "s.db")
    save_environment(opened, ReplaySource(whole.recording("ovs")).environment)
    yield opened
    opened.close()


def test_a_source_that_is_given_needs_no_secrets(store: Store) -> None:
    assert run_scan("demo-ovs", store=store, source=ReplaySource(whole.recording("ovs"))).ok
    for plan in (ScanPlan(links_only=True), ScanPlan(cliques_only=True)):
        assert run_scan("demo-ovs", store=store, plan=plan).ok


def test_a_recordings_environment_is_never_scanned_as_it_stands(store: Store) -> None:
    with pytest.raises(EnvironmentInvalid, match="recorded: came with a recording and can only be scanned from one"):
        run_scan("demo-ovs", store=store)
    with pytest.raises(InvalidRequest, match="demo-ovs came with a recording"):
        run_scan(ReplaySource(whole.recording("ovs")).environment, store=store)


def test_a_live_scan_needs_secrets(store: Store) -> None:
    lacking = {"name": "lab", "configuration": [{"name": "OpenStack", "auth_url": "http://a:5000", "user": "u"}]}
    save_environment(store, read_environment(lacking, where="test", complete=False))
    with pytest.raises(EnvironmentInvalid, match="pwd: is missing"):
        run_scan("lab", store=store)


def test_a_name_that_nobody_knows(store: Store) -> None:
    with pytest.raises(UnknownEnvironment, match="demo-ovs"):
        run_scan("prod", store=store)


def test_constants_of_the_plans_metadata_count(store: Store, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more/constants.json").write_text(json.dumps({"constants": {"mechanism_drivers": ["OurOwn"]}}))
    recorded = ReplaySource(whole.recording("ovs"))
    description = {
        "name": "own",
        "mechanism_drivers": ["OVS", "OurOwn"],
        "configuration": [{"name": "OpenStack", "auth_url": "http://192.0.2.1:5000", "user": "u", "pwd": {"env": "X"}}],
    }
    save_environment(store, read_environment(description, where="test", constants={}))
    with pytest.raises(EnvironmentInvalid, match="mechanism_drivers"):
        run_scan("own", store=store, source=recorded)
    plan = ScanPlan(metadata=(str(tmp_path / "more"),))
    assert run_scan("own", store=store, source=ReplaySource(whole.recording("ovs")), plan=plan).ok
