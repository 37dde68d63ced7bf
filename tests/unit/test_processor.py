# SPDX-License-Identifier: Apache-2.0
"""The work on messages that fail: attempts, dead letters, and a store that does not answer."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import HostUnreachable, NotAuthenticated, ParseError, StoreUnavailable
from calipso_nornir.live.arrivals import Arrival, Inbox
from calipso_nornir.live.auditing import CAUSE, EVERY_S
from calipso_nornir.live.letters import redrive
from calipso_nornir.live.looking import Looker
from calipso_nornir.live.outcomes import MOST_ATTEMPTS
from calipso_nornir.live.processor import GAP_ATTEMPTS, Processor
from calipso_nornir.metadata.loading import installed_catalog
from calipso_nornir.model.finding import Equal, Find
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.store import open_store
from tests.fixtures.living import Changing, envelope
from tests.fixtures.tiny_cloud import CLOUD, LAN, Server, TinyCloud, port_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from calipso_nornir.model.stores import Document, Store, StoreView

PORTS = "GET network /ports"
WEB1, WEB2 = (f"{name.encode().hex():0<8}-0000-0000-0000-000000000000" for name in ("web1", "web2"))


class Raising:
    """A handler with a bug."""

    def touched(self, _notification: object, _view: StoreView) -> list[ObjectRef]:
        raise KeyError("no such field")


class Works:
    """A processor whose clock stands, but when the test lets it jump to what is due."""

    def __init__(self, store: Store, source: Changing) -> None:
        self.store = store
        self.source = source
        self.settled: list[str] = []
        self.now = 1000.0
        self.taken: list[ObjectRef] = []
        self._open = open_cloud(CLOUD, store=store, source=source)
        self._looker = Looker(self._open.__enter__())
        self.restart()

    def restart(self) -> None:
        """Begin as a new process does."""
        self.inbox = Inbox()
        self.processor = Processor(
            "cloud",
            store=self.store,
            inbox=self.inbox,
            handlers={**installed_catalog().event_handlers, "bug": Raising()},
            looker=self._looker,
            clock=lambda: self.now,
        )
        take = self.processor.agenda.take

        def taking(now: float) -> Any:  # noqa: ANN401 - a batch
            found = take(now)
            self.taken = found.refs if found is not None else []
            return found

        self.processor.agenda.take = taking  # type: ignore[method-assign]  # to see what is looked at

    def arrives(self, name: str, type_: str, *, again: bool = False, **payload: Any) -> None:  # noqa: ANN401 - JSON
        body = envelope(type_, payload, message_id=name)
        self.inbox.put(Arrival(body=body, source="nova", settle=lambda: self.settled.append(name), again=again))

    def works(self, rounds: int = 1) -> None:
        """Do so many rounds, each at the time at which something is due."""
        for number in range(rounds):
            due = self.processor.agenda.next_due()
            if due is None and number and not len(self.inbox):
                return
            self.now = max(self.now, due or 0) + 0.2
            self.processor.round()

    def entry(self, name: str) -> Document:
        return self.store.collection("messages").get(name) or {}

    def letters(self) -> list[Document]:
        return self.store.collection("dead_letters").find({"environment": "cloud"})

    def close(self) -> None:
        self._open.__exit__(None, None, None)


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    store = open_store(tmp_path / "calipso.db")
    source = Changing(TinyCloud())
    assert run_scan(CLOUD, store=store, source=source).status == "completed"
    one = Works(store, source)
    yield one
    one.close()
    store.close()


def cut_off(works: Works, host: str) -> None:
    keys = [key for key in works.source.cloud.answers() if isinstance(key, str) and key.startswith(f"{host}: ")]
    works.source.also = dict.fromkeys(keys, HostUnreachable(host, "192.0.2.1", "no route to host"))


def garbled(works: Works) -> None:
    """Let one server's description be what no parser knows."""
    works.source.also = {f"cmp2: virsh -c qemu:///system dumpxml {WEB2}": ParseError("libvirt", "no domain")}


def test_what_fails_ten_times_is_a_dead_letter_and_takes_nothing_with_it(works: Works) -> None:
    garbled(works)
    works.arrives("bad", "compute.instance.update", instance_id=WEB2)
    works.arrives("good", "compute.instance.update", instance_id=WEB1)
    works.works(8)
    assert works.settled == ["good"]
    assert works.entry("bad")["outcome"] == "waiting"
    assert works.entry("bad")["attempts"] > 1
    works.works(40)
    assert works.settled == ["good", "bad"]
    (letter,) = works.letters()
    assert (letter["id"], letter["attempts"]) == ("bad", MOST_ATTEMPTS + 1)
    assert "no domain" in letter["problem"]
    assert works.entry("bad")["outcome"] == "dead"
    assert works.processor.agenda.waiting == 0


def test_a_host_that_cannot_be_asked_holds_up_nothing_and_is_asked_later(works: Works) -> None:
    cut_off(works, "cmp2")
    works.source.cloud.servers.append(Server("web3", "cmp2"))
    new = "77656233-0000-0000-0000-000000000000"
    works.arrives("there", "compute.instance.create.end", instance_id=new, host="cmp2")
    works.arrives("here", "compute.instance.power_off.end", instance_id=WEB1)
    works.works(2 * GAP_ATTEMPTS)
    assert sorted(works.settled) == ["here", "there"]
    assert "no route to host" in works.entry("there")["message"]
    assert works.letters() == []
    vnics = Find(where=(Equal("type", "vnic"), Equal("instance_id", new)))
    assert not works.store.view("cloud").find(vnics)
    works.source.also = {}
    works.works(3)
    assert works.store.view("cloud").find(vnics)


def test_a_dead_letter_that_is_sent_again_is_gone_when_its_work_is_done(works: Works) -> None:
    garbled(works)
    works.arrives("bad", "compute.instance.update", instance_id=WEB2)
    works.works(60)
    assert len(works.letters()) == 1
    works.source.also = {}
    assert redrive(works.store, "bad")
    works.works(3)
    works.now += 10
    works.works(3)
    assert works.letters() == []
    assert works.entry("bad")["outcome"] == "stored"
    assert not redrive(works.store, "bad")


def test_an_outage_makes_no_dead_letters(works: Works) -> None:
    works.source.cloud.servers.append(Server("web3", "cmp1"))
    works.source.also = {
        key: NotAuthenticated("http://keystone", "admin", "401")
        for key in works.source.cloud.answers()
        if isinstance(key, str) and key.startswith("GET ")
    }
    works.arrives("new", "compute.instance.create.end", instance_id="77656233-0000-0000-0000-000000000000")
    works.works(3 * MOST_ATTEMPTS)
    assert works.settled == []
    assert works.letters() == []
    works.source.also = {}
    works.works(2)
    assert works.settled == ["new"]
    found = works.store.view("cloud").get(ObjectRef("cloud", "instance", "77656233-0000-0000-0000-000000000000"))
    assert found is not None


class Dies(BaseException):
    """The process is gone."""


def test_a_message_that_kills_its_process_each_time(works: Works) -> None:
    """It is counted, is looked at alone, and becomes a dead letter; what came with it is stored."""

    def dies(_queries: object) -> None:
        if any(ref.id == LAN for ref in works.taken):
            raise Dies

    works.source.before_round = dies
    begun = 0
    while begun < 3 * MOST_ATTEMPTS and not works.letters():
        begun += 1
        works.arrives("deadly", "network.update.end", again=True, network={"id": LAN, "name": "lan"})
        works.arrives("good", "compute.instance.update", again=True, instance_id=WEB1)
        with suppress(Dies):
            works.works(4)
        works.restart()
    assert begun == MOST_ATTEMPTS + 1
    assert [one["id"] for one in works.letters()] == ["deadly"]
    assert "the process died each time" in works.letters()[0]["problem"]
    assert works.entry("good")["outcome"] == "stored"


def test_a_message_that_arrives_again_while_it_waits_is_worked_on_once(works: Works) -> None:
    for again in (False, True, True):
        works.arrives("one", "network.update.end", again=again, network={"id": LAN, "name": "lan"})
    works.works(2)
    assert works.settled == ["one"] * 3, "each time that it was sent"
    assert works.processor.counts.handled == 1
    works.arrives("one", "network.update.end", again=True, network={"id": LAN, "name": "lan"})
    works.works(2)
    assert works.settled == ["one"] * 4
    works.arrives("bad", "network.update.end", network={"id": "n" * 300})
    works.arrives("bad", "network.update.end", again=True, network={"id": "n" * 300})
    works.works(2)
    assert works.settled == [*["one"] * 4, "bad", "bad"]


def test_what_is_sent_again_though_its_work_never_began(works: Works) -> None:
    for _ in range(2 * MOST_ATTEMPTS):
        works.arrives("one", "network.update.end", again=True, network={"id": LAN, "name": "lan"})
        works.restart()
    works.arrives("one", "network.update.end", again=True, network={"id": LAN, "name": "lan"})
    works.works(2)
    assert works.entry("one")["outcome"] == "stored"
    assert works.letters() == []


def test_a_handler_with_a_bug(works: Works) -> None:
    works.arrives("one", "bug")
    works.arrives("two", "network.update.end", network={"id": LAN})
    works.works(3)
    assert sorted(works.settled) == ["one", "two"]
    assert "its handler raised KeyError" in works.letters()[0]["problem"]


def test_what_the_store_cannot_take_is_settled_later(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = works.processor._journal._messages  # noqa: SLF001 - what it writes to
    put_all, failing = messages.put_all, [True]

    def sometimes(documents: Mapping[str, Document]) -> None:
        if failing:
            raise StoreUnavailable("sqlite", "disk I/O error")
        put_all(documents)

    monkeypatch.setattr(type(messages), "put_all", lambda _self, documents: sometimes(documents))
    monkeypatch.setattr("calipso_nornir.live.processor.STORE_WAIT_S", 0.0)
    works.arrives("one", "network.update.end", network={"id": LAN})
    works.works(4)
    assert works.settled == []
    failing.clear()
    works.works(2)
    assert works.settled == ["one"]
    assert works.entry("one")["outcome"] == "stored"


def test_an_audit_finds_and_heals_what_no_event_announced(works: Works) -> None:
    works.works(2)
    works.now += EVERY_S
    works.works(2)
    assert not works.processor.counts.missed, "nothing has changed"
    works.source.cloud.networks[LAN] = "renamed in silence"
    for _ in range(20):
        works.now += EVERY_S + 1
        works.processor.round()
    network = works.store.view("cloud").get(ObjectRef("cloud", "network", LAN))
    assert network is not None
    assert network.object_name == "renamed in silence"
    assert works.processor.counts.missed["network"] == 1
    assert {one.cause for one in works.store.commits("cloud", limit=1)} == {CAUSE}
    assert works.processor.counts.document()["missed"]["network"] == 1


def test_what_an_agent_finishes_later_is_seen_though_nobody_says_so(works: Works) -> None:
    port = ObjectRef("cloud", "port", port_id("web1"))
    rows: Any = works.source.cloud.answers()[PORTS]
    works.source.also = {PORTS: [{**row, "status": "DOWN"} if row["id"] == port.id else row for row in rows]}
    works.arrives("m", "port.update.end", port={"id": port.id})
    began = works.now
    while works.now < began + 30:
        works.works()
    works.source.also = {}
    known = works.store.view("cloud").get(port)
    assert known is not None
    assert known["status"] == "DOWN"
    works.works(3)
    known = works.store.view("cloud").get(port)
    assert known is not None
    assert known["status"] == "ACTIVE"
    works.works(30)
    assert works.processor.agenda.next_due() is None


def test_a_store_that_fails_after_a_look_makes_another(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_view: StoreView, _refs: object) -> bool:
        raise StoreUnavailable("mongodb://db", "no primary")

    monkeypatch.setattr("calipso_nornir.live.processor.has_unfinished", fails)
    works.arrives("m", "port.update.end", port={"id": port_id("web1")})
    works.works(5)
    assert works.settled == ["m"]
    assert works.processor.agenda.next_due() is not None


def test_an_error_that_nobody_expected_while_everything_is_scanned(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calipso_nornir.live.processor.WHOLE_WAIT_S", 0.0)

    def breaks(_queries: object) -> None:
        raise ZeroDivisionError

    works.source.before_round = breaks
    works.inbox.missed("connected")
    works.works()
    works.source.before_round = lambda _queries: None
    works.source.cloud.projects["p2"] = "new"
    works.works(2)
    assert works.store.view("cloud").get(ObjectRef("cloud", "project", "p2")) is not None


def test_a_message_that_lost_connections_send_again_has_not_failed(works: Works) -> None:
    for _ in range(2 * MOST_ATTEMPTS):
        works.arrives("cut", "compute.instance.update", again=True, instance_id=WEB1)
        works.works()
    works.works(3)
    assert works.letters() == []
    assert works.entry("cut")["outcome"] == "stored"
