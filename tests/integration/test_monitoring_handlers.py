# SPDX-License-Identifier: Apache-2.0
"""Handlers of results that others bring, and results that are refused: a wrong type, a clock that is ahead."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.monitoring import handlers
from calipso_nornir.monitoring.handlers import ResultHandler, installed_handlers
from calipso_nornir.monitoring.recording import Recorded, Recorder
from tests.fixtures.watched import CATALOG, check_of, planned, result, watched_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.stores import Store
    from calipso_nornir.monitoring.results import Result

NIC = check_of(planned(), host="cmp1", check="pnic")
WIRE = check_of(planned(), host="cmp1", check="vedge_pnic")


class Milder:
    """Somebody's handler: a card without a carrier is only a warning, and lo is nobody's business."""

    def handle(self, result: Result, about: Mapping[str, Any]) -> Result | None:
        if result.text == "ignore":
            return None
        return replace(result, status=min(result.status, 1), text=f"{about['local_name']}: {result.text}")


class Failing:
    """It takes a link for something else."""

    def handle(self, result: Result, about: Mapping[str, Any]) -> Result | None:  # noqa: ARG002 - a handler's
        raise KeyError(about["link_type"])


class Other:
    """It returns a result about something else."""

    def handle(self, result: Result, about: Mapping[str, Any]) -> Result | None:  # noqa: ARG002 - a handler's
        return replace(result, of="f" * 24)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = watched_store(tmp_path_factory.mktemp("handlers") / "store.db")
    yield made
    made.close()


def recorded(store: Store, *results: Result, **mine: ResultHandler) -> Recorded:
    named = {name.replace("__", "-"): one for name, one in mine.items()}
    return Recorder(store, CATALOG.monitoring, handlers=named).record(results)


def test_a_third_partys_handler_changes_and_ignores_results_of_its_type(store: Store) -> None:
    done = recorded(store, result(NIC, 2, text="no carrier"), result(WIRE, 2), host_pnic=Milder())
    assert (done.changed, done.refused) == (2, ())
    view = store.view("lab")
    card, wire = view.status(NIC.of), view.status(WIRE.of)
    assert card is not None
    assert wire is not None
    assert (card.label, card.text) == ("Warning", f"{NIC.parameters['device']}: no carrier")
    assert wire.label == "Error", "another type"
    assert recorded(store, result(NIC, 0, at=9, text="ignore"), host_pnic=Milder()).changed == 0


def test_one_that_fails_costs_no_other_result(store: Store) -> None:
    handlers_: dict[str, ResultHandler] = {"link_vedge__host_pnic": Failing(), "vservice": Other()}
    service = check_of(planned(), host="net1", check="vservice")
    done = recorded(store, result(WIRE, 1, at=20), result(NIC, 1, at=20), result(service, 2, at=20), **handlers_)
    assert [one.problem for one in done.refused] == [
        "handler Failing failed: KeyError: 'vedge-host_pnic'",
        "handler Other returned something else than a result of the same check",
    ]
    assert done.changed + done.unchanged == 1


class Point(EntryPoint):
    """An entry point without a distribution."""

    def load(self) -> Any:  # noqa: ANN401 - what it names
        if self.value == "gone":
            raise ImportError("no module gone")
        return {"Milder": Milder, "made": Milder(), "int": int}[self.value]


@pytest.mark.parametrize(
    ("points", "fault"),
    [
        ([("host_pnic", "gone")], "gone cannot be loaded: no module gone"),
        ([("host_pnic", "int")], "int is no handler: it has no method handle"),
        ([("host_pnic", "Milder"), ("host_pnic", "made")], "entry point host_pnic of .*: registered more than once"),
    ],
)
def test_what_is_wrong_with_an_entry_point_is_told(
    monkeypatch: pytest.MonkeyPatch, points: list[tuple[str, str]], fault: str
) -> None:
    monkeypatch.setattr(handlers, "entry_points", lambda group: [Point(*one, group) for one in points])
    with pytest.raises(InvalidRequest, match=fault):
        installed_handlers()


def test_installed_handlers_are_found_as_classes_or_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [("host_pnic", "Milder"), ("link_a-b", "made")]
    monkeypatch.setattr(handlers, "entry_points", lambda group: [Point(*one, group) for one in points])
    assert {name: type(one) for name, one in installed_handlers().items()} == {"host_pnic": Milder, "link_a-b": Milder}


def test_a_result_of_another_type_or_from_the_future_is_refused(store: Store) -> None:
    ahead = datetime.now(UTC) + timedelta(minutes=6)
    done = recorded(store, result(NIC, 2, at=30, type="vnic"), replace(result(NIC, 2), checked_at=ahead))
    assert sorted(one.problem for one in done.refused) == [
        f"{ahead.isoformat()} is in the future: check the clocks",
        f"says that {NIC.of} is a vnic, but the object is a host_pnic",
    ]
    soon = datetime.now(UTC) + timedelta(minutes=4)
    assert recorded(store, replace(result(NIC, 2), checked_at=soon, type="")).changed == 1
