# SPDX-License-Identifier: Apache-2.0
"""Connection tests whose API process has died end as lost, on both stores; those that live go on."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.access.roles import Grants
from calipso_nornir.access.secret_files import SecretFiles
from calipso_nornir.access.tokens import Tokens
from calipso_nornir.access.users import User, Users
from calipso_nornir.api import ApiSettings, connection_tests, create_app, lost_tests
from calipso_nornir.client.environments import TESTED
from calipso_nornir.errors import StoreError
from calipso_nornir.model.source_kinds import Finding
from calipso_nornir.store import open_store
from calipso_nornir.store.liveness import LOST_AFTER_S, sign_of_life, status_of
from calipso_nornir.store.written import Catalogs
from tests.fixtures.processes import serving
from tests.fixtures.serving import Client, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Store
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

TEST = {"id": "t", "environment": "lab", "status": "running", "submitted_by": "ann", "steps": []}
SUBMITTED = {"submit_timestamp": "2026-01-01T00:00:00+00:00"}


@pytest.fixture
def silent() -> Iterator[int]:
    """Provide a port where connections are accepted, and nothing is ever answered."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "s.db")
    yield opened
    opened.close()


def settings_of(store: Store, folder: Path) -> ApiSettings:
    return ApiSettings(store=store, catalogs=Catalogs(store), secret_files=SecretFiles(folder))


def elsewhere(seconds: float) -> dict[str, Any]:
    """Return the sign of life that a process on another machine gave some seconds ago."""
    alive = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()
    return {"process": {"id": 1, "machine": "another", "started": "7"}, "alive_timestamp": alive}


def dead() -> dict[str, Any]:
    """Return the sign of life of a process of this machine that has ended."""
    code = "import json; from calipso_nornir.store.liveness import sign_of_life; print(json.dumps(sign_of_life()))"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603 - ours
    sign: dict[str, Any] = json.loads(said.stdout)
    return sign


@pytest.mark.chaos
def test_a_test_whose_api_was_killed_is_lost(place: Place, tmp_path: Path, silent: int) -> None:
    """One API is killed in the middle of two tests; another one, of the same store, tells what became of them."""
    store, secrets = place.open(), tmp_path / "secrets"
    Users(store).add(User(name="ann", grants=Grants.read({"*": "admin"})), "correct horse battery")
    token, _ = Tokens(store).issue("ann")
    openstack = {"name": "OpenStack", "host": "127.0.0.1", "port": silent, "user": "ann", "pwd": "s3cret"}
    described = {
        "environment_type": "OpenStack",
        "configuration": [
            {
                "name": "OpenStack",
                "auth_url": f"http://127.0.0.1:{silent}/v3",
                "user": "ann",
                "pwd": {"secret": "s3cret"},
            },
            {"name": "CLI", "user": "ann"},
        ],
    }
    older = {
        "environment": "lab",
        "test_targets": ["OpenStack"],
        "targets_configuration": [{**openstack, "admin_token": "s3cret"}],
    }
    with serving(place.uri, "--secrets", str(secrets)) as (url, process):
        there = Client(url, {"Authorization": f"Bearer {token}"})
        assert there.ask("PUT", "/environments/lab", json=described).status_code == 201
        kept = {one.name for one in secrets.iterdir()}
        first = there.post("/environments/lab/checks")
        second = there.post("//connection_tests", older)
        assert len(list(secrets.iterdir())) > len(kept), "the older API's test has files of its own"
        assert there.get(f"/environments/lab/checks/{first['id']}")["status"] == "running"
        with served(store, secrets=secrets) as api:
            here = api.user("eve", everywhere="admin")
            test, query = (
                f"/environments/lab/checks/{first['id']}",
                f"//connection_tests?env_name=lab&id={second['id']}",
            )
            assert here.get(test)["status"] == "running", "who reads it does not end it"
            process.kill()
            process.wait(30)
            lost = here.get(test)
            assert (lost["status"], lost["status"] in TESTED) == ("lost", True)
            assert "Begin the test again" in lost["error"]
            assert not {"process", "alive_timestamp", "secret_files"} & lost.keys()
            told = here.get(query)
            assert (told["status"], told["test_results"]) == ("response", {"OpenStack": False})
            assert "Begin the test again" in told["last_response_message"]
            assert here.get("//connection_tests?env_name=lab&status=request")["connection_tests"] == []
            ended = here.get("//connection_tests?env_name=lab&status=response")["connection_tests"]
            assert {one["id"] for one in ended} == {first["id"], second["id"]}
            create_app(api.settings)  # as an API starts
            noted = store.collection(lost_tests.COLLECTION)
            assert {(noted.get(one["id"]) or {})["status"] for one in (first, second)} == {"lost"}
            assert {one.name for one in secrets.iterdir()} == kept, "secrets given for one test are removed"
            assert here.get(test) == lost
            assert here.get(query) == told


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(LOST_AFTER_S - 30, "running"), (LOST_AFTER_S + 1, "lost"), (None, "lost")],
    ids=["elsewhere, alive", "elsewhere, silent", "of an older release"],
)
def test_tests_on_other_machines_live_by_their_signs(
    store: Store, tmp_path: Path, seconds: float | None, status: str
) -> None:
    tests = store.collection(lost_tests.COLLECTION)
    tests.put("t", {**TEST, **SUBMITTED, **({} if seconds is None else elsewhere(seconds))})
    assert lost_tests.shown(tests.get("t") or {})["status"] == status
    ended = lost_tests.end_lost(store, SecretFiles(tmp_path / "secrets"))
    assert (ended, (tests.get("t") or {})["status"]) == (["t"] if status == "lost" else [], status)


def test_a_lost_test_with_secrets_elsewhere_is_left_to_its_own_api(store: Store, tmp_path: Path) -> None:
    ours, theirs = SecretFiles(tmp_path / "ours"), SecretFiles(tmp_path / "theirs")
    theirs.folder.mkdir()
    file = theirs.folder / "secret"
    file.write_text("s3cret")
    tests = store.collection(lost_tests.COLLECTION)
    tests.put("t", {**TEST, **SUBMITTED, **dead(), lost_tests.FILES: [str(file)]})
    assert lost_tests.end_lost(store, ours) == []
    assert lost_tests.shown(tests.get("t") or {})["status"] == "lost", "it is shown as what it is all the same"
    assert file.exists()
    assert lost_tests.end_lost(store, theirs) == ["t"]
    assert not file.exists()


def test_a_test_that_ends_meanwhile_keeps_its_outcome(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process was too slow to give a sign, and ends it just before it would be noted as lost."""
    tests = store.collection(lost_tests.COLLECTION)
    tests.put("t", {**TEST, **SUBMITTED, **elsewhere(LOST_AFTER_S + 1)})

    def ended_meanwhile(one: dict[str, Any]) -> str:
        tests.update_if("t", {}, {"status": "passed"})
        return status_of(one)

    monkeypatch.setattr("calipso_nornir.api.lost_tests.status_of", ended_meanwhile)
    assert lost_tests.end_lost(store, SecretFiles(tmp_path)) == []
    assert (tests.get("t") or {})["status"] == "passed"


def test_a_running_test_goes_on_giving_signs(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also after the store did not take one; its absence is logged."""
    monkeypatch.setattr(connection_tests, "BEAT_S", 0.02)
    failing = iter([True])

    def sign() -> dict[str, Any]:
        if next(failing, False):
            raise StoreError("the store is away")
        return sign_of_life()

    tests = store.collection(lost_tests.COLLECTION)
    seen: set[str] = set()

    def findings() -> Iterator[Finding]:
        monkeypatch.setattr(connection_tests, "sign_of_life", sign)
        deadline = time.monotonic() + 30
        while len(seen) < 3:
            assert time.monotonic() < deadline
            (running,) = tests.find({"status": "running"})
            seen.add(running["alive_timestamp"])
            time.sleep(0.01)
        yield Finding("store", "write", ok=True, detail="")

    trial = connection_tests.ConnectionTest(environment="lab", by="ann", findings=findings)
    caplog.set_level("INFO")
    begun = connection_tests.run(settings_of(store, tmp_path), trial)
    deadline = time.monotonic() + 30
    while (tests.get(begun["id"]) or {})["status"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert (tests.get(begun["id"]) or {})["status"] == "passed"
    assert f"a sign of life of connection test {begun['id']} could not be stored: the store is away" in caplog.text
