# SPDX-License-Identifier: Apache-2.0
"""Event handlers in the form of the developer guide: what they write is checked and stored; failures."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

import calipso_nornir.guide
from calipso_nornir.errors import MetadataError, StoreUnavailable
from calipso_nornir.guide import EventBase, EventResult, ListenerBase
from calipso_nornir.live import listener_base
from calipso_nornir.live.arrivals import Arrival, Inbox
from calipso_nornir.live.classic import ClassicWork
from calipso_nornir.live.looking import Looker
from calipso_nornir.live.outcomes import MOST_ATTEMPTS
from calipso_nornir.live.processor import Processor
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.parsing.notifications import read_notification
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.scan.plan import ScanPlan
from calipso_nornir.store import open_store
from tests.fixtures.guide_events.event_new_object_add import EventNewObjectAdd
from tests.fixtures.living import Changing, envelope
from tests.fixtures.tiny_cloud import CLOUD, LAN, TinyCloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calipso_nornir.model.stores import Document, Store

FOLDER = Path(__file__).parents[1] / "fixtures" / "guide_events"


class Scripted(EventBase):
    """Does what a test says."""

    does: ClassVar[Callable[[Any, str, dict[str, Any]], Any]]

    def handle(self, env: str, notification: dict[str, Any]) -> EventResult:
        result: EventResult = type(self).does(self.inv, env, notification)
        return result


class Works:
    """A processor with the guide's handler, and one that a test writes, on a clock of its own."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.cloud = TinyCloud()
        self.settled: list[str] = []
        self.now = 1000.0
        self._opened = open_cloud(CLOUD, store=store, source=Changing(self.cloud), metadata=(str(FOLDER),))
        self.open = self._opened.__enter__()
        assert self.open.scan().ok
        catalog = load_catalog((str(FOLDER),))
        self.inbox = Inbox()
        self.classic = ClassicWork(store, "cloud", catalog)
        self.processor = Processor(
            "cloud",
            store=store,
            inbox=self.inbox,
            handlers={**catalog.event_handlers, "scripted": Scripted()},
            looker=Looker(self.open),
            classic=self.classic,
            clock=lambda: self.now,
        )

    def arrives(self, type_: str, name: str = "m", **payload: Any) -> Document:  # noqa: ANN401 - JSON
        """Let a message come; return its journal's entry."""
        body = envelope(type_, payload, message_id=name)
        self.inbox.put(Arrival(body=body, source="new", settle=lambda: self.settled.append(name)))
        self.goes_on()
        return self.entry(name)

    def goes_on(self, seconds: float = 1) -> None:
        """Let time pass."""
        self.now += seconds
        self.processor.round()
        self.processor.round()

    def entry(self, name: str = "m") -> Document:
        return self.store.collection("messages").get(name) or {}

    def get(self, id_: str, type_: str = "new_object") -> Any:  # noqa: ANN401 - an object
        return self.store.view("cloud").get(ObjectRef("cloud", type_, id_))

    def letters(self) -> list[Document]:
        return self.store.collection("dead_letters").find({"environment": "cloud"})

    def close(self) -> None:
        self._opened.__exit__(None, None, None)


@pytest.fixture
def works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Works]:
    monkeypatch.setattr("calipso_nornir.live.processor.IDLE_S", 0)
    with closing(open_store(tmp_path / "calipso.db")) as store:
        one = Works(store)
        yield one
        one.close()


def does(monkeypatch: pytest.MonkeyPatch, what: Callable[[Any, str, dict[str, Any]], Any]) -> None:
    monkeypatch.setattr(Scripted, "does", staticmethod(what), raising=False)


def test_the_guide_s_example_stores_its_object_and_scans_keep_it(works: Works) -> None:
    noted = works.arrives("new_object.create", new_object={"id": "n1"})
    assert noted["outcome"] == "stored"
    assert works.settled == ["m"]
    found = works.get("n1")
    assert (found.name, found.id_path, found.parent.type, found.owner) == ("n1", "/cloud/n1", "environment", "events")
    assert works.store.commits("cloud")[0].cause == "event new_object.create"
    assert works.open.scan(ScanPlan(clear=True)).ok
    assert works.get("n1") is not None
    works.arrives("new_object.create", "again", new_object={"id": "n1"})
    assert works.entry("again")["outcome"] == "stored"


def test_what_a_handler_gets_and_says(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[Any] = []

    def handle(inv: Any, env: str, notification: dict[str, Any]) -> EventResult:  # noqa: ANN401 - the guide's
        got.append((env, notification))
        parent = inv.get_by_id(env, "n1")
        inv.set({"id": "n2", "type": "new_object", "parent": parent, "colour": "red", "environment": env})
        got.append(inv.get_by_id(env, "n2")["colour"])
        got.append(len(inv.find_items({"environment": env, "type": "new_object"})))
        return EventResult(result=True, message="done", related_object="n2", display_context="n1")

    does(monkeypatch, handle)
    works.arrives("new_object.create", "first", new_object={"id": "n1"})
    noted = works.arrives("scripted", secret="x", thing={"a": [1]})  # noqa: S106 - no secret
    env, told = got[0]
    assert env == "cloud"
    assert (told["event_type"], told["payload"]["thing"], told["priority"]) == ("scripted", {"a": [1]}, "INFO")
    assert "very-secret" not in repr(told)
    assert told["_context_project_id"] == "p1"
    assert got[1:] == ["red", 2]
    assert (noted["message"], noted["related_object"], noted["display_context"]) == ("done", "n2", "n1")
    assert works.get("n2").id_path == "/cloud/n1/n2"
    does(
        monkeypatch,
        lambda inv, env, _: EventResult(result=bool(inv.delete("inventory", {"environment": env, "id": "n1"}))),
    )
    works.arrives("scripted", "gone")
    assert (works.get("n1"), works.get("n2")) == (None, None), "with what was below it"


def test_what_scans_find_is_looked_at_and_not_taken_from_the_event(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    works.cloud.networks[LAN] = "renamed"
    lie = {"id": LAN, "type": "network", "name": "a lie", "parent_id": "x", "parent_type": "networks_folder"}
    does(monkeypatch, lambda inv, *_: inv.set(lie) or EventResult(result=True))
    works.arrives("scripted")
    works.goes_on()
    assert works.entry()["objects"] == [["network", LAN]]
    assert works.get(LAN, "network").object_name == "renamed"
    assert works.settled == ["m"]


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"id": "n", "type": "new_objct"}, 'Did you mean "new_object"?'),
        ({"id": "n"}, 'of type "None"'),
        ({"type": "new_object", "ID": "n"}, "without an id"),
        ({"id": "n", "type": "new_object", "environment": "other"}, 'of environment "other"; the event is of "cloud"'),
        (
            {"id": "n", "type": "new_object", "parent_type": "host", "parent_id": "nobody"},
            "below host nobody, which is not known",
        ),
        (
            {"id": "n", "type": "new_object", "parent_type": "host", "parent_id": "cmp1"},
            "declared is: below environment",
        ),
        ({"id": "n", "type": "new_object", "parent": None}, "found no such object"),
        ({"id": "n", "type": "new_object", "odd": object()}, "no JSON"),
    ],
)
def test_what_cannot_be_an_object_is_refused(
    works: Works, monkeypatch: pytest.MonkeyPatch, item: dict[str, Any], said: str
) -> None:
    does(monkeypatch, lambda inv, *_: inv.set(item) or EventResult(result=True))
    noted = works.arrives("scripted")
    assert noted["outcome"] == "waiting"
    assert said in noted["message"]
    assert works.settled == []
    assert works.get("n") is None


def test_a_handler_that_wants_to_is_called_again(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    results = [EventResult(result=False, retry=True, message="not yet")] * 3 + [EventResult(result=True)]
    does(monkeypatch, lambda inv, *_: inv.set({"id": "n", "type": "new_object"}) or results.pop(0))
    noted = works.arrives("scripted")
    assert (noted["outcome"], noted["attempts"]) == ("waiting", 2)
    assert "not yet" in noted["message"]
    assert works.get("n") is None, "what it wrote is not stored"
    works.goes_on(0.5)
    assert works.entry()["attempts"] == 2, "not before its time"
    for _ in range(3):
        works.goes_on(10)
    assert works.entry()["outcome"] == "stored"
    assert works.get("n") is not None
    assert works.settled == ["m"]


@pytest.mark.parametrize("raises", [True, False])
def test_a_handler_that_never_can_leaves_a_dead_letter(
    works: Works, monkeypatch: pytest.MonkeyPatch, *, raises: bool
) -> None:
    def handle(*_: object) -> EventResult:
        if raises:
            raise KeyError("no such field")
        return EventResult(result=False, retry=True)

    does(monkeypatch, handle)
    works.arrives("scripted")
    for _ in range(MOST_ATTEMPTS + 2):
        works.goes_on(60)
    (letter,) = works.letters()
    assert letter["attempts"] == MOST_ATTEMPTS + 1
    assert ("no such field" in letter["problem"]) is raises
    assert works.settled == ["m"]


def test_a_failure_without_retry_is_a_dead_letter_at_once(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    does(monkeypatch, lambda *_: EventResult(result=False, message="it makes no sense"))
    works.arrives("scripted")
    (letter,) = works.letters()
    assert "it makes no sense" in letter["problem"]


@pytest.mark.parametrize("returned", [None, True, {"result": True}])
def test_what_is_no_result_is_told(works: Works, monkeypatch: pytest.MonkeyPatch, returned: object) -> None:
    does(monkeypatch, lambda *_: returned)
    assert "an EventResult is expected" in works.arrives("scripted")["message"]


def test_a_store_that_is_away_costs_no_attempt(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calipso_nornir.live.processor.STORE_WAIT_S", 0)
    away = [StoreUnavailable("memory", "it is away")]

    def write(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - the store's
        if away:
            raise away.pop()
        return own(*args, **more)

    own = works.store.write
    monkeypatch.setattr(works.store, "write", write)
    works.arrives("new_object.create", new_object={"id": "n1"})
    works.goes_on()
    assert works.entry()["attempts"] == 1
    assert works.get("n1") is not None


def test_a_scan_meanwhile_lets_a_handler_see_the_new_picture(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def handle(inv: Any, env: str, _: object) -> EventResult:  # noqa: ANN401 - the guide's
        seen.append(inv.get_by_id(env, "n1") is None)
        if len(seen) == 1:
            body = envelope("new_object.create", {"new_object": {"id": "n1"}})
            meanwhile = read_notification(body, source="new", received=datetime.now(UTC))
            assert works.classic.done(EventNewObjectAdd(), meanwhile).has_written
        inv.set({"id": "n1", "type": "new_object", "seen": len(seen)})
        return EventResult(result=True)

    does(monkeypatch, handle)
    works.arrives("scripted")
    assert seen == [True, False]
    assert works.get("n1")["seen"] == 2


HANDLER = "from calipso_nornir.guide import EventBase\nclass E(EventBase):\n    def {}: ...\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (HANDLER.format("handle(self, env)"), "E.handle() must take the environment and the notification"),
        (HANDLER.format("handled_by(self, env, notification)"), "cannot be made without arguments"),
        ("class E:\n    def handle(self, env, notification): ...\n", "it has no touched()"),
    ],
)
def test_a_mistake_is_found_when_metadata_is_read(tmp_path: Path, code: str, said: str) -> None:
    (tmp_path / "e.py").write_text(code)
    (tmp_path / "events.json").write_text('{"event_handlers": {"x.y": "e.py:E"}}')
    with pytest.raises(MetadataError) as caught:
        load_catalog((str(tmp_path),))
    (fault,) = caught.value.faults
    assert fault.where.endswith("events.json: event_handlers/x.y")
    assert said in fault.problem


def test_the_guide_s_listener_base_is_the_one_of_all_listeners() -> None:
    assert ListenerBase is listener_base.ListenerBase
    assert {"EventBase", "EventResult", "ListenerBase"} <= set(calipso_nornir.guide.__all__)


def test_the_example_in_the_document_is_the_file() -> None:
    shown = (Path(__file__).parents[2] / "docs" / "guide-plugins.md").read_text(encoding="utf-8")
    file = (FOLDER / "event_new_object_add.py").read_text(encoding="utf-8")
    assert file.split("\n", 2)[2] in shown
