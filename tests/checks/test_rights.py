# SPDX-License-Identifier: Apache-2.0
"""Sudo rules: what the checks run as root, word by word; visudo agrees."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.checks.named_checks import CHECKS
from calipso_nornir.checks.objects import read_objects
from calipso_nornir.checks.parameters import read_parameters
from calipso_nornir.checks.rights import PLACES, commands, sudoers
from tests.checks.test_parameters import GOOD
from tests.fixtures import needs

if TYPE_CHECKING:
    from pathlib import Path

    from calipso_nornir.checks.objects import Item


def items(*checks: tuple[str, dict[str, Any]]) -> tuple[Item, ...]:
    entries = [
        {"of": f"{n:024x}", "kind": "links", "type": "x", "name": "n", "check": check, "parameters": parameters}
        for n, (check, parameters) in enumerate(checks)
    ]
    document = {"version": 1, "environment": "lab", "host": "cmp1", "checks": entries}
    return read_objects(json.dumps(document).encode(), "f").items


def test_rules() -> None:
    ports = [("vnic_ovs", {"device": f"tap{n}", "bridge": "br-int"}) for n in range(100)]
    addresses = [{"mac": "fa:16:3e:00:00:01", "ip": "fd00::5"}]
    found = sudoers(
        items(*ports, ("instance_communications", {"namespace": "qdhcp-1", "addresses": addresses})), "probe"
    )
    tables = r"--columns\=name\,ports list Bridge -- --columns\=_uuid\,name\,interfaces\,tag list Port -- "
    tables += r"--columns\=_uuid\,name\,error\,admin_state\,link_state\,ofport list Interface"
    assert found.splitlines()[1:] == [
        "Defaults:probe !requiretty, command_timeout=60",
        rf"probe ALL=(root) NOPASSWD: /usr/bin/ovs-vsctl --timeout\=5 --format\=json -- {tables}",
        "probe ALL=(root) NOPASSWD: /usr/sbin/ip -n qdhcp-1 -j neigh show",
        r"probe ALL=(root) NOPASSWD: /usr/sbin/ip netns exec qdhcp-1 ping -n -q -c 1 -W 1 -w 2 -- fd00\:\:5",
    ]
    assert commands(items(("pnic", {"device": "eth0"}), ("ping", {"target": "192.0.2.1"}), ("reboot", {}))) == []


@pytest.mark.parametrize("user", ["", "root ALL=(ALL) ALL", "a\nb", "%wheel", "A", "a" * 40])
def test_what_is_no_user(user: str) -> None:
    with pytest.raises(ValueError, match="is no user's name"):
        sudoers((), user)


def test_each_tool_has_a_place_and_visudo_takes_the_rules_of_all_checks(tmp_path: Path) -> None:
    checks = [(name, {key: GOOD[one.type] for key, one in check.parameters.items()}) for name, check in CHECKS.items()]
    asked = [
        q for name, given in checks for q in CHECKS[name].questions(read_parameters(CHECKS[name].parameters, given))
    ]
    assert {question.tool for question in asked if question.root} == PLACES.keys()
    path = tmp_path / "rules"
    path.write_text(sudoers(items(*checks), "probe"))
    visudo = needs.program("visudo", packages="sudo")
    done = subprocess.run([visudo, "-cf", path], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.returncode == 0, done.stdout + done.stderr
