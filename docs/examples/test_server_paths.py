# SPDX-License-Identifier: Apache-2.0
"""Acceptance tests of a cloud: scan it, then check what the network of its servers really is.

CLOUD names the environment (calipso env add), CALIPSO_STORE says where it is kept. CLOUD_RECORDING may name a
recording (calipso record): the tests then look at the cloud as it was when that was made.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from nornir import InitNornir

from calipso_nornir import ReplaySource, network_paths, open_store, run_scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nornir.core import Nornir

    from calipso_nornir.model.protocols import Store, StoreView

CLOUD = os.environ["CLOUD"]
STORE = os.environ["CALIPSO_STORE"]
RECORDING = os.environ.get("CLOUD_RECORDING")


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    """The store, after a scan in which nothing was left out."""
    opened = open_store(STORE)
    source = ReplaySource(RECORDING) if RECORDING else None
    report = run_scan(source.environment if source else CLOUD, store=opened, source=source)
    assert report.ok, [str(one.error) for one in report.failures]
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def view(store: Store) -> StoreView:
    """What was found."""
    return store.view(CLOUD)


@pytest.fixture(scope="session")
def nornir(store: Store) -> Nornir:
    """Nornir with the hosts that the scan has found."""
    options = {"environment": CLOUD, "store": store.uri}
    return InitNornir(inventory={"plugin": "CalipsoInventory", "options": options}, logging={"enabled": False})


def test_every_nic_of_acme_reaches_the_switch_port_of_its_host(store: Store, view: StoreView) -> None:
    (acme,) = (project for project in view.of_type("project") if project.name == "acme")
    servers = [one for one in view.of_type("instance") if one["project_id"] == acme.id]
    assert servers
    for server in servers:
        paths = network_paths(store, server.ref, to="switch_pnic")
        assert len({path.nic.id for path in paths}) == len(server["network_info"]), (
            f"{server.name}: a NIC leads nowhere"
        )
        for path in paths:
            assert path.up, f"down: {path}"
            assert path.end.name == f"t-{server['host']}", f"wrong port: {path}"


def test_every_compute_host_has_a_tunnel_end_point(nornir: Nornir, view: StoreView) -> None:
    computes = nornir.filter(filter_func=lambda host: "Compute" in host["host_type"]).inventory.hosts
    tunnels = {otep["host"] for otep in view.of_type("otep")}
    assert computes
    assert computes.keys() <= tunnels


def test_both_ends_of_every_tunnel_know_each_other(view: StoreView) -> None:
    tunnels = {(link.source.id, link.target.id) for link in view.links("otep-otep")}
    assert tunnels
    assert {(far, near) for near, far in tunnels} == tunnels
