# SPDX-License-Identifier: Apache-2.0
"""Handlers of results that others bring, and results that are refused: a wrong type, a clock that is ahead."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.guide import BasicCheckHandler, MonitoringCheckHandler
from calipso_nornir.monitoring import handlers
from calipso_nornir.monitoring.back_ends.sensu_core import SensuCore
from calipso_nornir.monitoring.check_names import encoded
from calipso_nornir.monitoring.guide_handlers import GuideHandler
from calipso_nornir.monitoring.handlers import ResultHandler, installed_handlers
from calipso_nornir.monitoring.result_storing import Recorded, Recorder
from tests.fixtures.watched import BEGIN, CATALOG, check_of, planned, result, watched_store

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


class HandleOtep(MonitoringCheckHandler):
    """As the guide's: the name of the check has the port of the endpoint after its id."""

    def handle(self, obj_id: str, check_result: dict[str, Any]) -> int:
        object_id, _, port = obj_id.rpartition("_")
        doc = self.doc_by_id(object_id)
        if doc is None:
            return 1
        text = f"{self.env}, port {port}: {check_result['output']}"
        self.set_doc_status(doc, check_result["status"], text, self.check_ts(check_result))
        return int(check_result["status"])


class Forgetful(MonitoringCheckHandler):
    """It stores nothing, or what is about something else."""

    def handle(self, obj_id: str, check_result: dict[str, Any]) -> int:  # noqa: ARG002 - the guide's form
        if check_result["output"] == "other":
            self.keep_result({"_id": "f" * 24}, check_result)
        return 0


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
        return {"Milder": Milder, "made": Milder(), "int": int, "HandleOtep": HandleOtep}[self.value]


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


# --- as the developer guide writes them


def written_by_somebody(name: str, status: int, at: int, output: str = "no answer") -> Any:  # noqa: ANN401 - JSON
    """Return the event of a check that somebody has put into a client's file, as the guide says."""
    executed = int((BEGIN + timedelta(seconds=at)).timestamp())
    check = {"name": name, "status": status, "output": output, "executed": executed}
    return {"client": {"name": "cmp1", "environment": "lab"}, "check": check}


def test_a_check_with_a_standard_name_needs_nothing_but_its_name(store: Store) -> None:
    """The basic handler finds its object, or link, without anybody having listed the type."""
    service = check_of(planned(), host="net1", check="vservice")
    for at, one in ((100, service), (101, WIRE)):
        received = SensuCore().receive(written_by_somebody(one.name, 1, at))
        assert received.refused == ()
        done = recorded(store, *received.results)
        assert (done.changed, done.refused) == (1, ())
        status = store.view("lab").status(one.of)
        assert status is not None
        assert (status.label, status.text) == ("Warning", "no answer")
        assert recorded(store, *SensuCore().receive(written_by_somebody(one.name, 0, at + 1)).results).changed == 1
    for name in ("vservice_nobody", "link_vnic-vconnector_a_b", "nothing", ""):
        done = recorded(store, *SensuCore().receive(written_by_somebody(name, 2, 102)).results)
        assert done.changed == 0
        if name:
            assert "no object or link that its name says" in str(done.refused[0])


def test_a_handler_of_the_guides_form_works_as_it_is_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "entry_points", lambda group: [Point("otep", "HandleOtep", group)])
    installed = installed_handlers()
    otep = next(one for one in planned().hosts["cmp1"] if one.type == "otep")
    about = store.view("lab").get_by_id("inventory", otep.of)
    assert about is not None
    name = f"otep_{encoded(about['id'])}_vxlan-0a4e0015"
    done = recorded(store, *SensuCore().receive(written_by_somebody(name, 1, 120)).results, **installed)
    assert (done.changed, done.refused) == (1, ())
    status = store.view("lab").status(otep.of)
    assert status is not None
    assert status.attributes["checks"][0]["text"] == "lab, port vxlan-0a4e0015: no answer"


def test_the_handler_of_the_page_works() -> None:
    page = (Path(__file__).parents[2] / "docs" / "guide-plugins.md").read_text(encoding="utf-8")
    text = page.partition("## A handler of results of checks")[2].partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(text, names)  # noqa: S102 - our own document
    handler = GuideHandler(names["HandleNewType"]())
    one = result(NIC, 1, text="slow", name="host_pnic_cmp1---..124..---eth0_7")
    about = {"_id": NIC.of, "id": "cmp1|eth0", "type": "host_pnic"}
    made = handler.handle(one, about)
    assert made is not None
    assert (made.status, made.text) == (1, "7: slow")
    assert handler.handle(one, {**about, "id": "cmp1|eth1"}) is None


def test_the_basic_handler_and_one_that_stores_nothing(store: Store) -> None:
    port = check_of(planned(), host="net1", check="vnic_ovs")
    basic, forgetful = GuideHandler(BasicCheckHandler()), GuideHandler(Forgetful())
    assert recorded(store, result(port, 2, at=200, text="gone"), vnic=basic).changed == 1
    status = store.view("lab").status(port.of)
    assert status is not None
    assert status.text == "gone"
    assert recorded(store, result(port, 0, at=201), vnic=forgetful).changed == 0
    done = recorded(store, result(port, 0, at=202, text="other"), vnic=forgetful)
    assert "handler Forgetful failed: ValueError: the result is about" in str(done.refused[0])
    with pytest.raises(TypeError, match=r"Wrong.handle\(\) must take the id and the result"):
        type("Wrong", (MonitoringCheckHandler,), {"handle": lambda self: None})  # noqa: ARG005 - it is wrong
