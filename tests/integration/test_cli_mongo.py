# SPDX-License-Identifier: Apache-2.0
"""The command line on a real MongoDB: the same documents as with SQLite, and the older product's configuration file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures import mongod as server
from tests.fixtures.cli import calipso
from tests.fixtures.recorded import bundle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
        assert _timeless(said[0].out) == _timeless(said[1].out)
    there, here = (calipso("export", store=store).json for store in (uri, tmp_path / "s.db"))
    for kind in ("inventory", "links", "cliques"):
        assert [one["_id"] for one in there[kind]] == [one["_id"] for one in here[kind]]
        assert [one["digest"] for one in there[kind]] == [one["digest"] for one in here[kind]]


def _timeless(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if "last_scanned" not in line)


def test_the_older_products_file(mongod: server.Mongod, tmp_path: Path) -> None:
    host, _, port = mongod.uri("x").removeprefix("mongodb://").partition("/")[0].partition(":")
    config = tmp_path / "mongo.conf"
    config.write_text(f"server {host}\nport {port}\ndb calipso\n")
    config.chmod(0o600)
    said = calipso("scan", "--replay", bundle(tmp_path / "b.calipso"), "--mongo_config", config)
    assert said.status == 0, said.err
    assert "--store" not in said.out
    assert calipso("tree", "--depth", "0", store=mongod.uri("calipso")).out.startswith("lab ")
