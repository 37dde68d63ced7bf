# SPDX-License-Identifier: Apache-2.0
"""A canary replaces every secret of an environment with real servers: it must not appear anywhere else.

These are searched: the store, the recording, every log record at DEBUG of every library, printed output, and the texts,
data, representations and tracebacks of all errors.
"""

from __future__ import annotations

import gzip
import json
import logging
import shlex
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import (
    CalipsoError,
    DatabaseUnavailable,
    LoginRefused,
    NotAuthenticated,
    SelectFailed,
)
from calipso_nornir.metadata.environments import environment_document, read_environment
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet, Command, Query, Select
from calipso_nornir.sources.cli import CliSource
from calipso_nornir.sources.mysql import MysqlSource
from calipso_nornir.sources.openstack import OpenStackSource
from calipso_nornir.sources.query_router import QueryRouter
from calipso_nornir.sources.recording import RecordingSource, ReplaySource
from calipso_nornir.sources.secrets import Vault
from calipso_nornir.store import open_store
from tests.fixtures.cli_sections import known_hosts
from tests.fixtures.cloud import PASSWORD, USER, Cloud, Response, error
from tests.fixtures.cloud import running as running_cloud
from tests.fixtures.mariadb import MariaDb
from tests.fixtures.mariadb import running as running_mariadb
from tests.fixtures.sshd import LOOPBACK, Sshd, make_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.environment import Environment

CANARY = "c4n4ry"
DATABASE_PASSWORD = "c4n4ry-of-the-database"  # noqa: S105 - of the test server
PASSPHRASE = "c4n4ry of the key"  # noqa: S105 - of a test key

PORTS = ApiGet("network", "/ports", "ports")
ECHO = ApiGet("network", "/networks", "networks")
FAILS = ApiGet("compute", "/servers", "servers")
ROWS = Select("nova", "SELECT 1 AS one")
NO_TABLE = Select("nova", "SELECT 1 FROM nowhere")
SHOW = Command("node", "echo in")
QUERIES: list[Query] = [PORTS, ECHO, FAILS, ROWS, NO_TABLE, SHOW]


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with running_cloud() as served:
        served.answers("/network/v2.0/ports", Response({"ports": [{"id": "p1"}]}))
        served.answers("/network/v2.0/networks", Response({"networks": [{"id": "n1", "name": f"was {PASSWORD}"}]}))
        served.answers("/compute/v2.1/servers", error(400, f"you sent {PASSWORD} and c4n4ry-token-1"))
        yield served


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    with running_mariadb(tmp_path_factory.mktemp("m")) as server:
        server.run(
            "CREATE DATABASE nova",
            f"CREATE USER scan@'%' IDENTIFIED BY '{DATABASE_PASSWORD}'",
            "GRANT SELECT ON nova.* TO scan@'%'",
        )
        yield server


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with Sshd(tmp_path / "sshd") as server:
        server.authorize(make_key(tmp_path / "mine", passphrase=PASSPHRASE))
        yield server


@pytest.fixture
def environment(cloud: Cloud, database: MariaDb, sshd: Sshd, tmp_path: Path) -> Environment:
    """Three kinds of reference; the others lead to the same vault."""
    stored = tmp_path / "database-password"
    stored.write_text(f"{DATABASE_PASSWORD}\n")
    stored.chmod(0o600)
    script = tmp_path / "show-passphrase"
    script.write_text(f"#!/bin/sh\necho {shlex.quote(PASSPHRASE)}\n")
    script.chmod(0o700)
    return read_environment(
        {
            "name": "lab",
            "configuration": [
                {
                    "name": "OpenStack",
                    "auth_url": cloud.auth_url,
                    "user": USER,
                    "pwd": {"env": "OS_PASSWORD"},
                    "retries": 0,
                },
                {
                    "name": "mysql",
                    "host": LOOPBACK,
                    "port": database.port,
                    "user": "scan",
                    "pwd": {"file": str(stored)},
                },
                {
                    "name": "CLI",
                    "user": sshd.user,
                    "key": str(tmp_path / "mine"),
                    "passphrase": {"command": str(script)},
                    "known_hosts": str(known_hosts(tmp_path / "known", sshd)),
                    "ssh_config": False,
                    "agent": False,
                    "hosts": {"node": {"host": LOOPBACK, "port": sshd.port}},
                },
            ],
        },
        where="lab.yml",
    )


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything of everybody at DEBUG."""
    for name in ("", "keystoneauth", "urllib3", "asyncssh", *logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def sources(environment: Environment, vault: Vault) -> dict[str, Any]:
    sections = environment.configuration
    return {
        "api": OpenStackSource(sections["OpenStack"], vault),
        "db": MysqlSource(sections["mysql"], vault),
        "cli": CliSource.for_section(sections["CLI"], secret=vault.resolve),
    }


def everything_of(failure: CalipsoError) -> str:
    try:
        raise failure
    except CalipsoError as caught:
        shown = "".join(traceback.format_exception(caught))
    return f"{shown}{failure}{failure!r}{json.dumps(failure.data())}{failure.args!r}"


def test_with_the_right_secrets(
    environment: Environment,
    log: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    vault = Vault(environ={"OS_PASSWORD": PASSWORD, "PATH": "/usr/bin:/bin"})
    made = sources(environment, vault)
    path = tmp_path / "bundle"
    recording = RecordingSource(QueryRouter(made), path, environment=environment, scrub=vault.scrub)
    answers = recording.answer(QUERIES)
    recording.complete()
    recording.close()
    for query in (PORTS, ECHO, ROWS, SHOW):
        assert isinstance(answers[query], Reply), str(answers[query])
    assert isinstance(answers[NO_TABLE], SelectFailed)

    bundle = gzip.decompress(path.read_bytes()).decode()
    assert "was ***" in bundle, "the cloud repeated the password"
    assert CANARY not in bundle
    replayed = ReplaySource(path).answer(QUERIES)
    assert replayed[PORTS] == answers[PORTS]

    for failure in (answers[FAILS], answers[NO_TABLE]):
        assert isinstance(failure, CalipsoError)
        assert CANARY not in everything_of(failure)
    shown = f"{made}{vars(made['api'])}{vars(made['db'])}{vault!r}{environment!r}"
    assert CANARY not in shown
    assert_nothing_was_said(log, capfd)


def test_with_wrong_ones(
    environment: Environment,
    log: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    (tmp_path / "database-password").write_text("c4n4ry-wrong")
    (tmp_path / "show-passphrase").write_text("#!/bin/sh\necho c4n4ry-wrong-one\n")
    vault = Vault(environ={"OS_PASSWORD": "c4n4ry-wrong", "PATH": "/usr/bin:/bin"})
    path = tmp_path / "bundle"
    recording = RecordingSource(
        QueryRouter(sources(environment, vault)), path, environment=environment, scrub=vault.scrub
    )
    answers = recording.answer(QUERIES)
    recording.complete()
    recording.close()
    assert isinstance(answers[PORTS], NotAuthenticated)
    assert isinstance(answers[ROWS], DatabaseUnavailable)
    assert isinstance(answers[SHOW], LoginRefused)
    for failure in answers.values():
        assert isinstance(failure, CalipsoError)
        assert CANARY not in everything_of(failure)
    assert CANARY not in gzip.decompress(path.read_bytes()).decode()
    assert_nothing_was_said(log, capfd)


def test_what_the_store_keeps(environment: Environment, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = open_store(path)
    store.collection("environments_config").put(environment.name, environment_document(environment))
    kept = store.collection("environments_config").get(environment.name)
    store.close()
    assert kept is not None
    assert CANARY not in json.dumps(kept, default=str)
    for file in tmp_path.glob("store.db*"):
        assert CANARY.encode() not in file.read_bytes()
    assert read_environment({key: kept[key] for key in environment_document(environment)}, where="store") == environment


def assert_nothing_was_said(log: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    texts = [f"{record.name} {record.getMessage()} {record.args!r} {record.exc_text}" for record in log.records]
    heard = {record.name.partition(".")[0] for record in log.records}
    assert heard >= {"asyncssh", "calipso_nornir", "keystoneauth", "urllib3"}
    assert [text for text in texts if CANARY in text] == []
    assert CANARY not in log.text
    printed = capfd.readouterr()
    assert CANARY not in printed.out + printed.err
