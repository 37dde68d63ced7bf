# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - attributes are JSON of any shape
"""What is found in OVN: chassis and their endpoints, routers and gateways, DHCP, and where ports are bound."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from calipso_nornir.errors import ParseError, SourceFailed, SourceNotConfigured
from calipso_nornir.fetchers.cli.vedges import OvsVedges
from calipso_nornir.fetchers.cli.vservices import VserviceVnics
from calipso_nornir.fetchers.ovn.databases import NORTHBOUND, SOUTHBOUND
from calipso_nornir.fetchers.ovn.dhcp import OvnDhcp
from calipso_nornir.fetchers.ovn.floating_ips import FloatingIps
from calipso_nornir.fetchers.ovn.load_balancers import OvnLoadBalancers
from calipso_nornir.fetchers.ovn.oteps import OvnOteps
from calipso_nornir.fetchers.ovn.places import way_out
from calipso_nornir.fetchers.ovn.ports import OvnNetworks, OvnPorts, OvnPortSecurity
from calipso_nornir.fetchers.ovn.routers import LogicalRouterPorts, LogicalRouters
from calipso_nornir.fetchers.ovn.vedges import OvnVedges, UnlistedChassis
from calipso_nornir.link_finders.floating_ips import FloatingIps as FloatingIpLinks
from calipso_nornir.link_finders.oteps import Oteps, OtepTunnels
from calipso_nornir.link_finders.ovn_places import OvnPlaces
from calipso_nornir.link_finders.pnics import CarriedNetworks
from calipso_nornir.link_finders.routers import LogicalRouters as RouterLinks
from calipso_nornir.link_finders.vedges import Vedges
from calipso_nornir.model.agent_types import OVN_AGENTS, OVS_AGENT
from calipso_nornir.parsing.ovn_northbound import northbound
from calipso_nornir.parsing.ovn_southbound import southbound
from calipso_nornir.testing import connect, drive, thing, told, view
from tests.fixtures import linux
from tests.fixtures.linux import BRIDGES, INTERFACES, bridges, interfaces, link

GOLDEN = Path(__file__).parents[1] / "parsers" / "linux" / "ovsdb-client_query"
DATABASES = {str(SOUTHBOUND): GOLDEN / "southbound.raw", str(NORTHBOUND): GOLDEN / "northbound.raw"}
"""Of the lab: chassis cmp1, cmp2, cmp3 and, for gateways, net1; two routers."""
NOWHERE = dict.fromkeys(DATABASES, SourceNotConfigured("ovsdb"))
SILENT = dict.fromkeys(DATABASES, SourceFailed("OVN_Southbound", "gone"))
CMP1, NET1 = "2b49d85c-7ffa-4d6f-8152-b9f9c623a9b2", "68b4a369-32e0-4063-8a99-01d4c5be9bc0"
ACME, PUBLIC, WEB = (
    "3e5a0cab-4076-4697-85ba-70268f4e6569",
    "5414ed7a-a2df-4b49-a074-db72e586f575",
    "667b07a7-4562-4d5d-a71d-86fcab7af8bc",
)
GATEWAY, INNER = "e6016442-b152-42f4-a2d8-00651f7686ba", "9f49e4ce-d0d0-40fb-bdf4-17cb9f703b94"
FLOATS, FLOATING = "3a8430e4-f31c-4e13-925a-e68f4ed4e437", "c25c278e-bdd8-4820-877e-f15f0ed65c5e"
NORTH = (GOLDEN / "northbound.raw").read_text()
DISTRIBUTED = NORTH.replace(
    '"external_mac":["set",[]],"logical_ip":"10.10.1.75"', '"external_mac":"m","logical_ip":"10.10.1.75"'
)
CHASSIS = {one["name"]: one["_uuid"] for one in json.loads((GOLDEN / "southbound.raw").read_text())[0]["rows"]}
HOST = thing("host", id="cmp1", host="cmp1", region="R1")
REGION = thing("region", id="R1", region="R1")
SETTINGS = "ovs-vsctl -f json -- --columns=external_ids list Open_vSwitch"
PORT = "d113ceda-adfe-40e6-aa7a-35fd91c496aa"
SUB = "5b000000-0000-4000-8000-000000000001"
"""A sub-port of a trunk on PORT."""


def agent(kind: str = OVN_AGENTS[0], *, host: str = "cmp1", alive: bool = True, chassis: str = CMP1) -> Any:
    configured = {"bridge-mappings": "stale:br-old"}
    own = {"host": host, "agent_type": kind, "alive": alive, "agent_id": chassis, "configurations": configured}
    return thing("network_agent", own, id=f"{host}|{kind}")


def settings(**external_ids: str) -> str:
    pairs = [[key.replace("_", "-"), value] for key, value in external_ids.items()]
    return json.dumps({"headings": ["external_ids"], "data": [[["map", pairs]]]})


def port(id_: str, network: str, **more: Any) -> Any:
    return thing("port", {"network": network, "tap_suffix": id_[:11], **more}, id=id_)


def network(id_: str, kind: str, physical: str | None = None, segment: int | None = 7) -> Any:
    provider = {"network_type": kind, "physical_network": physical, "segmentation_id": segment}
    own = {f"provider:{key}": value for key, value in provider.items()}
    return thing("network", {**own, "network": id_, "region": "R1"}, id=id_, name=f"net-{id_[:4]}")


# --- chassis


CONFIGURED = {
    "system_id": CMP1,
    "ovn_bridge": "br-int",
    "ovn_bridge_mappings": "physnet1:br-ex, physnet2:br-two",
    "ovn_encap_type": "geneve,vxlan",
    "ovn_encap_ip": "192.0.2.1,192.0.2.2",
    "ovn_encap_ip_default": "192.0.2.2",
    "ovn_cms_options": "enable-chassis-as-gw,availability-zones=az1",
    "ovn_transport_zones": "b,a",
}


def vedges(*agents: Any, fetcher: Any = None, databases: Any = None, trunk: Any = None, **configured: str) -> Any:
    plugged = linux.port("tapd113ceda-ad", external_ids={"iface-id": PORT})
    answers = {
        BRIDGES: bridges(
            {"br-int": [plugged, linux.port("ovn-d35d05-0", type="geneve", options={"remote_ip": "192.0.2.9"})]}
        ),
        INTERFACES: interfaces(),
        SETTINGS: settings(**(configured or CONFIGURED)),
        **(DATABASES if databases is None else databases),
        "network_agent": agents or [agent()],
        "port": [
            *(port(PORT, WEB, trunk_details=trunk), port(PORT[:11] + "other", PUBLIC)),
            *(port(GATEWAY, PUBLIC), port(SUB, ACME)),
        ],
        "network": [network(WEB, "geneve"), network(PUBLIC, "flat", "physnet1"), network(ACME, "geneve")],
    }
    return drive(fetcher or OvnVedges(), HOST, answers)


def test_the_switch_of_a_chassis() -> None:
    (found,) = vedges()
    told_of = found.attributes
    assert (found.id, found.name, told_of["vedge_type"], told_of["chassis"]) == ("cmp1|OVN", "cmp1-OVN", "OVN", CMP1)
    assert told_of["configurations"]["bridge_mappings"] == {"physnet1": "br-ex", "physnet2": "br-two"}
    assert told_of["configurations"]["integration_bridge"] == "br-int"
    assert (told_of["gateway"], told_of["transport_zones"]) == (True, ["a", "b"])
    assert [(one["type"], one["ip"]) for one in told_of["encaps"]] == [
        *(("geneve", "192.0.2.2"), ("geneve", "192.0.2.1")),
        *(("vxlan", "192.0.2.2"), ("vxlan", "192.0.2.1")),
    ]
    assert [(one["network"], one["network_type"], one["segmentation_id"]) for one in told_of["networks"]] == [
        (WEB, "geneve", "7")
    ]
    assert {one["name"]: one["network"] for one in told_of["ports"]}["tapd113ceda-ad"] == WEB
    assert [one["remote_ip"] for one in told_of["tunnel_ports"]] == ["192.0.2.9"]


def test_a_chassis_has_the_networks_that_gateways_on_it_lead_to() -> None:
    rows = json.loads((GOLDEN / "southbound.raw").read_text())
    [redirect] = [one for one in rows[3]["rows"] if one["type"] == "chassisredirect"]
    redirect["logical_port"] = f"cr-lrp-{GATEWAY}"

    def led_to(chassis: str, northbound: str = NORTH) -> Any:
        databases = {str(SOUTHBOUND): json.dumps(rows), str(NORTHBOUND): northbound}
        (found,) = vedges(databases=databases, **CONFIGURED | {"system_id": chassis})
        return [one["network"] for one in json.loads(json.dumps(found.attributes["gateway_networks"]))]

    assert (led_to(NET1), led_to(CMP1)) == ([PUBLIC], [])
    rows[3]["rows"].append({**redirect, "logical_port": FLOATS, "type": "", "chassis": CHASSIS[CMP1]})
    assert led_to(CMP1) == [], "its packets leave by the gateway"
    assert (led_to(CMP1, DISTRIBUTED), led_to(NET1, DISTRIBUTED)) == ([PUBLIC], [PUBLIC])
    for silent in (NOWHERE, SILENT, {**DATABASES, str(NORTHBOUND): SourceFailed("OVN_Northbound", "gone")}):
        (found,) = vedges(databases=silent)
        assert "gateway_networks" not in found.attributes, "what was known is kept"


def test_a_port_that_ovn_has_bound_elsewhere_is_told() -> None:
    rows = json.loads((GOLDEN / "southbound.raw").read_text())
    [binding] = [one for one in rows[3]["rows"] if one["logical_port"] == PORT]
    chassis = {one["name"]: one["_uuid"] for one in rows[0]["rows"]}

    def unbound(*, system_id: str = CMP1, **changed: Any) -> Any:
        binding.update(changed)
        databases = {**DATABASES, str(SOUTHBOUND): json.dumps(rows)}
        (found,) = vedges(databases=databases, **CONFIGURED | {"system_id": system_id})
        return found.attributes.get("unbound_ports", "not told")

    here, nowhere = chassis[CMP1], ["set", []]
    assert unbound(chassis=here) == []
    assert unbound(chassis=chassis[NET1]) == [PORT]
    assert unbound(chassis=chassis[NET1], additional_chassis=here) == [], "it is on its way here"
    assert unbound(chassis=nowhere, additional_chassis=nowhere) == [PORT]
    assert unbound(type="localport") == [], "every chassis has it"
    assert unbound(logical_port="another") == [PORT]
    assert unbound(system_id="") == "not told"
    for silent in (NOWHERE, SILENT):
        (found,) = vedges(databases=silent)
        assert "unbound_ports" not in found.attributes


def test_the_networks_of_a_trunk_are_on_the_chassis_that_its_sub_ports_are_bound_to() -> None:
    rows = json.loads((GOLDEN / "southbound.raw").read_text())
    [binding] = [one for one in rows[3]["rows"] if one["logical_port"] == PORT]
    sub = {**binding, "logical_port": SUB, "parent_port": PORT, "chassis": CHASSIS[CMP1]}
    rows[3]["rows"].append(sub)
    trunk = {"trunk_id": "t", "sub_ports": [{"port_id": SUB, "segmentation_type": "vlan", "segmentation_id": 7}]}

    def carried(databases: Any = None, **changed: Any) -> Any:
        sub.update(changed)
        read = {**DATABASES, str(SOUTHBOUND): json.dumps(rows)}
        (found,) = vedges(databases=databases or read, trunk=trunk)
        of_trunks = [one["trunk_networks"] for one in found.attributes["ports"] if "trunk_networks" in one]
        return sorted(one["network"] for one in found.attributes["networks"]), of_trunks

    both = sorted([ACME, WEB]), [[ACME]]
    assert carried() == both
    assert carried(chassis=CHASSIS[NET1]) == ([WEB], []), "it is bound elsewhere"
    assert carried(chassis=CHASSIS[NET1], additional_chassis=CHASSIS[CMP1]) == both, "it is on its way here"
    assert carried(logical_port="another") == ([WEB], []), "OVN does not know it"
    assert carried(SILENT) == both, "without Southbound it is where its trunk is plugged in"


def test_what_is_set_for_one_chassis_goes_before_what_is_set_for_all() -> None:
    (found,) = vedges(**CONFIGURED | {f"ovn_bridge_mappings_{CMP1}": "own:br-own"})
    assert found.attributes["configurations"]["bridge_mappings"] == {"own": "br-own"}


def test_a_switch_whose_controller_is_not_configured_is_a_switch_all_the_same() -> None:
    (found,) = vedges(hostname="cmp1")
    assert (found.attributes["encaps"], found.attributes["chassis"]) == ([], "")
    assert found.attributes["configurations"]["bridge_mappings"] == {}


@pytest.mark.parametrize(
    ("agents", "kind"),
    [
        ([agent()], "OVN"),
        ([agent(OVN_AGENTS[1])], "OVN"),
        ([agent(OVS_AGENT)], "OVS"),
        ([agent(OVS_AGENT, alive=False), agent()], "OVN"),
        ([agent(OVS_AGENT), agent(alive=False)], "OVS"),
        ([agent(OVS_AGENT, alive=False), agent(alive=False)], "OVN"),
        ([agent("DHCP agent")], "OVN"),
    ],
)
def test_a_host_that_is_moved_to_ovn_has_one_switch(agents: list[Any], kind: str) -> None:
    found = [
        one for fetcher in (OvnVedges(), UnlistedChassis(), OvsVedges()) for one in vedges(*agents, fetcher=fetcher)
    ]
    assert [one.attributes["vedge_type"] for one in found] == [kind]


def test_a_chassis_of_which_neutron_lists_no_agent() -> None:
    """Neutron lists agents by Chassis_Private; Southbound's Chassis says that the host is one."""
    other = agent("DHCP agent")

    def unlisted(databases: Any) -> Any:
        return vedges(other, fetcher=UnlistedChassis(), databases=databases)

    (found,) = unlisted(DATABASES)
    assert (found.id, found.attributes["chassis"], "alive" in found.attributes) == ("cmp1|OVN", CMP1, False)
    elsewhere = (GOLDEN / "southbound.raw").read_text().replace('"hostname":"cmp1"', '"hostname":"cmp1.example.org"')
    rows = json.loads((GOLDEN / "southbound.raw").read_text())
    for row in rows[0]["rows"]:
        row["other_config"] = ["map", [["is-remote", "true"]]]  # of another zone (ovn-ic(8))
    for databases in (
        NOWHERE,
        {**DATABASES, str(SOUTHBOUND): elsewhere},
        {**DATABASES, str(SOUTHBOUND): json.dumps(rows)},
    ):
        assert unlisted(databases) == []
    with pytest.raises(SourceFailed):
        unlisted(SILENT)


# --- endpoints


def oteps(answers: Any, *links: Any, chassis: str = CMP1, encaps: Any = (("geneve", "10.78.0.21"),)) -> Any:
    tunnels: Any = [
        {"name": "ovn-1", "overlay_type": "geneve", "local_ip": None, "remote_ip": "10.78.0.22", "options": {}}
    ]
    rows = [{"type": type_, "ip": ip} for type_, ip in encaps]
    own = {"host": "cmp1", "chassis": chassis, "tunnel_ports": tunnels, "encaps": rows, "transport_zones": ["own"]}
    return drive(OvnOteps(), thing("vedge", own, id="cmp1|OVN"), {INTERFACES: interfaces(*links), **answers})


def test_the_endpoint_is_what_the_others_are_told_of() -> None:
    (found,) = oteps(DATABASES, link("eth1", addresses=["10.78.0.21/24"]), encaps=[("geneve", "192.0.2.77")])
    own = found.attributes
    assert (found.id, own["ip_address"], own["interface"], own["udp_port"]) == (
        "cmp1|geneve",
        "10.78.0.21",
        "eth1",
        6081,
    )
    assert (own["registered"], own["transport_zones"], [one["name"] for one in own["ports"]]) == (True, [], ["ovn-1"])


def test_a_chassis_that_is_not_registered_has_the_endpoints_that_it_is_configured_with() -> None:
    encaps = [("geneve", "192.0.2.2"), ("geneve", "192.0.2.1"), ("vxlan", "192.0.2.2")]
    found = oteps(DATABASES, chassis="new", encaps=encaps)
    assert [(one.id, one.attributes["ip_address"], len(one.attributes["ports"])) for one in found] == [
        ("cmp1|geneve", "192.0.2.2", 1),
        ("cmp1|geneve-192.0.2.1", "192.0.2.1", 0),
        ("cmp1|vxlan", "192.0.2.2", 0),
    ]
    assert {one.attributes["registered"] for one in found} == {False}
    assert found[0].attributes["interface"] is None, "no device has the address"


def test_without_the_database_nobody_says_whether_it_is_registered() -> None:
    (found,) = plain = oteps(NOWHERE)
    assert ("registered" in found.attributes, found.attributes["transport_zones"], plain.blanks) == (False, ["own"], {})
    assert str(SOUTHBOUND) in oteps(SILENT).blanks


# --- routers


def routers(answers: Any, *, known: bool = True, regions: int = 1, agents: Any = None) -> Any:
    rows = [{"id": ACME, "name": "acme-router", "distributed": False, "status": "ACTIVE"}] if known else []
    ports = [{"id": GATEWAY, "network_id": PUBLIC}, {"id": INNER, "network_id": WEB}]
    told_by = [agent(OVN_AGENTS[1], host="net1", chassis=NET1)] if agents is None else agents
    return drive(
        LogicalRouters(),
        REGION,
        {
            "GET network /routers": rows,
            "GET network /ports": ports,
            "region": [REGION] * regions,
            "network_agent": told_by,
            **answers,
        },
    )


def test_a_router_is_on_no_host_and_its_gateway_on_one() -> None:
    found = routers(DATABASES).by_id[ACME]
    own = found.attributes
    assert (found.name, own["service_type"], own["distributed"], own["tunnel_key"]) == (
        *("router-acme-router", "router"),
        *(True, 3),
    )
    assert ("host" in own, own["orphaned"], own["status"]) == (False, False, "ACTIVE")
    assert own["network"] == sorted([PUBLIC, WEB])
    assert own["floating_ips"] == ["203.0.113.107"]
    [floating] = [one for one in own["nat"] if one["type"] == "dnat_and_snat"]
    assert (floating["distributed"], floating["logical_ip"]) == (False, "10.10.1.75")


def test_the_chassis_of_a_gateway_is_the_one_that_its_port_is_bound_to() -> None:
    rows = json.loads((GOLDEN / "southbound.raw").read_text())
    bindings = rows[3]["rows"]
    [redirect] = [one for one in bindings if one["type"] == "chassisredirect"]
    redirect["logical_port"] = f"cr-lrp-{GATEWAY}"
    answers = {**DATABASES, str(SOUTHBOUND): json.dumps(rows)}
    member = {"chassis": NET1, "priority": 1, "active": True}
    for agents, host in ((None, "net1"), ([], "net1")):  # without an agent by the name that OVN has
        [gateway] = routers(answers, agents=agents).by_id[ACME].attributes["gateways"]
        assert gateway == {"port_id": GATEWAY, "chassis": NET1, "host": host, "members": [{**member, "host": host}]}
    redirect["chassis"] = ["set", []]
    [gateway] = routers({**answers, str(SOUTHBOUND): json.dumps(rows)}).by_id[ACME].attributes["gateways"]
    assert (gateway["host"], [one["active"] for one in gateway["members"]]) == (None, [False])


def test_a_router_that_neutron_does_not_know_is_told_of_where_there_is_one_region_only() -> None:
    assert len(routers(DATABASES)) == 2
    assert {one.attributes["orphaned"] for one in routers(DATABASES, known=False)} == {True}
    assert list(routers(DATABASES, regions=2).by_id) == [ACME]


def test_nothing_is_said_of_routers_where_the_databases_are_not_described_or_do_not_answer() -> None:
    assert routers(NOWHERE) == []
    with pytest.raises(SourceFailed):
        routers(SILENT)
    with pytest.raises(ParseError):
        routers({**DATABASES, str(NORTHBOUND): "[]"})


def router_ports(answers: Any, gateways: Any = ()) -> Any:
    router = thing("vservice", {"router_id": ACME, "gateways": list(gateways)}, id=ACME)
    return drive(LogicalRouterPorts(), router, {"port": [port(GATEWAY, PUBLIC), port(INNER, WEB)], **answers})


def test_ports_of_a_router() -> None:
    found = router_ports(DATABASES, [{"port_id": GATEWAY, "chassis": NET1, "host": "net1"}]).by_id
    inner, gateway = found[f"{ACME}|lrp-{INNER}"].attributes, found[f"{ACME}|lrp-{GATEWAY}"].attributes
    assert (inner["mac_address"], inner["addresses"], inner["network"]) == ("fa:16:3e:78:9a:11", ["10.10.1.1/24"], WEB)
    assert ("host" in inner, gateway["host"], gateway["chassis"], gateway["state"]) == (False, "net1", NET1, "UP")
    lost = router_ports(DATABASES, [{"port_id": GATEWAY, "chassis": None, "host": None}]).by_id
    assert "host" not in lost[f"{ACME}|lrp-{GATEWAY}"].attributes
    assert router_ports(NOWHERE) == []


# --- networks, ports, DHCP, metadata


def test_the_number_on_the_wire_stands_beside_neutrons() -> None:
    here = network(WEB, "geneve")
    (found,) = drive(OvnNetworks(), here, DATABASES)
    assert found.attributes == {"ovn_tunnel_key": 4}
    assert drive(OvnNetworks(), network("other", "geneve"), DATABASES) == []
    assert drive(OvnNetworks(), here, NOWHERE) == []
    with pytest.raises(SourceFailed):
        drive(OvnNetworks(), here, SILENT)


def test_where_ovn_has_a_port() -> None:
    rows = json.loads((GOLDEN / "southbound.raw").read_text())
    [plain] = [one for one in rows[3]["rows"] if one["type"] == ""]
    uuids = [one["_uuid"] for one in rows[0]["rows"]]
    moved = {**plain, "logical_port": "moved", "chassis": uuids[0], "additional_chassis": uuids[1]}
    moved["requested_additional_chassis"] = uuids[1]
    child = {**plain, "logical_port": "child", "parent_port": "parent", "tag": 7}
    rows[3]["rows"] += [moved, child]
    answers = {**DATABASES, str(SOUTHBOUND): json.dumps(rows)}

    def of(id_: str) -> Any:
        return [one.attributes["ovn"] for one in drive(OvnPorts(), port(id_, WEB), answers)]

    [here] = of(PORT)
    assert (here["host"], here["up"], here["type"], here["additional_chassis"]) == ("cmp2", True, "", [])
    assert [(len(one["additional_chassis"]), one["additional_hosts"]) for one in of("moved")] == [(1, ["cmp3"])]
    assert [len(one["requested_additional_chassis"]) for one in of("moved")] == [1]
    assert [(one["parent_port"], one["tag"]) for one in of("child")] == [("parent", 7)]
    assert of("unknown") == []


def test_what_limits_a_port_in_ovn_and_whether_neutron_says_the_same() -> None:
    group = "8626a54e-3911-452c-a552-4d9c69bb98f3"
    as_it_is: dict[str, Any] = {"security_groups": [group], "port_security_enabled": True}
    nothing = {"security_groups": [], "default_drop": False, "as_in_neutron": True}
    protected = {"security_groups": [group], "default_drop": True, "as_in_neutron": True}
    cases: list[tuple[str, dict[str, Any], Any]] = [
        (PORT, as_it_is, protected),
        (PORT, {**as_it_is, "security_groups": [group, "another"]}, {**protected, "as_in_neutron": False}),
        (PORT, {**as_it_is, "port_security_enabled": False}, {**protected, "as_in_neutron": False}),
        (GATEWAY, {"device_owner": "network:router_gateway", "port_security_enabled": True}, nothing),
        (GATEWAY, {"device_owner": "compute:nova", "port_security_enabled": True}, {**nothing, "as_in_neutron": False}),
        ("unknown", as_it_is, None),
    ]
    for id_, said, wanted in cases:
        own = drive(OvnPortSecurity(), port(id_, WEB, **said), DATABASES)
        assert [one.attributes for one in own] == ([] if wanted is None else [{"ovn_security": wanted}]), said
    renamed = NORTH.replace('"neutron:security_group_id"', '"of an older release"')
    [known] = drive(OvnPortSecurity(), port(PORT, WEB, **as_it_is), {**DATABASES, str(NORTHBOUND): renamed})
    assert known.attributes["ovn_security"] == protected, "the group's name says it, too"


def test_each_database_tells_its_own_of_a_port_while_the_other_is_silent() -> None:
    here = port(PORT, WEB)
    without_north = {**DATABASES, str(NORTHBOUND): SILENT[str(NORTHBOUND)]}
    without_south = {**DATABASES, str(SOUTHBOUND): SILENT[str(SOUTHBOUND)]}
    [place], [limits] = drive(OvnPorts(), here, without_north), drive(OvnPortSecurity(), here, without_south)
    assert (set(place.attributes), set(limits.attributes)) == ({"ovn"}, {"ovn_security"})
    for fetcher, silent in ((OvnPorts(), without_south), (OvnPortSecurity(), without_north)):
        with pytest.raises(SourceFailed):  # it is kept, unconfirmed
            drive(fetcher, here, silent)
        assert drive(fetcher, here, NOWHERE) == []


def test_dhcp_of_a_network_is_done_by_every_host() -> None:
    web = thing("network", {"subnet_ids": ["77056e22-5ac4-4d72-8509-ee7018bb52d3"], "region": "R1"}, id=WEB, name="web")
    known = {"network": [web, thing("network", {"subnet_ids": ["x"], "region": "R1"}, id="x")]}
    (found,) = drive(OvnDhcp(), REGION, {**DATABASES, **known})
    assert (found.id, found.name, found.attributes["network"]) == (f"{WEB}|dhcp", "dhcp-web", [WEB])
    [served] = json.loads(json.dumps(found.attributes["subnets"]))
    assert (served["cidr"], served["options"]["mtu"]) == ("10.10.1.0/24", "1442")
    assert drive(OvnDhcp(), REGION, {**NOWHERE, **known}) == []


def test_the_interface_of_a_metadata_service_has_the_networks_own_port() -> None:
    namespace = f"ovnmeta-{WEB}"
    vservice = thing("vservice", {"host": "cmp1", "local_service_id": namespace}, id=f"cmp1|{namespace}")
    inside = f"ip netns exec {namespace} ip -j -d address"
    links = [link("tap667b07a7-41", "fa:16:3e:a0:df:4c", kind="veth"), link("tap667b07a7-42", "fa:16:3e:00:00:00")]
    own = port("8649e386-7d14-404a-9ed5-79a5c975a925", WEB, device_id=namespace, mac_address="fa:16:3e:a0:df:4c")
    found = drive(VserviceVnics(), vservice, {inside: interfaces(*links), "port": [own]}).by_id
    assert found[f"cmp1|{namespace}|tap667b07a7-41"].attributes["port_id"] == own.id
    assert "port_id" not in found[f"cmp1|{namespace}|tap667b07a7-42"].attributes


# --- what leads in from outside


def floating(northbound: str = NORTH, *, bound: str = NET1, port_id: str | None = FLOATS, silent: Any = ()) -> Any:
    """Return what is told of the one floating IP; ``bound`` is the chassis of its port and of the gateway."""
    rows = json.loads((GOLDEN / "southbound.raw").read_text())
    [redirect] = [one for one in rows[3]["rows"] if one["type"] == "chassisredirect"]
    redirect.update(logical_port=f"cr-lrp-{GATEWAY}", chassis=CHASSIS[NET1])
    rows[3]["rows"].append({**redirect, "logical_port": FLOATS, "type": "", "chassis": CHASSIS[bound]})
    row = {"id": FLOATING, "floating_ip_address": "203.0.113.107", "fixed_ip_address": "10.10.1.75", "port_id": port_id,
           "router_id": ACME, "floating_network_id": PUBLIC, "status": "ACTIVE"}  # fmt: skip
    told_by = [agent(OVN_AGENTS[1], host="net1", chassis=NET1), agent()]
    known: dict[str, Any] = {
        "GET network /floatingips": [row],
        "GET network /ports": [{"id": FLOATS, "network_id": WEB}],
        "network_agent": told_by,
        str(NORTHBOUND): northbound,
        str(SOUTHBOUND): json.dumps(rows),
    }
    return drive(FloatingIps(), REGION, {**known, **dict(silent)})


def test_a_floating_ip_leaves_by_the_gateway_or_by_the_host_of_its_port() -> None:
    (found,) = floating(bound=CMP1)
    own = found.attributes
    assert (found.id, found.name, own["network"]) == (FLOATING, "203.0.113.107", sorted([PUBLIC, WEB]))
    assert (own["distributed"], own["chassis"], own["host"]) == (False, NET1, "net1")
    assert json.loads(json.dumps(own["port_forwardings"])) == [
        {"vip": "203.0.113.107:2222", "protocol": "tcp", "members": ["10.10.1.75:22"]}
    ]
    (found,) = floating(DISTRIBUTED, bound=CMP1)
    assert [found.attributes[name] for name in ("distributed", "chassis", "host")] == [True, CMP1, "cmp1"]


def test_a_floating_ip_that_ovn_does_not_translate_leaves_nowhere() -> None:
    (found,) = floating(
        NORTH.replace(f'["neutron:fip_id","{FLOATING}"],["neutron:fip_network_id"', '["other"'), port_id=None
    )
    own = found.attributes
    assert (own["distributed"], own["chassis"], "host" in own, own["network"]) == (None, None, False, [PUBLIC])
    assert floating(silent=NOWHERE) == []
    with pytest.raises(SourceFailed):
        floating(silent=SILENT)


def test_a_load_balancer_of_octavia_is_done_by_every_host() -> None:
    vip = {"id": "1c9a0b7e-0000-4000-8000-000000000003", "network_id": WEB, "project_id": "p"}
    known = {"network": [network(WEB, "geneve")], "GET network /ports": [vip]}
    (found,) = drive(OvnLoadBalancers(), REGION, {**DATABASES, **known})
    own = json.loads(json.dumps(dict(found.attributes)))
    assert (found.name, own["service_type"], own["network"], own["router_id"]) == (
        *("load_balancer-10.10.1.200", "load_balancer"),
        *([WEB], ACME),
    )
    assert (own["vip_address"], own["vip_port_id"], own["project_id"]) == ("10.10.1.200", vip["id"], "p")
    assert own["vips"] == [
        {"vip": "10.10.1.200:80", "protocol": "tcp", "members": ["10.10.1.75:8080", "10.10.1.76:8080"]},
        {"vip": "10.10.1.200:53", "protocol": "udp", "members": []},
    ]
    assert drive(OvnLoadBalancers(), REGION, {**DATABASES, **known, "network": []}) == []
    assert drive(OvnLoadBalancers(), REGION, {**NOWHERE, **known}) == []


def test_the_way_out_of_several_is_the_one_whose_network_the_address_is_of() -> None:
    [router, *_] = northbound(NORTH).routers.values()
    [floats] = [one for one in router.nat if one.floating_ip_id]
    known = southbound((GOLDEN / "southbound.raw").read_text())
    [redirect] = [one for one in known.bindings.values() if one.type == "chassisredirect"]

    def way(*ports: str, external_ip: str = "203.0.113.107") -> Any:
        bindings = {f"cr-lrp-{one}": redirect for one in ports}
        found = way_out(replace(floats, external_ip=external_ip), router, replace(known, bindings=bindings))
        return found and found[0].port_id

    assert way() is None
    assert way(GATEWAY, INNER) == GATEWAY
    assert way(INNER) == INNER
    assert way(GATEWAY, INNER, external_ip="198.51.100.1") is None
    assert way(GATEWAY, INNER, external_ip="no address") is None


# --- links


def chassis(host: str, ip: str = "", *, zones: Any = (), remote: str = "flow", **more: Any) -> list[Any]:
    own = {"host": host, "vedge_type": "OVN", "chassis": f"c-{host}", "ports": [], "networks": [], "configurations": {}}
    vedge = thing("vedge", {**own, **more}, id=f"{host}|OVN", name=f"{host}-OVN")
    endpoint = {
        "host": host,
        "overlay_type": "geneve",
        "ip_address": ip,
        "chassis": f"c-{host}",
        "transport_zones": zones,
    }
    tunnels = [{"name": "ovn-geneve", "remote_ip": remote}]
    return [vedge, thing("otep", {**endpoint, "ports": tunnels}, id=f"{host}|geneve", name=f"{host}-otep", under=vedge)]


def test_tunnels_that_flows_choose_lead_to_every_chassis_of_a_common_transport_zone() -> None:
    things = [
        *chassis("h1", "192.0.2.1"),
        *chassis("h2", "192.0.2.2"),
        *chassis("h3", "192.0.2.3", zones=["z"]),
        *chassis("h4", "192.0.2.4", zones=["z", "y"], remote="192.0.2.3"),
    ]
    assert told(connect(view(*things), OtepTunnels())) == [
        "otep-otep: h1|geneve > h2|geneve",
        "otep-otep: h2|geneve > h1|geneve",
        "otep-otep: h3|geneve > h4|geneve",
        "otep-otep: h4|geneve > h3|geneve",
    ]


def router_port(name: str, network_id: str, **more: Any) -> Any:
    return thing("router_port", {"vservice_id": "r", "network": network_id, "gateway": False, **more}, id=f"r|{name}")


def test_a_port_that_is_bound_elsewhere_is_cut_off_and_its_network_is_not_here() -> None:
    tap = {"name": "tap1", "port": "tap1", "bridge": "br-int", "id": "3", "tag": None, "type": "", "port_id": "p1"}
    plugged: Any = {"ports": [{**tap, "network": "own"}], "networks": [{"network": "own", "network_type": "geneve"}]}
    nic = {"host": "h1", "port_id": "p1", "network": "own", "device": "tap1", "state": "UP", "instance_id": "i"}
    for elsewhere, ending, networks in (([], "", ["own"]), (["p1"], " (down)", [])):
        vedge, otep = chassis("h1", "192.0.2.1", unbound_ports=elsewhere, **plugged)
        things = [vedge, otep, thing("vnic", nic, id="v", name="tap1"), network("own", "geneve")]
        links = connect(view(*things), Vedges(), Oteps())
        assert told(links) == ["vedge-otep: h1|OVN > h1|geneve", f"vnic-vedge: v > h1|OVN{ending}"]
        [switched, tunnelled] = sorted(links, key=lambda one: one.target.type, reverse=True)
        assert ("OVN has not bound here" in str(switched.evidence), tunnelled.attributes["network"]) == (
            bool(elsewhere),
            networks,
        )


def test_the_networks_of_a_trunk_leave_by_the_tunnels_of_its_chassis() -> None:
    """A sub-port has no device: its network may have no other port on the host (seen in the lab, seed 5203)."""
    tap = {"name": "tap1", "port": "tap1", "bridge": "br-int", "id": "3", "tag": None, "type": "", "port_id": "p1"}
    kinds = [{"network": name, "network_type": "geneve"} for name in ("own", "sub")]
    plugged: Any = {"ports": [{**tap, "network": "own", "trunk_networks": ["sub"]}], "networks": kinds}
    for elsewhere, networks in (([], ["own", "sub"]), (["p1"], [])):
        things = [*chassis("h1", "192.0.2.1", unbound_ports=elsewhere, **plugged), network("sub", "geneve")]
        [link] = connect(view(*things), Oteps())
        assert link.attributes["network"] == networks


def test_a_gateway_leaves_by_the_chassis_that_it_is_on_now() -> None:
    patches = [
        {"name": name, "port": name, "bridge": bridge, "id": "1", "tag": None, "type": "patch", "peer": peer}
        for name, bridge, peer in (("in", "br-int", "out"), ("out", "br-ex", "in"))
    ]
    nic = {"name": "eth2", "port": "eth2", "bridge": "br-ex", "id": "2", "tag": None, "type": "", "peer": None}
    wired = {"ports": [*patches, nic], "configurations": {"bridge_mappings": {"physnet1": "br-ex"}}}
    leaving = {"network": "pub", "network_type": "flat", "physical_network": "physnet1"}
    things = [
        thing("vservice", id="r", name="router-r"),
        network("pub", "flat", "physnet1"),
        network("own", "geneve"),
        *chassis("h1", "192.0.2.1", remote="", **wired),
        *chassis("h2", "192.0.2.2", remote="", gateway_networks=[leaving], **wired),
        *(thing("host_pnic", id=f"{host}|eth2", name="eth2", host=host, local_name="eth2") for host in ("h1", "h2")),
        router_port("gw", "pub", gateway=True, chassis="c-h2", host="h2"),
        router_port("lost", "pub", gateway=True, chassis=None),
        router_port("in", "own", state="DOWN"),
    ]
    found = told(connect(view(*things), RouterLinks(), Vedges(), CarriedNetworks()))
    assert found == [
        "host_pnic-network: h2|eth2 > pub",
        "router_port-network: r|in > own (down)",
        "router_port-vedge: r|gw > h2|OVN",
        "vedge-host_pnic: h1|OVN > h1|eth2",
        "vedge-host_pnic: h2|OVN > h2|eth2",
        "vservice-router_port: r > r|gw",
        "vservice-router_port: r > r|in (down)",
        "vservice-router_port: r > r|lost",
    ]


def test_chassis_that_stand_by_for_a_gateway_are_told_and_lead_no_further() -> None:
    members = [{"chassis": f"c-{host}", "priority": number} for number, host in ((3, "h1"), (2, "h2"), (1, "gone"))]
    things = [
        thing("vservice", {"gateways": [{"port_id": "p", "members": members}]}, id="r", name="router-r"),
        *chassis("h1", "192.0.2.1", remote=""),
        *chassis("h2", "192.0.2.2", remote=""),
        router_port("gw", "pub", gateway=True, chassis="c-h1", host="h1", port_id="p"),
    ]
    links = {one.target.id: one for one in connect(view(*things), RouterLinks()) if one.type == "router_port-vedge"}
    assert {id_: (one.cut_off, one.attributes.get("priority")) for id_, one in links.items()} == {
        "h1|OVN": (False, None),
        "h2|OVN": (True, 2),
    }


def test_a_port_in_two_places() -> None:
    """One that is migrated live is on both hosts; one of a card is answered by a chassis that no frame of it passes."""
    ovn: dict[str, Any] = {"type": "", "chassis": "c-h1", "additional_chassis": ["c-h1", "c-h2", "c-gone"]}
    external = {"type": "external", "chassis": "c-h2", "additional_chassis": []}
    things = [
        *chassis("h1", "192.0.2.1", remote=""),
        *chassis("h2", "192.0.2.2", remote=""),
        port("moves", "own", ovn=ovn),
        port("card", "own", ovn=external),
        port("stays", "own", ovn={**ovn, "additional_chassis": []}),
        port("unknown", "own"),
        *(
            thing("vnic", {"host": "h1", "port_id": id_, "network": "own"}, id=id_)
            for id_ in ("moves", "card", "stays")
        ),
        thing("vnic", {"host": "h1"}, id="of no port"),
    ]
    links = connect(view(*things), OvnPlaces())
    assert told(links) == [
        "port-vedge: card > h2|OVN",
        "port-vedge: moves > h1|OVN",
        "port-vedge: moves > h2|OVN",
        "vnic-port: card > card",
        "vnic-port: moves > moves",
    ]
    assert {(one.source.id, one.cut_off, one.attributes.get("ends")) for one in links if one.type == "port-vedge"} == {
        ("card", True, "control"),
        ("moves", False, None),
    }
    no_vedges = [one for one in things if one.type != "vedge"]
    assert connect(view(*no_vedges), OvnPlaces()) == []


def test_links_of_a_floating_ip() -> None:
    own = {"port_id": "p", "router_id": "r", "floating_network_id": "pub", "network": ["own", "pub"]}
    things = [
        thing("vservice", id="r", name="router-r"),
        *chassis("h1", "192.0.2.1", remote=""),
        thing("vnic", {"host": "h1", "port_id": "p", "network": "own"}, id="v", name="tap1"),
        thing("floating_ip", {**own, "chassis": "c-h1", "distributed": True}, id="f", name="203.0.113.7"),
        thing("floating_ip", {**own, "port_id": None, "chassis": None}, id="g", name="203.0.113.8"),
        thing("floating_ip", {**own, "router_id": None, "port_id": None, "chassis": None}, id="u", name="203.0.113.9"),
    ]
    links = connect(view(*things), FloatingIpLinks())
    assert told(links) == [
        "floating_ip-vedge: f > h1|OVN",
        "floating_ip-vnic: f > v",
        "floating_ip-vservice: f > r",
        "floating_ip-vservice: g > r",
    ]
    assert {one.target.type: one.attributes["network"] for one in links if one.source.id == "f"} == {
        "vedge": "pub",
        "vnic": "own",
        "vservice": "pub",
    }
