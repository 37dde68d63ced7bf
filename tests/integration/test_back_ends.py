# SPDX-License-Identifier: Apache-2.0
"""Back ends of an installation, tried by the doctor and by the API: each is real, well, and then wrong in each way."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pymongo
import pytest

from calipso_nornir.access.directory import Directory
from calipso_nornir.access.ldap_settings import LdapSettings
from calipso_nornir.access.secret_files import SecretFiles
from calipso_nornir.api import ApiSettings, connection_tests, lost_tests
from calipso_nornir.model.source_kinds import Finding
from calipso_nornir.store import open_store
from calipso_nornir.store.connection_check import try_store
from calipso_nornir.store.migrations import LAYOUT
from calipso_nornir.store.sqlite import connection_check
from calipso_nornir.store.written import Catalogs
from tests.fixtures import mongod as mongo
from tests.fixtures.cli import calipso, program
from tests.fixtures.issuer import AUDIENCE, KEYS, SmallIssuer, issuing
from tests.fixtures.serving import served
from tests.fixtures.slapd import PASSWORD, Slapd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SECRET = "s3cret&horse"  # noqa: S105 - of the database's users

pytest_plugins = ["tests.fixtures.shared_slapd"]


def told(found: Iterator[Finding]) -> dict[str, tuple[bool, bool, str]]:
    """What → whether it is well, whether it is needed, detail."""
    return {one.what: (one.ok, one.needed, one.detail) for one in found}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def issuer() -> Iterator[SmallIssuer]:
    with issuing() as found:
        yield found


def file(path: Path, content: Mapping[str, Any]) -> Path:
    path.write_text(json.dumps(content))
    path.chmod(0o600)
    return path


# --- the store: SQLite


def test_an_sqlite_file_that_is_well(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    open_store(path).close()
    before = path.read_bytes()
    found = told(try_store(path))
    assert [*found] == ["layout", "WAL", "write", "free disk"]
    assert all(ok for ok, _, _ in found.values()), found
    assert (path.read_bytes(), [one.name for one in tmp_path.iterdir()]) == (before, ["s.db"]), "nothing is changed"
    assert told(try_store(path, inventory="other"))["layout"][:2] == (False, False), "the first scan creates it"


def test_an_sqlite_file_that_does_not_exist_yet(tmp_path: Path) -> None:
    found = told(try_store(tmp_path / "a" / "s.db"))
    assert found["file"] == (False, False, f"{tmp_path}/a/s.db does not exist yet; the first scan creates it")
    assert found["free disk"][0]
    assert not [*tmp_path.iterdir()]


def test_an_sqlite_file_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    path.write_text("no store")
    assert "not an SQLite database" in told(try_store(path))["read"][2]
    path.unlink()
    open_store(path).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 1")
    assert "calipso store migrate brings it up to date" in told(try_store(path))["read"][2]
    assert told(try_store(tmp_path))["read"][0] is False, "a folder"
    assert "no store can be opened at" in told(try_store("redis://x"))["settings"][2]
    assert "reserved for the store itself" in told(try_store(path, inventory="system"))["settings"][2]


def test_an_sqlite_file_that_somebody_writes_or_that_lost_its_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_check, "WAIT_S", 0.1)
    path = tmp_path / "s.db"
    open_store(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ok, needed, detail = told(try_store(path))["write"]
    assert (ok, needed) == (False, False)
    assert "try again when it has ended" in detail
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
    assert told(try_store(path))["WAL"][:2] == (False, False)


def test_an_sqlite_file_without_rights_or_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root, who may everything, the answer of access(2) is replaced; the rest is real."""
    path = tmp_path / "s.db"
    open_store(path).close()
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    if os.geteuid() == 0:
        monkeypatch.setattr(os, "access", lambda *_, **__: False)
    monkeypatch.setattr(connection_check, "SCARCE_BYTES", 1 << 62)
    found = told(try_store(path))
    tmp_path.chmod(0o755)
    assert found["layout"][0], "it can still be read"
    for what in ("write", "folder"):
        assert found[what][:2] == (False, True)
        assert "chown or chmod it" in found[what][2]
    assert "free some space" in found["free disk"][2]


# --- the store: MongoDB


@pytest.fixture(scope="module")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mongo.Mongod]:
    """A server that wants logins: ``root`` may everything, ``reader`` reads, ``stranger`` may nothing."""
    folder = tmp_path_factory.mktemp("mongod")
    with mongo.running(folder, "--auth") as server:
        admin = pymongo.MongoClient[dict[str, Any]](server.uri("admin"))
        admin.admin.command("createUser", "root", pwd=SECRET, roles=["root"])
        admin.close()
        with pymongo.MongoClient[dict[str, Any]](of(server, "root", "admin")) as client:
            for name, roles in (
                ("writer", [{"role": "readWrite", "db": "calipso"}]),
                ("reader", [{"role": "read", "db": "calipso"}]),
                ("stranger", []),
            ):
                client.admin.command("createUser", name, pwd=SECRET, roles=roles)
        yield server


def of(server: mongo.Mongod, user: str, database: str = "calipso", password: str = "s3cret%26horse") -> str:  # noqa: S107 - the same, encoded
    return f"mongodb://{user}:{password}@127.0.0.1:{server.port}/{database}?authSource=admin"


def test_a_database_before_and_after_its_first_scan(mongod: mongo.Mongod) -> None:
    found = told(try_store(of(mongod, "writer")))
    assert found["layout"][:2] == (False, False), "the first scan creates it"
    assert all(ok for what, (ok, _, _) in found.items() if what != "layout"), found
    with pymongo.MongoClient[dict[str, Any]](of(mongod, "root")) as client:
        assert client["calipso"].list_collection_names() == [], "nothing was changed"
        open_store(of(mongod, "writer")).close()
        found = told(try_store(of(mongod, "writer")))
        assert [*found] == ["server", "version", "topology", "read", "layout", "write"]
        assert all(ok for ok, _, _ in found.values()), found
        assert found["version"][2].startswith("MongoDB ")
        assert "a single server" in found["topology"][2]
        assert [*client["calipso"]["store_layout"].find()] == [{"_id": "layout", "version": LAYOUT}]
    reader, stranger = told(try_store(of(mongod, "reader"))), told(try_store(of(mongod, "stranger")))
    assert (reader["read"][0], reader["write"][:2]) == (True, (False, True))
    assert stranger["read"][:2] == (False, True)
    for _, _, detail in (reader["write"], stranger["read"]):
        assert 'db.grantRolesToUser(USER, [{role: "readWrite", db: "calipso"}])' in detail


def test_a_database_that_needs_a_migration(mongod: mongo.Mongod) -> None:
    with pymongo.MongoClient[dict[str, Any]](of(mongod, "root")) as client:
        client["older"]["store_layout"].insert_one({"_id": "layout", "version": 1})
    ok, needed, detail = told(try_store(of(mongod, "root", "older")))["layout"]
    assert (ok, needed) == (False, True)
    assert "calipso store migrate brings it up to date" in detail


def test_a_database_that_cannot_be_reached(mongod: mongo.Mongod) -> None:
    refused = told(try_store(of(mongod, "writer", password="wr0ng")))  # noqa: S106 - it is
    assert "refuses user or password" in refused["server"][2]
    quick = f"mongodb://ann:{SECRET[:6]}@127.0.0.1:{free_port()}/calipso?serverSelectionTimeoutMS=200"
    down = told(try_store(quick))
    assert [*down] == ["server"]
    assert "is mongod running there" in down["server"][2]
    assert not any(secret in str((refused, down)) for secret in ("wr0ng", SECRET[:6]))
    assert "the URI is not valid" in told(try_store("mongodb://ann:p@ss@127.0.0.1/x?nonsense=1"))["settings"][2]


@pytest.mark.parametrize(
    ("hello", "version", "said"),
    [
        ({"setName": "rs0", "hosts": ["a:1", "b:1"], "primary": "a:1"}, "7.0.1", (True, "primary a:1, 2 members")),
        ({"setName": "rs0", "hosts": ["a:1", "b:1"]}, "4.4.0", (False, "rs0 has no primary")),
        ({"msg": "isdbgrid"}, "4.2.24", (True, "sharded cluster")),
    ],
)
def test_what_a_server_says_about_itself(hello: dict[str, Any], version: str, said: tuple[bool, str]) -> None:
    """The answers to ``hello`` that no single server gives."""
    from calipso_nornir.store.mongo.connection_check import standing, suits  # noqa: PLC0415 - only here

    found = standing(hello)
    assert (found.ok, said[1] in found.detail) == (said[0], True)
    assert suits(version).ok is (version >= "4.4")


# --- the doctor


def rows(said: Any) -> dict[str, tuple[str, str]]:  # noqa: ANN401 - what a command said
    return {one["what"]: (one["state"], one["detail"]) for one in said.json}


def test_the_doctor_tries_them_all(tmp_path: Path, mongod: mongo.Mongod, slapd: Slapd, issuer: SmallIssuer) -> None:
    config = tmp_path / "mongo.conf"
    config.write_text(f"server 127.0.0.1\nport {mongod.port}\nuser root\npwd {SECRET}\nauth_db admin\ndb doctored\n")
    config.chmod(0o600)
    open_store(of(mongod, "root", "doctored")).close()
    options: list[str | Path] = ["doctor", "-o", "json", "--mongo_config", config]
    options += ["--ldap_config", file(tmp_path / "ldap.json", slapd.settings())]
    options += ["--oidc_config", file(tmp_path / "oidc.json", {"issuer": issuer.url, "audience": AUDIENCE})]
    said = calipso(*options)
    found = rows(said)
    assert said.status == 0, said.out
    assert found["store environments"] == ("ok", "none yet")
    assert found[f"LDAP ldap://127.0.0.1:{slapd.ldap}"][0] == found[f"OpenID Connect {issuer.url}"][0] == "ok"
    issuer.answers[KEYS] = (b"", 503)
    said = calipso(*options)
    assert said.status == 1
    state, detail = rows(said)[f"OpenID Connect {issuer.url}"]
    assert (state, "answers 503; correct issuer or cacertfile" in detail) == ("problem", True)
    assert SECRET not in said.out + said.err
    assert PASSWORD not in said.out + said.err


def test_the_doctor_tells_settings_that_are_wrong(tmp_path: Path) -> None:
    """And goes on: the store's file is wrong, the two others, too."""
    config = tmp_path / "mongo.conf"
    config.write_text(f"pwd {SECRET}\n")
    nosuch = str(tmp_path / "nosuch.json")
    said = calipso("doctor", "-o", "json", "-m", config, "--ldap_config", nosuch, "--oidc_config", nosuch)
    assert said.status == 1
    found = rows(said)
    assert found["store settings"] == ("problem", found["store settings"][1])
    assert "host is missing" in found["store settings"][1]
    for section in ("LDAP", "OpenID Connect"):
        assert "cannot be read: No such file" in found[f"{section} settings"][1]
    assert SECRET not in said.out + said.err
    both = calipso("doctor", "-m", config, store=tmp_path / "s.db")
    assert (both.status, "exclude each other" in both.err) == (2, True)


def test_the_doctor_uses_what_serve_would_use(tmp_path: Path) -> None:
    """In the order of docs/deployment.md: options, variables, the file; its own before those of serve."""
    (tmp_path / "calipso.yaml").write_text("serve: {ldap_config: file.json, bind: 127.0.0.1:1}\n")
    env = {key: value for key, value in os.environ.items() if not key.startswith("CALIPSO_")}
    env |= {"CALIPSO_CONFIG": str(tmp_path / "calipso.yaml"), "HOME": str(tmp_path), "COLUMNS": "200"}

    def which(*options: str, **environ: str) -> str:
        command = [program(), "doctor", "-o", "json", *options]
        done = subprocess.run(command, env=env | environ, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own program
        found: dict[str, str] = {one["what"]: one["detail"] for one in json.loads(done.stdout)}
        return next(one for one in found["LDAP settings"].split() if ".json:" in one).removesuffix(":")

    served_by, own = {"CALIPSO_SERVE_LDAP_CONFIG": "serve.json"}, {"CALIPSO_DOCTOR_LDAP_CONFIG": "own.json"}
    assert which() == "file.json"
    assert which(**served_by) == "serve.json"
    assert which(**served_by, **own) == "own.json"
    assert which("--ldap_config", "option.json", **served_by, **own) == "option.json"


# --- the API


def test_the_api_tries_them_and_stores_the_steps(tmp_path: Path, slapd: Slapd) -> None:
    store = open_store(tmp_path / "s.db")
    down = f"ldap://127.0.0.1:{free_port()}"
    both = Directory(LdapSettings.model_validate(slapd.settings(url=[down, f"ldap://127.0.0.1:{slapd.ldap}"])))
    with served(store, secrets=tmp_path / "secrets", directory=both) as api:
        admin = api.user("root", everywhere="admin")
        for other in (api.user("ann", lab="admin"), api.user("eve", everywhere="operator")):
            assert other.ask("POST", "/checks").status_code == 403
        started = admin.post("/checks", status=202)
        deadline = time.monotonic() + 60
        while (test := admin.get(f"/checks/{started['id']}"))["status"] == "running":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        steps = {(one["section"], one["what"]): one["ok"] for one in test["steps"]}
        assert steps[("store", "write")]
        assert [steps[("LDAP", one)] for one in (down, f"ldap://127.0.0.1:{slapd.ldap}")] == [False, True]
        assert test["status"] == "passed_with_warnings", "one server of two is down, and logins work"
        assert (test["environment"], test["submitted_by"]) == (None, "root")
        assert PASSWORD not in str(test)
        assert lost_tests.shown(store.collection(lost_tests.COLLECTION).get(started["id"]) or {}) == test
        assert admin.ask("GET", "/checks/nosuch").status_code == 404
    store.close()


STEP = {"section": "AMQP", "what": "login", "detail": ""}


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        ([(True, True), (True, False)], "passed"),
        ([(True, True), (False, False)], "passed_with_warnings"),
        ([(False, True), (False, False)], "failed"),
    ],
)
def test_the_outcome_in_one_word(tmp_path: Path, steps: list[tuple[bool, bool]], outcome: str) -> None:
    store = open_store(tmp_path / "s.db")
    found = [Finding(**STEP, ok=ok, needed=needed) for ok, needed in steps]
    api = ApiSettings(store=store, catalogs=Catalogs(store), secret_files=SecretFiles(tmp_path / "secrets"))
    id_ = connection_tests.run(
        api, connection_tests.ConnectionTest(environment="lab", by="ann", findings=lambda: found)
    )["id"]
    deadline = time.monotonic() + 30
    while (test := store.collection(lost_tests.COLLECTION).get(id_) or {}).get("status") == "running":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert test["status"] == outcome
    store.close()
