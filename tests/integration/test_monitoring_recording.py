# SPDX-License-Identifier: Apache-2.0
"""Results of checks become statuses and messages, in both stores; what cannot be used costs nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.monitoring.result_storing import REFRESH, Recorder
from calipso_nornir.monitoring.results import read_results
from tests.fixtures.watched import BEGIN, CATALOG, check_of, planned, result, watched_store

if TYPE_CHECKING:
    from calipso_nornir.model.status import Status
    from calipso_nornir.model.stores import Document, Store
    from calipso_nornir.monitoring.planning import PlannedCheck
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]
PLAN = planned()
NIC = check_of(PLAN, host="cmp1", check="pnic")
OTHER_NIC = check_of(PLAN, host="net1", check="pnic")
TUNNELS = [one for one in PLAN.hosts["cmp1"] if one.check == "ping" and one.name.startswith("otep_")]
WIRE = check_of(PLAN, host="cmp1", check="link_vnic_vconnector")


@pytest.fixture(scope="module")
def store(module_place: Place) -> Store:
    watched_store(module_place.uri).close()
    return module_place.open()


@pytest.fixture
def recorder(store: Store) -> Recorder:
    view = store.view("lab")
    with store.write("lab") as writer:
        writer.remove("status", [one["_id"] for one in view.documents("status")])
    for one in messages(store):
        store.collection("messages").delete(one["id"])
    return Recorder(store, CATALOG.monitoring)


def messages(store: Store) -> list[Document]:
    return store.collection("messages").find({"origin_type": "monitoring"}, order=("timestamp",))


def status(store: Store, of: PlannedCheck) -> Status:
    found = store.view("lab").status(of.of)
    assert found is not None
    return found


def test_the_first_result_is_stored_and_the_unchanged_ones_are_not(store: Store, recorder: Recorder) -> None:
    assert recorder.record([result(NIC, 0)]).changed == 1
    before = store.view("lab").revision
    again = recorder.record([result(NIC, 0, at=15), result(NIC, 0, at=30, text="other words")])
    assert (again.changed, again.unchanged, store.view("lab").revision) == (0, 2, before)
    assert (status(store, NIC).label, status(store, NIC).text) == ("OK", "pnic says 0")
    assert status(store, NIC).since == BEGIN


def test_a_change_is_stored_with_its_message(store: Store, recorder: Recorder) -> None:
    recorder.record([result(NIC, 0), result(NIC, 2, at=15, text="eth0 is down")])
    now = status(store, NIC)
    assert (now.value, now.label, now.text, now.source) == (2, "Error", "eth0 is down", NIC.name)
    assert (now.since, now.attributes["host"]) == (BEGIN + timedelta(seconds=15), "cmp1")
    first, second = messages(store)
    assert (first["level"], second["level"], second["message"]) == ("info", "error", f"{NIC.name}: eth0 is down")
    assert (second["related_object"], second["related_object_type"]) == ("cmp1|eth0", "host_pnic")
    assert second["environment"] == "lab"


def test_a_link_has_its_own_status_and_message(store: Store, recorder: Recorder) -> None:
    recorder.record([result(WIRE, 1)])
    assert (status(store, WIRE).kind, status(store, WIRE).label) == ("links", "Warning")
    [told] = messages(store)
    assert told["related_object_type"] == "link_vnic-vconnector"
    source, target = told["related_object"].removeprefix("link_").split("_")
    assert (source.split("|")[0], target.split("|")[0]) == ("cmp1", "cmp1")


def test_an_object_is_as_bad_as_its_worst_check(store: Store, recorder: Recorder) -> None:
    second = replace(NIC, name=NIC.name + "_more")
    recorder.record([result(NIC, 0), result(second, 3)])
    assert status(store, NIC).label == "Unknown"
    recorder.record([result(NIC, 1, at=1)])
    assert (status(store, NIC).label, status(store, NIC).source) == ("Warning", NIC.name), "to know is worse"
    recorder.record([result(NIC, 0, at=2), result(second, 0, at=2)])
    assert status(store, NIC).label == "OK"


def test_an_endpoint_with_a_tunnel_that_works_is_a_warning(store: Store, recorder: Recorder) -> None:
    assert len(TUNNELS) > 1
    recorder.record([result(one, 2) for one in TUNNELS])
    assert status(store, TUNNELS[0]).label == "Error"
    recorder.record([result(TUNNELS[0], 0, at=1)])
    assert status(store, TUNNELS[0]).label == "Warning"
    recorder.record([result(one, 0, at=2) for one in TUNNELS])
    assert status(store, TUNNELS[0]).label == "OK"


def test_results_that_come_late_change_nothing(store: Store, recorder: Recorder) -> None:
    recorder.record([result(NIC, 0, at=0), result(NIC, 0, at=30)])
    assert recorder.record([result(NIC, 2, at=20)]).outdated == 1
    other = Recorder(store, CATALOG.monitoring)
    recorder.record([result(NIC, 2, at=60)])
    assert other.record([result(NIC, 0, at=59)]).outdated == 1, "another process knows it from the store"
    assert status(store, NIC).label == "Error"


def test_a_batch_is_put_in_order(store: Store, recorder: Recorder) -> None:
    recorder.record([result(NIC, 0, at=2), result(NIC, 2, at=1)])
    assert status(store, NIC).label == "OK"


def test_when_it_was_checked_is_kept_now_and_then(store: Store, recorder: Recorder) -> None:
    recorder.record([result(NIC, 0)])
    late = REFRESH.total_seconds()
    recorder.record([result(NIC, 0, at=late - 1)])
    assert status(store, NIC).checked_at == BEGIN
    recorder.record([result(NIC, 0, at=late)])
    assert (status(store, NIC).checked_at, status(store, NIC).since) == (BEGIN + REFRESH, BEGIN)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"of": "0" * 24}, "no object with _id 000000000000000000000000"),
        ({"kind": "links"}, "no link with _id"),
        ({"environment": "elsewhere"}, "environment elsewhere has no object"),
    ],
)
def test_what_is_about_nothing_known_costs_no_other(
    store: Store, recorder: Recorder, change: dict[str, Any], problem: str
) -> None:
    done = recorder.record([replace(result(NIC, 2), **change), result(OTHER_NIC, 2)])
    assert done.changed == 1
    [refused] = done.refused
    assert problem in str(refused)
    assert status(store, OTHER_NIC).label == "Error"


def test_what_cannot_be_read_costs_no_other() -> None:
    good = {"environment": "lab", "of": NIC.of, "name": NIC.name, "status": 0, "checked_at": 1.5, "text": "x" * 9999}
    bad: list[Any] = [
        None,
        {**good, "status": True},
        {**good, "status": "2"},
        {**good, "status": -1},
        {**good, "of": "eth0"},
        {**good, "kind": "cliques"},
        {**good, "checked_at": float("nan")},
        {**good, "checked_at": 1e30},
        {**good, "text": 5},
        {**good, "name": ""},
    ]
    results, refused = read_results([good, *bad, {**good, "status": 127}])
    assert [(one.status, len(one.text)) for one in results] == [(0, 4096), (3, 4096)]
    assert len(refused) == len(bad)
    assert all("expected" in str(one) or "missing" in str(one) for one in refused)


def test_two_receivers_lose_nothing(store: Store, recorder: Recorder) -> None:
    other = Recorder(store, CATALOG.monitoring)
    recorder.record([result(one, 2) for one in TUNNELS[:1]])
    other.record([result(one, 2) for one in TUNNELS[1:]])
    assert [one["status"] for one in status(store, TUNNELS[0]).attributes["checks"]] == [2] * len(TUNNELS)
