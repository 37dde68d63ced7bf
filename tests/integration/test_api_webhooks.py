# SPDX-License-Identifier: Apache-2.0
"""Webhooks on both stores, to a real receiver on loopback that takes, fails, hangs and redirects."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.store.documents import object_document
from calipso_nornir.webhooks.delivering import PAUSE_AFTER, Deliverer
from calipso_nornir.webhooks.sending import NotDelivered, Sender
from calipso_nornir.webhooks.signing import new_secret
from tests.fixtures.receiver import Receiver, receiving
from tests.fixtures.serving import Client, Served, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Document, Store
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

HOOKS = "/environments/lab/webhooks"
SENDER = Sender(to_private=True, timeout_s=1.0)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def store(place: Place) -> Store:
    opened = place.open()
    change(opened, "first")
    return opened


@pytest.fixture
def api(store: Store, tmp_path: Path) -> Iterator[Served]:
    with served(store, secrets=tmp_path / "secrets") as running:
        yield running


@pytest.fixture
def admin(api: Served) -> Client:
    return api.user("admin", lab="admin")


def document(name: str, type_: str = "instance") -> Document:
    ref = ObjectRef("lab", type_, name)
    return object_document(InventoryObject(ref=ref, name=name, parent=None, id_path=f"/{name}", name_path=f"/{name}"))


def change(store: Store, name: str, type_: str = "instance") -> int:
    with store.write("lab", cause="test") as writer:
        writer.put("inventory", [document(name, type_)])
    return store.view("lab").revision


def deliverer(api: Served, sender: Sender = SENDER) -> Deliverer:
    return Deliverer(api.settings.store, api.settings.webhooks, sender=sender)


def test_changes_arrive_once_signed_and_in_order(api: Served, admin: Client, store: Store, receiver: Receiver) -> None:
    made = admin.post(HOOKS, {"url": receiver.url})
    assert made["secret"].startswith("whsec_")
    assert "secret" not in admin.get(f"{HOOKS}/{made['id']}")
    assert made["secret"] not in json.dumps(store.collection("webhooks").find(), default=str)
    first, second = change(store, "a"), change(store, "b")
    worker = deliverer(api)
    worker.round()
    worker.round()
    assert receiver.revisions == [first, second]
    for headers, body in receiver.got:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.digest(base64.b64decode(made["secret"][6:]), signed, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        assert headers["content-type"] == "application/json"
    message = json.loads(receiver.got[0][1])
    assert message["type"] == "picture.changed"
    assert [(one["op"], one["type"], one["id"]) for one in message["changes"]] == [("put", "instance", "a")]
    shown = admin.get(HOOKS)[0]
    assert (shown["cursor"], shown["delivered"], shown["state"]) == (second, 2, "active")


def test_of_a_revision_with_too_many_changes_its_number_is_sent(
    api: Served, admin: Client, store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calipso_nornir.webhooks.delivering.MOST_AT_ONCE", 2)
    admin.post(HOOKS, {"url": receiver.url})
    first = change(store, "a")
    with store.write("lab", cause="test") as writer:
        writer.put("inventory", [document(f"many-{number}") for number in range(3)])
    last = change(store, "b")
    worker = deliverer(api)
    for _ in range(3):
        worker.round()
    told = [json.loads(body) for _, body in receiver.got]
    assert [(one["revision"], one["type"]) for one in told] == [
        (first, "picture.changed"),
        (first + 1, "picture.unknown"),
        (last, "picture.changed"),
    ]
    assert "has more than 2 changes: read the picture" in told[1]["detail"]


def test_only_what_is_wanted(api: Served, admin: Client, store: Store, receiver: Receiver) -> None:
    admin.post(HOOKS, {"url": receiver.url, "types": ["port"], "kinds": ["inventory"], "events": ["put"]})
    change(store, "a")
    wanted = change(store, "p", "port")
    last = change(store, "b")
    deliverer(api).round()
    assert receiver.revisions == [wanted]
    assert admin.get(HOOKS)[0]["cursor"] == last


FAILURES: list[tuple[int | str, str]] = [
    (500, "the answer was 500"),
    (302, "redirects are not followed"),
    ("hang", ""),
]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_is_told_and_tried_again(
    api: Served, admin: Client, receiver: Receiver, failure: tuple[int | str, str]
) -> None:
    made = admin.post(HOOKS, {"url": receiver.url})
    revision = change(api.settings.store, "a")
    receiver.answer, error = failure
    worker = deliverer(api)
    worker.round()
    shown = admin.get(f"{HOOKS}/{made['id']}")
    assert (shown["state"], shown["failures"], shown["cursor"]) == ("failing", 1, revision - 1)
    assert error in shown["error"]
    assert shown["error"]
    worker.round()
    assert len(receiver.got) == 1, "not before its time"
    receiver.answer = 200
    worker.round(now=datetime.now(UTC) + timedelta(seconds=6))
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"], "known as the same"
    assert admin.get(f"{HOOKS}/{made['id']}")["state"] == "active"


def test_who_fails_too_often_is_paused_until_resumed(
    api: Served, admin: Client, store: Store, receiver: Receiver
) -> None:
    made = admin.post(HOOKS, {"url": receiver.url})
    where = f"{HOOKS}/{made['id']}"
    revision = change(store, "a")
    receiver.answer = 503
    worker = deliverer(api)
    later = datetime.now(UTC)
    for _ in range(PAUSE_AFTER + 3):
        later += timedelta(days=1)
        worker.round(now=later)
    assert len(receiver.got) == PAUSE_AFTER
    assert admin.get(where)["state"] == "paused"
    [told] = admin.get("/environments/lab/messages", level="error")
    assert f"webhook {made['id']} to 127.0.0.1 is paused after {PAUSE_AFTER} failures in a row" in told["message"]
    assert "the answer was 503" in told["message"]
    receiver.answer = 200
    assert admin.post(f"{where}/resume", status=200)["state"] == "active"
    worker.round(now=later)
    assert receiver.revisions[-1] == revision
    assert admin.post(f"{where}/resume", {"since": 0}, status=200)["cursor"] == 0
    worker.round(now=later)
    assert receiver.revisions[PAUSE_AFTER + 1 :] == [1, revision], "sent once more"
    assert admin.ask("DELETE", where).status_code == 204
    assert admin.ask("DELETE", where).status_code == 404
    assert admin.ask("GET", where).status_code == 404


def test_two_processes_do_not_send_the_same(api: Served, admin: Client, store: Store, receiver: Receiver) -> None:
    admin.post(HOOKS, {"url": receiver.url})
    made = [change(store, f"a{number}") for number in range(12)]
    workers = [deliverer(api) for _ in range(4)]
    threads = [threading.Thread(target=one.round) for one in workers]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    deliverer(api).round()
    assert receiver.revisions == made


def test_the_thread_delivers_and_stops(api: Served, admin: Client, store: Store, receiver: Receiver) -> None:
    admin.post(HOOKS, {"url": receiver.url})
    worker = Deliverer(store, api.settings.webhooks, sender=SENDER, poll_s=0.05)
    worker.start()
    revision = change(store, "a")
    for _ in range(200):
        if receiver.revisions:
            break
        threading.Event().wait(0.05)
    worker.stop()
    worker.join(10)
    assert not worker.is_alive()
    assert receiver.revisions == [revision]


def test_private_addresses_are_not_reached(api: Served, admin: Client, store: Store, receiver: Receiver) -> None:
    made = admin.post(HOOKS, {"url": receiver.url})
    change(store, "a")
    deliverer(api, Sender()).round()
    assert receiver.got == []
    assert "not public" in admin.get(f"{HOOKS}/{made['id']}")["error"]
    with pytest.raises(NotDelivered, match="not public"):
        Sender().send(receiver.url.replace("127.0.0.1", "localhost"), b"", {})


def test_what_may_be_asked(api: Served, admin: Client) -> None:
    for url in ("ftp://x", "http://", "http://u:p@x/", "http://x/ y", "http://x\r\ny/", "file:///etc/passwd", "//x"):
        assert admin.ask("POST", HOOKS, json={"url": url}).status_code == 400, url
    assert admin.ask("POST", HOOKS, json={"url": "http://x", "secret": "short"}).status_code == 400
    assert admin.ask("POST", HOOKS, json={"url": "http://x", "kinds": ["no"]}).status_code == 422
    own = new_secret()
    assert admin.post(HOOKS, {"url": "http://x", "secret": own})["secret"] == own
    assert api.user("operator", lab="operator").ask("GET", HOOKS).status_code == 403
