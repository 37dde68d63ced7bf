# SPDX-License-Identifier: Apache-2.0
"""A NIC down and all behind it are one failure; a dead host; links follow their ends. A captured cloud, both stores."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.model.status import Status
from calipso_nornir.monitoring.clique_status import clique_status
from calipso_nornir.monitoring.failures import failures
from calipso_nornir.monitoring.planning import PlannedCheck
from calipso_nornir.monitoring.result_storing import Recorder
from calipso_nornir.monitoring.settling import settle
from calipso_nornir.store.documents import status_document
from tests.fixtures.watched import BEGIN, CATALOG, planned, result, watched_store

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Store
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]
PLAN = planned()
CHECKS = [(host, one) for host, checks in PLAN.hosts.items() for one in checks]
HOST = ObjectRef("lab", "host", "cmp1")
KEEPALIVE = PlannedCheck(
    of=HOST.document_id, kind="inventory", type="host", name="host_cmp1", check="keepalive", parameters={}
)
UPLINK = ObjectRef("lab", "host_pnic", "cmp1|eth1")


@pytest.fixture(scope="module")
def store(module_place: Place) -> Store:
    watched_store(module_place.uri).close()
    return module_place.open()


@pytest.fixture
def recorder(store: Store) -> Recorder:
    """Everything was checked and is OK."""
    with store.write("lab") as writer:
        writer.remove("status", [one["_id"] for one in store.view("lab").documents("status")])
    made = Recorder(store, CATALOG.monitoring)
    made.record([result(KEEPALIVE, 0), *(result(one, 0, host=host) for host, one in CHECKS)])
    return made


def settled(store: Store, at: float = 100) -> int:
    return settle(store, "lab", CATALOG.monitoring, at=BEGIN + timedelta(seconds=at))


def status(store: Store, of: str) -> Status:
    found = store.view("lab").status(of)
    assert found is not None
    return found


def behind_the_uplink() -> list[tuple[str, PlannedCheck]]:
    """What the lab's checks say when cmp1's uplink is down: the card, its tunnels, and its servers' neighbours."""
    on_cmp1 = {one.of for host, one in CHECKS if host == "cmp1" and one.check == "instance"}
    return [
        (host, one)
        for host, one in CHECKS
        if one.of == UPLINK.document_id
        or (one.check == "ping" and (host == "cmp1" or "10.78.0.21" in str(one.parameters.get("target"))))
        or (one.check == "link_up" and one.parameters["device"] == "eth1" and host == "cmp1")
        or (one.check == "instance_communications" and one.of in on_cmp1)
    ]


def test_nothing_is_wrong(store: Store, recorder: Recorder) -> None:
    assert recorder is not None
    assert (settled(store), failures(store.view("lab"))) == (0, [])


def test_a_nic_and_what_is_behind_it_are_one_finding(store: Store, recorder: Recorder) -> None:
    failing = behind_the_uplink()
    assert len(failing) >= 10
    recorder.record([result(one, 2, at=15, host=host) for host, one in failing])
    assert settled(store) > 0
    [failure] = failures(store.view("lab"))
    assert (failure.about.type, failure.about.id, failure.about.label) == ("host_pnic", "cmp1|eth1", "Error")
    assert {one.of for one in failure.consequences} == {one.of for _, one in failing} - {UPLINK.document_id}
    assert {"instance", "otep", "otep-otep"} <= {one.type for one in failure.consequences}
    server = next(one for one in failure.consequences if one.type == "instance")
    assert status(store, server.of).attributes["cause"] == {
        "of": UPLINK.document_id,
        "kind": "inventory",
        "type": "host_pnic",
        "id": "cmp1|eth1",
        "name": "eth1",
    }
    assert settled(store) == 0, "nothing more to say"


def test_all_is_forgotten_when_it_is_mended(store: Store, recorder: Recorder) -> None:
    failing = behind_the_uplink()
    recorder.record([result(one, 2, at=15, host=host) for host, one in failing])
    settled(store)
    recorder.record([result(one, 0, at=30, host=host) for host, one in failing])
    settled(store)
    view = store.view("lab")
    assert failures(view) == []
    assert {one["value"] for one in view.documents("status")} == {0}
    assert not [one for one in view.documents("status") if "cause" in one["attributes"]]


def test_links_follow_their_ends(store: Store, recorder: Recorder) -> None:
    recorder.record([result(one, 2, at=15) for _, one in CHECKS if one.of == UPLINK.document_id])
    settled(store)
    view = store.view("lab")
    [wire] = [link for link in view.links("otep-host_pnic") if link.target == UPLINK]
    assert wire.status is not None
    assert (wire.status.label, wire.status.text) == ("Error", "its end host_pnic eth1 is Error")
    assert wire.status.attributes["cause"]["id"] == "cmp1|eth1"
    cable = next(link for link in view.links("host_pnic-switch_pnic") if link.source == UPLINK)
    assert cable.status is not None
    assert cable.status.label == "OK", "it has a check of its own"
    recorder.record([result(one, 0, at=30) for _, one in CHECKS if one.of == UPLINK.document_id])
    settled(store)
    assert status(store, wire.document_id).label == "OK"


def test_a_dead_host_and_its_objects(store: Store, recorder: Recorder) -> None:
    recorder.record([result(KEEPALIVE, 2, at=60, text="no keepalive for 180 s")])
    settled(store)
    view = store.view("lab")
    [failure] = failures(view)
    assert (failure.about.type, failure.about.text) == ("host", "no keepalive for 180 s")
    on_cmp1 = {one.of for host, one in CHECKS if host == "cmp1"}
    assert {one.of for one in failure.consequences} >= on_cmp1
    assert {status(store, of).label for of in on_cmp1} == {"Unknown"}
    assert {status(store, of).text for of in on_cmp1} == {"follows from host cmp1"}
    recorder.record([result(KEEPALIVE, 0, at=120)])
    settled(store, at=121)
    assert {status(store, of).label for of in on_cmp1} == {"OK"}
    assert failures(store.view("lab")) == []


def test_what_failed_before_its_host_died_fails_after_it_is_back(store: Store, recorder: Recorder) -> None:
    nic = next(one for _, one in CHECKS if one.of == UPLINK.document_id)
    recorder.record([result(nic, 2, at=15, text="eth1 is down"), result(KEEPALIVE, 2, at=60)])
    settled(store)
    assert status(store, nic.of).label == "Unknown"
    recorder.record([result(KEEPALIVE, 0, at=120)])
    settled(store)
    assert (status(store, nic.of).label, status(store, nic.of).text) == ("Error", "eth1 is down")


def test_a_clique_is_as_bad_as_its_worst_member(store: Store, recorder: Recorder) -> None:
    recorder.record([result(one, 2, at=15, host=host) for host, one in behind_the_uplink()])
    settled(store)
    view = store.view("lab")
    servers = [one for one in view.of_type("instance") if one["host"] == "cmp1"]
    assert servers
    for server in servers:
        [clique] = view.cliques(server.ref)
        objects = [one for ref in clique.nodes if (one := view.get(ref)) is not None]
        found = clique_status(objects, [link for link in view.links() if link.document_id in clique.links])
        assert found is not None
        assert (found.value, found.member["name"], found.cause) == (2, "eth1", None)
    assert clique_status([], []) is None


def test_a_status_that_somebody_wrote_is_left_alone(store: Store, recorder: Recorder) -> None:
    network = store.view("lab").of_type("network")[0].ref.document_id
    written = Status(environment="lab", of=network, value=2, label="Broken", text="by hand")
    with store.write("lab") as writer:
        writer.put("status", [status_document(written)])
    recorder.record([result(KEEPALIVE, 2, at=60)])
    settled(store)
    assert (status(store, network).label, status(store, network).text) == ("Broken", "by hand")
    assert {one.about.type for one in failures(store.view("lab"))} == {"network", "host"}
