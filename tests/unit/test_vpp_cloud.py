# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers are of any shape
"""A whole cloud with Open vSwitch, VPP, or both on its hosts (``tests/fixtures/vpp_cloud.py``), scanned as it is.

VPP's output is written by hand in the formats of its releases; no running VPP has been scanned.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import CommandFailed, CommandMissing, ParseError, SudoRefused
from calipso_nornir.fetchers.vpp_questions import TABLES
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.cloud import open_cloud
from tests.fixtures import vpp_cloud
from tests.fixtures.narrowing import Narrowing
from tests.fixtures.scanning import Scanned, content
from tests.fixtures.tiny_cloud import port_id
from tests.fixtures.vpp_cloud import CLOUD, LONG, SERVERS, uuid
from tests.unit.test_engine_failures import nothing_is_lost

if TYPE_CHECKING:
    from collections.abc import Mapping

EXPECTED = Path(__file__).parent.parent / "fixtures" / "vpp_cloud.expected.txt"
"""All objects of hosts, all links with states and networks ("?": not known), and the cliques of what VPP carries."""
ON_HOSTS = ("vedge", "vconnector", "host_pnic", "otep", "vnic", "vservice")
WITH_VPP = ("cmp1", "cmp2", "cmp4", "net1")


class Cloud:
    """What ``Scanned`` takes for a cloud."""

    def answers(self) -> dict[Any, Any]:
        return vpp_cloud.answers()


class Picture:
    """What the scan has stored."""

    def __init__(self, scanned: Scanned) -> None:
        view = scanned.store.view("cloud")
        self.objects = {f"{one['type']} {one['id']}": one for one in view.documents("inventory")}
        links = {one["_id"]: one for one in view.documents("links")}
        self.links = {_named(one): one for one in links.values()}
        self.cliques = {one.focal_point.id: sorted(_named(links[id_]) for id_ in one.links) for one in view.cliques()}

    def lines(self) -> list[str]:
        """Return the picture in the form of ``EXPECTED``."""
        ours = [one for key, one in sorted(self.objects.items()) if one["type"] in ON_HOSTS]
        focal = [*map(uuid, SERVERS), f"net1|{vpp_cloud.DHCP}"]
        return [
            *(f"{one['type']} {one['id']} | {one.get('state', '')} | {_networks(one)}" for one in ours),
            *(f"{key} | {one['state']} | {_networks(one['attributes'])}" for key, one in sorted(self.links.items())),
            *(f"clique of {id_}: {link}" for id_ in focal for link in self.cliques[id_]),
        ]


def _named(link: Mapping[str, Any]) -> str:
    return f"{link['link_type']}: {link['source_id']} > {link['target_id']}"


def _networks(one: Mapping[str, Any]) -> str:
    found = one.get("network", "?")
    return found if isinstance(found, str) else " ".join(found)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    found = Scanned(tmp_path_factory.mktemp("vpp"), cloud=Cloud(), environment=CLOUD)  # type: ignore[arg-type]
    report = found.scan()
    assert report.status == "completed", [str(one.error) for one in report.failures]
    assert not report.notices
    assert found.store.view("cloud")
    return found


@pytest.fixture(scope="module")
def picture(scanned: Scanned) -> Picture:
    return Picture(scanned)


def test_objects_links_states_and_cliques_are_those_and_no_others(picture: Picture) -> None:
    assert "\n".join(picture.lines()) == EXPECTED.read_text(encoding="utf-8").strip()


def test_vpp_is_asked_where_it_is_once_and_in_the_round_that_is_asked_anyway(scanned: Scanned) -> None:
    asked = {key: number for key, number in scanned.source.asked.items() if "vppctl" in key}
    assert asked == {f"{host}: vppctl {command}": 1 for host in WITH_VPP for command, _ in TABLES.values()}
    assert {scanned.source.rounds_of(host) for host in WITH_VPP} == {scanned.source.rounds_of("cmp3")} == {2}


@pytest.mark.parametrize(
    ("key", "attribute", "value"),
    [
        ("vedge cmp1|VPP", "version", "v18.10-release"),
        ("vedge cmp1|VPP", "vedge_type", "VPP"),
        ("vedge cmp1|VPP", "alive", False),  # a dead agent hides nothing
        ("vedge cmp2|VPP", "version", "v16.09-release"),
        ("vedge cmp2|VPP", "agent_type", None),  # Neutron lists none
        ("vconnector cmp2|bridge-domain-9", "interfaces_names", ["GigabitEthernet4/0/0", "loop0"]),
        ("vconnector cmp1|bridge-domain-6", "network", vpp_cloud.LONE),  # by the VLAN of its way out
        ("vconnector cmp1|bridge-domain-7", "network", None),  # two networks have its VLAN
        ("vnic cmp2|766d3300-0000-0000-0000-000000000000 fa:16:3e:16:42:9a", "port_id", port_id("vm3")),
        ("host_pnic cmp1|TenGigabitEthernet86%2F0%2F0", "mac_address", "02:00:00:00:86:00"),
        ("host_pnic cmp1|TenGigabitEthernet86%2F0%2F0", "virtual_switch", "VPP"),
        ("host_pnic cmp1|GigabitEthernet7%2F0%2F0", "ip_address", "192.0.2.21"),
        ("host_pnic cmp4|BondEthernet0", "bonding_mode", "lacp"),
        ("host_pnic cmp4|BondEthernet0", "lacp_state", "negotiated"),
        ("otep cmp4|VPP vxlan-gpe 192.0.2.24 5001", "overlay_type", "vxlan-gpe"),
        ("otep cmp4|VPP vxlan-gpe 192.0.2.24 5001", "udp_port", 4790),
        ("host_pnic cmp4|TwentyFiveGigabitEthernet5e%2F0%2F0", "link_detected", "no"),
        ("host_pnic cmp4|TwentyFiveGigabitEthernet5e%2F0%2F0", "ether_channel_master", "cmp4|BondEthernet0"),
        ("host_pnic net1|eth3", "virtual_switch", None),  # the kernel's: VPP reads it
        ("otep cmp2|VPP 192.0.2.22 5001", "vni", 5001),
        ("otep cmp2|VPP 192.0.2.22 5001", "udp_port", 4789),
        ("otep cmp2|VPP 192.0.2.22 5001", "stack", ["loop0", "GigabitEthernet4/0/0"]),
    ],
)
def test_attributes(picture: Picture, key: str, attribute: str, value: Any) -> None:
    assert picture.objects[key].get(attribute) == value


def test_names_that_tables_cut_are_told_whole(picture: Picture) -> None:
    ports = {one["name"]: one["id"] for one in picture.objects["vedge cmp4|VPP"]["ports"]}
    assert {name: id_ for name, id_ in ports.items() if name.startswith(LONG)} == {
        LONG: "1",
        f"{LONG}.4001": "7",
        f"{LONG}.4002": "8",
    }


def test_sub_interfaces_of_a_card_tell_vlan_and_networks(picture: Picture) -> None:
    found = picture.objects["host_pnic cmp1|TenGigabitEthernet86%2F0%2F0"]["vlan_interfaces"]
    assert [(one["vlan_id"], one["networks"]) for one in found] == [
        (101, [vpp_cloud.PRV]),
        (200, [vpp_cloud.LONE]),
        (300, []),
    ]


def test_members_of_a_bond(picture: Picture) -> None:
    members = picture.objects["host_pnic cmp4|BondEthernet0"]["members"]
    assert [(one["role"], one["partner_mac"]) for one in members] == [("active", "02:00:5e:00:00:09"), ("down", None)]
    assert [(one["name"], one["active"]) for one in members] == [
        (LONG, True),
        ("TwentyFiveGigabitEthernet5e/0/0", False),
    ]


def missing(host: str, command: str) -> Any:
    return CommandMissing(host, command, 127, "vppctl: not found")


def refused(host: str, command: str) -> Any:
    return SudoRefused(host, command, 1, "a password is required")


def stopped(host: str, command: str) -> Any:
    return CommandFailed(host, command, 1, "clib_socket_init: connect (fd 3, '/run/vpp/cli.sock'): Connection refused")


@pytest.mark.parametrize("trouble", [missing, refused, stopped])
@pytest.mark.parametrize("command", ["show version", "show tap"])
def test_nothing_is_lost_when_vpp_does_not_answer(scanned: Scanned, trouble: Any, command: str) -> None:
    command = f"vppctl {command}"
    nothing_is_lost(scanned, {**vpp_cloud.answers(), f"cmp2: {command}": trouble("cmp2", command)})


@pytest.mark.parametrize("command", [command for command, _ in TABLES.values()])
def test_one_line_that_nobody_knows_is_told_with_its_place(scanned: Scanned, command: str) -> None:
    answers = vpp_cloud.answers()
    key = f"cmp2: vppctl {command}"
    text = answers[key]
    [report] = nothing_is_lost(scanned, {**answers, key: f"{text}what is this?\n"})
    errors = [one.error for one in report.failures if isinstance(one.error, ParseError)]
    assert {(one.line_number, one.line) for one in errors} == {(text.count("\n") + 1, "what is this?")}


@pytest.mark.parametrize("command", ["show version", "show interface", "show interface addr", "show bridge-domain"])
def test_an_empty_answer_is_no_empty_vpp(scanned: Scanned, command: str) -> None:
    nothing_is_lost(scanned, {**vpp_cloud.answers(), f"cmp2: vppctl {command}": ""})


SMALL = [
    ("instance", uuid("vm1")),
    ("vedge", "cmp1|VPP"),
    ("vconnector", "cmp2|bridge-domain-1"),
    ("otep", "cmp1|VPP 192.0.2.21 5001"),
    ("host_pnic", "cmp4|BondEthernet0"),
    ("port", port_id("vm1")),
    ("vservice", f"net1|{vpp_cloud.DHCP}"),
]


@pytest.mark.parametrize(("type_", "id_"), SMALL)
def test_a_small_scan_of_what_has_not_changed_changes_nothing(scanned: Scanned, type_: str, id_: str) -> None:
    before = content(scanned.stored())
    with open_cloud(CLOUD, store=scanned.store, source=Narrowing(vpp_cloud.answers())) as opened:
        assert opened.rescan([ObjectRef("cloud", type_, id_)]).status == "completed"
    assert content(scanned.stored()) == before


def test_a_small_scan_of_a_host_finds_what_has_changed_in_its_vpp(tmp_path: Path) -> None:
    answers = vpp_cloud.answers()
    vpp = vpp_cloud.vpps()["cmp1"]
    vpp.nics = [replace(one, up=one.name != "TenGigabitEthernet86/0/0") for one in vpp.nics if one.domain != 7]
    answers |= {f"cmp1: {command}": text for command, text in vpp.answers().items()}
    pictures = []
    for name in ("small", "whole"):
        (tmp_path / name).mkdir()
        scanned = Scanned(tmp_path / name, cloud=Cloud(), environment=CLOUD)  # type: ignore[arg-type]
        if name == "small":
            scanned.scan()
            with open_cloud(CLOUD, store=scanned.store, source=Narrowing(answers)) as opened:
                assert opened.rescan([ObjectRef("cloud", "host", "cmp1")]).status == "completed"
        else:
            scanned.scan(answers)
        pictures.append(content(scanned.stored()))
        assert (
            Picture(scanned).links["vedge-host_pnic: cmp1|VPP > cmp1|TenGigabitEthernet86%2F0%2F0"]["state"] == "down"
        )
        assert "vconnector cmp1|bridge-domain-7" not in Picture(scanned).objects
    assert pictures[0] == pictures[1]


def test_where_the_environment_names_no_vpp_an_agent_does(tmp_path: Path) -> None:
    scanned = Scanned(tmp_path, cloud=Cloud(), environment=replace(CLOUD, mechanism_drivers=("OVS",)))  # type: ignore[arg-type]
    assert scanned.scan().status == "completed"
    found = [one["id"] for one in scanned.store.view("cloud").documents("inventory") if one.get("vedge_type") == "VPP"]
    assert found == ["cmp1|VPP"]
