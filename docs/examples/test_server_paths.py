# SPDX-License-Identifier: Apache-2.0
"""Acceptance tests of a cloud: scan it, then check what the network of its servers really is.

CLOUD names the environment (calipso env add), CALIPSO_STORE says where it is stored, EXPECTED is a file like the
expected.yaml beside this one. CLOUD_RECORDING may name a recording (calipso record): the tests then see the cloud
as it was when the recording was made, and query no host.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from nornir import InitNornir

from calipso_nornir import ReplaySource, network_paths, open_store, run_scan
from calipso_nornir.tasks import run_commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nornir.core import Nornir

    from calipso_nornir.model.stores import Store, StoreView

CLOUD = os.environ["CLOUD"]
STORE = os.environ["CALIPSO_STORE"]
RECORDING = os.environ.get("CLOUD_RECORDING")
EXPECTED = yaml.safe_load(Path(os.environ.get("EXPECTED") or Path(__file__).with_name("expected.yaml")).read_bytes())
TUNNEL_BYTES = {"vxlan": 50, "geneve": 58}  # IPv4, UDP, VXLAN (RFC 7348) or Geneve with OVN's option, inner Ethernet


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    """The store, after a scan without failures."""
    opened = open_store(STORE)
    source = ReplaySource(RECORDING) if RECORDING else None
    report = run_scan(source.environment if source else CLOUD, store=opened, source=source)
    assert report.ok, [str(one.error) for one in report.failures]
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def view(store: Store) -> StoreView:
    """What the scan found."""
    return store.view(CLOUD)


@pytest.fixture(scope="session")
def computes(store: Store) -> Iterator[Nornir]:
    """Nornir with the compute hosts that the scan found."""
    options = {"environment": CLOUD, "store": store.uri, "host_types": ["Compute"]}
    nornir = InitNornir(inventory={"plugin": "CalipsoInventory", "options": options}, logging={"enabled": False})
    yield nornir
    nornir.close_connections()


@pytest.mark.parametrize("project", EXPECTED["projects"])
def test_every_server_reaches_a_port_of_its_host_over_a_path_that_is_up(
    store: Store, view: StoreView, project: str
) -> None:
    ports = {(row["switch"], row["port"]): row["host"] for row in EXPECTED["cabling"]}
    (owner,) = (one for one in view.of_type("project") if one.name == project)
    servers = [one for one in view.of_type("instance") if one["project_id"] == owner.id and one["status"] == "ACTIVE"]
    assert servers, f"no server of {project} is running"
    off = {one.id for one in view.of_type("port") if not one.get("admin_state_up", True)}  # on purpose
    for server in servers:
        paths = [path for path in network_paths(store, server.ref, to="switch") if path.nic.get("port_id") not in off]
        wanted = [row for row in server["network_info"] if row["id"] not in off and not row.get("parent")]
        assert len({path.nic.id for path in paths}) == len(wanted), f"{server.name}: a NIC leads nowhere"
        for path in paths:
            assert path.up, f"down: {path}"
            port = path.first("switch_pnic")
            assert port is not None
            assert ports.get((path.end.name, port.name)) == server["host"], f"wrong port: {path}"


@pytest.mark.parametrize("row", EXPECTED["cabling"], ids=lambda row: f"{row['switch']} {row['port']}")
def test_every_cable_is_where_it_should_be(view: StoreView, row: dict[str, str]) -> None:
    heard = {
        (port.name, pnic["host"], pnic["local_name"])
        for link in view.links("host_pnic-switch_pnic")
        if (port := view.get(link.target)) and (pnic := view.get(link.source))
    }
    assert (row["port"], row["host"], row["interface"]) in heard


@pytest.mark.parametrize("hosts", EXPECTED["tunnels"], ids="-".join)
def test_both_ends_of_every_tunnel_know_each_other(view: StoreView, hosts: list[str]) -> None:
    links = [(view.get(link.source), view.get(link.target)) for link in view.links("otep-otep")]
    known = {(near["host"], far["host"]) for near, far in links if near and far}
    one, other = hosts
    assert {(one, other), (other, one)} <= known


def test_every_host_of_the_cabling_is_in_the_cloud(computes: Nornir, view: StoreView) -> None:
    cabled = {row["host"] for row in EXPECTED["cabling"]}
    assert cabled <= {host.name for host in view.of_type("host")}
    assert computes.inventory.hosts.keys() <= cabled, "a compute host that the cabling does not list"


@pytest.mark.skipif(RECORDING is not None, reason="queries the hosts themselves")
def test_packets_of_every_tunnelled_network_fit_into_the_tunnels(computes: Nornir, view: StoreView) -> None:
    overlays = [one for one in view.of_type("network") if one["provider_network_type"] in TUNNEL_BYTES]
    needed = max(one["mtu"] + TUNNEL_BYTES[one["provider_network_type"]] for one in overlays)
    bridges = {link.target for link in view.links("otep-vconnector")}  # the address may be on a Linux bridge
    exits = [
        *view.links("otep-host_pnic"),
        *(link for link in view.links("vconnector-host_pnic") if link.source in bridges),
    ]
    ways_out = [view.get(link.target) for link in exits]
    names = {(pnic["host"], pnic["local_name"]) for pnic in ways_out if pnic}
    answers = computes.run(task=run_commands, commands=["ip -j link"])
    assert not answers.failed_hosts
    for host, (result, *_) in answers.items():
        devices: list[dict[str, Any]] = json.loads(result.result["ip -j link"]["stdout"])
        own = [device for device in devices if (host, device["ifname"]) in names]
        assert own, f"{host}: no tunnel leaves it"
        for device in own:
            assert device["mtu"] >= needed, f"{host}: {device['ifname']} cuts packets"
