# SPDX-License-Identifier: Apache-2.0
"""Listening to a real Apache Kafka: offsets are committed after the work, and nothing is lost when something dies."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from calipso_nornir.errors import ApiFailed
from calipso_nornir.live.kafka_consuming import COMMIT_S
from calipso_nornir.model.environment import Environment, SecretRef
from calipso_nornir.preflight.sections import try_sections
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.store import open_store
from calipso_nornir.store.environments import save_environment
from tests.fixtures.cloud import make_pki
from tests.fixtures.kafka import PASSWORD, USER, running
from tests.fixtures.living import Changing, envelope, eventually, listening, through_kafka
from tests.fixtures.tiny_cloud import CLOUD, LAN, Server, TinyCloud
from tests.integration.test_live import different, is_settled, server_id, stored, whole
from tests.integration.test_live_chaos import Life, listened, pictured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.source_kinds import Finding
    from calipso_nornir.model.stores import Store
    from tests.fixtures.cloud import Pki
    from tests.fixtures.kafka import Kafka

pytestmark = pytest.mark.chaos
GROUP = "calipso.cloud"
INFO, VERSIONED = "notifications.info", "versioned_notifications.info"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def broker(pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """Run a broker with a topic that has a message from before anybody listened."""
    with running(tmp_path_factory.mktemp("kafka"), pki) as node:
        node.make(INFO)
        node.send(INFO, b"from before anybody listened")
        yield node


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "calipso.db")
    yield opened
    opened.close()


def described(section: dict[str, Any]) -> Environment:
    return replace(CLOUD, configuration={**CLOUD.configuration, "Kafka": section}, extra={"listen": True})


def scanned(store: Store, source: Changing, section: dict[str, Any]) -> None:
    environment = described(section)
    save_environment(store, environment)
    assert run_scan(environment, store=store, source=source).status == "completed"


def notified(type_: str, payload: dict[str, Any], **more: Any) -> bytes:  # noqa: ANN401 - JSON
    return through_kafka(envelope(type_, payload, **more))


def created(server: str, **more: Any) -> bytes:  # noqa: ANN401 - JSON
    """Return what Nova sends when a server has been built on cmp1."""
    return notified("compute.instance.create.end", {"instance_id": server_id(server), "host": "cmp1"}, **more)


def behind(broker: Kafka) -> int:
    """Return how many messages the group has not committed."""
    client = Consumer({"bootstrap.servers": broker.address, "group.id": GROUP, "log_level": 0})
    places = [
        TopicPartition(name, number)
        for name, topic in client.list_topics(timeout=30).topics.items()
        if "notifications" in name
        for number in topic.partitions
    ]
    ends = [client.get_watermark_offsets(one, timeout=30)[1] for one in places]
    found = sum(end - max(0, one.offset) for end, one in zip(ends, client.committed(places, timeout=30), strict=True))
    client.close()
    return found


def test_notifications_of_kafka_come_into_the_picture_and_are_committed_then(
    store: Store, broker: Kafka, tmp_path: Path
) -> None:
    cloud = TinyCloud()
    source = Changing(cloud)
    scanned(store, source, {"brokers": [broker.address]})
    messages, letters = store.collection("messages"), store.collection("dead_letters")
    with listening(store, source):
        eventually(lambda: not behind(broker))
        cloud.servers.append(Server("web3", "cmp1"))
        broker.send(INFO, created("web3"))
        eventually(lambda: is_settled(store, "compute.instance.create.end"))
        # a topic that comes to be while it listens, and messages that are none, in each partition
        broker.make(VERSIONED)
        cloud.networks[LAN] = "renamed"
        hostile = (b"", None, b"\xff\xfe", b"[]", b'{"event_type": 5}')
        for partition in (0, 1):
            broker.send(INFO, *hostile, partition=partition)
        broker.send(INFO, notified("network.update.end", {"network": {"id": LAN, "name": "?"}}, message_id="good"))
        eventually(lambda: messages.get("good"))
        truth = whole(cloud, tmp_path)
        eventually(lambda: not different(stored(store), truth), lambda: different(stored(store), truth))
        eventually(lambda: not behind(broker))
        noted = messages.get("good") or {}
        assert (noted["outcome"], noted["project"], noted["source_system"]) == ("stored", "p1", "OpenStack")
        assert "very-secret" not in repr(messages.find())
    assert {one["problem"] for one in letters.find()}
    assert len(letters.find()) == 4, "the empty one and the tombstone are one letter"


def test_what_fails_is_not_committed_until_it_is_stored(store: Store, broker: Kafka) -> None:
    cloud = TinyCloud()
    source = Changing(cloud)
    scanned(store, source, {"brokers": [broker.address]})
    messages = store.collection("messages")
    with listening(store, source):
        eventually(lambda: not behind(broker))
        cloud.servers.append(Server("web3", "cmp1"))
        source.also = {"GET compute /servers/detail": ApiFailed("nova", "/servers/detail", 503, "try later")}
        broker.send(INFO, created("web3", message_id="late"))
        eventually(lambda: (messages.get("late") or {}).get("outcome") == "waiting")
    assert behind(broker) == 1, "the process has ended, the message has not"
    source.also = {}
    with listening(store, source):
        eventually(lambda: (messages.get("late") or {}).get("outcome") == "stored")
        eventually(lambda: not behind(broker))
    assert (messages.get("late") or {})["attempts"] > 1, "it is known to have come before"


def test_a_commit_that_is_never_answered_does_not_hold_the_listener(store: Store, broker: Kafka) -> None:
    """A consumer of librdkafka does not close while a commit is under way to dead brokers (its issue 3740)."""
    cloud = TinyCloud()
    source = Changing(cloud)
    scanned(store, source, {"brokers": [broker.address]})
    messages, state = store.collection("messages"), store.collection("listeners")
    with listening(store, source):
        eventually(lambda: not behind(broker))
        cloud.servers.append(Server("web3", "cmp1"))
        source.also = {"GET compute /servers/detail": ApiFailed("nova", "/servers/detail", 503, "try later")}
        broker.send(INFO, created("web3", message_id="held"))
        eventually(lambda: (messages.get("held") or {}).get("outcome") == "waiting")
        broker.freeze()
        source.also = {}
        eventually(lambda: (messages.get("held") or {}).get("outcome") == "stored")
        time.sleep(2 * COMMIT_S)
        broker.kill()
        eventually(lambda: (state.get("cloud") or {}).get("state") == "backoff")
        broker.start()
        eventually(lambda: (state.get("cloud") or {}).get("state") == "running", wait_s=90)
        eventually(lambda: not behind(broker), lambda: behind(broker))


def test_whatever_dies_nothing_is_lost(store: Store, broker: Kafka, tmp_path: Path) -> None:
    cloud = TinyCloud()
    source = Changing(cloud)
    scanned(store, source, {"brokers": [broker.address]})
    state = store.collection("listeners")
    with listening(store, source):
        eventually(lambda: not behind(broker))
    for number in range(20):  # while nobody listens
        broker.send(INFO, notified("network.update.end", {"network": {"id": LAN}}, message_id=f"off{number}"))
    cloud.networks[LAN] = "renamed"
    assert behind(broker) == 20
    with listening(store, source):
        eventually(lambda: all(store.collection("messages").get(f"off{number}") for number in range(20)))
        broker.kill()
        eventually(lambda: (state.get("cloud") or {}).get("state") == "backoff")
        broker.start()
        cloud.networks[LAN] = "again"
        broker.send(INFO, notified("network.update.end", {"network": {"id": LAN}}, message_id="back"))
        eventually(lambda: store.collection("messages").get("back"), wait_s=90)
        truth = whole(cloud, tmp_path)
        eventually(lambda: not different(stored(store), truth), lambda: different(stored(store), truth))
    assert behind(broker) == 0
    assert not store.collection("dead_letters").find()


def test_a_listener_that_is_killed_loses_nothing(store: Store, broker: Kafka, tmp_path: Path) -> None:
    """Offsets are committed after the work: what was not done when it died is sent to the next one."""
    life = Life(tmp_path / "cloud")
    scanned(store, Changing(life.cloud), {"brokers": [broker.address]})
    messages, sent, deaths_in_work = store.collection("messages"), set[str](), 0
    with listened(str(tmp_path / "calipso.db"), tmp_path / "cloud") as process:
        eventually(lambda: not behind(broker), wait_s=120)
        for _ in range(5):
            bodies = [body for _ in range(20) for _, body in life.happens() if body not in life.nonsense]
            sent |= {json.loads(json.loads(body)["oslo.message"])["message_id"] for body in bodies}
            broker.send(INFO, *map(through_kafka, bodies))
            eventually(lambda: messages.find({"origin_type": "event"}), wait_s=60)
            process.kill()
            deaths_in_work += behind(broker) > 0
        eventually(lambda: not behind(broker), lambda: behind(broker), wait_s=120)
        truth = whole(life.cloud, tmp_path)
        eventually(lambda: not different(pictured(store), truth), lambda: different(pictured(store), truth), 60)
    assert deaths_in_work > 0
    outcomes = {one["id"]: one["outcome"] for one in messages.find({"origin_type": "event"})}
    assert sent == {id_ for id_, outcome in outcomes.items() if outcome in ("stored", "nothing")} & sent
    assert not store.collection("dead_letters").find()


def tried(folder: Path, section: dict[str, Any], password: str = PASSWORD) -> dict[str, Finding]:
    (folder / "secret").write_text(password)
    (folder / "secret").chmod(0o600)
    login = {"sasl": "SCRAM-SHA-256", "user": USER, "pwd": SecretRef("file", str(folder / "secret"))}
    environment = Environment(name="cloud", configuration={"Kafka": {**login, **section}}, extra={"listen": True})
    found = [one for one in try_sections(environment, only="kafka") if one.section == "Kafka"]
    assert PASSWORD not in repr(found)
    return {one.what: one for one in found}


def test_tls_and_login_are_tried(broker: Kafka, pki: Pki, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    secure: dict[str, Any] = {"brokers": [f"127.0.0.1:{broker.secure}"], "tls": True}
    found = tried(tmp_path, {**secure, "cacert": str(pki.ca)})
    assert [(one.what, one.ok) for one in found.values()] == [("login", True), ("topics", True), ("group", True)]
    assert INFO in found["topics"].detail
    assert tried(tmp_path, {**secure, "verify": False})["login"].ok
    assert "certificate verify failed" in tried(tmp_path, secure)["login"].detail
    wrong = tried(tmp_path, {**secure, "cacert": str(pki.ca)}, password="wrong")["login"]  # noqa: S106 - it is
    assert (wrong.ok, wrong.needed) == (False, True)
    assert "invalid credentials" in wrong.detail
    elsewhere = tried(tmp_path, {**secure, "cacert": str(pki.ca), "vhost": "other"})
    assert not elsewhere["topics"].ok
    assert "Connection refused" in tried(tmp_path, {"brokers": ["127.0.0.1:1"], "tls": False})["login"].detail
    assert "ssl.ca.location" in tried(tmp_path, {**secure, "cacert": str(tmp_path / "none.pem")})["login"].detail
