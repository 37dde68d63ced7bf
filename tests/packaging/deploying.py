# SPDX-License-Identifier: Apache-2.0
"""Hosts that checks are deployed to: a private host with an SSH server of its own, and Ansible beside it."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import yaml

from tests.fixtures.private_host import PrivateHost
from tests.fixtures.sshd import make_key, program, public
from tests.packaging.building import ROOT
from tests.packaging.control_paths import control_paths

if TYPE_CHECKING:
    from types import TracebackType

PLAYBOOKS = ROOT / "playbooks"
LAYERS = ("etc", "opt", "usr", "var", "root")


class Target:
    """A host by SSH, as root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = PrivateHost(folder, layers=LAYERS)
        self.files = folder / "files"
        self.inventory = folder / "hosts.yml"
        self.python_path = [ROOT]
        """What the Python that runs Ansible finds."""

    def __enter__(self) -> Self:
        self.host.__enter__()
        key = make_key(self.folder / "login")
        own = make_key(self.folder / "host_key")
        (self.folder / "authorized").write_text(f"{public(key)}\n")
        (self.folder / "known_hosts").write_text(f"127.0.0.1 {public(own)}\n")
        lines = [
            f"HostKey {own}",
            f"AuthorizedKeysFile {self.folder}/authorized",
            "ListenAddress 127.0.0.1",
            "StrictModes no",
            "UsePAM no",
            f"Subsystem sftp {_sftp_server()}",
        ]
        (self.folder / "sshd_config").write_text("\n".join(lines) + "\n")
        # What this machine's root has its shell do first is no part of the test, and may take minutes
        self.host.sh("mkdir -p /run/sshd; rm -f /root/.bashrc /root/.bash_profile /root/.profile")
        self.host.start(program("sshd"), "-D", "-e", "-f", self.folder / "sshd_config")
        self.host.wait_for("sh", "-c", "ss -ltn | grep -q 127.0.0.1:22")
        self.inventory.write_text(yaml.safe_dump({"all": {"hosts": {"cmp1": self.connection()}}}))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.host.__exit__(kind, error, trace)

    def connection(self) -> dict[str, Any]:
        """Return Ansible's variables of the connection."""
        return {
            "ansible_host": "127.0.0.1",
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.folder / "login"),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={self.folder}/known_hosts -o IdentitiesOnly=yes",
            "ansible_python_interpreter": "/usr/bin/python3",
        }

    def write(self, *checks: dict[str, Any], host: str = "cmp1") -> None:
        """Render the files of the host."""
        path = self.files / "host" / host / "objects.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"version": 1, "environment": "lab", "host": host, "checks": list(checks)}))

    def play(self, playbook: str, *options: str, ends: int = 0, **variables: Any) -> tuple[int, str]:  # noqa: ANN401 - JSON
        """Run a playbook; return how many tasks changed something, and what it said."""
        values = {"calipso_files": str(self.files), **variables}
        ansible = Path(sys.executable).parent / "ansible-playbook"
        command = [ansible, "-i", self.inventory, PLAYBOOKS / playbook, "--extra-vars", json.dumps(values), *options]
        environment = {"ANSIBLE_HOME": str(self.folder / "ansible"), "ANSIBLE_PIPELINING": "1", "LC_ALL": "C.UTF-8"}
        environment |= control_paths(self.folder)
        environment |= {
            "PYTHONPATH": ":".join(map(str, self.python_path)),
            "HOME": str(self.folder),
            "PATH": os.environ["PATH"],
        }
        environment["ANSIBLE_INVENTORY_UNPARSED_FAILED"] = "1"
        words = " ".join(shlex.quote(str(one)) for one in command)
        said = self.host.run(
            "env", *(f"{k}={v}" for k, v in environment.items()), "sh", "-c", f"{words} 2>&1", ends=(ends,), limit=600
        )
        recap = re.search(r"cmp1 .* changed=(\d+) ", said)
        return int(recap[1]) if recap else 0, said


def _sftp_server() -> str:
    return next(
        one for one in ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server") if Path(one).exists()
    )
