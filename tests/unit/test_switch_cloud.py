# SPDX-License-Identifier: Apache-2.0

"""A whole cloud whose switches, one of each platform, are asked themselves (``tests/fixtures/switch_cloud.py``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import CommandFailed, HostUnreachable, LinkContradicted, ParseError
from calipso_nornir.store.freshness import freshness_of
from tests.fixtures.scanning import Scanned
from tests.fixtures.switch_cloud import CHASSIS, PLATFORMS, SwitchCloud, hears, host_mac, port_mac, with_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calipso_nornir.scan.report import ScanReport

EXPECTED = Path(__file__).parent.parent / "fixtures" / "switch_cloud.expected.txt"
"""All switches and ports with their attributes, their links with states, and the cliques of the servers."""
LEAF1, LEAF2, LEAF3 = f"mac|{CHASSIS['leaf1']}", "local|leaf2", f"mac|{CHASSIS['leaf3']}"


def scanned(folder: Path, change: Callable[[SwitchCloud], None] = lambda _cloud: None) -> tuple[Scanned, ScanReport]:
    """Scan the cloud once."""
    cloud = SwitchCloud()
    change(cloud)
    found = Scanned(folder, cloud=cloud)
    return found, found.scan()


def lines(found: Scanned) -> list[str]:
    """Return the picture in the form of ``EXPECTED``."""
    stored = found.stored()
    ours = sorted(
        (one for one in stored["inventory"].values() if one["type"] in ("switch", "switch_pnic")),
        key=lambda one: (one["type"], one["id"]),
    )
    links = {one["_id"]: one for one in stored["links"].values()}
    cliques = [one for one in stored["cliques"].values() if one["focal_point_type"] == "instance"]
    focal = {one["_id"]: one["id"] for one in stored["inventory"].values()}
    kept = ("switch", "neighbours", "vlans", "capabilities", "management_addresses")
    return [
        *(f"{one['type']} {one['id']} | {one['name']} | {_facts(one, kept)}" for one in ours),
        *sorted(
            f"{_named(one)} | {one['state']} | {json.dumps(one['attributes'], sort_keys=True)}"
            for one in links.values()
            if "switch" in one["link_type"]
        ),
        *sorted(
            f"clique of {focal[one['focal_point']]}: {_named(links[id_])}"
            for one in cliques
            for id_ in one["links"]
            if "switch" in links[id_]["link_type"]
        ),
    ]


def _named(link: Mapping[str, Any]) -> str:
    return f"{link['link_type']}: {link['source_id']} > {link['target_id']}"


def _facts(one: Mapping[str, Any], left_out: tuple[str, ...]) -> str:
    from calipso_nornir.metadata.loading import load_catalog  # noqa: PLC0415 - read once a process

    names = [attribute.name for attribute in load_catalog().object_types[one["type"]].attributes]
    return json.dumps({name: one[name] for name in names if name in one and name not in left_out}, sort_keys=True)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    found, report = scanned(tmp_path_factory.mktemp("switches"))
    assert (report.status, report.failures, report.notices) == ("completed", [], [])
    return found


def test_everything_is_found_as_the_switches_tell_it(sound: Scanned) -> None:
    assert lines(sound) == EXPECTED.read_text("utf-8").splitlines()


def test_a_second_scan_changes_nothing(sound: Scanned) -> None:
    before = sound.stored()
    report = sound.scan()
    assert (report.status, report.objects.changed, report.objects.new, report.objects.removed) == ("completed", 0, 0, 0)
    assert {kind: sorted(rows) for kind, rows in before.items()} == {k: sorted(v) for k, v in sound.stored().items()}


def test_what_hosts_hear_and_what_a_switch_says_is_one_object(sound: Scanned) -> None:
    view = sound.store.view("cloud")
    ports = view.of_type("switch_pnic")
    assert len({(one["switch"], one["local_name"]) for one in ports}) == len(ports)
    heard = {(row["host"], row["interface"]) for one in ports for row in one.get("neighbours") or ()}
    assert len(heard) == 9
    assert all(len(one.found_by) == 2 for one in ports if one.get("neighbours"))


def test_a_switch_that_no_host_hears_is_found_by_its_own_words(tmp_path: Path) -> None:
    def nobody_hears(cloud: SwitchCloud) -> None:
        cloud.heard = lambda host: json.dumps({"lldp": {}, "of": host})  # type: ignore[method-assign]

    found, report = scanned(tmp_path, nobody_hears)
    assert report.status == "completed"
    view = found.store.view("cloud")
    assert sorted(one.id for one in view.of_type("switch")) == sorted(
        [LEAF2, *(f"mac|{chassis}" for name, chassis in CHASSIS.items() if name != "leaf2")]
    )
    told = {(link.source.id, tuple(link.attributes["told_by"])) for link in view.links("host_pnic-switch_pnic")}
    assert ("cmp1|eth1", ("switch",)) in told
    assert len(told) == 9


# --- contradictions


LEAF4, TOR1 = (f"mac|{CHASSIS[name]}" for name in ("leaf4", "tor1"))
LEAF4_PORT = "TenGigabitEthernet1/0/"
CONFLICTS = [
    ("cmp1|eth1", f"{LEAF1}|Ethernet1", "Ethernet1 is a member of Port-Channel5; eth1 is in no bond"),
    (
        "cmp2|eth1",
        f"{LEAF2}|Ethernet1%2F1",
        "packets of lan need 1500 bytes on eth1 of cmp2; Ethernet1/1 lets 1499 through",
    ),
    ("net1|eth2", f"{LEAF3}|502", "ext (VLAN 300) leaves net1 by eth2; xe-0/0/2 allows VLANs 20,299,301 (trunk)"),
    (
        "ctl|eth1",
        f"{LEAF4}|Te1%2F0%2F2",
        f"ctl says that eth1 hears {LEAF4_PORT}1; the switch says that {LEAF4_PORT}2 hears eth1 of ctl",
    ),
    (
        "ctl|eth1",
        f"{LEAF4}|Te1%2F0%2F2",
        f"{LEAF4_PORT}2 is a member of Port-channel1; eth1 is in no bond",
    ),
    (
        "ctl|eth0",
        f"{TOR1}|{port_mac('tor1', 1)}",
        "ctl says that eth0 hears m-ctl; the switch says that m-ctl hears lan0 of printer",
    ),
    (
        "net1|eth1",
        f"{LEAF2}|Ethernet1%2F2",
        f"Ethernet1/2 of {LEAF2} hears eth1 of net1; net1 says that eth1 hears xe-0/0/1 of {LEAF3}",
    ),
    ("net1|eth1", f"{LEAF2}|Ethernet1%2F2", "Ethernet1/2 is a member of port-channel5; eth1 is in no bond"),
]


def _crossed(cloud: SwitchCloud) -> None:
    for switch, port, changed in (
        ("leaf1", "Ethernet1", {"lag": "Port-Channel5"}),
        ("leaf2", "Ethernet1/1", {"mtu": 1499}),
        ("leaf3", "xe-0/0/2", {"vlans": "20,299,301"}),
        ("leaf4", "TenGigabitEthernet1/0/1", {"hears": None}),
        ("leaf4", "TenGigabitEthernet1/0/2", {"hears": hears("ctl", 1)}),
        ("tor1", "m-ctl", {"hears": ("printer", "02:77:00:00:00:01", "lan0", "lan0")}),
        ("leaf2", "Ethernet1/2", {"hears": hears("net1", 1)}),
    ):
        cloud.switches = with_port(cloud.switches, switch, port, **changed)


@pytest.fixture(scope="module")
def crossed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scanned, ScanReport, ScanReport]:
    found, report = scanned(tmp_path_factory.mktemp("crossed"), _crossed)
    return found, report, found.scan()


@pytest.mark.parametrize(("pnic", "port", "told"), CONFLICTS)
def test_host_and_switch_that_contradict_each_other(
    crossed: tuple[Scanned, ScanReport, ScanReport], pnic: str, port: str, told: str
) -> None:
    found, *reports = crossed
    for report in reports:  # in the second scan nothing has changed, so no link is derived again: it is still told
        assert report.status == "completed"
        assert told in [one.error.problem for one in report.notices if isinstance(one.error, LinkContradicted)]
    links = [one for one in found.store.view("cloud").links("host_pnic-switch_pnic") if one.source.id == pnic]
    assert told in [text for one in links if one.target.id == port for text in one.attributes["contradictions"]]


def test_no_other_contradiction_is_told(crossed: tuple[Scanned, ScanReport, ScanReport]) -> None:
    for report in crossed[1:]:
        assert len(report.notices) == len(CONFLICTS)


def test_a_link_is_down_if_the_switch_says_that_its_port_is(tmp_path: Path) -> None:
    def down(cloud: SwitchCloud) -> None:
        cloud.switches = with_port(cloud.switches, "leaf2", "Ethernet1/1", up=False)

    found, _ = scanned(tmp_path, down)
    states = {link.source.id: link.state for link in found.store.view("cloud").links("host_pnic-switch_pnic")}
    assert (states["cmp2|eth1"], states["cmp1|eth1"]) == ("down", "up")


# --- what cannot be seen


def test_a_switch_that_cannot_be_reached_is_kept_and_not_confirmed(tmp_path: Path) -> None:
    found, _ = scanned(tmp_path)
    before = {one.ref: one.attributes for one in found.store.view("cloud").of_type("switch_pnic")}
    error = HostUnreachable("leaf2", "leaf2", "timed out")
    answers = {key: error if str(key).startswith("leaf2: ") else value for key, value in found.cloud.answers().items()}
    report = found.scan(answers)
    assert report.status == "completed_with_errors"
    assert {str(one.error) for one in report.failures} == {str(error)}
    view = found.store.view("cloud")
    assert {one.ref: one.attributes for one in view.of_type("switch_pnic")} == before
    fresh = freshness_of(found.store, "cloud")
    doubted = {one.id for one in view.of_type("switch_pnic") if fresh.unconfirmed_since(one)}
    assert doubted == {one.id for one in before if one.id.startswith(LEAF2)}


def test_a_switch_that_is_no_longer_in_the_inventory_is_what_hosts_hear_of_it(tmp_path: Path) -> None:
    found, _ = scanned(tmp_path)
    assert isinstance(found.cloud, SwitchCloud)
    found.cloud.asked.discard("leaf1")
    report = found.scan()
    assert report.status == "completed"
    ports = [one for one in found.store.view("cloud").of_type("switch_pnic") if one["switch"] == LEAF1]
    assert [one.id for one in ports] == [f"{LEAF1}|Ethernet1"]
    assert "state" not in ports[0].attributes


@pytest.mark.parametrize(
    ("command", "answer", "error", "lost"),
    [
        (
            "leaf1: show interfaces | json",
            '{"interfaces": {"Ethernet1": {"interfaceStatus": "connected"}}}',
            'switch_platforms/arista_eos/ports cannot read it: $.interfaces.Ethernet1: "lineProtocolStatus" is missing',
            {"state", "macs"},
        ),
        (
            "leaf4: show interfaces switchport",
            "Name: Te1/0/1\nSwitchport: Enabled\nColour: red\n",
            "cisco_ios_show_interfaces_switchport cannot read it: unexpected line (rule in line 65",
            {"allowed_vlans"},
        ),
        (
            "leaf4: show etherchannel summary",
            "Flags:  D - down\nNumber of aggregators: 0\nSomething new\n",
            "cisco_ios_show_etherchannel_summary cannot read it: unexpected line, line 3 'Something new'",
            {"lag"},
        ),
        (
            "leaf2: show interface switchport | json",
            '{"TABLE_interface": {"ROW_interface": {"interface": "E1", "switchport": "Enabled", "oper_mode": "new"}}}',
            "switch_platforms/cisco_nxos/vlans cannot read it: $.TABLE_interface.ROW_interface[0] oper_mode: expected ",
            {"allowed_vlans"},
        ),
        (
            "tor1: bridge -j vlan show",
            '[{"ifname": "m-ctl", "vlans": [{"vlan": "ten"}]}]',
            "switch_platforms/linux_switch/vlans cannot read it: $[0].vlans[0] vlan: expected a whole number, found ",
            {"allowed_vlans"},
        ),
    ],
)
def test_an_answer_that_is_not_understood_is_an_error_that_says_where(
    command: str, answer: str, error: str, lost: set[str], tmp_path: Path
) -> None:
    cloud = SwitchCloud()
    found = Scanned(tmp_path, cloud=cloud)
    report = found.scan({**cloud.answers(), command: answer})
    host, _, text = command.partition(": ")
    (failure,) = [one.error for one in report.failures]
    assert isinstance(failure, ParseError)
    assert str(failure).startswith(f'{host}: "{text}": {error}')
    asked = [
        one for one in found.store.view("cloud").of_type("switch_pnic") if CHASSIS[host] in one.id or host in one.id
    ]
    assert asked
    assert not any(lost & one.attributes.keys() for one in asked)


def test_a_refused_command_leaves_out_only_what_it_tells(tmp_path: Path) -> None:
    cloud = SwitchCloud()
    found = Scanned(tmp_path, cloud=cloud)
    refused = CommandFailed("leaf1", "show port-channel | json", -1, "% Authorization denied for command")
    report = found.scan({**cloud.answers(), "leaf1: show port-channel | json": refused})
    assert report.status == "completed_with_errors"
    (port,) = [one for one in found.store.view("cloud").of_type("switch_pnic") if one.id == f"{LEAF1}|Ethernet2"]
    assert "lag" not in port.attributes
    assert port["state"] == "up"


def test_a_bridge_that_does_not_look_at_vlans_passes_them_all(tmp_path: Path) -> None:
    cloud = SwitchCloud()
    found = Scanned(tmp_path, cloud=cloud)
    answers = cloud.answers()
    plain = answers["tor1: ip -j -d -s link"].replace('"vlan_filtering": 1', '"vlan_filtering": 0')
    report = found.scan({**answers, "tor1: ip -j -d -s link": plain})
    assert report.status == "completed"
    (port,) = [one for one in found.store.view("cloud").of_type("switch_pnic") if one.get("local_name") == "m-ctl"]
    assert (port["vlan_mode"], port["allowed_vlans"], port.get("native_vlan")) == ("unaware", "1-4094", None)


def test_every_shipped_platform_is_in_this_cloud() -> None:
    from calipso_nornir.metadata.loading import load_catalog  # noqa: PLC0415 - as above

    assert {one.name for one in load_catalog().switch_platforms.by_name.values()} == set(PLATFORMS.values())
    assert host_mac("cmp1", 1) == "02:00:00:00:01:15"
