# SPDX-License-Identifier: Apache-2.0

"""The law of small scans: if everything that changed was named, the picture equals that of a whole scan."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.queries import ApiGet
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.scan.small_links import is_as_before
from tests.fixtures.canned import CannedSource
from tests.fixtures.narrowing import Narrowing
from tests.fixtures.scanning import Scanned, content
from tests.fixtures.tiny_cloud import CLOUD, EXT, LAN, ROUTER, Server, TinyCloud, port_id
from tests.unit.test_engine_history import GONE, clouds, fresh

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Document
    from calipso_nornir.scan.report import ScanReport
    from tests.fixtures.scanning import Stored

WEB1 = "77656231-0000-0000-0000-000000000000"


def rescanned(scanned: Scanned, cloud: TinyCloud, *refs: ObjectRef) -> ScanReport:
    """Look again at some objects of a cloud as it is now."""
    scanned.source = Narrowing({**cloud.answers(), "cli": GONE})
    with open_cloud(CLOUD, store=scanned.store, source=scanned.source) as opened:
        return opened.rescan(refs)


def ref(type_: str, id_: str) -> ObjectRef:
    return ObjectRef("cloud", type_, id_)


def changed(before: Stored, truth: Stored) -> list[ObjectRef]:
    """Return the objects that are not as they were, but for those below others of them, which come with these."""
    was, now = before["inventory"], truth["inventory"]
    rows = [now.get(id_) or was[id_] for id_ in sorted(was.keys() | now.keys()) if was.get(id_) != now.get(id_)]
    refs = {(one["type"], one["id"]): one for one in rows}
    top = [one for one in rows if (one["parent_type"], one["parent_id"]) not in refs]
    return [ref(one["type"], one["id"]) for one in top]


def named(refs: list[ObjectRef], before: Stored) -> list[ObjectRef]:
    """Name in place of what nobody knows, and what has no id to ask for, whatever it is found on."""
    known = {(one["type"], one["id"]) for one in before["inventory"].values()}
    found = []
    for one in refs:
        if (one.type, one.id) in known or one.type in ("instance", "network", "port"):
            found.append(one)
        elif one.type == "project":
            found.append(ref("projects_folder", "cloud|projects"))
        elif one.type == "host":
            found.append(ref("availability_zone", "R1|nova"))
        elif one.type == "aggregate":
            found.append(ref("region", "R1"))
        elif one.type == "switch_pnic":
            found.append(ref("host", one.id.rpartition("|t-")[2]))
        else:
            found.append(ref("host", one.id.partition("|")[0]))
    return [
        one
        for one in dict.fromkeys(found)
        if (one.type, one.id) in known or one.type in ("instance", "network", "port")
    ]


@settings(max_examples=6, deadline=None)
@given(clouds(), clouds())
def test_when_what_changed_was_named_all_is_as_after_a_whole_scan(before: TinyCloud, now: TinyCloud) -> None:
    with tempfile.TemporaryDirectory() as folder:
        truth = fresh(now, Path(folder))
        scanned = Scanned(Path(folder), before)
        scanned.scan()
        was = content(scanned.stored())
        refs = named(changed(was, truth), was)
        if refs:
            assert rescanned(scanned, now, *refs).status == "completed"
        assert content(scanned.stored()) == truth
        scanned.store.close()


@settings(max_examples=4, deadline=None)
@given(clouds(), clouds(), st.lists(st.integers(0, 200), min_size=1, max_size=3))
def test_whatever_was_named_links_and_cliques_are_those_of_the_objects(
    before: TinyCloud, now: TinyCloud, numbers: list[int]
) -> None:
    """And every object is as it was, or as it is now."""
    with tempfile.TemporaryDirectory() as folder:
        truth = fresh(now, Path(folder))["inventory"]
        scanned = Scanned(Path(folder), before)
        scanned.scan()
        was = content(scanned.stored())["inventory"]
        objects = sorted(was.values(), key=lambda one: one["_id"])
        refs = [ref(one["type"], one["id"]) for one in (objects[number % len(objects)] for number in numbers)]
        rescanned(scanned, now, *refs)
        stored = content(scanned.stored())
        scanned.scan(links_only=True)
        scanned.scan(cliques_only=True)
        derived = content(scanned.stored())
        for kind in ("links", "implicit_links", "cliques"):
            assert stored[kind] == derived[kind]
        assert {(one["parent_type"], one["parent_id"]) for one in stored["inventory"].values()} <= {
            ("environment", "cloud"),
            *((one["type"], one["id"]) for one in stored["inventory"].values()),
        }
        assert truth.keys() | was.keys() >= stored["inventory"].keys()
        scanned.store.close()


def test_one_instance_asks_about_itself_and_its_host(scanned: Scanned) -> None:
    report = rescanned(scanned, scanned.cloud, ref("instance", WEB1))
    assert (report.status, report.objects.new, report.objects.changed, report.objects.removed) == ("completed", 0, 0, 0)
    asked = {query for queries in scanned.source.rounds for query in queries}
    assert {query.host for query in asked} == {None, "cmp1"}
    narrowed = {str(query) for query in asked if isinstance(query, ApiGet)}
    assert f"GET compute /servers/detail?all_tenants=1&uuid={WEB1} [R1]" in narrowed
    assert f"GET network /ports?device_id={WEB1} [R1]" in narrowed
    assert not narrowed & {"GET compute /servers/detail?all_tenants=1 [R1]", "GET network /ports [R1]"}


def test_the_last_host_of_a_zone_that_is_disabled_makes_it_unavailable(scanned: Scanned, tmp_path: Path) -> None:
    now = TinyCloud(disabled=["cmp1", "cmp2"])
    rescanned(scanned, now, ref("host", "cmp1"), ref("host", "cmp2"))
    assert scanned.objects()["availability_zone R1|nova"]["available"] is False
    assert content(scanned.stored()) == fresh(now, tmp_path)


def test_a_new_instance_is_found_by_its_id(scanned: Scanned, tmp_path: Path) -> None:
    now = TinyCloud(servers=[*scanned.cloud.servers, Server("web3", "cmp2")])
    report = rescanned(scanned, now, ref("instance", "77656233-0000-0000-0000-000000000000"))
    assert report.status == "completed"
    assert content(scanned.stored()) == fresh(now, tmp_path)


def test_an_instance_that_moved_is_found_where_it_is(scanned: Scanned, tmp_path: Path) -> None:
    now = TinyCloud(servers=[Server("web1", "cmp2"), Server("web2", "cmp2")])
    rescanned(scanned, now, ref("instance", WEB1))
    assert content(scanned.stored()) == fresh(now, tmp_path)


def test_a_network_and_what_is_in_it(scanned: Scanned) -> None:
    now = TinyCloud(networks={LAN: "renamed", EXT: "ext"}, namespaces=[f"qrouter-{ROUTER}"])
    rescanned(scanned, now, ref("network", LAN))
    assert scanned.objects()[f"network {LAN}"]["name"] == "renamed"
    assert {one["link_name"] for one in scanned.stored()["links"].values() if one["link_type"] == "instance-vnic"} == {
        "renamed"
    }


def test_what_refuses_to_be_narrowed_is_asked_as_a_whole(scanned: Scanned) -> None:
    """A recording has no answer to a narrowed question, an old service may refuse it."""
    from calipso_nornir.errors import ApiFailed  # noqa: PLC0415 - only here

    answers = scanned.cloud.answers()
    answers[f"GET network /ports?device_id={WEB1} [R1]"] = ApiFailed("neutron", "ports", 400, "unknown filter")
    scanned.source = CannedSource(answers)
    with open_cloud(CLOUD, store=scanned.store, source=scanned.source) as opened:
        report = opened.rescan([ref("instance", WEB1)])
    assert (report.status, report.objects.changed) == ("completed", 0)
    assert scanned.source.asked["GET network /ports [R1]"] == 1


def test_whoever_is_gone_is_no_witness_any_more(scanned: Scanned, tmp_path: Path) -> None:
    """The switch is heard by the other hosts, too: they tell of it anew, since one of its witnesses is gone."""
    now = TinyCloud(hosts=["ctl", "net1", "cmp1"], servers=[Server("web1", "cmp1")])
    rescanned(scanned, now, ref("host", "cmp2"), ref("availability_zone", "R1|nova"))
    assert content(scanned.stored()) == fresh(now, tmp_path)


def test_a_port_that_was_detached_is_still_there(scanned: Scanned) -> None:
    """It does not concern the server any more, which alone was named: Neutron is asked for the port by its id."""
    answers = {**scanned.cloud.answers(), "cli": GONE}
    for row in answers["GET network /ports"]:
        if row["id"] == port_id("web1"):
            row["device_id"] = ""
    scanned.source = Narrowing(answers)
    with open_cloud(CLOUD, store=scanned.store, source=scanned.source) as opened:
        report = opened.rescan([ref("instance", WEB1)])
    assert (report.status, report.removed) == ("completed", [])
    assert scanned.objects()[f"port {port_id('web1')}"]["device_id"] == ""


def test_what_left_a_host_is_looked_for_on_the_others(scanned: Scanned, tmp_path: Path) -> None:
    now = TinyCloud(servers=[Server("web1", "cmp2"), Server("web2", "cmp2")])
    rescanned(scanned, now, ref("host", "cmp1"))
    assert content(scanned.stored()) == fresh(now, tmp_path)


@pytest.mark.parametrize(
    ("new", "stored", "same"),
    [
        ({"up": True, "ports": [{"tag": 1}]}, {"up": True, "ports": [{"tag": 1}]}, True),
        ({"up": True}, {"up": 1}, False),
        ({"ports": [{"up": False}]}, {"ports": [{"up": 0}]}, False),
        ({"up": True}, {}, False),
        ({"ports": [{"tag": 1}]}, {"ports": [{"tag": 1.0}]}, True),
        ({"ports": [{"tag": 1}]}, {"ports": [{"tag": True}]}, False),
        ({"load": float("nan")}, {"load": None}, False),
        ({"size": 2**70}, {"size": 2**70}, True),
        ({"b": 1, "a": [2]}, {"a": [2], "b": 1}, True),
    ],
)
def test_an_object_is_as_before_when_its_document_would_be(new: Document, stored: Document, *, same: bool) -> None:
    one = InventoryObject(
        ref=ObjectRef("cloud", "vnic", "v"), name="v", parent=None, id_path="/cloud/v", name_path="/cloud/v"
    )
    assert is_as_before(replace(one, attributes=new), replace(one, attributes=stored)) is same
    assert not is_as_before(one, None)
