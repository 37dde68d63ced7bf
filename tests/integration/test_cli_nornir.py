# SPDX-License-Identifier: Apache-2.0
"""Nornir tasks, scans with a Nornir inventory and env check, with real sshd servers."""

from __future__ import annotations

import contextlib
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from nornir import InitNornir
from nornir.core.filter import F

from calipso_nornir.scan.engine import run_scan
from calipso_nornir.store import open_store
from calipso_nornir.store.names import KINDS
from calipso_nornir.tasks import run_commands, scan_host
from tests.fixtures.cli import calipso
from tests.fixtures.cli_sections import known_hosts, section
from tests.fixtures.recorded import bundle, filled
from tests.fixtures.sshd import LOOPBACK, Sshd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nornir.core import Nornir

pytestmark = pytest.mark.usefixtures("own_home")

PLAIN_COMMANDS = ["echo out; echo err >&2; exit 3", "printf '%s' 'no newline'", "echo '\\033[31m'"]


def written(folder: Path, **servers: Sshd) -> Path:
    """A Nornir configuration in which the servers are hosts; ``gone`` is a host of which nothing listens."""
    known = known_hosts(folder / "known_hosts", *servers.values())
    hosts = {
        name: {
            "hostname": LOOPBACK,
            "port": server.port,
            "username": server.user,
            "connection_options": {
                "calipso_ssh": {
                    "extras": {
                        "key": str(server.key),
                        "known_hosts": str(known),
                        "agent": False,
                        "ssh_config": False,
                    }
                }
            },
        }
        for name, server in servers.items()
    }
    hosts["gone"] = {"hostname": LOOPBACK, "port": 1}
    (folder / "hosts.yaml").write_text(yaml.safe_dump(hosts))
    (folder / "config.yaml").write_text(
        yaml.safe_dump(
            {
                "inventory": {"plugin": "SimpleInventory", "options": {"host_file": str(folder / "hosts.yaml")}},
                "runner": {"plugin": "threaded", "options": {"num_workers": 4}},
                "logging": {"enabled": False},
            }
        )
    )
    return folder / "config.yaml"


@pytest.fixture
def nornir(tmp_path: Path, sshd: Sshd) -> Iterator[Nornir]:
    opened = InitNornir(config_file=str(written(tmp_path, cmp1=sshd)))
    yield opened
    opened.filter(name="cmp1").close_connections()


# --- run_commands


def test_commands_in_one_batch_over_one_connection(nornir: Nornir, sshd: Sshd) -> None:
    only = nornir.filter(name="cmp1")
    result = only.run(task=run_commands, commands=PLAIN_COMMANDS)
    answers = result["cmp1"][0].result
    assert not result.failed
    assert answers[PLAIN_COMMANDS[0]] == {"stdout": "out\n", "stderr": "err\n", "status": 3}
    assert answers[PLAIN_COMMANDS[1]] == {"stdout": "no newline", "stderr": "", "status": 0}
    assert list(answers) == PLAIN_COMMANDS
    again = only.run(task=run_commands, commands="echo again", timeout_s=5)
    assert again["cmp1"][0].result["echo again"]["stdout"] == "again\n"
    assert sshd.connections() == 1
    assert sshd.channels() == ["command", "command"]


def test_a_host_that_cannot_be_reached_fails_alone(nornir: Nornir) -> None:
    result = nornir.run(task=run_commands, commands=["true"])
    assert result.failed_hosts.keys() == {"gone"}
    assert result["gone"][0].result == {}
    assert "connection refused" in str(result["gone"][0].exception)
    assert result["cmp1"][0].result["true"]["status"] == 0


def test_a_connection_that_was_lost_is_opened_anew(nornir: Nornir, sshd: Sshd) -> None:
    only = nornir.filter(name="cmp1")
    assert not only.run(task=run_commands, commands=["true"]).failed
    sshd.kill_sessions()
    result = only.run(task=run_commands, commands=["echo back"])
    assert result["cmp1"][0].result["echo back"]["stdout"] == "back\n"
    assert sshd.connections() == 2


def test_a_command_that_hangs_is_stopped_and_the_others_answer(nornir: Nornir) -> None:
    result = nornir.filter(name="cmp1").run(task=run_commands, commands=["sleep 60", "echo on"], timeout_s=1)
    answers = result["cmp1"][0].result
    assert answers["sleep 60"]["status"] == 124
    assert answers["echo on"]["stdout"] == "on\n"
    assert not result.failed


def test_a_session_that_ends_in_the_middle(nornir: Nornir) -> None:
    commands = ["echo first", "kill -9 $(ps -o ppid= -p $PPID)", "echo never"]
    result = nornir.filter(name="cmp1").run(task=run_commands, commands=commands)
    answers = result["cmp1"][0].result
    assert answers["echo first"]["stdout"] == "first\n"
    assert answers["echo never"]["status"] is None
    assert answers["echo never"]["error"]
    assert result.failed


# --- scan_host


def test_a_host_is_scanned_through_the_same_nornir(nornir: Nornir, sshd: Sshd, tmp_path: Path) -> None:
    store = filled(tmp_path / "s.db", bundle(tmp_path / "b.calipso"))
    described(store)
    result = nornir.filter(name="cmp1").run(task=scan_host, environment="lab", store=str(store))
    document = result["cmp1"][0].result
    assert document["environment"] == "lab"
    assert document["rounds"]["cli"] >= 1
    assert not result.failed  # it was reached; that there is no API stands in the report
    assert document["status"] == "completed_with_errors"
    assert sshd.connections() == 1
    assert json.dumps(document)


def test_a_host_that_is_gone_fails_and_loses_nothing(nornir: Nornir, tmp_path: Path) -> None:
    store = filled(tmp_path / "s.db", bundle(tmp_path / "b.calipso"))
    described(store)
    nornir.inventory.hosts["cmp1"].port = 1
    before = calipso("tree", "host:cmp1", "-o", "json", store=store).json
    result = nornir.filter(name="cmp1").run(task=scan_host, environment="lab", store=store)
    assert result.failed
    assert "connection refused" in str(result["cmp1"][0].exception)
    assert result["cmp1"][0].result["failures"]
    assert calipso("tree", "host:cmp1", "-o", "json", store=store).json == before


def test_two_hosts_are_scanned_at_once_and_nothing_is_lost(
    sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = InitNornir(config_file=str(written(tmp_path, cmp1=sshd, net1=sshd))).filter(F(name__any=["cmp1", "net1"]))
    apart = filled(tmp_path / "apart.db", bundle(tmp_path / "b.calipso"))
    described(apart)
    for name in ("cmp1", "net1"):
        both.filter(name=name).run(task=scan_host, environment="lab", store=str(apart))
    together = filled(tmp_path / "together.db", tmp_path / "b.calipso")
    described(together)
    barrier = threading.Barrier(2, timeout=30)  # is passed only by two that are under way at the same time

    def scan(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - those of the real one
        barrier.wait()
        return run_scan(*arguments, **options)

    monkeypatch.setattr("calipso_nornir.tasks.run_scan", scan)
    result = both.run(task=scan_host, environment="lab", store=str(together))
    both.close_connections()
    assert not result.failed, {name: one.exception for name, one in result.items()}
    assert pictured(together) == pictured(apart)


def pictured(store: Path) -> dict[str, dict[str, str]]:
    """Return the digests of everything that a store holds."""
    with contextlib.closing(open_store(store, use="read")) as opened:
        view = opened.view("lab")
        return {kind: {one["_id"]: one["digest"] for one in view.documents(kind)} for kind in KINDS}


def described(store: Path) -> None:
    """Replace the recording's description, which has no login, by one with an API that refuses."""
    file = store.with_suffix(".yaml")
    api = {"name": "OpenStack", "auth_url": "http://127.0.0.1:1/v3", "user": "u", "pwd": {"env": "PWD"}, "retries": 0}
    file.write_text(yaml.safe_dump({"name": "lab", "mechanism_drivers": ["OVS"], "configuration": [api]}))
    assert calipso("env", "add", file, "--replace", store=store).status == 0


# --- the command line


def test_a_scan_with_a_nornir_inventory(sshd: Sshd, tmp_path: Path) -> None:
    store = filled(tmp_path / "s.db", bundle(tmp_path / "b.calipso"))
    described(store)
    config = written(tmp_path, cmp1=sshd)
    said = calipso("scan", "lab", "--id", "cmp1", "-t", "host", "--nornir", config, "-o", "json", store=store)
    assert said.status == 3, said.err
    assert sshd.connections() == 1
    net1 = calipso("scan", "lab", "--id", "net1", "-t", "host", "--nornir", config, store=store)
    assert net1.status == 1  # nothing of it could be looked at: the API refuses, too
    assert "net1 is not in the Nornir inventory of this scan" in net1.out
    broken = calipso("scan", "lab", "--nornir", tmp_path / "none.yaml", store=store)
    assert broken.status == 1
    assert "Nornir configuration" in broken.err


def test_check_logs_in_for_real(sshd: Sshd, tmp_path: Path) -> None:
    cli = {"name": "CLI", **section(known_hosts(tmp_path / "known_hosts", sshd), h1=sshd)}
    cli["hosts"]["h2"] = {"host": LOOPBACK, "port": 1}
    file = tmp_path / "e.yaml"
    file.write_text(yaml.safe_dump({"name": "e", "configuration": [cli]}))
    said = calipso("env", "check", file, "--section", "CLI", "-o", "json")
    assert said.status == 1
    found = {one["what"]: one for one in said.json}
    assert found["h1: login"]["ok"]
    assert not found["h2: login"]["ok"]
    assert "connection refused" in found["h2: login"]["detail"]
    assert sshd.connections() == 1
    assert any(what.startswith("h1: ") and what != "h1: login" for what in found)


def test_check_tells_an_unknown_host_key(sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    cli = {"name": "CLI", **section(tmp_path / "empty", h1=sshd)}
    file = tmp_path / "e.yaml"
    file.write_text(yaml.safe_dump({"name": "e", "configuration": [cli]}))
    said = calipso("env", "check", file, "--section", "CLI")
    assert said.status == 1
    assert "host key of 127.0.0.1" in said.out
    assert "SHA256:" in said.out
