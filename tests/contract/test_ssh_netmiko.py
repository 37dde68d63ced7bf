# SPDX-License-Identifier: Apache-2.0
"""Hosts whose platform is not Linux, through nornir-netmiko: netmiko's own drivers against a real sshd and shell.

``ovs_linux`` is a platform of netmiko that this machine can serve: an interactive session with a prompt, as on any
switch.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from nornir.core import Nornir
from nornir.core.configuration import Config, LoggingConfig
from nornir.core.inventory import Hosts, Inventory

from calipso_nornir import Environment, ScanPlan, open_store, run_scan
from calipso_nornir.errors import (
    CommandFailed,
    CommandTimedOut,
    ConnectionLost,
    HostKeyChanged,
    HostKeyUnknown,
    HostUnreachable,
    LoginRefused,
    OutputTooLarge,
)
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import Command
from calipso_nornir.sources.cli import CliSource
from calipso_nornir.sources.cli.section_hosts import SectionHosts
from tests.fixtures import needs
from tests.fixtures.cli_sections import SECRETS, ask, ask_once, known_hosts, secret, section, texts
from tests.fixtures.sshd import LOOPBACK, Account, Sshd, make_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.usefixtures("own_home"),
    needs.root("sshd as another user than root cannot hand out terminals"),
]


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with Sshd(tmp_path / "sshd", ['SetEnv PS1="switch# "']) as server:
        yield server


@pytest.fixture
def settings(sshd: Sshd, tmp_path: Path) -> dict[str, Any]:
    made = section(known_hosts(tmp_path / "known", sshd), switch=sshd)
    made["hosts"]["switch"]["platform"] = "ovs_linux"
    return made


def test_commands_give_their_text_over_one_session(sshd: Sshd, settings: dict[str, Any]) -> None:
    source = CliSource.for_section(settings, secret=secret)
    for _ in range(2):
        one, two = texts(ask(source, "switch", "echo one", "seq 1 3"))
        assert (one.strip(), two.split()) == ("one", ["1", "2", "3"])
    source.close()
    assert sshd.connections() == 1
    assert sshd.channels() == ["shell"]


def test_linux_hosts_and_switches_in_one_round(sshd: Sshd, settings: dict[str, Any]) -> None:
    settings["hosts"]["node"] = {**settings["hosts"]["switch"], "platform": "linux"}
    source = CliSource.for_section(settings, secret=secret)
    answers = source.answer([Command("switch", "echo $-"), Command("node", "echo $-")])
    interactive, plain = texts(list(answers.values()))
    assert [one.platform for one in answers.values() if isinstance(one, Reply)] == ["ovs_linux", None]
    source.close()
    assert "i" in interactive
    assert "i" not in plain
    assert sorted(sshd.channels()) == ["command", "shell"]


def test_what_a_platform_prints_in_place_of_an_answer(settings: dict[str, Any]) -> None:
    unknown, denied, fine = ask_once(
        settings, "switch", "no-such-program", "echo '% Invalid input detected'", "echo fine"
    )
    assert isinstance(unknown, CommandFailed)
    assert "not found" in unknown.stderr
    assert unknown.status == -1  # an interactive session has none
    assert isinstance(denied, CommandFailed)
    assert texts([fine])[0].strip() == "fine"


def test_a_value_cannot_bring_a_second_command(settings: dict[str, Any], tmp_path: Path) -> None:
    hostile = Command.of("switch", "echo {}", f"x'\ntouch {tmp_path}/ran\n'")
    source = CliSource.for_section(settings, secret=secret)
    refused = source.answer([hostile])[hostile]
    assert isinstance(refused, CommandFailed)
    assert "control characters" in refused.stderr
    assert texts(ask(source, "switch", "echo fine"))[0].strip() == "fine"
    source.close()
    assert not (tmp_path / "ran").exists()


def test_a_command_that_hangs_ends_the_session_and_the_next_round_has_another(
    sshd: Sshd, settings: dict[str, Any]
) -> None:
    source = CliSource.for_section(settings, secret=secret)
    began = time.monotonic()
    late, never = ask(source, "switch", "sleep 30", "echo never", timeout_s=1)
    assert time.monotonic() - began < 15
    assert isinstance(late, CommandTimedOut)
    assert isinstance(never, ConnectionLost)
    assert texts(ask(source, "switch", "echo back"))[0].strip() == "back"
    source.close()
    assert sshd.connections() == 2


def test_a_session_that_died_between_rounds_is_opened_again(sshd: Sshd, settings: dict[str, Any]) -> None:
    source = CliSource.for_section(settings, secret=secret)
    assert isinstance(ask(source, "switch", "echo 1")[0], Reply)
    sshd.kill_sessions()
    time.sleep(0.5)  # netmiko's is_alive() has to be able to notice
    assert texts(ask(source, "switch", "echo 2"))[0].strip() == "2"
    source.close()


def test_output_beyond_the_cap(settings: dict[str, Any]) -> None:
    settings["max_output_mib"] = 1
    large, never = ask_once(settings, "switch", "seq 1 200000", "echo never")
    assert isinstance(large, OutputTooLarge)
    assert isinstance(never, ConnectionLost)


def test_host_keys_are_strict(
    sshd: Sshd, settings: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = known_hosts(tmp_path / "known")
    (error,) = ask_once(settings, "switch", "true")
    assert isinstance(error, HostKeyUnknown)
    settings["host_keys"] = "accept-new"
    assert isinstance(ask_once(settings, "switch", "echo in")[0], Reply)
    assert known.read_text() == sshd.known_hosts_line()
    sshd.stop()
    sshd.new_host_key()
    sshd.start()
    (error,) = ask_once(settings, "switch", "true")
    assert isinstance(error, HostKeyChanged)
    assert [record for record in caplog.records if record.name.startswith("paramiko")] == []


def test_a_switch_that_is_known_by_one_of_its_keys(tmp_path: Path) -> None:
    with Sshd(tmp_path / "many", ['SetEnv PS1="switch# "'], host_keys=("ed25519", "rsa")) as sshd:
        settings = section(tmp_path / "known", switch=sshd)
        settings["hosts"]["switch"]["platform"] = "ovs_linux"
        (tmp_path / "known").write_text(sshd.known_hosts_line("rsa"))
        assert isinstance(ask_once(settings, "switch", "echo in")[0], Reply)


def test_logins_that_fail(sshd: Sshd, settings: dict[str, Any], tmp_path: Path) -> None:
    settings["hosts"]["switch"]["key"] = str(make_key(tmp_path / "stranger"))
    (error,) = ask_once(settings, "switch", "true")
    assert isinstance(error, LoginRefused)
    assert (error.host, error.user) == ("switch", sshd.user)
    settings["hosts"]["switch"]["key"] = str(tmp_path / "none")
    (error,) = ask_once(settings, "switch", "true")
    assert isinstance(error, LoginRefused)
    assert "No such file" in error.cause
    sshd.stop()
    (error,) = ask_once(settings, "switch", "true")
    assert isinstance(error, HostUnreachable)
    assert error.cause == "connection refused"


def test_a_platform_that_netmiko_does_not_know(settings: dict[str, Any]) -> None:
    settings["hosts"]["switch"]["platform"] = "no_such_os"
    (error,) = ask_once(settings, "switch", "true")
    assert isinstance(error, HostUnreachable)
    assert "no_such_os" in error.cause


def test_password(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    people = [Account("withpass", 60021, SECRETS["right"], login_shell="/bin/bash")]
    options = ["PasswordAuthentication yes", 'SetEnv PS1="switch# "']
    with Sshd(tmp_path / "pw", options, people, user="withpass") as sshd:
        settings = section(known_hosts(tmp_path / "known", sshd), switch=sshd)
        settings["hosts"]["switch"] = {"host": LOOPBACK, "port": sshd.port, "platform": "ovs_linux", "user": "withpass"}
        del settings["key"]
        settings["pwd"] = SecretRef("env", "right")
        assert texts(ask_once(settings, "switch", "id -un"))[0].strip() == "withpass"
        settings["pwd"] = SecretRef("env", "wrong")
        (error,) = ask_once(settings, "switch", "true")
        assert isinstance(error, LoginRefused)
    for value in SECRETS.values():
        assert value not in caplog.text + str(error)


def test_a_switch_behind_a_jump_host(sshd: Sshd, settings: dict[str, Any], tmp_path: Path) -> None:
    with Sshd(tmp_path / "gate") as gate:
        known_hosts(tmp_path / "known", sshd, gate)
        settings |= {"jump": f"{LOOPBACK}:{gate.port}", "key": str(gate.key)}
        assert texts(ask_once(settings, "switch", "echo in"))[0].strip() == "in"
        assert gate.connections() == 1
        sshd.stop()
        (error,) = ask_once(settings, "switch", "true")
        assert isinstance(error, HostUnreachable)
        assert error.cause.startswith(f"through {gate.user}@{LOOPBACK}:{gate.port}: ")


DEVICES = """
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.queries import Command, ReachableHosts


class Devices:
    def get(self, parent):
        hosts = ReachableHosts()
        answers = yield [hosts]
        asked = {row["host"]: Command(row["host"], "echo up 7 days") for row in answers[hosts] if row["platform"]}
        answers = yield list(asked.values())
        return [
            Fetched(id=host, name=host, attributes={"uptime": answers[query].strip()}) for host, query in asked.items()
        ]
"""


def test_a_switch_that_only_a_nornir_inventory_knows_is_scanned(settings: dict[str, Any], tmp_path: Path) -> None:
    """No cloud knows it; there is no section CLI, either."""
    host = SectionHosts.of(settings, secret=secret).nornir_host("switch")
    nornir = Nornir(Inventory(Hosts(switch=host)), Config(logging=LoggingConfig(enabled=False)))
    folder = tmp_path / "devices"
    folder.mkdir()
    (folder / "devices.py").write_text(DEVICES)
    declared = {"type": "device", "label": "Device", "parents": ["environment"]}
    steps = {"ScanEnvironment": [{"type": "device", "fetcher": "devices.py:Devices"}]}
    (folder / "object_types.json").write_text(json.dumps({"object_types": [declared]}))
    (folder / "scanners.json").write_text(json.dumps({"scanners": steps}))
    store = open_store(tmp_path / "s.db")
    run_scan(Environment(name="lab"), plan=ScanPlan(metadata=(folder,)), store=store, nornir=nornir)
    [device] = store.view("lab").of_type("device")
    assert (device.name, device["uptime"]) == ("switch", "up 7 days")
    assert {one.query for one in device.evidence} == {"echo up 7 days", "hosts that can be reached"}
    store.close()
