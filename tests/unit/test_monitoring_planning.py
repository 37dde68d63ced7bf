# SPDX-License-Identifier: Apache-2.0
"""Which checks run where, in clouds that were captured from real ones."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.checks.named_checks import CHECKS
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.monitoring.planning import plan
from tests.fixtures.vpp_cloud import CLOUD
from tests.fixtures.watched import CATALOG, check_of, planned, watched_store
from tests.unit.test_vpp_cloud import Cloud

if TYPE_CHECKING:
    from pathlib import Path

from tests.fixtures.scanning import Scanned


def test_the_metadata_and_the_probe_mean_the_same_checks() -> None:
    declared = CATALOG.monitoring.checks
    assert declared.keys() == CHECKS.keys()
    for name, check in CHECKS.items():
        known = declared[name]
        needed = {key for key, one in check.parameters.items() if one.required}
        assert set(known.needs) == needed, name
        assert set(known.accepts) <= check.parameters.keys() - needed, name


def test_each_kind_of_object_and_link_is_watched() -> None:
    for variant in ("ovs", "lb"):
        watched = {one.type for checks in planned(variant).hosts.values() for one in checks}
        expected = {*CATALOG.monitoring.objects} | {"otep-otep", "vnic-vconnector", "host_pnic-switch_pnic"}
        assert expected <= watched


@pytest.mark.parametrize(
    ("variant", "host", "check", "begins", "parameters"),
    [
        ("ovs", "cmp1", "pnic", "host_pnic_cmp1---..124..---eth0", {"device": "eth0"}),
        ("ovs", "cmp1", "vedge_ovs", "vedge_cmp1---..124..---OVS", {}),
        ("ovs", "cmp1", "vedge_pnic", "link_vedge-host_pnic_", {"bridge": "br-vtep", "device": "eth1"}),
        ("ovs", "cmp1", "ping", "otep_", {"source": "10.78.0.21", "target": "10.78.0.11"}),
        ("ovs", "cmp1", "ping", "link_otep-otep_", {"source": "10.78.0.21", "target": "10.78.0.11"}),
        ("lb", "cmp1", "vedge_lxb", "vedge_", {"bridges": ["brq0705dad1-e7", "brq5a8f1c3d-2c"]}),
    ],
)
def test_parameters(variant: str, host: str, check: str, begins: str, parameters: object) -> None:
    assert check_of(planned(variant), host=host, check=check, begins=begins).parameters == parameters


def test_what_belongs_together_is_named_as_on_the_host() -> None:
    one = check_of(planned(), host="net1", check="vnic_ovs")
    assert one.parameters["bridge"] == "br-int"
    assert one.parameters["netns"].startswith(("qdhcp-", "qrouter-"))
    service = check_of(planned(), host="net1", check="vservice")
    assert service.parameters["namespace"].endswith(service.parameters["id"])
    hybrid = check_of(planned(), host="cmp1", check="link_vnic_vconnector")
    assert hybrid.parameters["bridge"] == "qbr" + hybrid.parameters["device"].removeprefix("tap")


def test_an_instance_is_looked_at_where_its_network_has_a_dhcp_server() -> None:
    rows = [one for one in planned().hosts["net1"] if one.check == "instance_communications"]
    instances = [one for checks in planned().hosts.values() for one in checks if one.check == "instance"]
    assert {one.of for one in rows} == {one.of for one in instances}
    for one in rows:
        assert one.parameters["namespace"].startswith("qdhcp-")
        assert all({"mac", "ip"} == address.keys() for address in one.parameters["addresses"])


def test_names_are_unique_and_identity_is_beside_them() -> None:
    for host, checks in planned().hosts.items():
        assert [count for count in Counter(one.name for one in checks).values() if count > 1] == []
        content = json.loads(planned().objects_json(host))
        assert (content["version"], content["environment"], content["host"]) == (1, "lab", host)
        assert {len(one["of"]) for one in content["checks"]} <= {24}


def test_the_same_picture_gives_the_same_text(tmp_path: Path) -> None:
    store = watched_store(tmp_path / "again.db")
    again = plan(store.view("lab"), CATALOG)
    store.close()
    assert {host: again.objects_json(host) for host in again.hosts} == {
        host: planned().objects_json(host) for host in planned().hosts
    }


def test_what_cannot_be_watched_is_listed_with_the_reason(tmp_path: Path) -> None:
    store = watched_store(tmp_path / "store.db")
    view = store.view("lab")
    host = view.get(ObjectRef("lab", "host", "cmp1"))
    assert host is not None
    made = plan(view, CATALOG, excluded=["net1"])
    store.close()
    assert made.left_out == {"net1": "excluded in the environment's section CLI"}
    assert "net1" not in made.hosts
    reasons = {one.reason for one in made.unwatched if one.host == "net1"}
    assert reasons == {"host net1: excluded in the environment's section CLI"}
    assert {one.reason for one in made.unwatched if one.type == "instance"} == set(), "their domains are watched"


def test_a_host_that_no_scan_has_reached(tmp_path: Path) -> None:
    store = watched_store(tmp_path / "store.db")
    view = store.view("lab")
    host = view.get(ObjectRef("lab", "host", "cmp1"))
    assert host is not None
    silent = replace(host, attributes={key: value for key, value in host.attributes.items() if key != "os"})

    class Silent:
        environment, get, children, links = "lab", view.get, view.children, view.links

        def of_type(self, type_: str) -> object:
            return [silent if one.ref == silent.ref else one for one in view.of_type(type_)]

    made = plan(Silent(), CATALOG)  # type: ignore[arg-type]
    store.close()
    assert made.left_out == {"cmp1": "no scan has reached it over SSH yet"}


def test_vpp(tmp_path: Path) -> None:
    scanned = Scanned(tmp_path, Cloud(), environment=CLOUD)  # type: ignore[arg-type]
    scanned.scan()
    made = plan(scanned.store.view("cloud"), CATALOG)
    scanned.store.close()
    bond = check_of(made, host="cmp4", check="pnic_vpp", begins="host_pnic_cmp4---..124..---Bond")
    assert bond.parameters == {"interface": "BondEthernet0"}
    assert check_of(made, host="cmp1", check="vconnector_vpp").parameters == {"bridge_domain": 1}
    assert check_of(made, host="cmp2", check="vedge_vpp").parameters == {}
    plugged = [one.parameters["interface"] for one in made.hosts["cmp2"] if one.check == "vnic_vpp"]
    assert plugged
    assert all(one.startswith("VirtualEthernet") for one in plugged)
