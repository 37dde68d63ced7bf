# SPDX-License-Identifier: Apache-2.0
"""``playbooks/install.yml`` with systemd: this machine's own root, seen through an overlay, boots in a container.

systemd runs there as process 1 (``systemd-nspawn --boot``), with nothing but what the test needs; the network is this
machine's. What is written stays in the overlay, which goes with the test.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import sysconfig
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from calipso_nornir.client import Calipso
from tests.fixtures import needs
from tests.packaging.building import must
from tests.packaging.installing import NEWER, newer, play

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.deployment, needs.root("only root can boot a container")]

PYTHON = "/usr/bin/python3"
SERVICES = ("calipso-scan-manager.service", "calipso-event-manager.service", "calipso-serve.service")
TARGET = """[Unit]
Requires=basic.target dbus.socket calipso-test-ssh.service
After=basic.target
AllowIsolate=yes
"""
SSHD = """[Service]
ExecStartPre=/bin/mkdir -p /run/sshd
ExecStart=/usr/sbin/sshd -D -e -f /dev/null -p {port} -o ListenAddress=127.0.0.1 -o PermitRootLogin=yes \\
  -o AuthorizedKeysFile=/etc/calipso-test-key -o HostKey=/etc/calipso-test-host-key -o StrictModes=no
"""


@dataclass
class Machine:
    """A booted container."""

    folder: Path
    ssh_port: int
    api_port: int

    @property
    def url(self) -> str:
        """Where the API will be."""
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def _ssh(self) -> list[str]:
        known = f"UserKnownHostsFile={self.folder / 'known_hosts'}"
        return ["-i", str(self.folder / "key"), "-o", known, "-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR"]

    def run(self, *words: str, ok: bool = True) -> str:
        """Run a command there, and return what it prints."""
        command = ["ssh", *self._ssh, "-p", str(self.ssh_port), "root@127.0.0.1", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - of ours
        assert done.returncode == 0 or not ok, done.stdout + done.stderr
        return done.stdout.strip()

    def install(self, package: Path) -> tuple[int, str]:
        """Run the playbook with nothing set that it finds out or has a default for."""
        where = {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.ssh_port,
            "ansible_user": "root",
            "ansible_ssh_common_args": " ".join(self._ssh),
            "ansible_python_interpreter": PYTHON,
        }
        variables = {
            "calipso_package": str(package),
            "calipso_python": PYTHON,
            "calipso_pip_arguments": "--no-index",
            "calipso_bind": f"127.0.0.1:{self.api_port}",
            "calipso_scan_manager": {"interval": 0.5},
        }
        return play(self.folder, where, variables)

    def states(self) -> list[str]:
        """Return the states of all services."""
        return self.run("systemctl", "is-active", *SERVICES, ok=False).splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Boot a machine on which all that calipso depends on is there, but not calipso."""
    program = needs.program("systemd-nspawn", packages="systemd-container")
    for other, package in (("sshd", "openssh-server"), ("dbus-daemon", "dbus"), ("systemd", "systemd")):
        if other != "systemd" or not Path("/lib/systemd/systemd").exists():
            needs.program(other, packages=package)
    version = must(PYTHON, "-c", "import sys; print(sys.version_info[:2])", cwd=tmp_path).strip()
    if version != str(sys.version_info[:2]):
        needs.missing(f"{PYTHON} is another version than that of the tests: their libraries do not fit")
    with ExitStack() as free:
        ports = [free.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(2)]
    made = Machine(tmp_path, *ports)
    with _overlay(tmp_path) as root:
        _prepare(made, root)
        libraries = sysconfig.get_paths()["purelib"]
        command = [program, "-q", "-D", str(root), "--boot", f"--machine=calipso-{ports[0]}", "--console=pipe"]
        command += ["--register=no", "--keep-unit", f"--bind-ro={libraries}:/opt/libraries"]
        with (tmp_path / "console").open("wb") as console:
            booted = subprocess.Popen(  # noqa: S603 - of ours
                [*command, "--", "--unit=calipso-test.target"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        try:
            _until_up(made, booted)
            yield made
        finally:
            booted.terminate()  # systemd-nspawn powers the machine off
            booted.wait(60)


@contextmanager
def _overlay(folder: Path) -> Iterator[Path]:
    """Give this machine's root with everything that is written kept apart, in memory."""
    where = folder / "overlay"
    where.mkdir()
    must("mount", "-t", "tmpfs", "tmpfs", where, cwd=folder)
    for name in ("upper", "work", "root"):
        (where / name).mkdir()
    options = f"lowerdir=/,upperdir={where / 'upper'},workdir={where / 'work'}"
    try:
        must("mount", "-t", "overlay", "overlay", "-o", options, where / "root", cwd=folder)
        yield where / "root"
    finally:
        subprocess.run(["umount", "--lazy", where / "root"], check=False)  # noqa: S603, S607 - as above
        subprocess.run(["umount", "--lazy", where], check=False)  # noqa: S603, S607 - as above


def _prepare(made: Machine, root: Path) -> None:
    """Put keys, the two units and the libraries there."""
    folder = made.folder
    for name in ("key", "host_key"):
        must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name, cwd=folder)
    kind, public, *_ = (folder / "host_key.pub").read_text().split()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{made.ssh_port} {kind} {public}\n")
    etc = root / "etc"
    (etc / "calipso-test-key").write_text((folder / "key.pub").read_text())
    (etc / "calipso-test-host-key").write_bytes((folder / "host_key").read_bytes())
    (etc / "calipso-test-host-key").chmod(0o600)
    (etc / "machine-id").write_text("")
    (etc / "systemd/system/calipso-test.target").write_text(TARGET)
    (etc / "systemd/system/calipso-test-ssh.service").write_text(SSHD.format(port=made.ssh_port))
    dependencies = root / "opt/calipso-test-dependencies"
    dependencies.mkdir(parents=True)
    for one in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if "calipso" not in one.name.lower() and not one.name.startswith("pip"):
            (dependencies / one.name).symlink_to(f"/opt/libraries/{one.name}")


def _until_up(made: Machine, booted: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while made.run("systemctl", "is-system-running", ok=False) != "running":
        assert booted.poll() is None, (made.folder / "console").read_text(errors="replace")
        assert time.monotonic() < deadline, (made.folder / "console").read_text(errors="replace")
        time.sleep(0.5)
    made.run(PYTHON, "-m", "venv", "/opt/calipso/venv")
    purelib = made.run("echo", "/opt/calipso/venv/lib/python3*/site-packages")
    made.run("echo", "/opt/calipso-test-dependencies", ">", f"{purelib}/zz_dependencies.pth")


def test_systemd_runs_it_as_its_own_account_again_after_a_crash_and_after_an_upgrade(
    machine: Machine, wheel: Path, tmp_path: Path
) -> None:
    changed, said = machine.install(wheel)
    assert changed > 5
    once = machine.run("cat", "/etc/calipso/first-password")
    assert once not in said
    assert machine.states() == ["active"] * 3
    assert machine.run("systemctl", "is-enabled", "calipso.target", *SERVICES).splitlines() == ["enabled"] * 4
    users = machine.run("ps", "-o", "user=", "-p", _processes(machine)).split()
    assert set(users) == {"calipso"}
    kept = machine.run("stat", "-c", "%U:%a", "/var/lib/calipso", "/etc/calipso", "/etc/calipso/calipso.yaml")
    assert kept.split() == ["calipso:700", "calipso:711", "calipso:600"]

    own = "a password of my own"
    with Calipso(machine.url) as calipso:
        calipso.log_in("admin", once)
        calipso.put("/me/password", {"old": once, "new": own})
        calipso.log_in("admin", own)
        _scan_fails_for_a_good_reason(calipso)

    changed, said = machine.install(wheel)
    assert changed == 0, said

    before = _processes(machine)
    machine.run("systemctl", "kill", "--signal=SIGKILL", *SERVICES)
    _until_answers(machine)
    assert machine.states() == ["active"] * 3
    assert not set(before.split(",")) & set(_processes(machine).split(","))

    machine.run("systemctl", "stop", "calipso.target")
    _until_stopped(machine)
    machine.run("systemctl", "start", "calipso.target")
    _until_answers(machine)

    machine.install(newer(wheel, tmp_path))
    described = requests.get(f"{machine.url}/api/v2/openapi.json", timeout=30).json()
    assert described["info"]["version"] == NEWER
    with Calipso(machine.url) as calipso:
        calipso.log_in("admin", own)
        assert [one["status"] for one in calipso.get("/environments/far/scans")] == ["failed"], "the data are there"


def _scan_fails_for_a_good_reason(calipso: Calipso) -> None:
    """Let the scan manager, locked in as it is, read the secret that the API has written, and try to log in."""
    section: dict[str, Any] = {"name": "OpenStack", "auth_url": "http://127.0.0.1:9/v3", "user": "u"}
    calipso.describe("far", {"mechanism_drivers": ["OVS"], "configuration": [section | {"pwd": {"secret": "s3cret"}}]})
    scan = calipso.wait("far", calipso.scan("far", untested=True)["scan_id"], timeout_s=120)
    assert scan["status"] == "failed"
    assert "127.0.0.1:9" in str(scan["failures"]), scan


def _processes(machine: Machine) -> str:
    told = machine.run("systemctl", "show", "--property=MainPID", "--value", *SERVICES).split()
    assert "0" not in told
    return ",".join(told)


def _until_stopped(machine: Machine) -> None:
    """Wait for all: "systemctl stop" of a target does not wait for the services that stop with it."""
    deadline = time.monotonic() + 60
    while (states := machine.states()) != ["inactive"] * 3:
        assert set(states) <= {"active", "deactivating", "inactive"}, states
        assert time.monotonic() < deadline, f"one target for all: {states}"
        time.sleep(0.2)


def _until_answers(machine: Machine) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{machine.url}/readyz", timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(0.5)
    pytest.fail(machine.run("journalctl", "--no-pager", "-u", SERVICES[-1], ok=False))
