# SPDX-License-Identifier: Apache-2.0
"""``calipso serve --workers``: processes at one socket, which count together, are replaced, and end together."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from calipso_nornir.access.roles import Grants
from calipso_nornir.access.tokens import Tokens
from calipso_nornir.access.users import User, Users
from calipso_nornir.api import Endpoint
from calipso_nornir.api.metering import Counts
from calipso_nornir.api.shared_metering import SharedMeter
from calipso_nornir.cli.serve_workers import WorkersFail, supervise
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.store import open_store
from tests.fixtures.cloud import make_pki
from tests.fixtures.processes import serving
from tests.fixtures.recorded import bundle, filled

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

STATUS = {"value": 2, "label": "Critical", "text": "", "source": "ping"}
OF = ObjectRef("lab", "host", "cmp1").document_id


@dataclass
class Running:
    """A server with its workers, and an admin's token."""

    url: str
    first: subprocess.Popen[str]
    ca: str
    token: str

    def ask(self, method: str, path: str, **more: object) -> requests.Response:
        """Send a request by a connection of its own, which any worker may take."""
        headers = {"Authorization": f"Bearer {self.token}"} if "auth" not in more else {}
        return requests.request(
            method,
            f"{self.url}{path}",
            verify=self.ca,
            timeout=30,
            headers=headers,
            **more,  # type: ignore[arg-type]
        )

    def workers(self) -> list[int]:
        """Return the ids of the processes."""
        return [int(one) for one in Path(f"/proc/{self.first.pid}/task/{self.first.pid}/children").read_text().split()]

    def counted(self, name: str) -> int:
        """Return the sum of a counter's samples."""
        lines = self.ask("GET", "/metrics").text.splitlines()
        return sum(int(float(one.split()[-1])) for one in lines if one.startswith(name))


@contextmanager
def running(folder: Path) -> Iterator[Running]:
    path = filled(folder / "s.db", bundle(folder / "lab.calipso"))
    store = open_store(path)
    Users(store).add(User(name="root", grants=Grants.read({"*": "admin"})), "correct horse battery")
    token, _ = Tokens(store).issue("root")
    store.close()
    pki = make_pki(folder)
    options = ("--workers", "2", "--tls-cert", str(pki.server), "--tls-key", str(pki.server_key))
    with serving(path, *options, ca=Path(pki.ca)) as (url, process):
        yield Running(url, process, str(pki.ca), token)


def until(what: str, is_so: object, *, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.chaos
def test_workers_count_together_are_replaced_and_end_together(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        until("two workers", lambda: len(api.workers()) == 2)
        wrong = [api.ask("GET", "/api/v2/me", auth=("root", "guess")).status_code for _ in range(8)]
        assert wrong == [401] * 5 + [429] * 3, "whichever process is asked"
        served = 'calipso_http_requests_total{route="/api/v2/me",method="GET"'
        until("what both have counted", lambda: {api.counted(served) for _ in range(6)} == {8})

        lost, kept = api.workers()
        os.kill(lost, signal.SIGKILL)
        until("another worker", lambda: len(api.workers()) == 2 and lost not in api.workers())
        assert kept in api.workers()
        assert {api.ask("GET", "/api/v2/me").status_code for _ in range(8)} == {200}
        until("the dead one counts", lambda: {api.counted(served) for _ in range(6)} == {16})

        told: list[str] = []
        stream = api.ask("GET", "/api/v2/environments/lab/changes/stream", stream=True)
        reader = threading.Thread(target=lambda: told.extend(stream.iter_lines(decode_unicode=True)), daemon=True)
        reader.start()
        assert api.ask("PUT", f"/api/v2/environments/lab/statuses/{OF}", json=STATUS).status_code == 201
        until("the change, whichever process has written it", lambda: any(OF in line for line in told))
        workers = api.workers()
        api.first.send_signal(signal.SIGTERM)
        out, err = api.first.communicate(timeout=30)
        assert api.first.returncode == 0, err
        reader.join(10)
        assert not reader.is_alive(), "a stream ends with its process"
        assert out == "", "there are users"
        assert err.count("listening on") == 1
        assert "Traceback" not in err
        assert not [pid for pid in workers if is_there(pid)]


@pytest.mark.chaos
def test_workers_end_when_the_first_process_is_killed(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        until("two workers", lambda: len(api.workers()) == 2)
        workers = api.workers()
        api.first.kill()
        until("no worker", lambda: not [pid for pid in workers if is_there(pid)])


def test_workers_that_cannot_start_end_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python", "-c", "raise SystemExit(3)"])
    with pytest.raises(WorkersFail, match=r"5 workers in a row ended .*, the last with status 3"):
        supervise(Endpoint(host="127.0.0.1", port=0), 2)


def test_what_processes_count_is_added(tmp_path: Path) -> None:
    one, other = SharedMeter(tmp_path), SharedMeter(tmp_path)
    one.served(route="/a", method="GET", status=200, seconds=0.003)
    other.served(route="/a", method="GET", status=200, seconds=20.0)
    other.served(route="/b", method="PUT", status=404, seconds=0.02)
    other.login_failed()
    alone = one.counts().families()
    assert one.families() == alone, "the other one has told nothing yet"
    other.tell()
    both = Counts()
    both.add(one.counts())
    both.add(other.counts())
    assert one.families() == both.families() != alone
    text = {(sample.labels.get("route"), sample.value) for sample in both.families()[0].samples}
    assert text == {("/a", 2), ("/b", 1)}
    before = sorted(tmp_path.iterdir())
    other.tell()
    assert sorted(tmp_path.iterdir()) == before
