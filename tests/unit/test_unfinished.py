# SPDX-License-Identifier: Apache-2.0
"""What agents have still to finish, as pictures of a small cloud show it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from calipso_nornir.live.unfinished import has_unfinished
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.sources.recording import ReplaySource
from calipso_nornir.store import open_store
from calipso_nornir.store.documents import object_document
from tests.fixtures.living import Changing
from tests.fixtures.tiny_cloud import CLOUD, LAN, ROUTER, TinyCloud, port_id

BUNDLES = Path(__file__).parents[1] / "lab" / "recorded"
WEB1 = "77656231-0000-0000-0000-000000000000"
LISTS = {
    "ports": "GET network /ports",
    "subnets": "GET network /subnets",
    "floating": "GET network /floatingips",
    "routers": "GET network /routers",
    "agents": "GET network /agents",
    "servers": "GET compute /servers/detail",
}


def unfinished(folder: Path, **changes: dict[str, dict[str, Any]]) -> set[tuple[str, str]]:
    """Return what is unfinished in a cloud in which rows are changed: list -> id -> fields."""
    cloud = TinyCloud()
    answers: dict[Any, Any] = cloud.answers()
    also = {
        LISTS[name]: [{**row, **rows.get(row["id"], {})} for row in answers[LISTS[name]]]
        for name, rows in changes.items()
    }
    folder.mkdir(exist_ok=True)
    with closing(open_store(folder / "calipso.db")) as store:
        assert run_scan(CLOUD, store=store, source=Changing(cloud, also)).status == "completed"
        view = store.view("cloud")
        refs = [one.ref for type_ in ("port", "network", "instance", "vservice") for one in view.of_type(type_)]
        return {(one.type, one.id) for one in refs if has_unfinished(view, [one])}


WEB1S = {("port", port_id("web1")), ("instance", WEB1)}


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ({}, set()),
        ({"status": "DOWN"}, WEB1S),
        ({"status": "BUILD"}, WEB1S),
        ({"status": "DOWN", "admin_state_up": False}, set()),
        ({"admin_state_up": False}, WEB1S),
        ({"status": "DOWN", "binding:host_id": ""}, set()),
        ({"status": "DOWN", "binding:vif_type": "binding_failed"}, set()),
        ({"status": "ERROR"}, set()),
        ({"status": "N/A"}, set()),
    ],
)
def test_a_port_is_finished_when_its_agent_says_so(
    tmp_path: Path, port: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    assert unfinished(tmp_path, ports={port_id("web1"): port}) == expected


def test_a_server_is_finished_when_it_is_built_and_its_ports_are(tmp_path: Path) -> None:
    assert unfinished(tmp_path / "a", servers={WEB1: {"status": "BUILD"}}) == {("instance", WEB1)}
    off = {"servers": {WEB1: {"status": "SHUTOFF"}}, "ports": {port_id("web1"): {"status": "DOWN"}}}
    assert unfinished(tmp_path / "b", **off) == {("port", port_id("web1"))}, "it is off: its ports may be down"


def test_a_router_is_finished_when_its_ports_are(tmp_path: Path) -> None:
    expected = {("port", port_id("rif")), ("vservice", f"net1|qrouter-{ROUTER}")}
    assert unfinished(tmp_path, ports={port_id("rif"): {"status": "DOWN"}}) == expected


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ({"status": "DOWN"}, True),
        ({"status": "DOWN", "binding:vif_type": "unbound"}, True),
        ({"status": "DOWN", "binding:vif_type": "binding_failed"}, False),
        ({"status": "DOWN", "admin_state_up": False}, False),
        ({"status": "DOWN", "device_id": "reserved_dhcp_port"}, False),
        ({"status": "DOWN", "device_owner": "compute:nova"}, False),
        ({"status": "ACTIVE"}, False),
    ],
)
def test_the_port_of_a_router_is_finished_when_an_agent_has_bound_it(
    tmp_path: Path, port: dict[str, Any], *, expected: bool
) -> None:
    """OVN's are bound nowhere, and active."""
    unbound = {"binding:host_id": "", "device_owner": "network:router_interface", "device_id": ROUTER, **port}
    assert (("port", port_id("rif")) in unfinished(tmp_path, ports={port_id("rif"): unbound})) == expected


def test_a_router_that_is_deleted_is_finished_when_its_namespace_is_gone(tmp_path: Path) -> None:
    assert unfinished(tmp_path, routers={ROUTER: {"id": "another"}}) == {("vservice", f"net1|qrouter-{ROUTER}")}


@pytest.mark.parametrize("port", [{}, {"status": "DOWN", "admin_state_up": False}, {"binding:host_id": ""}])
def test_a_floating_ip_is_finished_when_its_router_has_it(tmp_path: Path, port: dict[str, Any]) -> None:
    """Whatever the state of its own port."""
    assert unfinished(tmp_path, floating={"f1": {"status": "DOWN"}}, ports={port_id("web1"): port}) == WEB1S


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ({}, {("network", LAN)}),
        ({"fixed_ips": [{"subnet_id": f"s-{LAN}", "ip_address": "10.0.0.2"}]}, set()),
        (
            {"status": "DOWN", "fixed_ips": [{"subnet_id": f"s-{LAN}", "ip_address": "10.0.0.2"}]},
            {("network", LAN), ("port", port_id("dhcp"))},
        ),
        ({"fixed_ips": [{"subnet_id": "another", "ip_address": "10.0.9.2"}]}, {("network", LAN)}),
    ],
)
def test_a_network_is_finished_when_each_subnet_has_its_dhcp_server(
    tmp_path: Path, port: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    ports = {port_id("dhcp"): {"device_owner": "network:dhcp", **port}}
    wanted = {"subnets": {f"s-{LAN}": {"enable_dhcp": True}}, "ports": ports}
    assert unfinished(tmp_path / "a", **wanted) == expected
    nobody = {"net1-DHCP": {"agent_type": "another"}}
    assert ("network", LAN) not in unfinished(tmp_path / "b", **wanted, agents=nobody), "no agent runs any (OVN)"


def test_metadata_is_finished_when_each_network_of_a_hosts_servers_has_a_namespace(tmp_path: Path) -> None:
    source = ReplaySource(BUNDLES / "ovn.calipso")
    with closing(open_store(tmp_path / "calipso.db")) as store:
        run_scan(source.environment, store=store, source=source)
        view = store.view(source.environment.name)

        def differing() -> list[str]:
            return [one.id for one in view.of_type("vservices_folder") if has_unfinished(view, [one.ref])]

        assert differing() == [], "as a real agent had made them"
        gone = next(one for one in view.of_type("vservice") if one["service_type"] == "metadata")
        with store.write(view.environment) as writer:
            writer.remove("inventory", [gone.ref.document_id])
        assert differing() == [f"{gone['host']}|vservices"]


@pytest.mark.parametrize("bundle", ["ovs", "ovn"])
def test_a_router_is_finished_when_its_gateway_has_its_floating_ips(tmp_path: Path, bundle: str) -> None:
    source = ReplaySource(BUNDLES / f"{bundle}.calipso")
    with closing(open_store(tmp_path / "calipso.db")) as store:
        run_scan(source.environment, store=store, source=source)
        view = store.view(source.environment.name)

        def unserved() -> set[str]:
            return {one.id for one in view.of_type("vservice") if has_unfinished(view, [one.ref])}

        before = unserved()
        gateways = [
            one
            for one in view.of_type("vnic")
            if any(str(address).endswith("/32") and address != "169.254.169.254/32" for address in one["addresses"])
        ]
        assert bool(gateways) is (bundle != "ovn"), "OVN has no namespaces of routers"
        for one in gateways:
            assert one["vservice_id"] not in before, "as a real agent had made it"
            for addresses in (one["addresses"][:1], [*one["addresses"], "203.0.113.250/32"]):
                document = object_document(replace(one, attributes={**one.attributes, "addresses": addresses}))
                with store.write(view.environment) as writer:
                    writer.put("inventory", [document])
                assert one["vservice_id"] in unserved()
            standby = object_document(replace(one, attributes={**one.attributes, "addresses": ["fe80::1/64"]}))
            with store.write(view.environment) as writer:
                writer.put("inventory", [standby])
            assert one["vservice_id"] not in unserved()
