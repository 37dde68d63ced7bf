# SPDX-License-Identifier: Apache-2.0
"""The API on a real mongod, at 50 mixed requests a second: the time of each kind of request, compared with its limit.

``calipso serve`` is a separate process, and requests are sent when they are due, even if earlier ones are not yet
answered: waiting counts, too. Before that, some requests of each kind are sent one after the other, to measure the
API's CPU time for one, which does not depend on other work of the machine.

What a service that has been running for a while has behind it does not count: mongod has written what was filled in to
its disk (``fsync``; else its next checkpoint writes 500,000 documents during the measurement), and all clients are
connected, as are the API's threads to mongod. The client measures how late it sent requests, too: that is its own
fault, but counts.
``CALIPSO_BENCH_API=hosts/instances/seconds`` sets the size; an instance is five documents.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import pymongo
import requests

from benchmarks.figures import Figure
from benchmarks.synthetic import ENVIRONMENT, Size, cloud
from benchmarks.topology import made_cliques, made_links
from calipso_nornir.access.principals import Principals
from calipso_nornir.access.roles import EVERYWHERE, Grants
from calipso_nornir.access.users import User
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.model import ids
from calipso_nornir.store import open_store
from calipso_nornir.store.documents import clique_document, link_document, object_document
from calipso_nornir.store.publishing import publish
from tests.fixtures.mongod import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calipso_nornir.model.stores import Store

SIZE = os.environ.get("CALIPSO_BENCH_API", "20/1000/10")
PER_SECOND = 50
WANTED_MS = 50.0
GRAPH_MS = 100.0
LATE_MS = 10.0
GRAPHS = ("tree of a host", "graph, 3 links around")
_ALONE = 40
"""Number of requests of each kind that are sent one after the other."""
LIMIT = 20.0
"""Limit: if it is exceeded, something has become slower, or requests arrive faster than they are answered."""
_START_S = 60
_CLIENTS = 64
_PASSWORD = "of a benchmark only"  # noqa: S105 - it protects nothing
_threads = threading.local()


def run() -> list[Figure]:
    """Fill a store, serve it, send requests, and compare their times with the limits."""
    hosts, instances, seconds = map(int, SIZE.split("/"))
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        uri = server.uri("store")
        with contextlib.closing(open_store(uri)) as store:
            documents = _fill(store, Size(hosts=hosts, instances=instances, networks=50))
            store.index_texts(ENVIRONMENT)
            token = _token(store)
        with pymongo.MongoClient[dict[str, object]](uri) as client:
            client.admin.command("fsync")
        asked = _requests(hosts, instances)
        with _serving(uri, Path(folder)) as (url, pid):
            cpu = {name: _cpu_ms(pid, url, token, path) for name, path in asked.items()}
            taken, late = _ask(url, token, asked, seconds)
    figures = [_figure(name, times, documents, cpu[name]) for name, times in taken.items()]
    delay = _part(late, 0.99)
    detail = f"{len(late)} requests: median {_part(late, 0.5):.1f} ms, p99 {delay:.1f} ms; it counts as the API's"
    return [
        *figures,
        Figure(f"API: the client's own delay, p99 / {LATE_MS:.0f} ms", delay / LATE_MS, LIMIT, detail, goal=1.0),
    ]


def _part(times: list[float], part: float) -> float:
    """Return the time in ms that this part of the times does not exceed."""
    return sorted(times)[int(len(times) * part)] * 1000


def _figure(name: str, times: list[float], documents: int, cpu_ms: float) -> Figure:
    p50, p99 = _part(times, 0.5), _part(times, 0.99)
    wanted = GRAPH_MS if name in GRAPHS else WANTED_MS
    detail = (
        f"{documents} documents, {len(times)} requests: median {p50:.1f} ms, p99 {p99:.1f} ms, CPU {cpu_ms:.1f} ms each"
    )
    return Figure(f"API: {name}, p99 / {wanted:.0f} ms", p99 / wanted, LIMIT, detail, goal=1.0)


def _fill(store: Store, size: Size) -> int:
    """Write a synthetic cloud with its links and cliques; return the number of objects."""
    catalog = load_catalog()
    publish(catalog, store)
    store.collection("environments_config").put(ENVIRONMENT, {"name": ENVIRONMENT})
    working = cloud(size)
    links = made_links(catalog, working)
    with store.write(ENVIRONMENT) as writer:
        writer.put("inventory", map(object_document, working))
        writer.put("links", map(link_document, links))
        writer.put("cliques", map(clique_document, made_cliques(catalog, working, links)))
    return sum(store.view(ENVIRONMENT).counts().values())


def _token(store: Store) -> str:
    principals = Principals(store)
    principals.users.add(User(name="reader", grants=Grants.read({EVERYWHERE: "viewer"})), _PASSWORD)
    return principals.tokens.issue("reader")[0]


@contextlib.contextmanager
def _serving(uri: str, folder: Path) -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    own = [str(Path(sys.executable).with_name("calipso")), "serve", "--store", uri, "--bind", f"127.0.0.1:{port}"]
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen([*own, "--secrets", str(folder / "secrets")], stdout=log, stderr=log)  # noqa: S603
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + _START_S
        while not _is_ready(url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "serve.log").read_text(encoding="utf-8"))
            time.sleep(0.1)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(_START_S)


def _is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.ConnectionError:
        return False


def _requests(hosts: int, instances: int) -> dict[str, Callable[[], str]]:
    """Return functions that make the paths of requests: of another object each time."""
    chosen = random.Random(20261129)  # noqa: S311 - the same requests each time, no secret

    def instance() -> str:
        return f"{chosen.randrange(instances):08x}-1111-4111-8111-111111111111"

    def host() -> str:
        return f"compute-{chosen.randrange(hosts):04}"

    return {
        "nothing (/healthz)": lambda: "/healthz",
        "one object": lambda: _path(f"objects/instance/{instance()}"),
        "children": lambda: _path(f"objects/vedge/{ids.vedge(host(), 'OVS')}/children"),
        "filtered page": lambda: _path(f"objects?type=vnic&host={host()}&limit=50"),
        "sorted page": lambda: _path(f"objects?type=vnic&sort=type,-id&fields=id,host&limit=50&host__from={host()}"),
        "clique": lambda: _path(f"cliques/instance/{instance()}"),
        "search": lambda: _path(f"search?q=vm-{chosen.randrange(instances)}&limit=5"),
        "search for an address": lambda: _path(f"search?q={_mac(chosen.randrange(instances))}&limit=5"),
        "address": lambda: _path(f"objects?type=vnic&mac_address={_mac(chosen.randrange(instances))}"),
        GRAPHS[0]: lambda: _path(f"objects?host={host()}&fields=type,id,name,parent_type,parent_id&limit=1000"),
        GRAPHS[1]: lambda: _path(f"graph/instance/{instance()}?depth=3&limit=100"),
    }


def _mac(number: int) -> str:
    return f"FA-16-3E-{number >> 16 & 255:02X}-{number >> 8 & 255:02X}-{number & 255:02X}"


def _path(rest: str) -> str:
    return f"/api/v2/environments/{ENVIRONMENT}/{rest}"


def _cpu_ms(pid: int, url: str, token: str, path: Callable[[], str]) -> float:
    """Return the CPU time of the API for a request (proc(5): user and system time are fields 14 and 15)."""

    def used() -> float:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    for _ in range(5):  # to open connections and fill caches
        _one(url, token, path(), time.monotonic())
    before = used()
    for _ in range(_ALONE):
        _one(url, token, path(), time.monotonic())
    return (used() - before) / _ALONE * 1000


def _ask(
    url: str, token: str, asked: dict[str, Callable[[], str]], seconds: int
) -> tuple[dict[str, list[float]], list[float]]:
    """Send the kinds of requests in turn.

    Return the time of each, from the moment when it was due, and how late each was sent.
    """
    sorts = list(itertools.islice(itertools.cycle(asked), seconds * PER_SECOND))
    paths = [asked[name]() for name in sorts]
    taken: dict[str, list[float]] = defaultdict(list)
    late: list[float] = []
    with ThreadPoolExecutor(_CLIENTS) as pool:
        together = threading.Barrier(_CLIENTS)
        list(pool.map(lambda _: (together.wait(), _one(url, token, asked["one object"](), 0.0)), range(_CLIENTS)))
        began = time.monotonic() + 1
        due = [began + number / PER_SECOND for number in range(len(paths))]
        times = pool.map(_one, itertools.repeat(url), itertools.repeat(token), paths, due)
        for name, (seconds_taken, seconds_late) in zip(sorts, times, strict=True):
            taken[name].append(seconds_taken)
            late.append(seconds_late)
    return taken, late


def _one(url: str, token: str, path: str, due: float) -> tuple[float, float]:
    """Send a request when it is due; return how long it took from that moment, and how late it was sent."""
    time.sleep(max(0.0, due - time.monotonic()))
    late = time.monotonic() - due
    if not hasattr(_threads, "connection"):
        _threads.connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    _threads.connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = _threads.connection.getresponse()
    body = answer.read()
    if answer.status != HTTPStatus.OK:
        raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
    return time.monotonic() - due, late
