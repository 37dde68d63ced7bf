# SPDX-License-Identifier: Apache-2.0
"""Scans of one object: it and what is below it become current; all else that is examined is as it was, or current."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import ApiFailed, HostUnreachable, InvalidRequest, ParentUnknown, UnknownObject
from tests.fixtures.scanning import Scanned, content
from tests.fixtures.tiny_cloud import EXT, LAN, ROUTER, Server, TinyCloud, down

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.scanning import Stored

WEB1, WEB2 = "77656231-0000-0000-0000-000000000000", "77656232-0000-0000-0000-000000000000"
SWITCH = "mac|aa:00:00:00:00:01"
ONE_OF_EACH = {
    "aggregate": "R1|1",
    "aggregates_folder": "R1|aggregates",
    "availability_zone": "R1|nova",
    "availability_zones_folder": "R1|availability_zones",
    "host": "cmp1",
    "host_pnic": "cmp1|eth1",
    "host_ref": "R1|1|cmp1",
    "instance": WEB1,
    "instances_folder": "cmp1|instances",
    "network": LAN,
    "network_agent": "net1|neutron-l3",
    "network_agents_folder": "net1|network_agents",
    "network_services_folder": f"{LAN}|network_services",
    "networks_folder": "p1|networks",
    "otep": "net1|vxlan",
    "pnics_folder": "cmp1|host_pnics",
    "port": "web10000-00-port",
    "ports_folder": f"{LAN}|ports",
    "project": "p1",
    "projects_folder": "cloud|projects",
    "region": "R1",
    "regions_folder": "cloud|regions",
    "switch": SWITCH,
    "switch_pnic": f"{SWITCH}|t-cmp1",
    "switches_folder": "cloud|switches",
    "vconnectors_folder": "net1|vconnectors",
    "vedge": "net1|OVS",
    "vedges_folder": "cmp1|vedges",
    "vnic": f"net1|qrouter-{ROUTER}|qr-rif00000-00",
    "vnics_folder": f"net1|qrouter-{ROUTER}|vnics",
    "vservice": f"net1|qrouter-{ROUTER}",
    "vservice_dhcps_folder": "net1|vservices|dhcps",
    "vservice_routers_folder": "net1|vservices|routers",
    "vservices_folder": "net1|vservices",
}
"""An object of every type that the tiny cloud has; where types alike differ, one with something below it."""
TYPES = sorted(ONE_OF_EACH)
MOVED_ON = TinyCloud(
    servers=[Server("web1", "cmp1"), Server("web3", "cmp1"), Server("web4", "cmp2")],
    projects={"p0": "admin", "p1": "acme", "p2": "third"},
    networks={LAN: "lan", EXT: "ext two"},
    namespaces=[f"qrouter-{ROUTER}"],
    aggregates={1: ["cmp1", "cmp2"], 2: ["cmp2"]},
    hardware=["eth0", "eth1", "eth2", "eth3"],
)
"""The tiny cloud, changed in every corner."""


def tree(scanned: Scanned, type_: str, id_: str, *, below_only: bool = False) -> dict[str, dict[str, Any]]:
    """Return the documents of an object and of all below it, by ``_id``."""
    documents = scanned.stored()["inventory"]
    inside = {(type_, id_)}
    grown = True
    while grown:
        more = {
            (one["type"], one["id"]) for one in documents.values() if (one["parent_type"], one["parent_id"]) in inside
        }
        grown = not more <= inside
        inside |= more
    if below_only:
        inside.discard((type_, id_))
    return {key: one for key, one in documents.items() if (one["type"], one["id"]) in inside}


def without(document: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in keys}


def plain(documents: dict[str, Any]) -> dict[str, Any]:
    """Return documents without what tells when, and by what way, they were found."""
    found = content({"inventory": documents})["inventory"]
    return {key: without(one, {"digest", "found_by"}) for key, one in found.items()}


def test_there_is_an_example_of_every_type(scanned: Scanned) -> None:
    known = scanned.objects()
    assert {key.partition(" ")[0] for key in known} == set(TYPES)
    assert {f"{type_} {id_}" for type_, id_ in ONE_OF_EACH.items()} <= known.keys()


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """What a whole scan finds in the cloud that has moved on."""
    one = Scanned(tmp_path_factory.mktemp("truth"), MOVED_ON)
    assert one.scan().status == "completed"
    return one


def untrue_outside(scanned: Scanned, before: Stored, truth: Scanned, *inside: dict[str, Any]) -> list[str]:
    """Return what is outside of the subtree and neither as it was nor as a whole scan finds it."""
    within = {key for documents in inside for key in documents}
    was, now, wanted = (plain(one) for one in (before["inventory"], scanned.stored()["inventory"], truth_of(truth)))
    keys = (was.keys() | now.keys()) - within
    return sorted(key for key in keys if now.get(key) not in (was.get(key), wanted.get(key)))


def truth_of(truth: Scanned) -> dict[str, Any]:
    return truth.stored()["inventory"]


def changed_outside(scanned: Scanned, before: Stored, *inside: dict[str, Any]) -> list[str]:
    """Return what is outside of the subtree and not, byte for byte, as it was."""
    within = {key for documents in inside for key in documents}
    after = scanned.stored()["inventory"]
    keys = (before["inventory"].keys() | after.keys()) - within
    return sorted(key for key in keys if after.get(key) != before["inventory"].get(key))


@pytest.mark.parametrize("type_", TYPES)
def test_nothing_but_the_object_and_what_is_below_it(scanned: Scanned, truth: Scanned, type_: str) -> None:
    id_ = ONE_OF_EACH[type_]
    inside, before = tree(scanned, type_, id_), scanned.stored()
    report = scanned.scan(MOVED_ON.answers(), object_id=id_, object_type=type_, inventory_only=True)
    assert (report.status, report.troubles) == ("completed", [])
    now = tree(scanned, type_, id_)
    assert agrees(now, tree(truth, type_, id_)), "inside it is what a whole scan finds"
    assert untrue_outside(scanned, before, truth, inside, now) == []


@pytest.mark.parametrize("type_", TYPES)
def test_only_what_is_below(scanned: Scanned, truth: Scanned, type_: str) -> None:
    id_ = ONE_OF_EACH[type_]
    inside, before = tree(scanned, type_, id_, below_only=True), scanned.stored()
    report = scanned.scan(MOVED_ON.answers(), object_id=id_, object_type=type_, scan_self=False, inventory_only=True)
    assert (report.status, report.troubles) == ("completed", [])
    now = tree(scanned, type_, id_, below_only=True)
    if type_ == "aggregate":  # which hosts are in it stands in the aggregate itself, which was not to be asked for
        assert now.keys() == inside.keys()
    else:
        assert agrees(now, tree(truth, type_, id_, below_only=True))
    assert untrue_outside(scanned, before, truth, inside, now) == []


def agrees(now: dict[str, Any], truth: dict[str, Any]) -> bool:
    """Compare two subtrees; a vNIC whose port is new lies in a part that was not scanned does not know it yet."""
    for key, one in plain(now).items():
        told = plain(truth).get(key, {})
        lacks = told.keys() - one.keys() if one["type"] == "vnic" else set()
        if lacks - {"port_id", "network", "addresses", "floating_ips"} or one != without(told, lacks):
            return False
    return now.keys() == truth.keys()


@pytest.mark.parametrize("type_", TYPES)
def test_where_nothing_changed_nothing_is_written_but_when(scanned: Scanned, type_: str) -> None:
    id_ = ONE_OF_EACH[type_]
    inside, before = tree(scanned, type_, id_), scanned.stored()
    report = scanned.scan(object_id=id_, object_type=type_)
    assert report.status == "completed"
    assert (report.objects.new, report.objects.changed, report.objects.removed) == (0, 0, 0)
    assert report.objects.unchanged >= len(inside)
    assert content(scanned.stored()) == content(before)


def test_what_is_outside_keeps_its_name_until_it_is_scanned_itself(scanned: Scanned) -> None:
    renamed = replace(MOVED_ON, projects={"p0": "admin", "p1": "new name"}).answers()
    scanned.scan(renamed, object_id=LAN, inventory_only=True)
    assert scanned.objects()[f"network {LAN}"]["name_path"] == "/cloud/Projects/acme/Networks/lan"
    scanned.scan(renamed, object_id="p1", inventory_only=True)
    assert scanned.objects()[f"network {LAN}"]["name_path"] == "/cloud/Projects/new name/Networks/lan"
    assert scanned.objects()["port rif00000-00-port"]["project"] == "new name"


# --- gone


GONE: dict[str, tuple[str, TinyCloud]] = {
    "aggregate": ("R1|1", TinyCloud(aggregates={})),
    "host": ("cmp1", TinyCloud(hosts=["ctl", "net1", "cmp2"], servers=[Server("web2", "cmp2")], aggregates={})),
    "host_pnic": ("cmp1|eth2", TinyCloud(hardware=["eth0", "eth1"])),
    "instance": (WEB1, TinyCloud(servers=[Server("web2", "cmp2")])),
    "network": (EXT, TinyCloud(networks={LAN: "lan"})),
    "port": ("web10000-00-port", TinyCloud(servers=[Server("web2", "cmp2")])),
    "project": ("p1", TinyCloud(projects={"p0": "admin"}, networks={EXT: "ext"})),
    "vservice": (f"net1|qrouter-{ROUTER}", TinyCloud(namespaces=[])),
    "vservice_routers_folder": ("net1|vservices|routers", TinyCloud(namespaces=[])),
}


@pytest.mark.parametrize("type_", GONE)
def test_what_is_gone_goes_with_everything_below_it(scanned: Scanned, tmp_path: Path, type_: str) -> None:
    id_, cloud = GONE[type_]
    (tmp_path / "truth").mkdir()
    truth = Scanned(tmp_path / "truth", cloud)
    truth.scan()
    inside, before = tree(scanned, type_, id_), scanned.stored()
    report = scanned.scan(cloud.answers(), object_id=id_, object_type=type_, inventory_only=True)
    assert report.status == "completed"
    assert tree(scanned, type_, id_) == {}
    removed = {(one["type"], one["id"]) for one in report.removed}
    assert removed >= {(one["type"], one["id"]) for one in inside.values()}
    assert untrue_outside(scanned, before, truth, inside) == []
    ids = {one["_id"] for one in inside.values()}
    for link in scanned.stored()["links"].values():
        assert not {link["source"], link["target"]} & ids, "a link to nothing"


@pytest.mark.parametrize(("id_", "gone"), [(SWITCH, 5), (f"{SWITCH}|t-cmp1", 1)])
def test_a_switch_that_nobody_hears_any_more(scanned: Scanned, id_: str, gone: int) -> None:
    silent = {
        key: json.dumps({"lldp": {}}) if "lldpctl" in key else told for key, told in scanned.cloud.answers().items()
    }
    report = scanned.scan(silent, object_id=id_)
    assert len(report.removed) == gone
    assert [link for link in scanned.links() if link.endswith(id_) or f": {id_} " in link] == []


def test_what_cannot_be_looked_at_stays(scanned: Scanned) -> None:
    before = plain(scanned.stored()["inventory"])
    gone = HostUnreachable("cmp1", "192.0.2.1", "no route to host")
    answers = scanned.cloud.answers()
    for type_, id_, silent in (
        ("host", "cmp1", down(answers, "cmp1", gone)),
        ("vnic", "cmp1|tapweb10000-00", down(answers, "cmp1", gone)),
        ("instance", WEB1, {**answers, "GET compute /servers/detail": ApiFailed("nova", "x", 500, "")}),
        ("project", "p1", {**answers, "GET identity /projects": ApiFailed("keystone", "x", 500, "")}),
    ):
        report = scanned.scan(silent, object_id=id_, object_type=type_)
        status = "failed" if type_ == "vnic" else "completed_with_errors"  # of a vnic, only its host can tell
        assert (report.status, report.removed) == (status, [])
        assert plain(scanned.stored()["inventory"]) == before


def test_with_links_and_cliques_these_are_those_of_the_whole_environment(scanned: Scanned, tmp_path: Path) -> None:
    cloud = TinyCloud(servers=[Server("web2", "cmp2")])
    report = scanned.scan(cloud.answers(), object_id=WEB1)
    assert (report.links.removed, report.cliques.removed) == (3, 1)
    assert [link for link in scanned.links() if "web1" in link or WEB1 in link] == []
    (tmp_path / "truth").mkdir()
    truth = Scanned(tmp_path / "truth", cloud)
    truth.scan()
    assert content(scanned.stored()) == content(truth.stored())


# --- what is asked, and what may be asked for


def test_one_host_is_scanned_without_asking_the_others(scanned: Scanned) -> None:
    scanned.scan(object_id="cmp1", object_type="host", inventory_only=True)
    assert {query.host for queries in scanned.source.rounds for query in queries} == {None, "cmp1"}


def test_an_unknown_object_changes_nothing_and_asks_nothing(scanned: Scanned) -> None:
    before = scanned.stored()
    scans = scanned.store.collection("scans").find({})
    for wanted in ({"object_id": "cmp9"}, {"object_id": "cmp1", "object_type": "network"}, {"object_id": ""}):
        with pytest.raises(UnknownObject):
            scanned.scan(**wanted)
        assert scanned.source.rounds == []
    assert scanned.stored() == before
    assert scanned.store.collection("scans").find({}) == scans


def test_an_id_of_two_objects_needs_the_type(tmp_path: Path) -> None:
    scanned = Scanned(tmp_path, TinyCloud(projects={"p0": "admin", "p1": "acme", "R1": "called like the region"}))
    scanned.scan()
    with pytest.raises(InvalidRequest, match="give the type"):
        scanned.scan(object_id="R1")
    assert scanned.scan(object_id="R1", object_type="project").objects.unchanged == 2, "with its folder"


def test_nothing_is_known_before_the_first_scan(tmp_path: Path) -> None:
    with pytest.raises(UnknownObject):
        Scanned(tmp_path).scan(object_id="cmp1")


def test_the_environment_as_object_is_a_whole_scan(scanned: Scanned) -> None:
    report = scanned.scan(MOVED_ON.answers(), object_id="cloud")
    assert report.objects.new
    assert plain(scanned.stored()["inventory"])


def test_a_server_that_moved_is_where_it_was_found_last(scanned: Scanned) -> None:
    """What it had on the other host goes: its interfaces are looked for again, wherever they are."""
    moved = TinyCloud(servers=[Server("web1", "cmp2"), Server("web2", "cmp2")]).answers()
    old, new = "vnic cmp1|tapweb10000-00", "vnic cmp2|tapweb10000-00"
    scanned.scan(moved, object_id="cmp2", object_type="host")
    assert scanned.objects()[f"instance {WEB1}"]["parent_id"] == "cmp2|instances"
    assert old not in scanned.objects()
    assert new in scanned.objects()
    assert [link for link in scanned.links() if link.startswith(f"instance-vnic: {WEB1}")] == [
        f"instance-vnic: {WEB1} > cmp2|tapweb10000-00"
    ]


def test_an_object_whose_parent_is_missing_in_the_store(scanned: Scanned) -> None:
    """A store that somebody has cut: what was found is not gone because there is no place for it."""
    folder = scanned.objects()["pnics_folder cmp1|host_pnics"]
    with scanned.store.write("cloud") as writer:
        writer.remove("inventory", [folder["_id"]])
    before = scanned.stored()
    report = scanned.scan(object_id="cmp1|eth0", object_type="host_pnic", inventory_only=True)
    assert (report.status, report.removed) == ("completed_with_errors", [])
    assert [str(one.error) for one in report.failures] == [
        str(ParentUnknown("host_pnic", f"cmp1|eth{number}", "pnics_folder", "cmp1|host_pnics")) for number in range(3)
    ]
    assert changed_outside(scanned, before) == []
    scanned.scan()
    assert len(scanned.objects()) == 98
