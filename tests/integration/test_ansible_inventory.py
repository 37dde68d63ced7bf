# SPDX-License-Identifier: Apache-2.0
"""The inventory plug-in ``calipso.monitoring.calipso``, asked by a real ``ansible-inventory``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.scanning import Scanned
from tests.packaging.building import ROOT

pytestmark = pytest.mark.deployment


def asked(folder: Path, text: str) -> tuple[int, dict[str, Any], str]:
    """Return how ansible-inventory ended, what it printed, and its errors."""
    path = folder / "lab.calipso.yml"
    path.write_text(text)
    done = subprocess.run(  # noqa: S603 - arguments of ours
        [Path(sys.executable).parent / "ansible-inventory", "-i", path, "--list"],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "playbooks" / "collections"),
            "ANSIBLE_INVENTORY_UNPARSED_FAILED": "1",
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
        },
    )
    return done.returncode, json.loads(done.stdout or "{}", object_hook=_plain), done.stderr


def _plain(found: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return a text that Ansible marks as not to be templated as a text."""
    return found["__ansible_unsafe"] if found.keys() == {"__ansible_unsafe"} else found


def test_hosts_groups_and_variables(tmp_path: Path) -> None:
    scanned = Scanned(tmp_path)
    assert scanned.scan().status == "completed"
    hosts = {one.id: one for one in scanned.store.view(scanned.environment.name).of_type("host")}
    uri, name = scanned.store.uri, scanned.environment.name
    scanned.store.close()
    text = f"plugin: calipso.monitoring.calipso\nenvironment: {name}\nstore: {uri}\n"
    ended, found, errors = asked(tmp_path, f"{text}keyed_groups: [{{key: calipso.environment, prefix: env}}]\n")
    assert ended == 0, errors
    variables = found["_meta"]["hostvars"]
    assert variables.keys() == hosts.keys()
    for host, values in variables.items():
        assert values["ansible_host"]
        assert values["calipso"]["id"] == host
        assert not any("password" in key for key in values)
    types = {type_ for one in hosts.values() for type_ in one.get("host_type") or ()}
    assert types <= found.keys()
    for type_ in types:
        assert set(found[type_]["hosts"]) == {
            id_ for id_, one in hosts.items() if type_ in (one.get("host_type") or ())
        }
    assert set(found[f"env_{name}"]["hosts"]) == hosts.keys()

    ended, found, errors = asked(tmp_path, text.replace(f"environment: {name}", "environment: nowhere"))
    assert ended != 0
    assert "nowhere" in errors
