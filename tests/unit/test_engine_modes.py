# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers are of any shape
"""Whole scans: what each mode changes, what is removed with what is gone, what no defect of a plug-in can remove."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import ApiFailed, HostUnreachable, NotAuthenticated, SourceNotConfigured
from calipso_nornir.fetchers.cli.lldp import LldpSwitches
from calipso_nornir.link_finders.vedges import Vedges
from calipso_nornir.scan import lineage
from calipso_nornir.scan.progress_events import ObjectsFound, PhaseBegan, ScanEnded, TroubleSeen
from tests.fixtures import linux
from tests.fixtures.linux import link
from tests.fixtures.scanning import KINDS, Scanned, content, seen
from tests.fixtures.tiny_cloud import CLOUD, LAN, ROUTER, Server, TinyCloud, device, down, mac

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.scanning import Stored

WEB1, WEB2 = "77656231-0000-0000-0000-000000000000", "77656232-0000-0000-0000-000000000000"
ONLY_WEB2 = TinyCloud(servers=[Server("web2", "cmp2")])


def changed_kinds(scanned: Scanned, before: Stored) -> list[str]:
    """Return which kinds of documents are not, byte for byte, as they were."""
    after = scanned.stored()
    return [kind for kind in KINDS if after[kind] != before[kind]]


def dangling(scanned: Scanned) -> list[str]:
    """Return the links and cliques that name what is not there."""
    stored = scanned.stored()
    links, objects = stored["links"].keys() | stored["implicit_links"].keys(), stored["inventory"].keys()
    ends = [(one["_id"], {one["source"], one["target"]} - objects) for one in stored["links"].values()]
    cliques = [
        (one["_id"], {*one["links"]} - links | ({*one["nodes"], one["focal_point"]} - objects))
        for one in stored["cliques"].values()
    ]
    return [f"{id_}: {lost}" for id_, lost in [*ends, *cliques] if lost]


# --- modes


def test_a_second_scan_writes_nothing_but_when(scanned: Scanned) -> None:
    before = scanned.stored()
    report = scanned.scan()
    assert report.status == "completed"
    for changes in (report.objects, report.links, report.cliques):
        assert (changes.new, changes.changed, changes.removed, changes.kept) == (0, 0, 0, 0)
    after = scanned.stored()
    assert content(after) == content(before)
    assert len(set(seen(after).values())) == 1
    assert min(seen(after).values()) > max(seen(before).values())


def test_inventory_only_takes_what_is_gone_out_of_links_and_cliques(scanned: Scanned) -> None:
    before = scanned.stored()
    report = scanned.scan(inventory_only=True)
    assert changed_kinds(scanned, before) == ["inventory"], "links and cliques are as they were, and when"
    assert (report.links.removed, report.cliques.removed, report.cliques.changed) == (0, 0, 0)
    report = scanned.scan(ONLY_WEB2.answers(), inventory_only=True)
    assert (report.links.removed, report.cliques.removed) == (2, 1)
    assert dangling(scanned) == []
    pruned = {kind: scanned.stored()[kind].keys() for kind in KINDS}
    scanned.scan(ONLY_WEB2.answers())
    now = {kind: documents.keys() for kind, documents in scanned.stored().items()}
    [carried] = pruned.pop("links") - now.pop("links")
    assert before["links"][carried]["link_type"] == "host_pnic-network", "only a look at the rest tells that it is gone"
    assert now == pruned


def test_inventory_only_finds_no_links(tmp_path: Path) -> None:
    scanned = Scanned(tmp_path)
    assert scanned.scan(inventory_only=True).objects.new == 98
    assert [len(scanned.stored()[kind]) for kind in KINDS] == [98, 0, 0, 0]
    assert scanned.scan(links_only=True).links.new == 35
    assert [len(scanned.stored()[kind]) for kind in KINDS] == [98, 35, 0, 0]
    assert scanned.scan(cliques_only=True).cliques.new == 4
    in_parts = content(scanned.stored())
    scanned.scan()
    assert content(scanned.stored()) == in_parts, "in parts or at once"


@pytest.mark.parametrize(("mode", "kind"), [("links_only", "links"), ("cliques_only", "cliques")])
def test_links_and_cliques_are_made_anew_without_asking_anybody(scanned: Scanned, mode: str, kind: Any) -> None:
    before = scanned.stored()
    with scanned.store.write("cloud") as writer:
        writer.remove(kind, list(before[kind])[:5])
    report = scanned.scan({}, **{mode: True})
    assert report.status == "completed"
    assert scanned.source.rounds == []
    assert content(scanned.stored()) == content(before)
    assert scanned.stored() == before, "nor was anything confirmed: nobody looked"
    assert (report.objects.total, report.rounds.total()) == (0, 0)


def test_cliques_of_an_empty_inventory(tmp_path: Path) -> None:
    scanned = Scanned(tmp_path)
    for mode in ("links_only", "cliques_only"):
        assert scanned.scan({}, **{mode: True}).status == "completed"
    assert scanned.stored() == {kind: {} for kind in KINDS}


def test_implicit_links_on_request(scanned: Scanned) -> None:
    before = scanned.stored()
    assert before["implicit_links"] == {}
    scanned.scan(implicit_links=True)
    found = {
        (one["link_type"], one["source_id"], one["target_id"]) for one in scanned.stored()["implicit_links"].values()
    }
    assert found == {("instance-network", WEB1, LAN), ("instance-network", WEB2, LAN)}
    assert content(scanned.stored()) == {
        **content(before),
        "implicit_links": content(scanned.stored())["implicit_links"],
    }
    scanned.scan(inventory_only=True)
    assert len(scanned.stored()["implicit_links"]) == 2
    scanned.scan()
    assert scanned.stored()["implicit_links"] == {}, "nobody asks for them any more"


def test_implicit_links_where_a_clique_type_wants_them(tmp_path: Path) -> None:
    scanned = Scanned(tmp_path, environment=replace(CLOUD, name="implicit-links-ex"))
    assert scanned.scan().status == "completed"
    stored = scanned.stored()
    assert len(stored["implicit_links"]) == 2
    [clique] = (
        [one for one in stored["cliques"].values() if one["focal_point_object_id"] == WEB1]
        if False
        else [one for one in stored["cliques"].values() if stored["inventory"][one["focal_point"]]["id"] == WEB1]
    )
    assert set(clique["links"]) <= stored["implicit_links"].keys()
    assert dangling(scanned) == []


def test_clear_keeps_nothing_that_cannot_be_looked_at(scanned: Scanned) -> None:
    lost = down(scanned.cloud.answers(), "cmp1", HostUnreachable("cmp1", "192.0.2.1", "no route to host"))
    report = scanned.scan(lost, clear=True)
    assert (report.status, report.objects.kept) == ("completed_with_errors", 0)
    assert {"host cmp1", f"instance {WEB1}"} <= scanned.objects().keys(), "the API told of them"
    assert not {"vnic cmp1|tapweb10000-00", "host_pnic cmp1|eth0", "vedge cmp1|OVS"} & scanned.objects().keys()
    assert dangling(scanned) == []


def test_clear_without_a_login_changes_nothing(scanned: Scanned) -> None:
    before = scanned.stored()
    refused = NotAuthenticated("https://keystone.example:5000/v3", "calipso", "401")
    report = scanned.scan({**scanned.cloud.answers(), "GET identity /auth/catalog": refused}, clear=True)
    assert report.status == "failed"
    assert scanned.stored() == before


# --- what is gone, and what is not


def test_a_deleted_server_goes_with_exactly_what_was_its_own(scanned: Scanned) -> None:
    before = scanned.stored()
    links = set(scanned.links())
    report = scanned.scan(ONLY_WEB2.answers())
    assert report.status == "completed"
    assert {f"{one['type']} {one['id']}" for one in report.removed} == {
        f"instance {WEB1}",
        f"vnics_folder {WEB1}|vnics",
        "vnic cmp1|tapweb10000-00",
        "port web10000-00-port",
    }
    assert links - set(scanned.links()) == {
        f"instance-vnic: {WEB1} > cmp1|tapweb10000-00",
        "vnic-vedge: cmp1|tapweb10000-00 > cmp1|OVS",
        f"host_pnic-network: cmp1|eth1 > {LAN}",  # nobody else on this host uses it
    }
    gone = before["cliques"].keys() - scanned.stored()["cliques"].keys()
    assert [before["inventory"][before["cliques"][one]["focal_point"]]["id"] for one in gone] == [WEB1]
    assert (report.objects.removed, report.links.removed, report.cliques.removed) == (4, 3, 1)
    assert (report.objects.new, report.links.new, report.cliques.new) == (0, 0, 0)
    assert dangling(scanned) == []
    scanned.scan()
    assert content(scanned.stored()) == content(before), "and comes back as it was"


def test_a_host_that_is_down_loses_nothing(scanned: Scanned) -> None:
    before = content(scanned.stored())
    unreachable = HostUnreachable("net1", "192.0.2.11", "no route to host")
    report = scanned.scan(down(scanned.cloud.answers(), "net1", unreachable))
    assert (report.status, report.removed) == ("completed_with_errors", [])
    assert [(str(one.error), one.host) for one in report.failures] == [(str(unreachable), "net1")], "told once"
    assert report.objects.kept > 10
    assert {kind: documents.keys() for kind, documents in content(scanned.stored()).items()} == {
        kind: documents.keys() for kind, documents in before.items()
    }
    scanned.scan()
    assert content(scanned.stored()) == before


def test_while_a_host_is_down_what_its_users_deleted_goes(scanned: Scanned) -> None:
    """Who is known to be gone from the API is gone, although nobody could look at its vNIC."""
    unreachable = HostUnreachable("cmp1", "192.0.2.21", "no route to host")
    scanned.scan(down(ONLY_WEB2.answers(), "cmp1", unreachable))
    assert not {f"instance {WEB1}", "vnic cmp1|tapweb10000-00"} & scanned.objects().keys()
    assert {"host cmp1", "vedge cmp1|OVS", "host_pnic cmp1|eth0"} <= scanned.objects().keys()
    assert dangling(scanned) == []


def test_a_host_that_is_gone_goes_with_everything(scanned: Scanned) -> None:
    without = TinyCloud(hosts=["ctl", "net1", "cmp2"], servers=[Server("web2", "cmp2")], aggregates={1: []})
    report = scanned.scan(without.answers())
    assert report.status == "completed"
    assert [key for key in scanned.objects() if "cmp1" in key or WEB1 in key] == []
    assert [one for one in scanned.links() if "cmp1" in one or WEB1 in one] == []
    assert dangling(scanned) == []
    assert report.objects.removed == len(report.removed) == 19


def test_a_cloud_that_is_empty_now(scanned: Scanned) -> None:
    """An answer is an answer: an API that says there is nothing is believed."""
    empty: dict[Any, Any] = {key: [] for key in scanned.cloud.answers() if str(key).startswith("GET")}
    report = scanned.scan({**empty, "db": SourceNotConfigured("mysql")})
    assert report.status == "completed"
    assert sorted(scanned.objects()) == [
        "projects_folder cloud|projects",
        "regions_folder cloud|regions",
        "switches_folder cloud|switches",
    ]
    assert scanned.links() == []


# --- what goes wrong


def test_a_wrong_password_changes_nothing(scanned: Scanned) -> None:
    before = scanned.stored()
    refused = NotAuthenticated("https://keystone.example:5000/v3", "calipso", "401")
    events: list[Any] = []
    report = scanned.scan({**scanned.cloud.answers(), "GET identity /auth/catalog": refused}, progress=events.append)
    assert (report.status, [one.error for one in report.failures]) == ("failed", [refused])
    assert scanned.stored() == before
    assert [type(one) for one in events[-2:]] == [TroubleSeen, ScanEnded]
    [noted] = scanned.store.collection("scans").find({"scan_id": report.scan_id})
    assert noted["status"] == "failed"
    assert not scanned.source.closed, "it is the caller's"
    assert scanned.scan().status == "completed"


def test_an_api_that_is_down_loses_nothing(scanned: Scanned) -> None:
    before = content(scanned.stored())
    answers = scanned.cloud.answers()
    broken = ApiFailed("any", "x", 503, "down")
    report = scanned.scan({key: broken if str(key).startswith("GET") else one for key, one in answers.items()})
    assert (report.status, report.removed) == ("completed_with_errors", [])
    assert report.objects.kept
    assert {kind: documents.keys() for kind, documents in content(scanned.stored()).items()} == {
        kind: documents.keys() for kind, documents in before.items()
    }


def raising(*_args: Any) -> Any:
    raise ZeroDivisionError("a mistake in it")


def test_a_fetcher_that_raises_keeps_what_it_had_found(
    scanned: Scanned, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = content(scanned.stored())
    with monkeypatch.context() as patched:
        patched.setattr(LldpSwitches, "get", raising)
        report = scanned.scan()
    assert (report.status, report.removed) == ("completed_with_errors", [])
    told = {str(one.error) for one in report.failures}
    assert told == {
        f"ScanHost/switch/LldpSwitches of host {host} raised ZeroDivisionError('a mistake in it')"
        for host in scanned.cloud.hosts
    }
    assert "a mistake in it" in caplog.text
    assert {kind: documents.keys() for kind, documents in content(scanned.stored()).items()} == {
        kind: documents.keys() for kind, documents in before.items()
    }
    scanned.scan()
    assert content(scanned.stored()) == before


@pytest.mark.parametrize("after", [0, 2])
def test_a_link_finder_that_raises_keeps_its_links(
    scanned: Scanned, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, after: int
) -> None:
    """However many it has given before it raises: half of its links are not all of them."""
    before = content(scanned.stored())
    find = Vedges.find

    def half(self: Any, view: Any) -> Any:
        links = iter(list(find(self, view)))
        for _ in range(after):
            yield next(links)
        raise ZeroDivisionError("a mistake in it")

    monkeypatch.setattr(Vedges, "find", half)
    monkeypatch.setattr(lineage, "_code", lambda: "a release with a mistake")
    report = scanned.scan()
    assert (report.status, report.links.removed) == ("completed_with_errors", 0)
    [trouble] = report.failures
    assert str(trouble.error) == "link finder Vedges raised ZeroDivisionError('a mistake in it')"
    assert trouble.affected == [f"links {', '.join(Vedges.link_types)}"]
    assert "a mistake in it" in caplog.text
    assert content(scanned.stored()) == before
    gone = scanned.scan(ONLY_WEB2.answers())
    assert gone.links.removed == 3, "links to what is gone are not kept"
    assert dangling(scanned) == []


def test_a_progress_that_raises_is_no_reason_to_stop(scanned: Scanned, caplog: pytest.LogCaptureFixture) -> None:
    assert scanned.scan(progress=raising).status == "completed"
    assert "the progress callback raised" in caplog.text


def test_what_progress_is_told(scanned: Scanned) -> None:
    events: list[Any] = []
    report = scanned.scan(progress=events.append)
    phases = [one.phase for one in events if isinstance(one, PhaseBegan)]
    assert phases == ["inventory", "links", "cliques", "store"] == list(report.durations)
    on_demand = [one for one in scanned.objects().values() if one.get("on_demand")]
    found = sum(one.count for one in events if isinstance(one, ObjectsFound))
    assert found + len(on_demand) == len(scanned.objects()) == 98
    assert events[-1] == ScanEnded(report)
    assert not [one for one in events if isinstance(one, TroubleSeen)]


# --- what a cloud may look like


def renamed(answers: dict[Any, Any], old: str, new: str) -> dict[Any, Any]:
    """Return the answers with another name of a server, project or network."""
    return {
        key: [{**row, "name": new} if isinstance(row, dict) and row.get("name") == old else row for row in told]
        if isinstance(told, list)
        else told
        for key, told in answers.items()
    }


@pytest.mark.parametrize("name", ["$(reboot)", "a/b.c", "; rm -rf /", "🦀 🏴‍☠️", "a\nb", "%2F", "' OR 1=1 --", "."])
def test_names_are_names(scanned: Scanned, name: str) -> None:
    asked = scanned.scan() and scanned.source.asked
    shape = {key: (one["id_path"], one["parent_id"]) for key, one in scanned.objects().items()}
    answers = scanned.cloud.answers()
    for old in ("web1", "acme", "lan"):
        answers = renamed(answers, old, name)
    report = scanned.scan(answers)
    assert (report.status, report.objects.new, report.objects.removed) == ("completed", 0, 0)
    assert scanned.source.asked == asked, "no name is in any question"
    objects = scanned.objects()
    assert {key: (one["id_path"], one["parent_id"]) for key, one in objects.items()} == shape
    assert [objects[key]["name"] for key in (f"instance {WEB1}", "project p1", f"network {LAN}")] == [name] * 3
    assert len({one["name_path"].count("/") for one in objects.values() if one["type"] == "port"}) == 1


def test_keys_with_dots_and_dollars_come_back(scanned: Scanned) -> None:
    answers = scanned.cloud.answers()
    mappings = {"phys.1": "br-ex", "$where": "x", "[dot]": "y", "": "z"}
    for agent in answers["GET network /agents"]:
        agent["configurations"]["bridge_mappings"] = mappings
    answers["GET network /networks"][1]["provider:physical_network"] = "phys.1"
    assert scanned.scan(answers).status == "completed"
    kept = scanned.objects()["network_agent net1|neutron-open"]["configurations"]["bridge_mappings"]
    assert kept == mappings
    assert scanned.scan(answers).objects.changed == 0


def test_two_devices_of_one_name_in_two_namespaces(scanned: Scanned) -> None:
    answers = scanned.cloud.answers()
    inside = f"net1: ip netns exec qrouter-{ROUTER} {linux.INTERFACES}"
    twin = device("tap", "dhcp")
    answers[inside] = json.dumps([*json.loads(answers[inside]), link(twin, "02:00:00:00:99:99")])
    assert scanned.scan(answers).status == "completed"
    ids = [f"net1|qdhcp-{LAN}|{twin}", f"net1|qrouter-{ROUTER}|{twin}"]
    assert [scanned.objects()[f"vnic {id_}"]["mac_address"] for id_ in ids] == [mac("dhcp"), "02:00:00:00:99:99"]
    links = [one for one in scanned.links() if one.startswith("vservice-vnic")]
    assert f"vservice-vnic: net1|qdhcp-{LAN} > {ids[0]}" in links
    assert f"vservice-vnic: net1|qrouter-{ROUTER} > {ids[1]}" in links
    assert f"vservice-vnic: net1|qdhcp-{LAN} > {ids[1]}" not in links


def test_macs_that_are_there_twice(scanned: Scanned) -> None:
    """Two servers of one MAC on two hosts, two ports of a card that share theirs: nobody is taken for the other."""
    before = content(scanned.stored())
    answers: dict[str, Any] = {
        key: told.replace(mac("web2"), mac("web1")) if isinstance(told, str) else told
        for key, told in scanned.cloud.answers().items()
    }
    for row in answers["GET network /ports"]:
        row["mac_address"] = mac("web1") if row["mac_address"] == mac("web2") else row["mac_address"]
    answers["cmp1: " + linux.INTERFACES] = answers["cmp1: " + linux.INTERFACES].replace(
        "02:00:00:00:02", "02:00:00:00:01"
    )
    assert scanned.scan(answers).status == "completed"
    objects = scanned.objects()
    assert objects["vnic cmp1|tapweb10000-00"]["mac_address"] == objects["vnic cmp2|tapweb20000-00"]["mac_address"]
    assert objects["host_pnic cmp1|eth1"]["mac_address"] == objects["host_pnic cmp1|eth2"]["mac_address"]
    after = content(scanned.stored())
    for kind in ("links", "cliques"):
        assert after[kind].keys() == before[kind].keys()


def test_an_interface_without_a_mac(scanned: Scanned) -> None:
    cloud = TinyCloud(hardware=["eth0", "eth1", "eth2", "ib0"])
    answers = cloud.answers()
    key = "cmp1: " + linux.INTERFACES
    rows = json.loads(answers[key])
    for row in rows:
        if row["ifname"] == "ib0":
            del row["address"]
    answers[key] = json.dumps(rows)
    assert scanned.scan(answers).status == "completed"
    objects = scanned.objects()
    assert objects["host_pnic cmp1|ib0"].get("mac_address") is None
    assert objects["host_pnic cmp2|ib0"]["mac_address"]
    assert not [one for one in scanned.links() if "ib0" in one]
