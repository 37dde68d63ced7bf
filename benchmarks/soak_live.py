# SPDX-License-Identifier: Apache-2.0
"""Events of a changing cloud on a real RabbitMQ and MongoDB, first while all processes are killed, then at a high rate.

``python -m benchmarks.soak_live [EVENTS [SECONDS]]``. Of EVENTS (1,000), some arrive twice, out of order, or are
malformed or hostile. Meanwhile the broker is killed, its connections are cut, the listening process is killed with -9,
and mongod is killed: six times each, at random moments. At the end the picture equals a fresh scan, each message has
one entry, and only malformed messages are dead letters. Then 200 events a second follow for SECONDS (60): the delay
until they are stored must not grow.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import StoreError
from calipso_nornir.store import open_store
from tests.fixtures.cutting import Cutter
from tests.fixtures.living import Bus, Changing, envelope, eventually, scanned
from tests.fixtures.mongod import running as running_mongod
from tests.fixtures.rabbitmq import running as running_broker
from tests.fixtures.tiny_cloud import Server
from tests.integration.test_live import different, server_id, waiting, whole
from tests.integration.test_live_chaos import Life, listened, pictured, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calipso_nornir.model.stores import Store

DEATHS: Final = 6
"""Number of kills of each kind."""
RATE: Final = 200
WINDOW_S: Final = 10
REST_S: Final = 5
SETTLED: Final = ("stored", "nothing")
DEEP: Final = b'{"a":' * 5000 + b"1" + b"}" * 5000
HOSTILE: Final = (
    DEEP,
    b'{"event_type": "port.update.end", "payload": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"oslo.version": "2.0", "oslo.message": "{\\"event_type\\": 1e999, \\"payload\\": {}}"}',
    b'{"event_type": "port.update.end", "payload": {"port": {"id": {"$where": "sleep(9e9)"}}}}',
    b'{"event_type": "port.update.end", "payload": {"port": {"id": "\\u0000\\ud800"}}, "message_id": "$set.\\u0000"}',
    b'{"event_type": "port.delete.end", "payload": {"port_id": "' + b"x" * 300 + b'"}}',
    b"\x00" * 70_000,
)


def main() -> None:
    """Run both parts, and print the results; a fault ends the program."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 60  # noqa: PLR2004 - the second argument
    runs: tuple[Callable[[Path], str], ...] = (partial(_chaos, events=events), partial(_rate, seconds=seconds))
    for run in runs:
        with tempfile.TemporaryDirectory() as folder:
            sys.stdout.write(f"{run(Path(folder))}\n")
            sys.stdout.flush()


@contextmanager
def _mongod(folder: Path) -> Iterator[Any]:
    """Run mongod behind a port that stays the same after a restart."""
    folder.mkdir()
    with Cutter() as front:
        server = _Again(folder, front)
        server.start()
        try:
            yield server
        finally:
            server.end()


class _Again:
    """A mongod that can be killed and restarted with its data."""

    def __init__(self, folder: Path, front: Cutter) -> None:
        self._folder = folder
        self._front = front
        self.uri = f"mongodb://127.0.0.1:{front.port}/soak?directConnection=true&serverSelectionTimeoutMS=3000"

    def start(self) -> None:
        """Start it."""
        self._running = running_mongod(self._folder)
        self._front.leads_to(self._running.__enter__().port)

    def kill(self) -> None:
        """Kill it with -9, and start it again."""
        self.end()
        self.start()

    def end(self) -> None:
        """Kill it."""
        self._running.__exit__(None, None, None)
        self._front.cut()


def _chaos(folder: Path, events: int) -> str:
    chance, life = random.Random(events), Life(folder / "cloud")  # noqa: S311 - no secret
    sent: dict[str, str] = {}
    began = time.monotonic()
    (folder / "broker").mkdir()
    with _mongod(folder / "mongod") as mongod, running_broker(folder / "broker") as node, Cutter(node.port) as wire:
        bus = Bus(node.port, durable=True)
        bus.serve("nova", "neutron", "keystone")
        store = open_store(mongod.uri)
        scanned(store, Changing(life.cloud), wire.port, folder)
        with listened(mongod.uri, folder / "cloud") as process:
            eventually(lambda: _state(store) == "running")

            def broker() -> None:
                node.kill()
                node.start()

            deaths: dict[str, Callable[[], None]] = {
                "broker": broker,
                "connection": wire.cut,
                "process": process.kill,
                "mongod": mongod.kill,
            }
            due = sorted((chance.randrange(events), name) for name in deaths for _ in range(DEATHS))
            while life.sent < events:
                for exchange, body in life.happens():
                    send(bus, node, exchange, body)
                    sent[_id_of(body)] = exchange
                    life.sent += 1
                if chance.random() < len(HOSTILE) * 4 / events:
                    send(bus, node, "neutron", chance.choice(HOSTILE))
                    life.sent += 1
                while due and due[0][0] <= life.sent:
                    deaths[due.pop(0)[1]]()
            truth = whole(life.cloud, folder)
            _in_the_end(lambda: not different(pictured(store), truth), lambda: different(pictured(store), truth))
            _in_the_end(lambda: _is_at_rest(store, bus), lambda: store.collection("listeners").get("cloud"))
            if found := different(pictured(store), truth):
                raise RuntimeError(f"the picture is wrong: {found}")
        return f"{_told(store, sent)} in {time.monotonic() - began:.0f} s; {DEATHS} deaths each of {', '.join(deaths)}"


def _told(store: Store, sent: dict[str, str]) -> str:
    """Return a summary of the messages' outcomes; raise an error for a wrong one."""
    entries = {one["id"]: one for one in store.collection("messages").find({"origin_type": "event"})}
    letters = store.collection("dead_letters").find()
    good = [one for one in sent if one]
    lost = [one for one in good if one not in entries]
    wrong = [entries[one] for one in good if one in entries and entries[one]["outcome"] not in SETTLED]
    innocent = [one for one in letters if one["id"] in sent]
    if lost or wrong or innocent:
        raise RuntimeError(f"lost: {lost[:3]}; not settled: {wrong[:3]}; dead, and not malformed: {innocent[:3]}")
    return (
        f"{len(good)} messages, some twice: each has one entry, and is stored; {len(letters)} dead letters, all "
        "malformed; the picture equals a fresh scan"
    )


def _id_of(body: bytes) -> str:
    try:
        written = json.loads(json.loads(body)["oslo.message"])
    except (ValueError, LookupError, TypeError):
        return ""
    return str(written["message_id"])


def _state(store: Store) -> str:
    return str((store.collection("listeners").get("cloud") or {}).get("state"))


def _is_at_rest(store: Store, bus: Bus) -> bool:
    """Return whether nothing is pending, for some seconds: a redelivered message may still be on its way."""
    for _ in range(REST_S):
        one = store.collection("listeners").get("cloud") or {}
        if one.get("state") != "running" or any(one[name] for name in ("inbox", "waiting", "pending")):
            return False
        if waiting(bus) or store.collection("messages").find({"outcome": "waiting"}):
            return False
        time.sleep(1)
    return True


def _in_the_end(true: Callable[[], object], told: Callable[[], object]) -> None:
    """Wait until something is true; if the store cannot be reached, it counts as false."""

    def is_so() -> bool:
        with suppress(StoreError):
            return bool(true())
        return False

    eventually(is_so, told, 300)


# --- a steady stream


def _rate(folder: Path, seconds: int) -> str:
    """Send 200 events a second about a hundred servers, and measure the delay until each is stored."""
    life, servers = Life(folder / "cloud"), [f"r{number:02}x" for number in range(100)]
    life.cloud.servers += [Server(name, "cmp1" if index % 2 else "cmp2") for index, name in enumerate(servers)]
    life.write()
    for name in ("broker", "mongod"):
        (folder / name).mkdir()
    with running_mongod(folder / "mongod") as mongod, running_broker(folder / "broker") as node:
        bus = Bus(node.port)
        bus.serve("nova", "neutron", "keystone")
        store = open_store(mongod.uri("rate"))
        scanned(store, Changing(life.cloud), node.port, folder)
        with listened(mongod.uri("rate"), folder / "cloud"):
            eventually(lambda: _state(store) == "running")
            generator = threading.Thread(target=_send_steadily, args=(bus, servers, seconds))
            generator.start()
            generator.join()
            ended = time.monotonic()
            eventually(lambda: _settled(store) == RATE * seconds, lambda: _settled(store), 300)
            drained = time.monotonic() - ended
        lags = _lags(store)
    told = ", ".join(f"{one:.2f}" for one in lags)
    if lags[-1] > 2 * lags[0] + 1:
        raise RuntimeError(f"the delay grows: 95 % stored within {told} s, in each {WINDOW_S} s")
    return (
        f"{RATE} events a second for {seconds} s: 95 % stored within {told} s in each {WINDOW_S} s; the last "
        f"{drained:.1f} s after the end"
    )


def _send_steadily(bus: Bus, servers: list[str], seconds: int) -> None:
    began = time.monotonic()
    with bus.connected() as connection:
        producer = connection.Producer()
        for number in range(RATE * seconds):
            wait = began + number / RATE - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            now = datetime.now(UTC).isoformat()
            payload = {"instance_id": server_id(servers[number % len(servers)])}
            body = envelope("compute.instance.update", payload, message_id=str(uuid.uuid4()), timestamp=now)
            producer.publish(
                body,
                exchange="nova",
                routing_key="notifications.info",
                content_type="application/json",
                content_encoding="utf-8",
                delivery_mode=2,
            )


def _settled(store: Store) -> int:
    return int((store.collection("listeners").get("cloud") or {}).get("handled", 0))


def _lags(store: Store) -> list[float]:
    """Return the 95th percentile of the time from sending to storing, for each ten seconds."""
    rows = store.collection("messages").find({"event_type": "compute.instance.update"})
    times = sorted((datetime.fromisoformat(one["timestamp"]), one["finished_timestamp"]) for one in rows)
    windows: dict[int, list[float]] = {}
    for sent, finished in times:
        window = int((sent - times[0][0]).total_seconds() // WINDOW_S)
        windows.setdefault(window, []).append((datetime.fromisoformat(finished) - sent).total_seconds())
    return [sorted(one)[int(0.95 * len(one))] for _, one in sorted(windows.items())]


if __name__ == "__main__":
    main()
