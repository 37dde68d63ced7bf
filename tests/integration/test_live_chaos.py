# SPDX-License-Identifier: Apache-2.0
"""While the broker and the listening process die: nothing is lost, and nothing is a dead letter but nonsense."""

from __future__ import annotations

import os
import pickle
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kombu.exceptions import OperationalError

from calipso_nornir.store import open_store
from tests.fixtures.living import Bus, Changing, envelope, eventually, scanned
from tests.fixtures.rabbitmq import running
from tests.fixtures.scanning import KINDS, content
from tests.fixtures.tiny_cloud import LAN, Server, TinyCloud, port_id
from tests.integration.test_live import different, server_id, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.stores import Store
    from tests.fixtures.rabbitmq import RabbitMq
    from tests.fixtures.scanning import Stored

pytestmark = pytest.mark.chaos
EVENTS = int(os.environ.get("EVENTS") or 2000)
SEED = os.environ.get("LIFE") or "7"
NONSENSE = (
    b"",
    b"\xff",
    b"[]",
    b'{"event_type": 7, "payload": {}}',
    b'{"event_type": "port.update.end", "payload": {}}',
)


class Life:
    """Events of a cloud that changes by chance: some twice, some in disorder, some nonsense."""

    def __init__(self, path: Path) -> None:
        self.cloud = TinyCloud()
        self.sent = 0
        self.nonsense: set[bytes] = set()
        self._chance = random.Random(SEED)  # noqa: S311 - no secret
        self._path = path
        self.write()

    def write(self) -> None:
        """Write down what the cloud is now; whoever reads it sees all of it."""
        new = self._path.with_suffix(".new")
        new.write_bytes(pickle.dumps(self.cloud))
        new.replace(self._path)

    def happens(self) -> list[tuple[str, bytes]]:
        """Change something; return the messages about it, each with its exchange."""
        name = f"s{self._chance.randrange(30):02}x"
        known = next((one for one in self.cloud.servers if one.name == name), None)
        id_, port = server_id(name), port_id(name)
        if known is None:
            self.cloud.servers.append(Server(name, self._chance.choice(("cmp1", "cmp2"))))
            types = [("neutron", "port.create.end"), ("nova", "compute.instance.create.end")]
        elif self._chance.random() < 0.4:
            self.cloud.servers.remove(known)
            types = [("nova", "compute.instance.delete.end"), ("neutron", "port.delete.end")]
        elif self._chance.random() < 0.5:
            known.host = "cmp1" if known.host == "cmp2" else "cmp2"
            types = [("nova", "compute.instance.update"), ("nova", "compute.instance.finish_resize.end")]
        else:
            self.cloud.networks[LAN] = self._chance.choice(("lan", "other", "third"))
            types = [("neutron", "network.update.end")]
        self.write()
        payload = {"instance_id": id_, "port": {"id": port}, "network": {"id": LAN, "name": "?"}}
        messages = [(exchange, envelope(type_, payload)) for exchange, type_ in types]
        if self._chance.random() < 0.2:
            messages.append(self._chance.choice(messages))
        if self._chance.random() < 0.05:
            nonsense = self._chance.choice(NONSENSE)
            self.nonsense.add(nonsense)
            messages.append(("neutron", nonsense))
        self._chance.shuffle(messages)
        return messages


class Listener:
    """The listening process."""

    def __init__(self, store: str, cloud: Path) -> None:
        self._command = [sys.executable, "-m", "tests.integration.listening_process", store, str(cloud)]
        self._process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, cwd=Path(__file__).parents[2])  # noqa: S603 - our own program

    def kill(self) -> None:
        """Kill it with -9, and start it again."""
        self._process.kill()
        self._process.wait(30)
        self._process = self._started()

    def end(self) -> None:
        """Let it end well."""
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(60) == 0


@contextmanager
def listened(store: str, cloud: Path) -> Iterator[Listener]:
    one = Listener(store, cloud)
    try:
        yield one
    finally:
        one.end()


def send(bus: Bus, node: RabbitMq, exchange: str, body: bytes) -> None:
    """Send as oslo.messaging does: again and again, until the broker has it; it declares its exchange each time."""
    for _ in range(600):
        with suppress(OSError, OperationalError):
            bus.serve(exchange)
            bus.send(exchange, body)
            return
        time.sleep(0.1)
    raise AssertionError(f"the broker on port {node.port} is not back")


def pictured(store: Store) -> Stored:
    view = store.view("cloud")
    return content({kind: {one["_id"]: one for one in view.documents(kind)} for kind in KINDS})  # type: ignore[arg-type]


def test_whatever_dies_the_picture_is_true_at_the_end(tmp_path: Path) -> None:
    path, state = tmp_path / "calipso.db", tmp_path / "cloud"
    life, chance = Life(state), random.Random(f"{SEED} deaths")  # noqa: S311 - no secret
    deaths = {"broker": 0, "process": 0}
    (tmp_path / "broker").mkdir()
    with running(tmp_path / "broker") as node:
        bus = Bus(node.port)
        bus.serve("nova", "neutron", "keystone")
        store = open_store(path)
        scanned(store, Changing(life.cloud), node.port, tmp_path)
        with listened(str(path), state) as process:
            eventually(lambda: (store.collection("listeners").get("cloud") or {}).get("state") == "running")
            while life.sent < EVENTS:
                for exchange, body in life.happens():
                    send(bus, node, exchange, body)
                    life.sent += 1
                if chance.random() < 6 / EVENTS:
                    node.kill()
                    node.start()
                    deaths["broker"] += 1
                if chance.random() < 12 / EVENTS:
                    process.kill()
                    deaths["process"] += 1
            truth = whole(life.cloud, tmp_path)
            eventually(lambda: not different(pictured(store), truth), lambda: different(pictured(store), truth), 120)
            eventually(lambda: not waiting(store), lambda: waiting(store), 60)
        problems = {one["problem"] for one in store.collection("dead_letters").find()}
        store.close()
    assert deaths["broker"] > 0
    assert deaths["process"] > 0
    assert len(problems) <= len(life.nonsense) + 1, problems
    assert all("JSON" in one or "event_type" in one or "expected" in one or "missing" in one for one in problems), (
        problems
    )


def waiting(store: Store) -> list[Any]:
    return store.collection("messages").find({"outcome": "waiting"})
