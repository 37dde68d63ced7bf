# SPDX-License-Identifier: Apache-2.0
"""The intake stores all that it has taken, together with what follows; and how statuses are shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.errors import StoreUnavailable
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.monitoring.intake import Intake, Pace
from calipso_nornir.monitoring.result_storing import Recorded, Recorder
from calipso_nornir.monitoring.results import Refused
from tests.fixtures.cli import calipso
from tests.fixtures.watched import CATALOG, planned, result, watched_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from calipso_nornir.model.stores import Store
    from calipso_nornir.monitoring.results import Result

CHECKS = [(host, one) for host, checks in planned().hosts.items() for one in checks]
NIC = ObjectRef("lab", "host_pnic", "cmp1|eth1")
FAILING = [
    (host, one)
    for host, one in CHECKS
    if one.of == NIC.document_id or (one.check == "ping" and host == "cmp1" and one.name.startswith("otep"))
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = watched_store(tmp_path / "store.db")
    yield store
    store.close()


def test_what_was_taken_is_stored_and_settled_when_it_is_closed(store: Store) -> None:
    intake = Intake(store, Recorder(store, CATALOG.monitoring), CATALOG.monitoring, pace=Pace(batch=7, most=5))
    intake.put([result(one, 0, host=host) for host, one in CHECKS], [Refused("x", "is nothing")])
    intake.put([result(one, 2, at=1, host=host) for host, one in FAILING])
    intake.close()
    assert intake.counted["changed"] == len(CHECKS) + len(FAILING)
    assert (intake.counted["received"], intake.counted["refused"]) == (len(CHECKS) + len(FAILING), 1)
    otep = store.view("lab").status(ObjectRef("lab", "otep", "cmp1|vxlan").document_id)
    assert otep is not None
    assert otep.attributes["cause"]["name"] == "eth1"


def test_an_outage_of_the_store_costs_no_result(store: Store) -> None:
    class Flaky(Recorder):
        left = 2

        def record(self, results: Sequence[Result]) -> Recorded:
            self.left -= 1
            if self.left >= 0:
                raise StoreUnavailable("mongodb://somewhere", "no primary")
            return super().record(results)

    intake = Intake(store, Flaky(store, CATALOG.monitoring), CATALOG.monitoring, pace=Pace(again_s=0.01))
    intake.put([result(CHECKS[0][1], 2)])
    while intake.counted.get("changed", 0) == 0:
        intake.put([])
    intake.close()
    assert intake.counted["changed"] == 1


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store in which a card has failed, and its tunnels with it."""
    path = tmp_path_factory.mktemp("shown") / "store.db"
    store = watched_store(path)
    at_first = [result(one, 0, host=host) for host, one in CHECKS]
    for results in (at_first, [result(one, 2, at=1, host=host, text="no carrier") for host, one in FAILING]):
        intake = Intake(store, Recorder(store, CATALOG.monitoring), CATALOG.monitoring)
        intake.put(results)
        intake.close()
    store.close()
    return str(path)


def said(where: str, *words: str) -> str:
    done = calipso("--store", where, *words)
    assert (done.status, done.err) == (0, "")
    return str(done.out)


@pytest.mark.parametrize(
    ("takes_s", "expected"),
    [(0.0, range(18, 23)), (0.1, range(2, 6))],
)
def test_causes_take_a_fifth_of_the_time_at_most(
    monkeypatch: pytest.MonkeyPatch, store: Store, takes_s: float, expected: range
) -> None:
    now, computed = [100.0], []

    def settled(*_: object, **__: object) -> int:
        now[0] += takes_s
        computed.append(now[0])
        return 0

    monkeypatch.setattr("calipso_nornir.monitoring.intake.settle", settled)
    intake = Intake(store, Recorder(store, CATALOG.monitoring), CATALOG.monitoring, pace=Pace(settle_s=0.1))
    intake.close()
    monkeypatch.setattr("calipso_nornir.monitoring.intake.time.monotonic", lambda: now[0])
    while now[0] < 102.0:
        intake._count(Recorded(touched={"lab": frozenset({"x"})}))  # noqa: SLF001 - without its thread
        intake._settle(at_once=False)  # noqa: SLF001 - as above
        now[0] += 0.01
    assert len(computed) in expected


def test_status_shows_each_failure_once(where: str) -> None:
    out = said(where, "status")
    lines = out.splitlines()
    assert lines[0].startswith("Error  host_pnic eth1  cmp1  lab  since 2026-11-29T12:00:01+00:00")
    assert lines[1:] == ["  no carrier", "  └ Error  otep cmp1-otep-vxlan"]
    [finding] = json.loads(said(where, "status", "-o", "json"))
    assert (finding["type"], [one["type"] for one in finding["consequences"]]) == ("host_pnic", ["otep"])


def test_status_of_a_type_an_object_and_its_history(where: str) -> None:
    rows = said(where, "status", "host_pnic").splitlines()
    assert rows[0].split() == ["STATUS", "NAME", "HOST", "ENVIRONMENT", "TEXT"]
    assert rows[1].split()[:3] == ["Error", "eth1", "cmp1"]
    assert said(where, "status", "otep-host_pnic").splitlines()[1].startswith("Error")
    one = said(where, "status", "host_pnic:cmp1|eth1")
    assert [line.split()[1] for line in one.splitlines()[2:]] == ["Error", "OK"], "newest first"
    shown = json.loads(said(where, "status", "host_pnic:cmp1|eth1", "-o", "json"))
    assert [row["document"]["label"] for row in shown["history"]] == ["Error", "OK"]
    unwatched = calipso("--store", where, "status", next(iter(names(where, "network"))))
    assert "has no status: no check watches it" in unwatched.err


def names(where: str, type_: str) -> list[str]:
    return [f"{type_}:{one['id']}" for one in json.loads(said(where, "list", type_, "-o", "json"))]


def test_cliques_and_objects_show_it(where: str) -> None:
    servers = [one for one in names(where, "instance") if "eth1  cmp1" in said(where, "clique", one)]
    assert servers
    out = said(where, "clique", servers[0]).splitlines()
    assert out[-1] == "status  host_pnic eth1 is Error: no carrier"
    assert json.loads(said(where, "clique", servers[0], "-o", "json"))["check_status"]["member"]["name"] == "eth1"
    otep = said(where, "show", "otep:cmp1|vxlan")
    assert "cause   host_pnic eth1" in otep
    assert otep.count("Error  ping") > 1, "each of its checks"
    assert json.loads(said(where, "show", "otep:cmp1|vxlan", "-o", "json"))["check_status"]["value"] == 2
