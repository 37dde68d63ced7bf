# SPDX-License-Identifier: Apache-2.0
"""The event manager and its processes, with a real RabbitMQ; the cloud itself does not answer."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.store import open_store
from calipso_nornir.store.environments import save_environment
from tests.fixtures.cli import calipso, program
from tests.fixtures.living import Bus, Changing, described, envelope, eventually, scanned
from tests.fixtures.rabbitmq import running
from tests.fixtures.tiny_cloud import TinyCloud, port_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Document, Store


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    with running(tmp_path_factory.mktemp("rabbitmq")) as node:
        started = Bus(node.port)
        started.serve("nova", "neutron", "keystone")
        yield started


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calipso.db"


@pytest.fixture
def store(path: Path, bus: Bus, tmp_path: Path) -> Iterator[Store]:
    """The small cloud, scanned, and described so that processes of ours can listen to it."""
    opened = open_store(path)
    scanned(opened, Changing(TinyCloud()), bus.port, tmp_path)
    describe(opened, bus.port, tmp_path)
    yield opened
    opened.close()
    with bus.connected() as connection:
        for name in ("nova", "neutron", "keystone"):
            connection.default_channel.queue_delete(f"calipso.cloud.{name}")


def describe(store: Store, port: int, folder: Path, *, listen: bool = True, **amqp: Any) -> None:  # noqa: ANN401 - JSON
    environment = described(port, folder)
    sections = {**environment.configuration, "AMQP": {**environment.configuration["AMQP"], **amqp}}
    save_environment(store, replace(environment, configuration=sections, extra={"listen": listen}))


@contextmanager
def managing(path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run an event manager until the block ends; then it has to end well."""
    command = [program(), "--store", str(path), "event-manager", "--interval", "0.1", "--base-delay", "0.2", *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            yield process
        finally:
            process.terminate()
            _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
        assert "event manager has stopped" in said


def listener(store: Store) -> Document:
    return store.collection("listeners").get("cloud") or {}


def operational(store: Store) -> Any:  # noqa: ANN401 - JSON
    return (store.collection("environments_config").get("cloud") or {}).get("operational")


def is_running(store: Store) -> bool:
    return bool(operational(store) == "running" and listener(store)["state"] == "running")


def pid_of(store: Store) -> int:
    return int(listener(store)["process"]["id"])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.chaos
def test_the_life_of_a_listening_process(store: Store, path: Path, bus: Bus, tmp_path: Path) -> None:
    with managing(path):
        eventually(lambda: is_running(store))
        first = pid_of(store)
        os.kill(first, signal.SIGKILL)
        eventually(lambda: is_running(store) and pid_of(store) != first)
        second = pid_of(store)
        describe(store, bus.port, tmp_path, queue_prefix="other")
        eventually(lambda: is_running(store) and pid_of(store) not in (first, second))
        third = pid_of(store)
        describe(store, bus.port, tmp_path, listen=False)
        eventually(lambda: operational(store) == "stopped")
        eventually(lambda: not is_alive(third))
        describe(store, bus.port, tmp_path)
        eventually(lambda: is_running(store) and pid_of(store) != third)
        last = pid_of(store)
    assert not is_alive(last)
    assert operational(store) == "stopped"


@pytest.mark.chaos
def test_what_goes_wrong_is_told(store: Store, path: Path, bus: Bus, tmp_path: Path) -> None:
    describe(store, bus.port, tmp_path, user="nobody")
    with managing(path):
        eventually(lambda: operational(store) == "error")
        eventually(lambda: listener(store).get("state") == "backoff")
        assert "ACCESS_REFUSED" in listener(store)["problem"]
        assert "127.0.0.1" in calipso("events", store=path).out
        describe(store, bus.port, tmp_path)
        eventually(lambda: is_running(store))


@pytest.mark.chaos
def test_two_managers_start_one_process(store: Store, path: Path) -> None:
    with managing(path), managing(path):
        eventually(lambda: is_running(store))
        first = pid_of(store)
        os.kill(first, signal.SIGKILL)
        eventually(lambda: is_running(store) and pid_of(store) != first)


@pytest.mark.chaos
def test_what_the_cloud_does_not_answer_stays_at_the_broker(store: Store, path: Path, bus: Bus) -> None:
    """The process is killed with -9 while it waits for the cloud: the message is there still."""
    with managing(path):
        eventually(lambda: is_running(store))
        bus.send("neutron", envelope("port.update.end", {"port": {"id": port_id("web1")}}))
        eventually(lambda: listener(store).get("received", 0) >= 1)
    with bus.connected() as connection:
        declared = connection.default_channel.queue_declare("calipso.cloud.neutron", passive=True)
        assert declared.message_count == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("event-manager", "--interval", "0.01"), "expected at least 0.1 s"),
        (("event-manager", "--base-delay", "9", "--max-delay", "1"), "the longest no shorter than the first"),
        (("listen", "nosuch"), "nosuch"),
        (("watch", "--kind", "nosuch"), "expected one of inventory, links, cliques, status"),
        (("watch", "-o", "yaml"), "watch writes table or json"),
        (("events", "redrive"), "Give their ids, or --all"),
        (("events", "redrive", "nosuch"), "there is no dead letter nosuch"),
    ],
)
def test_what_cannot_be_is_refused(store: Store, path: Path, words: tuple[str, ...], said: str) -> None:
    assert store.uri
    result = calipso(*words, store=path)
    assert result.status == 2
    assert said in " ".join(result.err.split())
