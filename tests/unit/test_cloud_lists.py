# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers are of any shape
"""The cloud's own lists omit things, or name what is not a machine: whole scans, and the rules one by one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.analysis.lookup import find_one
from calipso_nornir.errors import (
    ApiFailed,
    CellsUntold,
    CellUnreachable,
    EndpointMissing,
    HostsUnlisted,
    HostUnreachable,
    NoMachine,
    NotRecorded,
    OneMachine,
    PerhapsOneMachine,
    ServersUnlisted,
)
from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.api.machine_names import look_alikes
from calipso_nornir.fetchers.api.mentions import NO_ZONE, Mention, mentions, why_no_machine
from calipso_nornir.fetchers.cli.lldp import LldpSwitches
from calipso_nornir.link_finders.traffic import noted_segments, segment_name
from calipso_nornir.model.segments import segments_of
from calipso_nornir.testing import drive, thing
from tests.fixtures import linux
from tests.fixtures.linux import link
from tests.fixtures.scanning import Scanned

if TYPE_CHECKING:
    from pathlib import Path

CATALOGUE = "GET identity /auth/catalog"
SERVICES, SERVERS = "GET compute /os-services", "GET compute /servers/detail"
ZONES, AGENTS = "GET compute /os-availability-zone/detail", "GET network /agents"
HYPERVISORS = "GET compute /os-hypervisors/detail"
WEB1, WEB2 = "instance 77656231-0000-0000-0000-000000000000", "instance 77656232-0000-0000-0000-000000000000"


def answers(scanned: Scanned, **changes: Any) -> dict[Any, Any]:
    return {**scanned.cloud.answers(), **{globals()[name]: value for name, value in changes.items()}}


def without(rows: list[dict[str, Any]], host: str) -> list[dict[str, Any]]:
    return [row for row in rows if host not in (row.get("host"), row.get("OS-EXT-SRV-ATTR:host"))]


def cell_of_cmp2_is_silent(known: dict[Any, Any]) -> dict[Any, Any]:
    """Return what Nova answers then: other lists lack cmp2 without a word."""
    zones = [{**row, "hosts": {h: s for h, s in row["hosts"].items() if h != "cmp2"}} for row in known[ZONES]]
    return {
        **known,
        ZONES: zones,
        HYPERVISORS: [row for row in known[HYPERVISORS] if row["service"]["host"] != "cmp2"],
        SERVERS: without(known[SERVERS], "cmp2"),
        SERVICES: [
            *without(known[SERVICES], "cmp2"),
            {"binary": "nova-compute", "host": "cmp2", "status": "UNKNOWN"},
        ],
    }


# --- cells that do not answer


def test_what_is_in_a_silent_cell_stays_where_it_is(scanned: Scanned) -> None:
    before = scanned.objects()
    silent = cell_of_cmp2_is_silent(scanned.cloud.answers())
    report = scanned.scan({**silent, SERVERS: without(silent[SERVERS], "cmp1")})
    (failure,) = report.failures
    assert failure.error == CellUnreachable("R1", ("cmp2",))
    assert "cannot reach the cell of cmp2" in str(failure.error)
    after = scanned.objects()
    for key in ("parent_id", "zone", "services", "host_type", "os_id"):
        assert after["host cmp2"][key] == before["host cmp2"][key]
    assert WEB2 in after
    assert WEB1 not in after, "its host's cell did answer, and web1 is gone"
    report = scanned.scan()
    assert (report.status, report.objects.kept) == ("completed", 0)
    assert scanned.objects().keys() == before.keys()


FAILED = "6661696c-0000-0000-0000-000000000000"
"""The server that was never built: Nova keeps it in cell0."""
OF_CELL0 = f"GET compute /servers/{FAILED}"


def test_an_outage_of_cell0_removes_no_server_and_a_deleted_one_is_removed(scanned: Scanned) -> None:
    before = scanned.objects()
    without_it = {SERVERS: [row for row in scanned.cloud.answers()[SERVERS] if row["id"] != FAILED]}
    oops = ApiFailed("compute", f"/servers/{FAILED}", 500, "Unexpected API Error")
    report = scanned.scan({**scanned.cloud.answers(), **without_it, OF_CELL0: oops})
    assert [one.error for one in report.failures] == [ServersUnlisted("R1", (FAILED,), str(oops))]
    assert (report.status, report.objects.removed, report.objects.kept) == ("completed_with_errors", 0, 2), (
        "with its folder"
    )
    assert scanned.objects()[f"instance {FAILED}"] == before[f"instance {FAILED}"], "not confirmed"
    report = scanned.scan({**scanned.cloud.answers(), **without_it, OF_CELL0: ApiFailed("compute", "/", 404, "gone")})
    assert (report.status, report.objects.kept) == ("completed", 0)
    assert scanned.source.asked[f"{OF_CELL0} [R1] (2.69)"] == 1
    assert before.keys() - scanned.objects().keys() == {
        f"instance {FAILED}",
        *(one for one in before if one.startswith("instances_folder") and "without" in str(before[one]["name"])),
    }


def test_a_host_that_is_first_heard_of_in_a_silent_cell_is_told_of(tmp_path: Path) -> None:
    fresh = Scanned(tmp_path)
    report = fresh.scan(cell_of_cmp2_is_silent(fresh.cloud.answers()))
    assert [one.error for one in report.failures] == [CellUnreachable("R1", ("cmp2",))]
    assert not {"host cmp2", f"availability_zone R1|{NO_ZONE}"} & fresh.objects().keys(), "nobody told its zone"


def test_without_the_services_a_disabled_host_is_known_by_its_node(scanned: Scanned) -> None:
    known = scanned.cloud.answers()
    oops = ApiFailed("compute", "/os-services", 500, "oops")
    report = scanned.scan({**known, ZONES: cell_of_cmp2_is_silent(known)[ZONES], SERVICES: oops})
    assert ([one.error for one in report.failures], report.objects.removed) == ([oops], 0)
    found = scanned.objects()
    assert (found["host cmp2"]["zone"], found["host cmp2"]["host_type"]) == (NO_ZONE, ["Compute"])
    assert found["availability_zone R1|nova"]["hosts"] == ["cmp1", "cmp2", "net1"], "as it was known"


def test_an_older_nova_cannot_tell_of_cells(scanned: Scanned) -> None:
    known = scanned.cloud.answers()
    before = facts(scanned)
    refused = ApiFailed("compute", "/os-services", 406, "Version 2.69 is not supported by the API.")
    old = questions.services("R1", telling_of_cells=False).request
    report = scanned.scan({**known, old: known.pop(SERVICES), questions.services("R1").request: refused})
    assert (report.status, [one.error for one in report.notices]) == ("completed", [CellsUntold("R1")])
    assert "older than Stein" in str(report.notices[0].error)
    assert facts(scanned) == before


def facts(scanned: Scanned) -> dict[str, dict[str, Any]]:
    """Return all objects without when and by which questions they were seen."""
    left_out = ("last_scanned", "evidence", "digest")
    return {
        id_: {key: value for key, value in one.items() if key not in left_out} for id_, one in scanned.objects().items()
    }


def test_a_recording_of_an_earlier_release_does_not_hold_the_services(scanned: Scanned) -> None:
    before = facts(scanned)
    report = scanned.scan(answers(scanned, SERVICES=NotRecorded("GET compute /os-services", "x.calipso")))
    assert (report.status, report.troubles) == ("completed", [])
    assert facts(scanned) == before


# --- hosts that lists leave out


def test_a_disabled_host_is_known_by_the_services(scanned: Scanned) -> None:
    known = scanned.cloud.answers()
    zones = [{**row, "hosts": None if row["zoneName"] == "nova" else row["hosts"]} for row in known[ZONES]]
    services = [{**row, "status": "disabled" if row["host"] == "cmp2" else row["status"]} for row in known[SERVICES]]
    report = scanned.scan({**known, ZONES: zones, SERVICES: services})
    assert (report.status, report.objects.removed) == ("completed", 0)
    host = scanned.objects()["host cmp2"]
    assert (host["zone"], host["host_type"]) == ("nova", ["Compute"])
    assert host["services"] == [{"service": "nova-compute", "active": False, "available": True}]
    assert scanned.objects()["availability_zone R1|nova"]["hosts"] == ["cmp1", "cmp2", "net1"]


def test_servers_on_a_host_that_no_list_names(scanned: Scanned) -> None:
    host = "OS-EXT-SRV-ATTR:host"
    rows = [{**row, host: row[host] and "cmp9"} for row in scanned.cloud.answers()[SERVERS]]
    report = scanned.scan(answers(scanned, SERVERS=rows))
    assert (report.status, [one.error for one in report.notices]) == (
        "completed",
        [HostsUnlisted("R1", ("cmp9",), 2)],
    )
    assert "2 server(s) of R1 are on cmp9" in str(report.notices[0].error)
    found = scanned.objects()
    assert "host cmp9" not in found
    assert (found[WEB1]["nova_host"], "host" in found[WEB1]) == ("cmp9", False)
    assert found[WEB1]["name_path"].endswith("/R1/Instances on no known host/web1")


def test_a_service_that_is_no_machine_has_servers_all_the_same(scanned: Scanned) -> None:
    known = scanned.cloud.answers()
    node = {"id": "n", "hypervisor_hostname": "uuid", "hypervisor_type": "ironic", "service": {"host": "far"}}
    services = [*known[SERVICES], {**known[SERVICES][0], "host": "far"}]
    servers = [*known[SERVERS], {**known[SERVERS][0], "id": "bare", "OS-EXT-SRV-ATTR:host": "far"}]
    changed = {SERVICES: services, SERVERS: servers, HYPERVISORS: [*known[HYPERVISORS], node]}
    report = scanned.scan({**known, **changed})
    why = "its nova-compute controls ironic nodes, and nothing else runs under this name"
    assert (report.status, [one.error for one in report.notices]) == ("completed", [NoMachine("far", "R1", why)])
    assert "far (R1) does not count as a host" in str(report.notices[0].error)
    assert scanned.objects()["instance bare"]["nova_host"] == "far"


BRIDGE = {"type": "Bridge", "enabled": True}
KVM, FAR = {"hypervisor_type": "QEMU"}, {"hypervisor_type": "ironic"}


@pytest.mark.parametrize(
    ("name", "said", "why"),
    [
        ("cmp1", Mention({"nova-compute": {}}, nodes=[KVM]), None),
        ("cmp1", Mention({"nova-compute": {}}), None),
        ("; rm -rf /", Mention({"nova-compute": {}}), None),
        ("cmp1", Mention(silent=True), None),
        ("ctl", Mention({"nova-compute": {}, "nova-conductor": {}}, nodes=[FAR, FAR]), None),
        ("ctl", Mention({"nova-compute": {}}, nodes=[FAR, KVM]), None),
        ("ctl", Mention({"nova-compute": {}}, nodes=[FAR], agents=[{"agent_type": "DHCP agent"}]), None),
        ("far", Mention({"nova-compute": {}}, nodes=[FAR]), "its nova-compute controls ironic nodes"),
        ("far", Mention(nodes=[{"hypervisor_type": "VMware vCenter Server"}]), "controls VMware vCenter Server nodes"),
        ("net_1.example.org", Mention(agents=[{"agent_type": "L3 agent"}]), None),
        ("fd00::1", Mention(agents=[{"agent_type": "L3 agent"}]), None),
        ("ctl:1f0b", Mention(agents=[{"agent_type": "F5 agent"}]), "it is not a host name"),
        ("0c6a6fd2", Mention(agents=[{"agent_type": "Baremetal Node"}]), "stands for an Ironic node"),
        ("n1", Mention(agents=[{"agent_type": "Baremetal Node"}, {"agent_type": "L3 agent"}]), None),
    ],
)
def test_what_is_no_machine(name: str, said: Mention, why: str | None) -> None:
    found = why_no_machine(name, said)
    assert (found is None) == (why is None)
    assert why is None or why in (found or "")


def test_a_region_without_nova_and_neutron_is_one(scanned: Scanned) -> None:
    endpoints = [{"interface": "public", "url": "u", "region": "R0"}]
    catalogue = [*scanned.cloud.answers()[CATALOGUE], {"name": "swift", "type": "object-store", "endpoints": endpoints}]
    asked = [questions.zones, questions.hypervisors, questions.services, questions.aggregates, questions.servers]
    asked += [questions.networks, questions.subnets, questions.ports, questions.floating_ips, questions.agents]
    missing = {(one := question("R0")).request: EndpointMissing(one.service, "public", "R0") for question in asked}
    report = scanned.scan({**scanned.cloud.answers(), **missing, CATALOGUE: catalogue})
    assert report.status == "completed"
    assert {str(one.error) for one in report.notices} == {str(error) for error in missing.values()}
    assert scanned.objects()["region R0"]["endpoints"][0]["service_type"] == "object-store"
    required = dict.fromkeys(missing, EndpointMissing("compute", "public", "R0", required=True))
    assert scanned.scan({**scanned.cloud.answers(), **required, CATALOGUE: catalogue}).failures


# --- one machine under two names


def under_two_names(known: dict[Any, Any], *, full: str = "cmp1.example.org") -> dict[Any, Any]:
    """Return answers of a cloud in which Neutron calls cmp1 by its full name; it answers under both."""
    agents = [{**row, "host": full} if row["host"] == "cmp1" else row for row in known[AGENTS]]
    same = {f"{full}: {key.partition(': ')[2]}": told for key, told in known.items() if str(key).startswith("cmp1: ")}
    return {**known, **same, AGENTS: agents}


def test_one_machine_is_one_host_under_the_name_that_servers_are_on(scanned: Scanned) -> None:
    before = scanned.objects()
    report = scanned.scan(under_two_names(scanned.cloud.answers()))
    (notice,) = report.notices
    proof = "both have the interface with MAC address 02:00:00:00:00:15"
    assert (report.status, notice.error) == ("completed", OneMachine("cmp1", ("cmp1.example.org",), proof))
    assert "are one machine" in str(notice.error)
    after = scanned.objects()
    assert after.keys() == before.keys()
    assert after["host cmp1"]["also_called"] == ["cmp1.example.org"]
    assert after["network_agent cmp1|neutron-open"]["agent_type"] == "Open vSwitch agent"
    assert after["availability_zone R1|nova"]["hosts"] == ["cmp1", "cmp2", "net1"]
    assert scanned.source.rounds_of("cmp1.example.org") == 1
    assert find_one(scanned.store, "CMP1.example.org", type_="host")[1].id == "cmp1"


def test_an_aggregate_may_know_a_host_by_its_other_name(scanned: Scanned) -> None:
    scanned.cloud.aggregates = {1: ["cmp1", "cmp1.example.org", "gone"]}
    scanned.scan(under_two_names(scanned.cloud.answers()))
    references = {id_: one.get("ref_id") for id_, one in scanned.objects().items() if id_.startswith("host_ref")}
    assert references == {"host_ref R1|1|cmp1": scanned.objects()["host cmp1"]["_id"], "host_ref R1|1|gone": None}


def test_of_two_agents_of_a_kind_the_one_that_lives_is_the_hosts(scanned: Scanned) -> None:
    known = under_two_names(scanned.cloud.answers())
    left = {**next(row for row in known[AGENTS] if row["host"] == "cmp1.example.org"), "id": "left", "host": "cmp1"}
    scanned.scan({**known, AGENTS: [{**left, "alive": False}, *known[AGENTS]]})
    assert scanned.objects()["network_agent cmp1|neutron-open"]["agent_id"] == "cmp1-Open"


def test_two_machines_of_one_name_are_two(scanned: Scanned) -> None:
    known = under_two_names(scanned.cloud.answers())
    other = [link(name, f"02:00:00:00:99:0{number}") for number, name in enumerate(scanned.cloud.hardware)]
    report = scanned.scan({**known, f"cmp1.example.org: {linux.INTERFACES}": linux.interfaces(*other)})
    assert (report.status, report.notices) == ("completed", [])
    assert {"host cmp1", "host cmp1.example.org"} <= scanned.objects().keys()


def test_what_cannot_be_compared_stays_two_and_is_told(scanned: Scanned) -> None:
    silent = HostUnreachable("cmp1.example.org", "cmp1.example.org", "no route to host")
    known = under_two_names(scanned.cloud.answers())
    agents = [{**row, "configurations": {}} for row in known[AGENTS]]
    report = scanned.scan({**known, AGENTS: agents, "cmp1.example.org:": silent, **gone(known, "cmp1.example.org")})
    assert [one.error for one in report.notices] == [PerhapsOneMachine("cmp1", "cmp1.example.org", str(silent))]
    assert "may be the same machine" in str(report.notices[0].error)
    assert {"host cmp1", "host cmp1.example.org"} <= scanned.objects().keys()


def test_a_tunnel_address_proves_a_name_that_leads_nowhere(scanned: Scanned) -> None:
    silent = HostUnreachable("10.78.0.21", "10.78.0.21", "no route to host")
    known = under_two_names(scanned.cloud.answers(), full="10.78.0.21")
    known[HYPERVISORS] = [{**row, "host_ip": "10.78.0.21"} for row in known[HYPERVISORS][:1]]
    report = scanned.scan({**known, "10.78.0.21:": silent, **gone(known, "10.78.0.21")})
    proof = "10.78.0.21 of 10.78.0.21 is an address of cmp1"
    assert [one.error for one in report.notices] == [OneMachine("cmp1", ("10.78.0.21",), proof)]
    assert report.status == "completed"


def gone(known: dict[Any, Any], host: str) -> dict[Any, Any]:
    """Return that a host answers nothing of what it has answered."""
    silent = HostUnreachable(host, host, "no route to host")
    return {key: silent for key in known if str(key).startswith(f"{host}: ")}


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        ("a b c", []),
        ("net1 net1.example.org", [("net1", "net1.example.org")]),
        ("Net1 net1", [("Net1", "net1")]),
        ("net1.example.org net1.example.org.", [("net1.example.org", "net1.example.org.")]),
        ("net1.a.org net1.b.org", []),
        ("net1 net1.a.org net1.b.org", [("net1", "net1.a.org"), ("net1", "net1.b.org")]),
        ("10.0.0.1 10.0.0.2", []),
        ("fd00::1 fd00:0::1", [("fd00:0::1", "fd00::1")]),
        ("net1 net10 net1-b", []),
    ],
)
def test_names_that_may_be_one_machines(names: str, pairs: list[Any]) -> None:
    assert look_alikes({name: Mention() for name in names.split()}) == pairs


def test_what_the_api_says_of_a_host_makes_names_alike() -> None:
    nodes = [
        {"host_ip": "192.0.2.1", "hypervisor_hostname": "blade7.example.org", "service": {"host": "cmp1"}},
        {"host_ip": "192.0.2.2", "hypervisor_hostname": "localhost", "service": {"host": "cmp2"}},
        {"host_ip": "192.0.2.3", "hypervisor_hostname": "localhost", "service": {"host": "cmp3"}},
    ]
    agents = [{"host": host} for host in ("blade7", "192.0.2.2", "cmp3")]
    assert look_alikes(mentions([], [], nodes, agents)) == [("192.0.2.2", "cmp2"), ("blade7", "cmp1")]


# --- networks of several segments


ONE = {"provider:network_type": "vxlan", "provider:physical_network": None, "provider:segmentation_id": 77}
FLAT = {"provider:network_type": "flat", "provider:physical_network": "p1", "provider:segmentation_id": None}
HERE = {"provider:network_type": "vlan", "provider:physical_network": "p1", "provider:segmentation_id": 16}
THERE = {**HERE, "provider:physical_network": "p2", "provider:segmentation_id": 17}
MAPPED = {"configurations": {"bridge_mappings": {"p1": "br-ex"}}}
NOTED = {**MAPPED, "networks": [{"network": "n1", "network_type": "vlan", "segmentation_id": "18"}]}
LXB = {"configurations": {"interface_mappings": {"p2": "eth2"}}}


@pytest.mark.parametrize(
    ("told", "texts", "vedge", "name"),
    [
        (ONE, ["vxlan 77"], {}, "Segment-77"),
        (ONE, ["vxlan 77"], MAPPED, "Segment-77"),
        (FLAT, ["flat on p1"], MAPPED, "Segment-flat"),
        ({}, [], MAPPED, "Network-net"),
        ({"segments": []}, [], {}, "Network-net"),
        ({"segments": [HERE, THERE]}, ["vlan 16 on p1", "vlan 17 on p2"], MAPPED, "Segment-16"),
        ({"segments": [HERE, THERE]}, ["vlan 16 on p1", "vlan 17 on p2"], LXB, "Segment-17"),
        ({"segments": [HERE, THERE]}, ["vlan 16 on p1", "vlan 17 on p2"], NOTED, "Segment-18"),
        ({"segments": [HERE, THERE]}, ["vlan 16 on p1", "vlan 17 on p2"], {}, "Segment-16,17"),
        ({"segments": [HERE, "x"]}, ["vlan 16 on p1"], {}, "Segment-16"),
    ],
)
def test_the_segments_of_a_network(told: dict[str, Any], texts: list[str], vedge: dict[str, Any], name: str) -> None:
    network = thing("network", told, id="n1", name="net")
    assert [str(one) for one in segments_of(network)] == texts
    vedges = [thing("vedge", vedge)]
    assert segment_name(network, vedges, noted_segments(vedges)) == name


# --- neighbours that announce no capabilities


@pytest.mark.parametrize(
    ("heard", "taken"),
    [
        ({}, True),
        ({"name": "tor1"}, True),
        ({"capability": []}, False),
        ({"capability": {"type": "Station", "enabled": True}}, False),
        ({"name": "cmp2.example.org"}, False),
        ({"mgmt-ip": "10.77.0.22"}, False),
        ({"id": {"type": "mac", "value": "02:00:00:00:01:16"}}, False),
        ({"id": {"type": "mac", "value": "02:00:00:00:01:16"}, "capability": BRIDGE}, True),
    ],
    ids=str,
)
def test_who_announces_no_capabilities_may_be_a_switch(scanned: Scanned, heard: dict[str, Any], *, taken: bool) -> None:
    name = heard.pop("name", None)
    chassis = {"id": {"type": "local", "value": "leaf"}, **heard}
    port = {"id": {"type": "ifname", "value": "p7"}}
    told = {"eth1": {"via": "LLDP", "chassis": {name: chassis} if name else chassis, "port": port}}
    known = {**scanned.cloud.answers(), "cmp1: lldpctl -f json": json.dumps({"lldp": {"interface": told}})}
    assert scanned.scan(known).status == "completed"
    ports = [id_ for id_ in scanned.objects() if id_.startswith("switch_pnic") and id_.endswith("|p7")]
    assert bool(ports) == taken


@pytest.mark.parametrize(
    ("host", "neighbour", "taken"),
    [
        ("10.0.0.1", "10.rack7", True),
        ("10.0.0.1", "10.0.0.1", False),
        ("fd00::1", "fd00:0:0::1", False),
        ("cmp1.example.org", "cmp1", False),
    ],
)
def test_a_host_named_by_an_address_hides_no_switch(host: str, neighbour: str, *, taken: bool) -> None:
    chassis = {"id": {"type": "local", "value": "leaf"}, "capability": BRIDGE}
    port = {"id": {"type": "ifname", "value": "p7"}}
    heard = {"eth1": {"via": "LLDP", "chassis": {neighbour: chassis}, "port": port}}
    parent = thing("host", id=host, name=host)
    pnic = thing("host_pnic", id=f"{host}|eth1", host=host, local_name="eth1")
    told = {"lldpctl -f json": json.dumps({"lldp": {"interface": heard}}), "host": [parent], "host_pnic": [pnic]}
    assert bool(drive(LldpSwitches(), parent, told)) == taken
