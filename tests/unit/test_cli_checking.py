# SPDX-License-Identifier: Apache-2.0
"""env check: the meaning of answers, and the result for a cloud that does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from calipso_nornir.errors import CommandFailed, CommandMissing, HostExcluded, HostKeyUnknown, SudoRefused
from calipso_nornir.model.agent_types import LXB_AGENT, OVS_AGENT
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import Command
from calipso_nornir.sources.hostcheck import (
    COMPUTE,
    Question,
    check_host,
    check_watch,
    questions,
)
from tests.fixtures.cli import calipso
from tests.fixtures.recorded import AT

if TYPE_CHECKING:
    from pathlib import Path

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.queries import Query


def verdicts(asked: list[Question], **instead: CalipsoError) -> dict[str, tuple[bool, bool]]:
    """What, whether it is well, whether it is needed; commands are well unless an error is given for the program."""
    well = Reply("", AT)
    answers: dict[Query, Reply | CalipsoError] = {
        one.command: instead.get(one.program.replace("-", "_").replace(" ", "_"), well) for one in asked
    }
    return {one.what: (one.ok, one.needed) for one in check_host("h", asked, answers)}


def test_what_is_asked_depends_on_what_runs_there() -> None:
    def programs(*roles: str) -> set[str]:
        return {one.program for one in questions("h", set(roles), {})}

    assert programs() == {"ip", "ip netns", "ethtool", "lldpctl"}
    assert programs(OVS_AGENT) - programs() == {"ovs-vsctl"}
    assert programs(LXB_AGENT, COMPUTE) - programs() == {"bridge", "virsh"}
    assert [one.program for one in questions("s", set(), {"platform": "cisco_nxos"})] == ["show version"]
    assert not any(one.needed for one in questions("h", {OVS_AGENT}, {}, certain=False) if one.program == "ovs-vsctl")


def test_a_host_that_has_everything() -> None:
    found = verdicts(questions("h", {OVS_AGENT}, {}))
    assert found == {"h: login": (True, True), "h: sudo": (True, True), "h: commands": (True, True)}


def test_programs_that_are_missing() -> None:
    found = verdicts(
        questions("h", {OVS_AGENT}, {}),
        lldpctl=CommandMissing("h", "lldpctl -v", 127),
        ovs_vsctl=CommandMissing("h", "ovs-vsctl show", 127),
        ip=CommandFailed("h", "ip -V", 1, "?"),
    )
    assert found["h: lldpctl"] == (False, False)
    assert found["h: ovs-vsctl"] == (False, True)
    assert found["h: ip"] == (False, True)


def test_sudo_that_is_refused_is_told_once() -> None:
    refused = SudoRefused("h", "ip netns list", 1, "sudo: a password is required")
    found = verdicts(questions("h", set(), {}), ip_netns=refused, ethtool=refused, lldpctl=refused)
    assert found == {"h: login": (True, True), "h: sudo": (False, True), "h: commands": (True, True)}


def watchable(*outcomes: Reply | CalipsoError) -> list[tuple[bool, bool, str]]:
    rights = [Command("h", f"asks about program {number}") for number in range(len(outcomes))]
    answers: dict[Query, Reply | CalipsoError] = dict(zip(rights, outcomes, strict=True))
    return [(one.ok, one.needed, one.detail) for one in check_watch("h", rights, answers, needed=True)]


def test_the_right_to_watch_a_host() -> None:
    allowed = Reply("/usr/bin/ovsdb-client …", AT)
    assert [one[:2] for one in watchable(allowed, allowed)] == [(True, True)]
    ((ok, needed, why),) = watchable(allowed, CommandFailed("h", "x", 1, ""))
    assert (ok, needed) == (False, True)
    assert "there is no rule for it" in why
    assert "CALIPSO_WATCH" in why
    ((ok, _, why),) = watchable(CommandFailed("h", "x", 1, "sudo: a password is required\n"), allowed)
    assert not ok
    assert "(sudo: a password is required)" in why
    assert watchable(HostKeyUnknown("h", "h:22", "ssh-ed25519", "SHA256:x"), allowed) == []


def test_a_host_that_cannot_be_logged_in_to() -> None:
    asked = questions("h", set(), {})
    unknown = HostKeyUnknown("h", "h:22", "ssh-ed25519", "SHA256:x")
    programs = ("ip", "ip_netns", "ethtool", "lldpctl")
    assert verdicts(asked, **dict.fromkeys(programs, unknown)) == {"h: login": (False, True)}
    out = HostExcluded("h", "h*")
    assert verdicts(asked, **dict.fromkeys(programs, out)) == {"h: login": (False, False)}


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment whose every address refuses."""
    monkeypatch.setenv("NOWHERE", "c4n4ry")
    file = tmp_path / "nowhere.yaml"
    sections = [
        {
            "name": "OpenStack",
            "auth_url": "http://127.0.0.1:1/v3",
            "user": "u",
            "pwd": {"env": "NOWHERE"},
            "retries": 0,
        },
        {"name": "mysql", "host": "127.0.0.1", "port": 1, "user": "u", "pwd": {"env": "NOWHERE"}},
        {"name": "CLI", "user": "u", "agent": False, "hosts": {"h1": {"host": "127.0.0.1", "port": 1}}},
    ]
    file.write_text(yaml.safe_dump({"name": "nowhere", "mechanism_drivers": ["OVS"], "configuration": sections}))
    return file


def test_a_cloud_that_is_not_there(nowhere: Path) -> None:
    said = calipso("env", "check", nowhere)
    assert said.status == 1
    assert "127.0.0.1:1/v3 does not answer" in said.out
    assert "database 127.0.0.1:1 cannot be used" in said.out
    assert "h1: no SSH session with 127.0.0.1:1: connection refused" in said.out
    assert "c4n4ry" not in said.out + said.err


def test_one_section_only(nowhere: Path) -> None:
    found = calipso("env", "check", nowhere, "--section", "mysql", "-o", "json")
    assert found.status == 1
    assert [(one["section"], one["ok"], one["needed"]) for one in found.json] == [("mysql", False, True)]
    assert calipso("env", "check", nowhere, "--section", "AMQP").status == 1
    assert calipso("env", "check", nowhere, "--section", "Monitoring").status == 2


def test_sections_that_are_not_there(tmp_path: Path) -> None:
    file = tmp_path / "bare.yaml"
    file.write_text("name: bare\n")
    said = calipso("env", "check", file, "-o", "json")
    assert said.status == 1
    assert [(one["section"], one["needed"]) for one in said.json] == [
        ("OpenStack", True),
        ("mysql", False),
        ("CLI", False),
    ]
    assert calipso("env", "check", file, "--section", "CLI").status == 0


@pytest.mark.parametrize("key", ["cacert", "cert"])
def test_a_certificate_file_that_is_not_there_is_told(nowhere: Path, key: str) -> None:
    text = nowhere.read_text().replace("127.0.0.1:1/v3", f"127.0.0.1:1/v3\n  {key}: /no/such/ca.pem")
    nowhere.write_text(text)
    said = calipso("env", "check", nowhere, "--section", "openstack")
    assert said.status == 1
    assert f"configuration/OpenStack/{key}: there is no file /no/such/ca.pem" in " ".join(said.out.split())


def test_it_says_what_to_do_next(nowhere: Path) -> None:
    said = calipso("env", "check", nowhere, "--section", "ssh")
    assert f"fix what is marked NO (edit {nowhere}), then calipso env check {nowhere}" in said.err
