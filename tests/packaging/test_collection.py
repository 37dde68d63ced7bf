# SPDX-License-Identifier: Apache-2.0
"""The collection ``calipso.monitoring``, as far as it can be read without a host."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.fixtures import needs
from tests.packaging.building import ROOT

if TYPE_CHECKING:
    from pathlib import Path

COLLECTION = ROOT / "playbooks" / "collections" / "ansible_collections" / "calipso" / "monitoring"
ROLES = sorted(one.name for one in (COLLECTION / "roles").iterdir())


@pytest.mark.parametrize("role", ROLES)
def test_each_variable_of_a_role_is_described_with_its_default(role: str) -> None:
    folder = COLLECTION / "roles" / role
    defaults = yaml.safe_load((folder / "defaults" / "main.yml").read_text())
    options = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert options.keys() == defaults.keys()
    for name, option in options.items():
        assert name.startswith(f"{role}_")
        if "{{" not in str(defaults[name]):
            assert option["default"] == defaults[name], name


def test_documents_name_all_roles() -> None:
    for path in (COLLECTION / "README.md", COLLECTION / "CHANGELOG.md", ROOT / "playbooks" / "README.md"):
        assert [role for role in ROLES if f"`{role}`" not in path.read_text()] == []


def test_the_unit_is_valid_and_lets_the_probe_ask_sudo(tmp_path: Path) -> None:
    import jinja2  # noqa: PLC0415 - of Ansible

    program = needs.program("systemd-analyze", packages="systemd")
    template = (COLLECTION / "roles" / "probe" / "templates" / "calipso-probe.service.j2").read_text()
    values = {
        "probe_python": "/usr/bin/python3",
        "probe_program": "/bin/true",
        "probe_etc": "/etc",
        "probe_interval": 15,
    }
    values |= {"probe_textfile": "/var/lib/x.prom", "probe_user": "daemon", "probe_state": "/var/lib"}
    unit = tmp_path / "calipso-probe.service"
    unit.write_text(jinja2.Template(template).render(values))
    done = subprocess.run(  # noqa: S603 - arguments of ours
        [program, "verify", "--man=no", "--recursive-errors=no", unit], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert unit.name not in done.stderr, done.stderr
    settings = dict(line.split("=", 1) for line in unit.read_text().splitlines() if "=" in line)
    assert settings["NoNewPrivileges"] == "no"
    implying = ["ProtectKernel", "ProtectClock", "ProtectHostname", "LockPersonality", "Restrict", "SystemCall"]
    implying += ["PrivateDevices", "MemoryDeny", "DynamicUser"]
    assert [name for name in settings if name.startswith(tuple(implying))] == [], "they imply it, systemd.exec(5)"
