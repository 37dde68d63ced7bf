# SPDX-License-Identifier: Apache-2.0
"""The command line on a real MongoDB: the same documents as with SQLite, and the older product's configuration file."""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import StoreUnavailable
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.scan.progress_events import ScanEnded
from calipso_nornir.store import open_store
from calipso_nornir.store.liveness import status_of
from tests.fixtures import mongod as server
from tests.fixtures.canned import CannedSource
from tests.fixtures.cli import calipso
from tests.fixtures.recorded import bundle
from tests.fixtures.tiny_cloud import CLOUD, TinyCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Store, Writer

pytestmark = pytest.mark.chaos


@pytest.fixture
def mongod(tmp_path: Path) -> Iterator[server.Mongod]:
    with server.running(tmp_path / "mongod") as running:
        yield running


def test_both_stores_say_the_same(mongod: server.Mongod, tmp_path: Path) -> None:
    recording = bundle(tmp_path / "b.calipso")
    uri = mongod.uri("calipso")
    for store in (uri, tmp_path / "s.db"):
        assert calipso("replay", recording, store=store).status == 0
    for command in (["tree"], ["links"], ["search", "tap"], ["clique", "web-1"], ["clique", "gw-1", "-o", "json"]):
        said = [calipso(*command, store=store) for store in (uri, tmp_path / "s.db")]
        assert said[0].status == 0, said[0].err
        texts = [_timeless(one.out) for one in said]
        if "json" in command:  # the order of keys is a store's own
            texts = [json.dumps(_without_times(one.json), sort_keys=True) for one in said]
        assert texts[0] == texts[1]
    there, here = (calipso("export", store=store).json for store in (uri, tmp_path / "s.db"))
    for kind in ("inventory", "links", "cliques"):
        assert [one["_id"] for one in there[kind]] == [one["_id"] for one in here[kind]]
        assert [one["digest"] for one in there[kind]] == [one["digest"] for one in here[kind]]


def _without_times(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {key: _without_times(one) for key, one in value.items() if key != "last_scanned"}
    return [_without_times(one) for one in value] if isinstance(value, list) else value


def _timeless(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if "last_scanned" not in line)


def test_the_older_products_file(mongod: server.Mongod, tmp_path: Path) -> None:
    host, _, port = mongod.uri("x").removeprefix("mongodb://").partition("/")[0].partition(":")
    config = tmp_path / "mongo.conf"
    config.write_text(f"server {host}\nport {port}\ndb calipso\n")
    config.chmod(0o600)
    said = calipso("scan", "--replay", bundle(tmp_path / "b.calipso"), "--mongo_config", config)
    assert said.status == 0, said.err
    assert f"--store mongodb://{host}:{port}/calipso tree -e lab" in said.out
    assert calipso("tree", "--depth", "0", store=mongod.uri("calipso")).out.startswith("lab ")


# --- a bad day of the server


class KilledAfterCommit:
    """A store whose server dies as soon as a generation is committed."""

    def __init__(self, inner: Store, mongod: server.Mongod) -> None:
        self._inner = inner
        self._mongod = mongod

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    @contextmanager
    def write(self, environment: str, **options: Any) -> Iterator[Writer]:  # noqa: ANN401 - those of a store
        with self._inner.write(environment, **options) as writer:
            yield writer
        self._mongod.process.kill()
        self._mongod.process.wait()


def test_a_server_killed_just_after_the_commit(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What was committed is there; that the outcome could not be noted is a failure, and no traceback."""
    with server.running(tmp_path / "mongod") as mongod:
        store = open_store(f"{mongod.uri('calipso')}?serverSelectionTimeoutMS=500")
        source = CannedSource(TinyCloud().answers())
        killing: Any = KilledAfterCommit(store, mongod)
        report = run_scan(CLOUD, store=killing, source=source)
        store.close()
    assert report.status == "completed_with_errors"
    assert [(type(one.error), one.affected) for one in report.failures] == [
        (StoreUnavailable, ["the scan's own record"])
    ]
    assert not [one for one in caplog.records if one.exc_info]
    with server.running(tmp_path / "mongod") as mongod:
        store = open_store(mongod.uri("calipso"))
        assert len(store.view("cloud").of_type("host")) == 4
        (noted,) = store.collection("scans").find({})
        assert (noted["status"], status_of({**noted, "process": {}}, now=datetime.now(UTC) + timedelta(hours=1))) == (
            "running",
            "lost",
        )
        store.close()


def test_a_failed_scan_counts_nothing_that_was_not_stored(tmp_path: Path) -> None:
    """The server dies while the scan asks: there is nothing to commit to."""
    with server.running(tmp_path / "mongod") as mongod:
        store = open_store(f"{mongod.uri('calipso')}?serverSelectionTimeoutMS=500")
        source = CannedSource(TinyCloud().answers())
        source.before_round = lambda _queries: mongod.process.kill()
        ended: list[ScanEnded | object] = []
        with (
            pytest.raises(StoreUnavailable),
            open_cloud(CLOUD, store=store, source=source, progress=ended.append) as one,
        ):
            one.scan()
        store.close()
    assert not [event for event in ended if isinstance(event, ScanEnded)]


@pytest.mark.parametrize("signalled", [signal.SIGKILL, signal.SIGSTOP], ids=lambda one: one.name)
def test_a_server_that_is_gone_or_frozen_is_told_in_a_line(tmp_path: Path, signalled: int) -> None:
    recording = bundle(tmp_path / "b.calipso")
    with server.running(tmp_path / "mongod") as mongod:
        uri = f"{mongod.uri('calipso')}?serverSelectionTimeoutMS=1000&connectTimeoutMS=1000&socketTimeoutMS=3000"
        assert calipso("replay", recording, store=uri).status == 0
        mongod.process.send_signal(signalled)
        said = calipso("tree", store=uri)
        mongod.process.send_signal(signal.SIGCONT)
    assert said.status == 1
    assert said.err.startswith("calipso: store mongodb://127.0.0.1:")
    assert len(said.err.splitlines()) == 1
