# SPDX-License-Identifier: Apache-2.0
"""Small commits: one object, compared with a bare write of the same document; two writers and a reader at once."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import sqlite3
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymongo
from bson.objectid import ObjectId
from pymongo import WriteConcern

from benchmarks.figures import Figure
from benchmarks.synthetic import ENVIRONMENT, Size, cloud
from calipso_nornir.store import open_store
from calipso_nornir.store.documents import object_document
from tests.fixtures.mongod import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import Document, Store

SIZE = Size(hosts=20, instances=1_000, networks=20, networks_per_host=10)
COMMITS = 100
ROUNDS = 8
SECONDS = 5.0
GOAL = 3.0
LIMITS = {"SQLite": 3.0, "MongoDB": 6.0}
"""Limits for the time of a commit / a bare write."""
SLOWEST_PER_SECOND = {"SQLite": 50, "MongoDB": 50}
"""Minimum number of commits per second, also on a slow disk: fewer mean that something has become slower."""
WANTED_PER_SECOND = 200
_shared: dict[str, Any] = {}
"""Shared by the processes of one measurement: the moments when they begin and stop."""


def run() -> list[Figure]:
    """Measure both stores."""
    with tempfile.TemporaryDirectory() as folder:
        figures = _figures("SQLite", str(Path(folder) / "store.db"), lambda: _bare_sqlite(Path(folder) / "bare.db"))
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        figures += _figures("MongoDB", server.uri("store"), lambda: _bare_mongo(server.uri("bare")))
    return figures


def _figures(name: str, uri: str, floor: Callable[[], contextlib.AbstractContextManager[Any]]) -> list[Figure]:
    objects = list(cloud(SIZE))
    with contextlib.closing(open_store(uri)) as store:
        with store.write(ENVIRONMENT) as writer:
            writer.put("inventory", map(object_document, objects))
        vnics = [one for one in objects if one.type == "vnic"]
        with floor() as write:
            rounds = [vnics[number * COMMITS : (number + 1) * COMMITS] for number in range(ROUNDS)]
            first = _compared(rounds, write, store)
            again = _compared(rounds[:1] * ROUNDS, write, store)
    rate, walks = _rate(uri, objects)
    return [
        _figure(f"{name}: one-object commit / bare write", again, LIMITS[name]),
        _figure(f"{name}: the same, objects that this process has not written before", first, LIMITS[name]),
        Figure(
            f"{name}: {WANTED_PER_SECOND} / commits a second, two writers and a reader",
            WANTED_PER_SECOND / rate,
            WANTED_PER_SECOND / SLOWEST_PER_SECOND[name],
            f"{rate:.0f} commits a second, {walks} walks and searches meanwhile",
            goal=1.0,
        ),
    ]


def _compared(
    rounds: list[list[InventoryObject]], write: Callable[[Document], None], store: Store
) -> tuple[float, float]:
    """Return the seconds of the bare writes and of the commits of a round.

    They are done in turns, and the best time of each counts: a busy machine disturbs both equally.
    """
    taken = [(_seconds(some, write), _seconds(some, lambda document: _commit(store, document))) for some in rounds]
    bare, ours = (min(column) for column in zip(*taken, strict=True))
    return bare, ours


def _figure(name: str, compared: tuple[float, float], limit: float) -> Figure:
    bare, ours = compared
    detail = f"{ours / COMMITS * 1000:.2f} ms against {bare / COMMITS * 1000:.2f} ms"
    return Figure(name, ours / bare, limit, detail, goal=GOAL)


def _seconds(objects: list[InventoryObject], write: Callable[[Document], None]) -> float:
    documents = [object_document(one.with_attributes({**one.attributes, "measured": time.time()})) for one in objects]
    begun = time.perf_counter()
    for document in documents:
        write(document)
    return time.perf_counter() - begun


def _commit(store: Store, document: Document) -> None:
    with store.write(ENVIRONMENT) as writer:
        writer.put("inventory", [document])


@contextlib.contextmanager
def _bare_sqlite(path: Path) -> Iterator[Callable[[Document], None]]:
    """Provide a bare transaction, with the same durability."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE documents (_id TEXT PRIMARY KEY, document TEXT)")

        def write(document: Document) -> None:
            connection.execute("BEGIN IMMEDIATE")
            row = (document["_id"], json.dumps(document, default=str))
            connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?)", row)
            connection.execute("COMMIT")

        yield write


@contextlib.contextmanager
def _bare_mongo(uri: str) -> Iterator[Callable[[Document], None]]:
    """Provide a bare upsert, with the same write concern."""
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        database = client.get_default_database(write_concern=WriteConcern(w="majority", j=True))

        def write(document: Document) -> None:
            one = {**document, "_id": ObjectId(document["_id"])}
            database["documents"].replace_one({"_id": one["_id"]}, one, upsert=True)

        yield write


def _rate(uri: str, objects: list[InventoryObject]) -> tuple[float, int]:
    """Return the commits per second of two writers, and how much the reader could do meanwhile.

    Each is a separate process, like a scan, an event listener and a web page.
    """
    context = multiprocessing.get_context("spawn")
    begin, stop = context.Barrier(4), context.Event()
    with ProcessPoolExecutor(3, mp_context=context, initializer=_share, initargs=(begin, stop)) as pool:
        writers = [pool.submit(_write, uri, number) for number in range(2)]
        reader = pool.submit(_read, uri, len(objects))
        begin.wait(60)
        time.sleep(SECONDS)
        stop.set()
        return sum(writer.result() for writer in writers) / SECONDS, reader.result()


def _share(begin: Any, stop: Any) -> None:  # noqa: ANN401 - what multiprocessing makes has no name
    _shared.update(begin=begin, stop=stop)


def _write(uri: str, number: int) -> int:
    mine = [one for one in cloud(SIZE) if one.type in ("vnic", "instance")][number::2]
    done = 0
    with contextlib.closing(open_store(uri)) as store:
        _shared["begin"].wait(60)
        while not _shared["stop"].is_set():
            one = mine[done % len(mine)]
            _commit(store, object_document(one.with_attributes({**one.attributes, "measured": done})))
            done += 1
    return done


def _read(uri: str, size: int) -> int:
    walks = 0
    with contextlib.closing(open_store(uri)) as store:
        view = store.view(ENVIRONMENT)
        _shared["begin"].wait(60)
        while not _shared["stop"].is_set():
            count = sum(1 for _ in view.documents("inventory"))
            if count != size or not view.search("vm-17", limit=10_000):
                raise RuntimeError(f"the reader saw {count} of {size} objects")
            walks += 1
    return walks
