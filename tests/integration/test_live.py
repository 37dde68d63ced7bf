# SPDX-License-Identifier: Apache-2.0
"""Listening to a real RabbitMQ: what services notify of comes into the picture, once, and nothing is lost."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import ApiFailed, InvalidRequest
from calipso_nornir.live import service_watch
from calipso_nornir.live.session import Session
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.store import open_store
from tests.fixtures.cli import calipso, program
from tests.fixtures.living import Bus, Changing, envelope, eventually, listening, scanned
from tests.fixtures.rabbitmq import running
from tests.fixtures.scanning import KINDS, content
from tests.fixtures.tiny_cloud import LAN, Server, TinyCloud, port_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Store
    from tests.fixtures.scanning import Stored

QUEUES = ("nova", "neutron", "keystone")


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    with running(tmp_path_factory.mktemp("rabbitmq")) as node:
        yield Bus(node.port)


@pytest.fixture
def store(tmp_path: Path, bus: Bus) -> Iterator[Store]:
    bus.serve("nova", "neutron")
    opened = open_store(tmp_path / "calipso.db")
    yield opened
    opened.close()
    with bus.connected() as connection:
        for name in QUEUES:
            connection.default_channel.queue_delete(f"calipso.cloud.{name}")


def server_id(name: str) -> str:
    return f"{name.encode().hex():0<8}-0000-0000-0000-000000000000"


def entry(store: Store, type_: str) -> dict[str, Any]:
    """Return the journal's entry of the only message of a type."""
    (found,) = store.collection("messages").find({"event_type": type_})
    return found


def is_settled(store: Store, *types: str) -> bool:
    entries = [one for type_ in types for one in store.collection("messages").find({"event_type": type_})]
    return len(entries) == len(types) and all(one["outcome"] in ("stored", "nothing", "dead") for one in entries)


def waiting(bus: Bus) -> int:
    """Return how many messages are in our queues, ready."""
    with bus.connected() as connection:
        return sum(
            connection.default_channel.queue_declare(f"calipso.cloud.{name}", passive=True).message_count
            for name in QUEUES
        )


def stored(store: Store) -> Stored:
    view = store.view("cloud")
    return content({kind: {one["_id"]: one for one in view.documents(kind)} for kind in KINDS})  # type: ignore[arg-type]


def different(here: Stored, there: Stored) -> list[Any]:
    """Return the documents that are not the same, with what differs."""
    rows = []
    for kind in KINDS:
        for id_ in here[kind].keys() | there[kind].keys():
            one, other = here[kind].get(id_, {}), there[kind].get(id_, {})
            keys = [key for key in one.keys() | other.keys() if one.get(key) != other.get(key)]
            rows += [(kind, id_, {key: (one.get(key), other.get(key)) for key in keys})] if keys else []
    return rows


def whole(cloud: TinyCloud, folder: Path) -> Stored:
    """Return what a scan of everything says of a cloud."""
    with_nothing = open_store(folder / "whole.db")
    scanned(with_nothing, Changing(cloud), 1, folder)
    found = stored(with_nothing)
    with_nothing.close()
    return found


def test_what_is_notified_comes_into_the_picture(store: Store, bus: Bus, tmp_path: Path) -> None:
    cloud = TinyCloud()
    source = Changing(cloud)
    scanned(store, source, bus.port, tmp_path)
    view = store.view("cloud")
    with listening(store, source):
        cloud.servers.append(Server("web3", "cmp1"))
        id_ = server_id("web3")
        bus.send(
            "nova",
            envelope("compute.instance.create.start", {"instance_id": id_}),
            envelope("compute.instance.create.end", {"instance_id": id_, "host": "cmp1"}),
        )
        bus.send(
            "nova",
            envelope("instance.create.end", {"nova_object.name": "P", "nova_object.data": {"uuid": id_}}),
            topic="versioned_notifications.info",
        )
        eventually(lambda: is_settled(store, "compute.instance.create.end", "instance.create.end"))
        assert view.get(ObjectRef("cloud", "instance", id_)) is not None
        cloud.networks[LAN] = "renamed"
        bus.send("neutron", envelope("network.update.end", {"network": {"id": LAN, "name": "renamed"}}))
        cloud.servers = [one for one in cloud.servers if one.name != "web1"]
        gone = port_id("web1")
        bus.send("neutron", envelope("port.delete.end", {"port_id": gone, "port": {"id": gone}}))
        bus.send("nova", envelope("compute.instance.delete.end", {"instance_id": server_id("web1")}))
        types = ("network.update.end", "port.delete.end", "compute.instance.delete.end")
        eventually(lambda: is_settled(store, *types))
        assert view.get(ObjectRef("cloud", "port", gone)) is None
        truth = whole(cloud, tmp_path)
        eventually(lambda: not different(stored(store), truth), lambda: different(stored(store), truth))
        noted = entry(store, "compute.instance.create.end")
        assert noted["objects"][0] == ["instance", id_]
        assert noted["environment"] == "cloud"
        causes = [one.cause for one in store.commits("cloud")]
        assert any("compute.instance.create.end" in one for one in causes), causes
    assert waiting(bus) == 0
    assert not any("very-secret" in repr(one) for one in store.collection("messages").find())
    assert (store.collection("listeners").get("cloud") or {})["state"] == "stopped"
    assert len(store.collection("scans").find()) == 3, "the first, the one at the start, and one for all small ones"


def test_what_no_longer_reports_is_seen_without_a_message(
    store: Store, bus: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_watch, "EVERY_S", 0.2)
    cloud = TinyCloud()
    source = Changing(cloud)
    scanned(store, source, bus.port, tmp_path)
    with listening(store, source):
        for dead in (["cmp1", "net1"], ["ctl"], []):
            cloud.dead = dead
            truth = whole(cloud, tmp_path)
            eventually(lambda: not different(stored(store), truth), lambda: different(stored(store), truth))  # noqa: B023 - called in this turn
        causes = [one.cause for one in store.commits("cloud")]
    for type_ in ("agent.listing.update", "service.listing.update"):
        assert any(type_ in one for one in causes), causes


def test_what_cannot_be_read_is_a_dead_letter_and_all_else_goes_on(store: Store, bus: Bus, tmp_path: Path) -> None:
    source = Changing(TinyCloud())
    scanned(store, source, bus.port, tmp_path)
    with listening(store, source):
        deep = b'{"a":' * 3000 + b"1" + b"}" * 3000
        hostile = (b"", b"\xff\xfe", b"[]", b'{"oslo.message": 7}', deep, b'{"event_type": 5, "x_token": "hush"}')
        bus.send("neutron", *hostile, envelope("port.update.end", {"port": {"id": ["x"]}}))
        bus.send("neutron", envelope("port.update.end", {"port": {"id": port_id("web1")}}, message_id="good"))
        eventually(lambda: store.collection("messages").get("good"))
    letters = store.collection("dead_letters").find({"environment": "cloud"})
    assert len(letters) == len(hostile) + 1
    assert all(one["problem"] for one in letters)
    assert "hush" not in repr(letters)
    assert waiting(bus) == 0


def test_what_fails_is_tried_again_and_stays_with_the_broker_until_then(store: Store, bus: Bus, tmp_path: Path) -> None:
    cloud = TinyCloud()
    source = Changing(cloud)
    scanned(store, source, bus.port, tmp_path)
    cloud.servers.append(Server("web3", "cmp1"))
    created = envelope("compute.instance.create.end", {"instance_id": server_id("web3"), "host": "cmp1"})
    with listening(store, source):
        source.also = {"GET compute /servers/detail": ApiFailed("nova", "/servers/detail", 503, "try later")}
        bus.send("nova", created)
        eventually(lambda: store.collection("messages").find({"outcome": "waiting"}))
    assert waiting(bus) == 1, "the process has ended, the message has not"
    with listening(store, source):
        source.also = {}
        eventually(lambda: is_settled(store, "compute.instance.create.end"))
        assert entry(store, "compute.instance.create.end")["attempts"] > 1
        assert store.view("cloud").get(ObjectRef("cloud", "instance", server_id("web3"))) is not None
    assert waiting(bus) == 0
    assert not store.collection("dead_letters").find()


def test_events_are_shown_and_dead_letters_sent_again(store: Store, bus: Bus, tmp_path: Path) -> None:
    path = tmp_path / "calipso.db"
    cloud = TinyCloud()
    source = Changing(cloud)
    scanned(store, source, bus.port, tmp_path)
    assert "no events yet" in calipso("events", store=path).err
    with listening(store, source):
        bus.send("neutron", b"nonsense", envelope("port.update.end", {}, message_id="lame"))
        bus.send("neutron", envelope("network.update.end", {"network": {"id": LAN, "name": "lan"}}))
        eventually(lambda: is_settled(store, "port.update.end", "network.update.end"))
        shown = calipso("events", store=path).out
        assert "network.update.end" in shown
        assert "running" in shown
        dead = calipso("events", "dead", store=path).out
        assert "lame" in dead
        assert "(not readable)" in dead
        said = calipso("events", "redrive", "--all", store=path).err
        assert "1 of 2 dead letters will be tried again" in said
        letters = store.collection("dead_letters")
        eventually(lambda: (letters.get("lame") or {}).get("state") == "dead", lambda: letters.get("lame"))
        cloud.networks[LAN] = "renamed"
        update = envelope("network.update.end", {"network": {"id": LAN}})
        changes = watched(path, store.view("cloud").revision, lambda: bus.send("neutron", update))
    assert {(one["op"], one["kind"]) for one in changes} == {("changed", "inventory")}
    assert all(one["about"]["id"] and "network.update.end" in one["cause"] for one in changes)


def watched(path: Path, since: int, happens: Callable[[], None]) -> list[dict[str, Any]]:
    """Return what ``calipso watch`` tells of the first changes after a revision."""
    command = [program(), "--store", str(path), "watch", "-o", "json", "--limit", "2", "--since", str(since)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            happens()
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    return [json.loads(line) for line in out.splitlines()]


def test_other_consumers_keep_their_messages(store: Store, bus: Bus, tmp_path: Path) -> None:
    source = Changing(TinyCloud())
    scanned(store, source, bus.port, tmp_path)
    with bus.connected() as connection:
        channel = connection.default_channel
        channel.queue_declare("notifications.info", durable=False, auto_delete=False)
        channel.queue_bind("notifications.info", "neutron", "notifications.info")
        with listening(store, source):
            bus.send("neutron", envelope("port.update.end", {"port": {"id": port_id("web1")}}))
            eventually(lambda: is_settled(store, "port.update.end"))
        assert channel.queue_delete("notifications.info") == 1


def test_only_one_process_listens(store: Store, bus: Bus, tmp_path: Path) -> None:
    source = Changing(TinyCloud())
    scanned(store, source, bus.port, tmp_path)
    with listening(store, source), pytest.raises(InvalidRequest, match="another process listens"):
        Session(store, "cloud", source=source).run()


def test_an_exchange_that_comes_later_is_listened_to(store: Store, bus: Bus, tmp_path: Path) -> None:
    cloud = TinyCloud()
    source = Changing(cloud)
    scanned(store, source, bus.port, tmp_path)
    with listening(store, source):
        cloud.projects["p2"] = "new"
        bus.serve("keystone")
        eventually(lambda: store.view("cloud").get(ObjectRef("cloud", "project", "p2")))
        cloud.projects["p2"] = "renamed"
        bus.send("keystone", envelope("identity.project.updated", {"resource_info": "p2"}))
        eventually(lambda: is_settled(store, "identity.project.updated"))
        found = store.view("cloud").get(ObjectRef("cloud", "project", "p2"))
        assert found is not None
        assert found.name == "renamed"
    with bus.connected() as connection:
        connection.default_channel.exchange_delete("keystone")


def test_events_during_a_scan_of_everything(store: Store, bus: Bus, tmp_path: Path) -> None:
    cloud = TinyCloud()
    source = Changing(cloud)
    scanned(store, source, bus.port, tmp_path)
    told: list[int] = []

    def in_the_middle(_questions: object) -> None:
        if not told:
            told.append(1)
            cloud.servers.append(Server("web3", "cmp2"))
            bus.send("nova", envelope("compute.instance.create.end", {"instance_id": server_id("web3")}))
            eventually(lambda: is_settled(store, "compute.instance.create.end"))

    old = Changing(TinyCloud())
    old.before_round = in_the_middle
    with listening(store, source):
        assert run_scan("cloud", store=store, source=old).status == "completed"
        truth = whole(cloud, tmp_path)
        eventually(lambda: not different(stored(store), truth), lambda: different(stored(store), truth))
