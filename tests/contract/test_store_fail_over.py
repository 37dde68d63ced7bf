# SPDX-License-Identifier: Apache-2.0
"""A replica set whose primary is killed in the middle of commits and of a scan: both ride it out."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.store import open_store
from calipso_nornir.store.documents import object_document
from calipso_nornir.testing.store_samples import ENVIRONMENT, host
from tests.fixtures.replica_set import replica_set
from tests.fixtures.scanning import Scanned, content
from tests.fixtures.tiny_cloud import TinyCloud

if TYPE_CHECKING:
    from pathlib import Path

    from calipso_nornir.model.protocols import Store


@pytest.mark.long
def test_a_primary_that_is_killed_costs_time_and_nothing_else(tmp_path: Path) -> None:
    with replica_set(tmp_path) as servers, contextlib.ExitStack() as stack:
        store, reader = (stack.enter_context(contextlib.closing(open_store(servers.uri("calipso")))) for _ in range(2))
        stop, killed = threading.Event(), threading.Event()
        done: list[int] = []
        seen: list[int] = []
        faults: list[BaseException] = []
        threads = [
            threading.Thread(target=_guarded, args=(faults, _write, store, done, stop)),
            threading.Thread(target=_guarded, args=(faults, _read, reader, seen, stop)),
            threading.Thread(target=_guarded, args=(faults, _scan, tmp_path / "scan", servers.uri("scans"), killed)),
        ]
        for thread in threads:
            thread.start()
        while len(done) < 20:
            time.sleep(0.01)
            assert not faults, faults
        servers.kill_primary()
        killed.set()
        before = len(done)
        servers.primary()
        deadline = time.monotonic() + 60
        while len(done) < before + 20 and time.monotonic() < deadline and not faults:
            time.sleep(0.1)
        stop.set()
        for thread in threads:
            thread.join(90)
        assert faults == []
        assert len(done) >= before + 20
        view = store.view(ENVIRONMENT)
        assert [one["n"] for one in view.of_type("host")] == [done[-1]] * 3, "what was reported as written is there"
        assert [one.cause for one in store.commits(ENVIRONMENT, limit=5)] == [f"commit {n}" for n in done[:-6:-1]]
        assert seen == sorted(seen), "no reader goes back in time"
        assert seen[-1] > before


def _guarded(faults: list[BaseException], run: object, *arguments: object) -> None:
    try:
        run(*arguments)  # type: ignore[operator]
    except BaseException as error:  # noqa: BLE001 - handed to the test
        faults.append(error)


def _write(store: Store, done: list[int], stop: threading.Event) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        with store.write(ENVIRONMENT, cause=f"commit {number}") as writer:
            writer.put("inventory", (object_document(host(f"h{each}", n=number)) for each in range(3)))
        done.append(number)


def _read(store: Store, seen: list[int], stop: threading.Event) -> None:
    while not stop.is_set():
        numbers = {one["n"] for one in store.view(ENVIRONMENT).of_type("host")}
        assert len(numbers) <= 1, f"half a commit: {numbers}"
        seen.extend(numbers)


def _scan(folder: Path, uri: str, killed: threading.Event) -> None:
    """Scan again and again until the primary was killed, and once more."""
    folder.mkdir()
    scanned = Scanned(folder, TinyCloud())
    scanned.store.close()
    scanned.store = open_store(uri)
    while True:
        last = killed.is_set()
        assert scanned.scan().status == "completed"
        if last:
            break
    assert content(scanned.stored())["inventory"]
    scanned.store.close()
