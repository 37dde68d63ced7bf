# SPDX-License-Identifier: Apache-2.0
"""Runs ``playbooks/install.yml`` against a host, as an operator does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tests.packaging.building import ROOT
from tests.packaging.control_paths import control_paths

if TYPE_CHECKING:
    from collections.abc import Mapping

PLAYBOOKS = ROOT / "playbooks"
NEWER = "99.0"


def play(folder: Path, where: Mapping[str, object], variables: Mapping[str, object]) -> tuple[int, str]:
    """Run the playbook; return how many tasks changed something, and what it said.

    Args:
        folder: for the inventory and Ansible's own files.
        where: Ansible's variables of the connection.
        variables: those of the playbook.
    """
    inventory = folder / "hosts"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {"target": dict(where)}}}))
    ansible = Path(sys.executable).parent / "ansible-playbook"
    command = [str(one) for one in (ansible, "-i", inventory, PLAYBOOKS / "install.yml")]
    env = {
        **os.environ,
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_PIPELINING": "1",
        **control_paths(folder),
    }
    done = subprocess.run(  # noqa: S603 - arguments of ours
        [*command, "--extra-vars", json.dumps(dict(variables))],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    recap = re.search(r"changed=(\d+) .*failed=0", done.stdout)
    assert recap is not None, done.stdout
    return int(recap[1]), done.stdout


def newer(wheel: Path, folder: Path) -> Path:
    """Return the same wheel with a later version."""
    old = wheel.name.split("-")[1]
    made = folder / wheel.name.replace(old, NEWER)
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(made, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith((".dist-info/METADATA", "_version.py", ".dist-info/RECORD")):
                content = content.replace(old.encode(), NEWER.encode())
            target.writestr(name.replace(f"-{old}.dist-info", f"-{NEWER}.dist-info"), content)
    return made
