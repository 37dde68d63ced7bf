# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - rows and answers are JSON of any shape
"""Fetchers of the API on unusual clouds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.errors import (
    ApiFailed,
    ApiUnreachable,
    DatabaseUnavailable,
    EndpointMissing,
    NetworksUnlisted,
    NotAuthorized,
    NotRecorded,
    ParseError,
    SourceNotConfigured,
    ViewRestricted,
)
from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.api.aggregates import AggregateHosts, Aggregates
from calipso_nornir.fetchers.api.instances import HostlessInstances, Instances
from calipso_nornir.fetchers.api.mentions import NO_ZONE, mentions
from calipso_nornir.fetchers.api.network_agents import NetworkAgents
from calipso_nornir.fetchers.api.networks import UNKNOWN_PROJECTS, Networks
from calipso_nornir.fetchers.api.ports import BINDING_LEVELS, UNKNOWN_NETWORKS, Ports
from calipso_nornir.fetchers.api.projects import Projects
from calipso_nornir.fetchers.api.regions import Regions
from calipso_nornir.fetchers.api.unlisted import MOST
from calipso_nornir.fetchers.api.zones import AvailabilityZones, Hosts
from calipso_nornir.model.protocols import Reply
from calipso_nornir.testing import AT, drive, thing

REGION = thing("region", id="R1", region="R1")
UNASKED: dict[str, Any] = {"GET compute /os-services": [], "GET compute /os-hypervisors/detail": []}
OOPS = ApiFailed("network", "/x", 500, "oops")
STRANGE = ["; rm -rf /", "$(reboot)", "a/b.c", "🦀 \u202e|%2F", "-oProxyCommand=x", "'\"`\n"]


def zone(name: str, **hosts: list[str]) -> dict[str, Any]:
    up = {"active": True, "available": True, "updated_at": "2026"}
    return {
        "zoneName": name,
        "zoneState": {"available": True},
        "hosts": {host: dict.fromkeys(services, up) for host, services in hosts.items()},
    }


def agent(host: str, type_: str = "L3 agent", zone_name: str | None = "nova", **more: Any) -> dict[str, Any]:
    binary = type_.lower().replace(" ", "-")
    return {"id": f"{host}-{binary}", "host": host, "agent_type": type_, "binary": binary, **more} | (
        {} if zone_name == "absent" else {"availability_zone": zone_name}
    )


def hosts(zone_name: str, zones: Any, agents: Any = (), hypervisors: Any = ()) -> Any:
    return drive(
        Hosts(),
        thing("availability_zone", id=f"R1|{zone_name}", zone=zone_name, region="R1"),
        {
            "GET compute /os-availability-zone/detail": zones,
            "GET compute /os-hypervisors/detail": hypervisors if isinstance(hypervisors, ApiFailed) else [*hypervisors],
            "GET network /agents": agents if isinstance(agents, ApiFailed) else [*agents],
            "GET compute /os-services": [],
        },
    )


# --- regions and projects


def test_a_region_is_what_some_endpoint_names() -> None:
    url = {"interface": "public", "url": "http://a"}
    catalogue = [
        {"name": "nova", "type": "compute", "endpoints": [{**url, "region_id": "R2"}, {**url, "region": "R1"}]},
        {"name": "old", "type": "volume", "endpoints": [{**url, "region_id": None, "region": None}]},
        {"name": "idle", "type": "dns", "endpoints": []},
        {"name": "odd", "type": "image", "endpoints": [{"region": "R1"}]},
    ]
    found = drive(Regions(), thing("regions_folder"), {"GET identity /auth/catalog": catalogue}).by_id
    assert list(found) == ["R1", "R2"]
    assert found["R1"].attributes == {
        "region": "R1",
        "endpoints": [{"service": "nova", "service_type": "compute", "publicURL": "http://a"}],
    }


def test_no_region_is_found_in_an_empty_catalogue() -> None:
    assert drive(Regions(), thing("regions_folder"), {"GET identity /auth/catalog": []}) == []


def test_domains_that_act_as_projects_are_none_and_a_name_may_be_missing() -> None:
    rows = [{"id": "d", "name": "dom", "is_domain": True}, {"id": "p", "name": "", "is_domain": False}]
    found = drive(Projects(), thing("projects_folder"), {"GET identity /projects": rows})
    assert [(one.id, one.name, one.attributes) for one in found] == [("p", "p", {"parent_project_id": None})]


# --- zones and hosts


def test_a_host_in_two_zones_stands_where_its_compute_service_works() -> None:
    zones = [zone("internal", h1=["nova-conductor"]), zone("az1", h1=["nova-compute"])]
    assert [one.id for one in hosts("az1", zones)] == ["h1"]
    assert hosts("internal", zones) == []


def test_a_host_whose_compute_service_is_dead_is_a_compute_host() -> None:
    dead = zone("az1", h1=["nova-compute"])
    dead["hosts"]["h1"]["nova-compute"] = {"active": True, "available": False}
    (found,) = hosts("az1", [dead, zone("internal", h1=["nova-conductor"])])
    assert found.attributes["host_type"] == ["Compute", "Controller"]
    assert found.attributes["services"] == [
        {"service": "nova-compute", "active": True, "available": False},
        {"service": "nova-conductor", "active": True, "available": True},
    ]


@given(st.data())
def test_the_order_of_an_answer_moves_no_host(data: st.DataObject) -> None:
    zones = [zone("b", h1=["x"], h2=["nova-compute"]), zone("a", h1=["y"]), zone("c", h2=["nova-compute"])]
    agents = [agent("h3", zone_name="n2"), agent("h3", zone_name="n1"), agent("h3", zone_name=""), agent("h1")]
    shuffled = mentions(data.draw(st.permutations(zones)), [], [], data.draw(st.permutations(agents)))
    assert {name: one.zone for name, one in shuffled.items()} == {"h1": "a", "h2": "b", "h3": "n1"}


def test_hosts_of_neutron_only() -> None:
    agents = [
        agent("net1", "DHCP agent"),
        agent("net2", "Open vSwitch agent", None),
        agent("net2", "Metadata agent", ""),
        agent("odd", "Open vSwitch agent", "absent"),
    ]
    answers = {**UNASKED, "GET compute /os-availability-zone/detail": [zone("az1")], "GET network /agents": agents}
    zones = drive(AvailabilityZones(), REGION, answers).by_id
    assert {id_: (one.attributes["available"], one.attributes["hosts"]) for id_, one in zones.items()} == {
        f"R1|{NO_ZONE}": (None, ["net2", "odd"]),
        "R1|az1": (True, []),
        "R1|nova": (None, ["net1"]),
    }
    assert [(one.id, one.attributes["host_type"]) for one in hosts(NO_ZONE, [], agents)] == [
        ("net2", ["Network"]),
        ("odd", []),
    ]


def test_without_agents_a_network_node_does_not_stop_being_one() -> None:
    found = hosts("az1", [zone("az1", h1=["nova-compute"])], OOPS)
    assert list(found.gaps.values()) == [OOPS]
    assert "host_type" not in found[0].attributes
    answers = {
        **UNASKED,
        "GET compute /os-availability-zone/detail": [zone("az1", h1=["nova-compute"])],
        "GET network /agents": OOPS,
    }
    zones = drive(AvailabilityZones(), REGION, answers)
    assert (list(zones.gaps.values()), "hosts" in zones[0].attributes) == ([OOPS], False)


def test_without_hypervisors_only_their_attributes_are_missing() -> None:
    found = hosts("az1", [zone("az1", h1=["nova-compute"])], hypervisors=OOPS)
    assert (list(found.blanks.values()), found.gaps) == ([OOPS], {})
    assert "os_id" not in found[0].attributes


def test_a_bare_metal_service_has_many_nodes_and_none_is_its_own() -> None:
    nodes = [{"id": n, "host_ip": f"192.0.2.{n}", "service": {"host": "ironic1"}} for n in range(3)]
    nodes += [{"id": 7, "host_ip": "192.0.2.7", "hypervisor_hostname": "k.example", "service": {"host": "kvm1"}}]
    found = hosts("az1", [zone("az1", ironic1=["nova-compute"], kvm1=["nova-compute"])], [], nodes).by_id
    assert "os_id" not in found["ironic1"].attributes
    assert {key: found["kvm1"].attributes[key] for key in ("os_id", "ip_address", "hypervisor_hostname")} == {
        "os_id": "7",
        "ip_address": "192.0.2.7",
        "hypervisor_hostname": "k.example",
    }


def test_hosts_with_strange_names_keep_them_and_get_harmless_ids() -> None:
    found = hosts("az1", [zone("az1", **{key: ["nova-compute"] for key in STRANGE})])
    assert {one.name for one in found} == set(STRANGE)
    assert len(found.by_id) == len(STRANGE)
    assert all("/" not in one.id and one.attributes["host"] == one.id for one in found)


# --- aggregates


def test_aggregates_and_their_hosts() -> None:
    rows = [{"id": 7, "name": "ssd", "hosts": ["h2", "a/b"], "metadata": {}, "deleted": False, "deleted_at": None}]
    (found,) = drive(Aggregates(), REGION, {"GET compute /os-aggregates": rows})
    assert (found.id, found.attributes) == (
        "R1|7",
        {"hosts": ["a/b", "h2"], "metadata": {}, "number": 7, "region": "R1"},
    )
    known = [thing("host", id="a%2Fb", name="a/b", host="a%2Fb")]
    parent = thing("aggregate", dict(found.attributes), id="R1|7")
    references = drive(AggregateHosts(), parent, {"host": known})
    assert [(one.id, one.name, one.attributes) for one in references] == [
        ("R1|7|a%2Fb", "a/b", {"host": "a%2Fb", "ref_id": known[0].ref.document_id}),
        ("R1|7|h2", "h2", {"host": "h2"}),
    ]
    assert drive(AggregateHosts(), thing("aggregate", id="R1|8", hosts=[]), {}) == []


# --- networks


def networks(rows: list[dict[str, Any]], subnets: Any = (), projects: Any = ()) -> Any:
    answers = {"GET network /networks": rows, "GET network /subnets": subnets, "project": projects}
    return drive(Networks(), REGION, answers)


ACME = thing("project", id="p1", name="acme")


def test_networks_without_a_name_or_of_one_name_stay_apart() -> None:
    rows = [{"id": id_, "name": name, "project_id": "p1"} for id_, name in (("n1", ""), ("n2", "x"), ("n3", "x"))]
    found = networks(rows, [], [ACME])
    assert [(one.id, one.name, str(one.under)) for one in found] == [
        ("n1", "n1", "networks_folder p1|networks"),
        ("n2", "x", "networks_folder p1|networks"),
        ("n3", "x", "networks_folder p1|networks"),
    ]


def test_subnets_of_one_name_or_without_one_all_stay() -> None:
    subnets = [
        {"id": "s2", "name": "", "cidr": "192.0.2.0/24", "network_id": "n1"},
        {"id": "s1", "name": "", "cidr": "2001:db8::/64", "network_id": "n1"},
        {"id": "s3", "name": "", "cidr": "198.51.100.0/24", "network_id": "n2"},
    ]
    row = {"id": "n1", "name": "n", "subnets": ["s2", "s1", "gone"], "project_id": "p1"}
    (found,) = networks([row], subnets, [ACME])
    assert found.attributes["subnets"] == [subnets[1], subnets[0]]
    assert found.attributes["cidrs"] == ["2001:db8::/64", "192.0.2.0/24"]
    assert found.attributes["subnet_ids"] == ["gone", "s1", "s2"]


@pytest.mark.parametrize("owner", [{"project_id": ""}, {"tenant_id": ""}, {}, {"project_id": "forgotten"}])
def test_networks_of_nobody_have_a_place(owner: dict[str, str]) -> None:
    (found,) = networks([{"id": "ha", "name": "HA network tenant p1", **owner}], [], [ACME])
    assert (found.under, found.folder) == (REGION.ref, UNKNOWN_PROJECTS)
    assert found.attributes["project"] is None


def test_a_tenant_id_is_as_good_as_a_project_id() -> None:
    (found,) = networks([{"id": "n", "name": "n", "tenant_id": "p1"}], [], [ACME])
    assert found.attributes["project"] == "acme"


def test_no_network_is_taken_for_gone_because_projects_are_in_doubt() -> None:
    found = networks([{"id": "n", "name": "n", "project_id": "p1"}], [], Reply([], AT, OOPS))
    assert (found.gaps, found.blanks) == ({}, {"every project": OOPS})


# --- ports


def ports(
    rows: list[dict[str, Any]],
    floating: Any = (),
    database: Any = None,
    projects: Any = (),
    network_rows: Any = None,
) -> Any:
    answers = {
        "GET network /ports": rows,
        "GET network /floatingips": floating,
        "GET network /networks": [{"id": "n1"}] if network_rows is None else network_rows,
        BINDING_LEVELS: SourceNotConfigured("mysql") if database is None else database,
        "project": projects,
    }
    return drive(Ports(), REGION, answers)


PORT = {"id": "01234567-89ab-cdef", "mac_address": "02:00:00:00:00:01", "network_id": "n1", "project_id": "p1"}


def test_a_port_is_called_by_its_mac_and_keeps_its_name() -> None:
    (found,) = ports([{**PORT, "name": "uplink"}], [], None, [ACME])
    assert (found.name, str(found.under)) == ("02:00:00:00:00:01", "ports_folder n1|ports")
    assert found.attributes == {
        "mac_address": "02:00:00:00:00:01",
        "network_id": "n1",
        "network": "n1",
        "project_id": "p1",
        "project": "acme",
        "port_name": "uplink",
        "floating_ips": [],
        "tap_suffix": "01234567-89",
    }


def test_a_port_on_a_network_that_no_list_has_stands_below_the_region() -> None:
    found = ports([PORT, {**PORT, "id": "p2", "network_id": "gone"}])
    assert [(str(one.under), one.folder) for one in found] == [
        ("ports_folder n1|ports", None),
        ("None", UNKNOWN_NETWORKS),
    ]
    assert found.told == [NetworksUnlisted("R1", ("gone",), 1)]
    assert "1 port(s) of R1 are on gone" in str(found.told[0])


@pytest.mark.parametrize("network_rows", [OOPS, Reply([], AT, OOPS)], ids=["no answer", "not whole"])
def test_a_port_stays_when_the_networks_are_not_all_told(network_rows: Any) -> None:
    found = ports([PORT], network_rows=network_rows)
    assert ([str(one.under) for one in found], found.told) == (["ports_folder n1|ports"], [])


def test_a_port_without_a_mac_is_called_by_its_id() -> None:
    (found,) = ports([{**PORT, "mac_address": None}])
    assert found.name == PORT["id"]


def test_floating_ips_come_in_one_order() -> None:
    floating = [
        {"id": "f2", "port_id": PORT["id"], "floating_ip_address": "203.0.113.2", "router_id": "r"},
        {"id": "f1", "port_id": PORT["id"], "floating_ip_address": "203.0.113.1", "status": "ACTIVE"},
        {"id": "f3", "port_id": None, "floating_ip_address": "203.0.113.3"},
    ]
    (found,) = ports([PORT], floating)
    assert [one["id"] for one in found.attributes["floating_ips"]] == ["f1", "f2"]


def test_what_could_not_be_asked_is_left_out() -> None:
    found = ports([PORT], OOPS, DatabaseUnavailable("db", "down"))
    assert set(found.blanks) == {"GET network /floatingips [R1]", str(BINDING_LEVELS)}
    assert not {"floating_ips", "binding_levels"} & found[0].attributes.keys()


def test_binding_levels_come_from_the_database() -> None:
    rows = [
        {"port_id": PORT["id"], "host": "h1", "level": 0, "driver": "openvswitch", "network_type": "vxlan"},
        {"port_id": "other", "host": "h1", "level": 0, "driver": "openvswitch", "network_type": "vlan"},
    ]
    found = ports([PORT, {**PORT, "id": "unbound"}], [], rows).by_id
    assert found[PORT["id"]].attributes["binding_levels"] == [
        {"host": "h1", "level": 0, "driver": "openvswitch", "network_type": "vxlan"}
    ]
    assert found["unbound"].attributes["binding_levels"] == []


# --- instances


HOST = thing("host", id="h1", name="h1", region="R1")


def server(id_: str, host: Any = "h1", **more: Any) -> dict[str, Any]:
    return {"id": id_, "name": id_, "OS-EXT-SRV-ATTR:host": host, "tenant_id": "p1", **more}


def instances(
    rows: list[dict[str, Any]], port_rows: Any = (), network_rows: Any = (), fetcher: Any = None, parent: Any = REGION
) -> Any:
    answers = {
        **UNASKED,
        "GET compute /servers/detail": rows,
        "GET network /ports": port_rows,
        "GET network /networks": network_rows,
        "GET compute /os-availability-zone/detail": [zone("az1", h1=["nova-compute"], h2=["nova-compute"])],
        "GET network /agents": [],
    }
    return drive(fetcher or Instances(), HOST if fetcher is None else parent, answers)


def test_only_the_hosts_own_servers_are_its_own() -> None:
    rows = [server("i1"), server("i2", "h2"), server("i3", None), server("i4", "")]
    assert [one.id for one in instances(rows)] == ["i1"]
    hostless = instances(rows, fetcher=HostlessInstances())
    assert [(one.id, one.folder.text) for one in hostless] == [
        ("i3", "Instances without a host"),
        ("i4", "Instances without a host"),
    ]
    assert all("host" not in one.attributes for one in hostless)


NO_SUCH = ApiFailed("compute", "/servers/i9", 404, "Instance i9 could not be found.")
PARTIAL = {"id": "i9", "status": "UNKNOWN", "tenant_id": "p1"}
"""As Nova answers from 2.69 on for a server in a cell that does not answer (api-guide, "Handling Down Cells")."""


def hostless(answer: Any, *known: str, listed: Any = (), more: Any = None) -> Any:
    """Drive the fetcher of servers without a host, which had found some before; ``answer``: to GET /servers/{id}."""
    answers = {
        **UNASKED,
        "GET compute /servers/detail": [server(id_, None) for id_ in listed],
        "GET network /ports": [],
        "GET network /networks": [],
        "GET compute /os-availability-zone/detail": [],
        "GET network /agents": [],
        "formerly": [thing("instance", {"uuid": id_}, id=id_) for id_ in known],
        **{f"GET compute /servers/{id_}": answer for id_ in known},
        **(more or {}),
    }
    return drive(HostlessInstances(), REGION, answers)


def asked_for(found: Any) -> list[str]:
    return [one for asked in found.asked for one in asked if one.startswith("GET compute /servers/") and "?" not in one]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (PARTIAL, "GET compute /servers/i9 [R1] (2.69) shows it"),
        (ApiFailed("compute", "/servers/i9", 500, "oops"), "compute answered /servers/i9 with 500: oops"),
        (ApiUnreachable("http://nova", "refused"), "http://nova"),
        (NotAuthorized("compute", "/servers/i9", "policy"), "policy"),
    ],
)
def test_a_server_without_a_host_that_may_exist_is_kept_and_reported(answer: Any, said: str) -> None:
    found = hostless(answer, "i9")
    assert (list(found), found.gaps, list(found.kept)) == ([], {}, ["i9"])
    assert said in str(found.kept["i9"])
    assert "no longer lists 1 server(s) without a host (i9), but they may exist" in str(found.kept["i9"])


@pytest.mark.parametrize(
    "error",
    [NO_SUCH, NotRecorded("GET compute /servers/i9", "x.calipso"), EndpointMissing("compute", "public", "R1")],
    ids=["deleted", "an older recording", "a region that no longer has compute"],
)
def test_a_server_that_is_certainly_gone_is_not_kept(error: Any) -> None:
    found = hostless(error, "i9")
    assert (list(found), found.gaps, found.kept) == ([], {}, {})


def test_only_servers_that_are_missing_are_asked_for_and_only_so_many() -> None:
    known = [f"i{number:03}" for number in range(MOST + 3)]
    elsewhere = thing("instance", {"uuid": "far", "nova_host": "far"}, id="far")
    found = hostless(NO_SUCH, *known, listed=["i000"])
    assert len(asked_for(found)) == MOST
    assert not any("/servers/i000" in one for one in asked_for(found)), "it is listed"
    assert sorted(found.kept) == known[-2:], "they could not be asked for"
    assert f"one scan asks for at most {MOST} of them" in str(found.kept[known[-1]])
    assert asked_for(hostless(NO_SUCH, more={"formerly": [elsewhere]})) == []


def test_what_is_missing_from_an_incomplete_list_is_not_asked_for() -> None:
    oops = ApiFailed("network", "/agents", 500, "oops")
    found = hostless(NO_SUCH, "i9", more={"GET network /agents": oops})
    assert (found.kept, list(found.gaps.values()), asked_for(found)) == ({}, [oops], [])


def test_an_older_nova_is_asked_without_its_microversion() -> None:
    refused = ApiFailed("compute", "/os-services", 406, "Version 2.69 is not supported by the API.")
    new, old = (str(questions.services("R1", telling_of_cells=told)) for told in (True, False))
    found = hostless(PARTIAL, "i9", more={new: refused, old: []})
    assert "GET compute /servers/i9 [R1] shows it" in str(found.kept["i9"])


@pytest.mark.parametrize("fetcher", [Instances(), HostlessInstances()], ids=["of a host", "of none"])
def test_servers_whose_host_is_hidden_are_nowhere_for_sure(fetcher: Any) -> None:
    """As Nova answers a member: the field is not there (captures, nova-servers-detail-member.json)."""
    hidden = {"id": "i1", "name": "i1", "tenant_id": "p1"}
    gap = ViewRestricted("joe", "acme", ("member",), ("admin",))
    answers = {
        **UNASKED,
        "GET compute /os-availability-zone/detail": [],
        "GET network /agents": [],
        "GET compute /servers/detail": Reply([hidden, hidden], AT, gap),
        "GET network /ports": [],
        "GET network /networks": [],
    }
    with pytest.raises(ParseError, match='2 of 2 have no "OS-EXT-SRV-ATTR:host"'):
        drive(fetcher, HOST, answers)


@pytest.mark.parametrize(("fetcher", "ids"), [(Instances(), ["i2"]), (HostlessInstances(), ["i3"])])
def test_a_server_whose_host_is_hidden_says_nothing_against_the_others(fetcher: Any, ids: list[str]) -> None:
    hidden = {"id": "i1", "name": "i1", "tenant_id": "p1"}
    found = instances([hidden, server("i2"), server("i3", None)], fetcher=fetcher, parent=HOST)
    assert [one.id for one in found] == ids
    (gap,) = found.gaps.values()
    assert "1 of 3 rows are incomplete" in str(gap)
    assert 'i1 has no "OS-EXT-SRV-ATTR:host"' in str(gap)


def test_user_data_and_passwords_are_never_taken() -> None:
    secrets = {"OS-EXT-SRV-ATTR:user_data": "c2VjcmV0", "adminPass": "secret", "links": [], "addresses": {}}
    (found,) = instances([server("i1", **secrets, image="", security_groups=[{"name": "b"}, {"name": "a"}])])
    assert found.attributes == {
        "host": "h1",
        "uuid": "i1",
        "project_id": "p1",
        "image_id": None,
        "security_groups": ["a", "b"],
        "network": [],
        "mac_addresses": [],
        "network_info": [],
    }


def neutron_port(id_: str, network: str, created: str = "2026", **more: Any) -> dict[str, Any]:
    return {"id": id_, "device_id": "i1", "network_id": network, "created_at": created, "mac_address": id_, **more}


def test_networks_in_order_of_ports_each_once() -> None:
    rows = [
        neutron_port("c", "n2", "2026-01-02"),
        neutron_port("b", "n1", "2026-01-01"),
        neutron_port("a", "n2", "2026-01-01"),
        {**neutron_port("z", "n9"), "device_id": "other"},
    ]
    (found,) = instances([server("i1")], rows, [{"id": "n1", "name": "one"}, {"id": "n2", "name": ""}])
    assert found.attributes["network"] == ["n2", "n1"]
    assert found.attributes["mac_addresses"] == ["a", "b", "c"]
    assert [one["network"] for one in found.attributes["network_info"]] == [
        {"id": "n2", "label": ""},
        {"id": "n1", "label": "one"},
        {"id": "n2", "label": ""},
    ]


def test_what_a_server_is_connected_with_is_left_out_when_nobody_told() -> None:
    connections = {"network", "network_info", "mac_addresses"}
    blind = instances([server("i1")], OOPS, [])
    assert (list(blind.blanks.values()), connections & blind[0].attributes.keys()) == ([OOPS], set())
    nameless = instances([server("i1")], [neutron_port("a", "n1")], OOPS)
    assert (list(nameless.blanks.values()), connections & nameless[0].attributes.keys()) == (
        [OOPS],
        {"network", "mac_addresses"},
    )


def test_instances_with_strange_names_keep_them() -> None:
    found = instances([{**server(f"i{n}"), "name": name} for n, name in enumerate(STRANGE)])
    assert [one.name for one in found] == STRANGE
    (unnamed,) = instances([{**server("i1"), "name": None}])
    assert unnamed.name == "i1"


# --- agents


def test_agents_without_what_changes_by_itself() -> None:
    told = agent("h1", "Open vSwitch agent", heartbeat_timestamp="now", resources_synced=None, alive=True)
    told["configurations"] = {"devices": 7, "tunneling_ip": "192.0.2.1", "l2_population": True}
    rows = [told, agent("h2"), {**agent("h1", "DHCP agent"), "configurations": None}]
    found = drive(NetworkAgents(), HOST, {"GET network /agents": rows}).by_id
    assert list(found) == ["h1|open-vswitch-agent", "h1|dhcp-agent"]
    assert found["h1|open-vswitch-agent"].attributes == {
        "host": "h1",
        "agent_id": "h1-open-vswitch-agent",
        "agent_type": "Open vSwitch agent",
        "binary": "open-vswitch-agent",
        "availability_zone": "nova",
        "alive": True,
        "configurations": {"tunneling_ip": "192.0.2.1", "l2_population": True},
    }
    assert found["h1|dhcp-agent"].attributes["configurations"] == {}
