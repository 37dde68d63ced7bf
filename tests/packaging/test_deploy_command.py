# SPDX-License-Identifier: Apache-2.0
"""``calipso monitoring deploy`` with the real playbook and ansible-runner, to a host by SSH: Prometheus, Sensu Go."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures import needs
from tests.fixtures.watched import watched_store
from tests.packaging.building import ROOT
from tests.packaging.control_paths import control_paths
from tests.packaging.deploying import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.deployment, needs.root("it makes namespaces")]

LOGIN, TOKEN = "pass-of-the-login", "token-of-the-receiver"
SECRETS = (LOGIN.encode(), TOKEN.encode())
INTERRUPTED = 130


class Deploying:
    """The command on a host of its own, and a store that knows the host as cmp1."""

    def __init__(self, target: Target, **monitored: Any) -> None:  # noqa: ANN401 - settings of any shape
        self.target = target
        self.temporary = target.folder / "tmp"
        self.temporary.mkdir()
        store = watched_store(target.folder / "store.db")
        hosts = [one.id for one in store.view("lab").of_type("host")]
        environments = store.collection("environments_config")
        document = environments.get("lab") or {}
        monitoring = {
            "name": "Monitoring",
            "type": "Prometheus",
            "server_ip": "127.0.0.1",
            "provision": "Deploy",
            "config_folder": str(target.folder / "config"),
            "receiver_token": self._secret("token", TOKEN),
            **monitored,
        }
        login = target.connection()
        cli = {
            "name": "CLI",
            "user": "root",
            "key": login["ansible_ssh_private_key_file"],
            "pwd": self._secret("login_password", LOGIN),
            "known_hosts": str(target.folder / "known_hosts"),
            "hosts": {"cmp1": {"host": "127.0.0.1"}},
            "exclude": [one for one in hosts if one != "cmp1"],
        }
        kept = [one for one in document["configuration"] if one["name"] not in ("CLI", "Monitoring")]
        environments.put("lab", {**document, "configuration": [*kept, cli, monitoring]})
        self.store = store.uri
        store.close()

    def _secret(self, name: str, text: str) -> dict[str, str]:
        path = self.target.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return {"file": str(path)}

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start the command in the host."""
        environment = {
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.target.folder),
            "TMPDIR": str(self.temporary),
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "200",
            **control_paths(self.target.folder),
        }
        program = [sys.executable, "-c", "from calipso_nornir.cli import main; main()"]
        command = [*program, "--store", self.store, "monitoring", "deploy", "lab", *options]
        return subprocess.Popen(  # noqa: S603 - this program
            self.target.host.entered("env", "-i", *(f"{key}={one}" for key, one in environment.items()), *command),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def deploy(self, *options: str) -> tuple[int, Any, str]:
        """Run the command to its end; return its exit code, its answer, and what it has told meanwhile."""
        process = self.start("-o", "json", *options)
        out, told = process.communicate(timeout=600)
        return process.returncode, json.loads(out) if out else None, told


@contextmanager
def looked_for(temporary: Path) -> Iterator[dict[str, set[str]]]:
    """Look for secrets on all command lines, and in what ansible-runner writes, as long as this goes on."""
    found: dict[str, set[str]] = {"seen": set(), "secret": set()}
    ended = threading.Event()

    def looks() -> None:
        while not ended.wait(0.01):
            paths = [*Path("/proc").glob("[0-9]*/cmdline"), *temporary.rglob("artifacts/**/*")]
            for path in paths:
                with suppress(OSError):
                    content = path.read_bytes()
                    found["seen"].add(
                        "artifact" if path.is_relative_to(temporary) else content.split(b"\0")[0].decode()
                    )
                    if any(one in content for one in SECRETS):
                        found["secret"].add(f"{path}: {content[:200]!r}")

    thread = threading.Thread(target=looks)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def deploying(tmp_path: Path) -> Iterator[Deploying]:
    for name in ("prometheus", "prometheus-node-exporter", "prometheus-alertmanager"):
        needs.program(name, packages=name)
    with Target(tmp_path) as target:
        yield Deploying(target)


def test_the_host_and_the_server_are_deployed_and_the_second_time_nothing_changes(deploying: Deploying) -> None:
    code, answer, told = deploying.deploy("--check")
    assert code == 0, told
    assert not (deploying.target.folder / "config").exists()
    deploying.target.host.run("test", "!", "-e", "/usr/local/bin/calipso-probe")

    with looked_for(deploying.temporary) as found:
        code, answer, told = deploying.deploy("--var", "probe_interval=7")
    assert code == 0, told
    assert [(one["host"], one["state"]) for one in answer["hosts"]] == [("cmp1", "changed")], "it is the server, too"
    assert re.search(r"^cmp1 +The program +changed", told, re.MULTILINE), told
    assert "artifact" in found["seen"]
    assert any(one.endswith("ssh") for one in found["seen"]), "command lines were seen"
    assert found["secret"] == set()
    assert not any(one in told.encode() for one in SECRETS)
    assert list(deploying.temporary.iterdir()) == [], "all that the runner has written is gone"
    host = deploying.target.host
    assert host.run("stat", "-c", "%U %G %a", "/etc/prometheus/calipso/token.lab").split() == [
        "root",
        "prometheus",
        "640",
    ]
    assert "--interval 7 " in host.run("cat", "/etc/init.d/calipso-probe")
    host.wait_for("curl", "-sf", "http://127.0.0.1:9090/-/ready")
    host.wait_for("curl", "-sf", "http://127.0.0.1:9093/-/ready")

    code, answer, told = deploying.deploy("--var", "probe_interval=7")
    assert code == 0, told
    assert [(one["host"], one["state"]) for one in answer["hosts"]] == [("cmp1", "ok")], told
    assert (answer["kept"], answer["written"]) == (0, 0)


def test_it_is_stopped_and_tells_what_was_not_reached(deploying: Deploying) -> None:
    process = deploying.start()
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("cmp1"):
            break
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    os.kill(_innermost(process.pid), signal.SIGINT)
    out, told = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED, told
    assert "calipso: interrupted" in told
    assert re.search(r"cmp1 .*not reached .*the run was stopped", out), out + told
    assert not children.exists()
    assert list(deploying.temporary.iterdir()) == []


SENSU_GO = """
import sys, time
from tests.fixtures.sensu_go import sensu_go
with sensu_go() as made, open(sys.argv[1], "w") as told:
    told.write(made.url)
    told.flush()
    time.sleep(3600)
"""


def test_a_host_and_sensu_go_are_deployed_and_the_second_time_nothing_changes(tmp_path: Path) -> None:
    with Target(tmp_path) as target:
        host = target.host
        host.sh("useradd --system --shell /usr/sbin/nologin sensu")
        host.start("env", f"PYTHONPATH={ROOT}", sys.executable, "-c", SENSU_GO, tmp_path / "url")
        host.wait_for("test", "-s", tmp_path / "url")
        url = (tmp_path / "url").read_text()
        for name, text in (("key", "a-key"), ("agent", LOGIN)):
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o600)
        secrets = {"api_token": {"file": str(tmp_path / "key")}, "agent_password": {"file": str(tmp_path / "agent")}}
        deploying = Deploying(target, type="Sensu Go", api_url=url, **secrets)
        quiet = ("--var", "sensu_agent_service=")

        def kinds() -> dict[str, int]:
            key = "Authorization: Key a-key"
            asked = f"{url}/api/core/v2/namespaces/default"
            return {
                one: len(json.loads(host.run("curl", "-sf", "-H", key, f"{asked}/{one}")))
                for one in ("filters", "handlers", "pipelines", "checks")
            }

        code, answer, told = deploying.deploy("--check", *quiet)
        assert code == 0, told
        assert set(kinds().values()) == {0}
        with looked_for(deploying.temporary) as found:
            code, answer, told = deploying.deploy(*quiet)
        assert code == 0, told
        assert found["secret"] == set()
        assert [(one["host"], one["state"]) for one in answer["hosts"]] == [
            ("cmp1", "changed"),
            ("localhost", "changed"),
        ]
        assert kinds() == {"filters": 2, "handlers": 1, "pipelines": 2, "checks": 2}
        assert json.loads(host.run("cat", "/etc/sensu/agent.yml"))["password"] == LOGIN
        code, answer, told = deploying.deploy(*quiet)
        assert code == 0, told
        assert [(one["host"], one["state"]) for one in answer["hosts"]] == [("cmp1", "ok")], told
        code, answer, told = deploying.deploy(*quiet, "--var", "calipso_state=absent")
        assert code == 0, told
        assert set(kinds().values()) == {0}
        assert not host.run("find", "/etc/sensu/agent.yml", "/usr/local/bin/calipso-probe", "-maxdepth", "0", ends=(1,))


def _innermost(pid: int) -> int:
    """Return the command itself: what enters the host's namespaces waits for it."""
    while children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if (
            b"monitoring" in Path(f"/proc/{pid}/cmdline").read_bytes()
            and b"nsenter" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        ):
            return pid
        pid = int(children[0])
    return pid
