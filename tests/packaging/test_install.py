# SPDX-License-Identifier: Apache-2.0
"""``playbooks/install.yml`` on a host by SSH: from nothing, again, and with a newer package; units, image, compose."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
import yaml

from tests.fixtures import needs
from tests.fixtures.sshd import Sshd
from tests.packaging.building import must
from tests.packaging.installing import NEWER, PLAYBOOKS, newer, play

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = "calipso"


@dataclass
class Host:
    """A host that is installed on: a folder in place of its root, and an SSH server."""

    folder: Path
    sshd: Sshd
    port: int

    @property
    def url(self) -> str:
        """Where the API will be."""
        return f"http://127.0.0.1:{self.port}"

    def variables(self, package: Path) -> dict[str, object]:
        """Return where everything goes."""
        return {
            "calipso_package": str(package),
            "calipso_prefix": str(self.folder / "opt"),
            "calipso_etc": str(self.folder / "etc"),
            "calipso_data": str(self.folder / "data"),
            "calipso_user": self.sshd.user,
            "calipso_python": sys.executable,
            "calipso_pip_arguments": "--no-index",
            "calipso_bind": f"127.0.0.1:{self.port}",
            "calipso_scan_manager": {"interval": 0.5},
            "calipso_systemd": False,
        }

    def install(self, package: Path) -> tuple[int, str]:
        """Run the playbook; return how many tasks changed something, and what it said."""
        known = self.folder / "known_hosts"
        known.write_text(self.sshd.known_hosts_line())
        ssh = f"-o UserKnownHostsFile={known} -o IdentitiesOnly=yes"
        where = {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.sshd.port,
            "ansible_user": self.sshd.user,
            "ansible_ssh_private_key_file": str(self.sshd.key),
            "ansible_ssh_common_args": ssh,
            "ansible_python_interpreter": sys.executable,
        }
        return play(self.folder, where, self.variables(package))

    def stop(self) -> None:
        """End what was started."""
        configuration = self.folder / "etc" / "supervisord.conf"
        if configuration.exists():
            python = self.folder / "opt" / "venv" / "bin" / "python"
            subprocess.run([python, "-m", "supervisor.supervisorctl", "-c", configuration, "shutdown"], check=False)  # noqa: S603 - as above


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """Give a host with an environment for Python in which all that calipso depends on is there, but not calipso."""
    needs.program("sshd", packages="openssh-server")
    _environment(tmp_path / "opt" / "venv", tmp_path / "dependencies")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with Sshd(tmp_path / "sshd") as sshd:
        made = Host(tmp_path, sshd, port)
        yield made
        made.stop()


def _environment(folder: Path, dependencies: Path) -> None:
    dependencies.mkdir()
    for place in sorted({sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"]}):
        for one in Path(place).iterdir():
            if OURS not in one.name.lower() and not one.name.startswith("pip"):
                (dependencies / one.name).symlink_to(one)
    venv.create(folder, with_pip=True, symlinks=True)
    own = must(folder / "bin" / "python", "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])", cwd=folder)
    Path(own.strip(), "zz_dependencies.pth").write_text(f"{dependencies}\n")


ALL_RUN = dict.fromkeys(("calipso-scan-manager", "calipso-event-manager", "calipso-serve"), "RUNNING")


@pytest.mark.deployment
def test_it_is_installed_from_nothing_again_and_upgraded(host: Host, wheel: Path, tmp_path: Path) -> None:
    changed, said = host.install(wheel)
    assert changed > 5
    once = (host.folder / "etc" / "first-password").read_text().strip()
    assert len(once) >= 12
    assert once not in said
    modes = {one.name: one.stat().st_mode & 0o777 for one in (host.folder / "etc").iterdir()}
    assert all(mode & 0o077 == 0 for mode in modes.values()), modes
    assert (host.folder / "data").stat().st_mode & 0o777 == 0o700

    own = "a password of my own"
    token = requests.post(f"{host.url}/api/v2/tokens", auth=("admin", once), timeout=30).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    body = {"old": once, "new": own}
    assert requests.put(f"{host.url}/api/v2/me/password", json=body, headers=headers, timeout=30).status_code == 204
    for password in ("admin", "calipso", "calipso_default", "password", "123456", ""):
        assert requests.get(f"{host.url}/api/v2/me", auth=("admin", password), timeout=30).status_code in (401, 429)
    (host.folder / "etc" / "first-password").unlink()
    assert _running(host) == ALL_RUN

    changed, said = host.install(wheel)
    assert changed == 0, said

    changed, said = host.install(newer(wheel, tmp_path))
    assert changed > 0
    program = host.folder / "opt" / "venv" / "bin" / "calipso"
    assert NEWER in must(program, "--version", cwd=tmp_path)
    described = requests.get(f"{host.url}/api/v2/openapi.json", timeout=30).json()
    assert described["info"]["version"] == NEWER, "what runs is what is installed"
    assert _running(host) == ALL_RUN
    token = requests.post(f"{host.url}/api/v2/tokens", auth=("admin", own), timeout=90)
    assert token.status_code in (201, 429), "the users are there still; guesses above may have to be waited out"
    assert not (host.folder / "etc" / "first-password").exists(), "no further password is made"


def _running(host: Host) -> dict[str, str]:
    python = host.folder / "opt" / "venv" / "bin" / "python"
    configuration = host.folder / "etc" / "supervisord.conf"
    told = must(python, "-m", "supervisor.supervisorctl", "-c", configuration, "status", cwd=host.folder)
    return {line.split()[0]: line.split()[1] for line in told.splitlines()}


# --- what does not run here: it is checked by its own programs, as far as they are there


def unit(name: str, folder: Path) -> Path:
    """Write a unit as the playbook does, for programs that are there."""
    import jinja2  # noqa: PLC0415 - of Ansible

    values = {"calipso_venv": "/usr", "calipso_etc": "/etc", "calipso_data": "/var/lib", "calipso_user": "daemon"}
    text = jinja2.Template((PLAYBOOKS / "templates" / f"{name}.j2").read_text()).render(values)
    path = folder / name
    path.write_text(text.replace("/usr/bin/calipso", "/bin/true"))
    return path


@pytest.mark.parametrize(
    "name", ["calipso-serve.service", "calipso-scan-manager.service", "calipso-event-manager.service"]
)
def test_units_are_valid_and_hardened(tmp_path: Path, name: str) -> None:
    program = needs.program("systemd-analyze", packages="systemd")
    path = unit(name, tmp_path)
    (tmp_path / "calipso.target").write_text((PLAYBOOKS / "files" / "calipso.target").read_text())
    verified = subprocess.run(  # noqa: S603 - arguments of ours
        [program, "verify", "--man=no", "--recursive-errors=no", path],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert verified.returncode == 0, verified.stderr
    assert name not in verified.stderr, verified.stderr
    judged = subprocess.run(  # noqa: S603 - as above
        [program, "security", "--offline=yes", "--threshold=30", path],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_compose_and_image_name_what_there_is(tmp_path: Path) -> None:
    """No program here reads a compose file or builds an image: what they name is compared with what there is."""
    compose = yaml.safe_load((PLAYBOOKS / "files" / "compose.yml").read_text())
    must("sh", PLAYBOOKS / "files" / "compose-secrets.sh", cwd=tmp_path)
    made = {one.name: one.read_text() for one in (tmp_path / "secrets").iterdir()}
    must("sh", PLAYBOOKS / "files" / "compose-secrets.sh", cwd=tmp_path)
    assert {one.name: one.read_text() for one in (tmp_path / "secrets").iterdir()} == made, "they stay"
    assert {Path(one["file"]).name for one in compose["secrets"].values()} == made.keys()
    assert len(made["mongo-password"]) == 64
    assert made["mongo-password"] in made["calipso-mongo"]
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    from calipso_nornir.cli.mongo_config import mongo_uri  # noqa: PLC0415 - for this test

    uri = mongo_uri(tmp_path / "secrets" / "calipso-mongo")
    assert uri == f"mongodb://calipso:{made['mongo-password']}@mongo:27017/calipso?authSource=admin"
    for service in ("api", "scan-manager", "event-manager"):
        one = compose["services"][service]
        command = [Path(sys.executable).parent / "calipso", one["command"][0], "--help"]
        must(*command, cwd=tmp_path)
        assert one["cap_drop"] == ["ALL"]
        assert one["read_only"] is True
    assert all(port.startswith("127.0.0.1:") for one in compose["services"].values() for port in one.get("ports", ()))
    image = (PLAYBOOKS / "files" / "Containerfile").read_text()
    assert "\nUSER 10001\n" in image
    assert '\nENTRYPOINT ["calipso"]\n' in image


def test_nothing_that_is_installed_has_a_password_of_its_own() -> None:
    files = [one for one in PLAYBOOKS.rglob("*") if one.is_file() and one.suffix != ".pyc"]
    assert len(files) > 8
    for one in files:
        text = one.read_text()
        found = re.findall(r"(?i)(?:password|pwd|secret)['\"]?\s*[:=]\s*['\"]?(\S+)", text)
        assert all(value.startswith(("{", "/", "[", "./", "-")) for value in found), f"{one}: {found}"
