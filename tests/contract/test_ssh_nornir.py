# SPDX-License-Identifier: Apache-2.0
"""The source with a caller's own Nornir object, and the connection plug-in in a caller's own task. Real sshd."""

from __future__ import annotations

import logging
import socket
import tomllib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from nornir.core import Nornir
from nornir.core.configuration import Config, CoreConfig, LoggingConfig
from nornir.core.inventory import ConnectionOptions, Defaults, Group, Groups, Host, Hosts, Inventory, ParentGroups
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.task import Result, Task
from nornir.plugins.runners import SerialRunner, ThreadedRunner

from calipso_nornir.errors import ConnectionLost, EnvironmentInvalid, HostKeyUnknown, HostNotListed, HostUnreachable
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import Command
from calipso_nornir.sources.cli import CliSource
from calipso_nornir.sources.cli.ssh import CONNECTION, CalipsoSsh, SshSession
from tests.fixtures.cli_sections import SECRETS, ask, known_hosts, texts
from tests.fixtures.sshd import LOOPBACK, Sshd, make_key

if TYPE_CHECKING:
    from nornir.core.task import AggregatedResult, MultiResult


pytestmark = pytest.mark.usefixtures("own_home")


@pytest.fixture
def nornir(sshd: Sshd, tmp_path: Path) -> Nornir:
    """An inventory as people write it: what all hosts share stands in defaults and a group."""
    known_hosts(tmp_path / "known", sshd)
    extras = {"key": str(sshd.key), "known_hosts": str(tmp_path / "known"), "ssh_config": False}
    defaults = Defaults(username=sshd.user, connection_options={CONNECTION: ConnectionOptions(extras=extras)})
    lab = Group("lab", hostname=LOOPBACK, port=sshd.port, defaults=defaults)
    hosts = {name: Host(name, groups=ParentGroups([lab]), defaults=defaults) for name in ("one", "two", "three")}
    return Nornir(
        Inventory(Hosts(hosts), Groups({"lab": lab}), defaults),
        Config(core=CoreConfig(raise_on_error=True), logging=LoggingConfig(enabled=False)),
        runner=ThreadedRunner(num_workers=3),
    )


def test_its_inventory_decides(nornir: Nornir, sshd: Sshd) -> None:
    source = CliSource(nornir)
    for _ in range(2):
        assert texts(ask(source, "one", "echo in")) == ["in\n"]
        assert ask(source, "four", "echo in") == [HostNotListed("four")]
    source.close()
    assert sshd.connections() == 1
    assert set(nornir.inventory.hosts) == {"one", "two", "three"}


def test_a_host_that_failed_is_neither_left_out_nor_marked(nornir: Nornir, sshd: Sshd) -> None:
    nornir.data.failed_hosts.add("two")  # by some task of the caller's own
    source = CliSource(nornir)
    sshd.stop()
    (down,) = ask(source, "one", "echo in")
    assert isinstance(down, HostUnreachable)
    sshd.start()
    assert texts(ask(source, "one", "echo in")) == ["in\n"]
    assert texts(ask(source, "two", "echo in")) == ["in\n"]
    assert nornir.data.failed_hosts == {"two"}
    source.close()


class Watching:
    """A processor that notes what it is told, and one of whose methods may fail."""

    def __init__(self, *, failing: bool) -> None:
        self.failing = failing
        self.told: list[str] = []

    def note(self, what: str) -> None:
        self.told.append(what)
        if self.failing:
            raise RuntimeError(what)

    def task_started(self, task: Task) -> None:
        self.note(f"started {task.name}")

    def task_completed(self, task: Task, result: AggregatedResult) -> None:
        self.note(f"completed {task.name} {sorted(result)}")

    def task_instance_started(self, task: Task, host: Host) -> None:  # noqa: ARG002 - Nornir's signature
        self.note(f"started on {host.name}")

    def task_instance_completed(self, task: Task, host: Host, result: MultiResult) -> None:  # noqa: ARG002 - as above
        self.note(f"completed on {host.name} failed={result.failed}")

    def subtask_instance_started(self, task: Task, host: Host) -> None:
        raise NotImplementedError

    def subtask_instance_completed(self, task: Task, host: Host, result: MultiResult) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("failing", [False, True])
def test_processors_of_the_caller_are_told_and_may_fail(
    failing: bool,  # noqa: FBT001 - a parameter of the test
    nornir: Nornir,
    caplog: pytest.LogCaptureFixture,
) -> None:
    watching = Watching(failing=failing)
    nornir.inventory.hosts["three"].hostname = "no-such-host.invalid"
    source = CliSource(nornir.with_processors([watching]))
    answers = source.answer([Command(name, "echo in") for name in nornir.inventory.hosts])
    source.close()
    assert [isinstance(answer, Reply) for answer in answers.values()] == [True, True, False]
    assert set(watching.told) == {
        "started calipso_round",
        "started on one",
        "started on two",
        "started on three",
        "completed on one failed=False",
        "completed on two failed=False",
        "completed on three failed=True",
        "completed calipso_round ['one', 'three', 'two']",
    }
    assert ("Nornir processor Watching failed" in caplog.text) == failing


def test_the_callers_runner_runs_it(nornir: Nornir) -> None:
    used: list[str] = []

    class Noting(SerialRunner):
        def run(self, task: Task, hosts: list[Host]) -> AggregatedResult:
            used.extend(sorted(host.name for host in hosts))
            return super().run(task, hosts)

    source = CliSource(nornir.with_runner(Noting()))
    answers = source.answer([Command(name, "echo in") for name in ("one", "two")])
    source.close()
    assert texts(list(answers.values())) == ["in\n", "in\n"]
    assert used == ["one", "two"]


def test_a_runner_that_leaves_a_host_out_leaves_no_question_unanswered(nornir: Nornir) -> None:
    class Lazy(SerialRunner):
        def run(self, task: Task, hosts: list[Host]) -> AggregatedResult:
            return super().run(task, [host for host in hosts if host.name != "two"])

    source = CliSource(nornir.with_runner(Lazy()))
    answers = source.answer([Command(name, "echo in") for name in ("one", "two")])
    source.close()
    one, two = answers.values()
    assert texts([one]) == ["in\n"]
    assert "left this host out" in str(two)


def test_connections_of_the_caller_are_used_and_stay_open(nornir: Nornir, sshd: Sshd) -> None:
    ConnectionPluginRegister.register(CONNECTION, CalipsoSsh)
    host = nornir.inventory.hosts["one"]
    session: SshSession = host.get_connection(CONNECTION, nornir.config)
    source = CliSource(nornir)
    assert texts(ask(source, "one", "echo in")) == ["in\n"]
    assert texts(ask(source, "two", "echo in")) == ["in\n"]
    source.close()
    assert session.alive
    sock = session.connection.get_extra_info("socket")
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert "two" not in [h.name for h in nornir.inventory.hosts.values() if h.connections]
    assert sshd.connections() == 2
    host.close_connections()


def test_the_connection_in_a_task_of_ones_own(nornir: Nornir, sshd: Sshd, tmp_path: Path) -> None:
    ConnectionPluginRegister.register(CONNECTION, CalipsoSsh)

    def kernel(task: Task) -> Result:
        session: SshSession = task.host.get_connection(CONNECTION, task.nornir.config)
        received = session.run_script("uname -s; echo done; echo done >&2\n", end=b"done\n")
        return Result(host=task.host, result=received.stdout)

    with Sshd(tmp_path / "gate") as gate:
        gate.authorize(sshd.key)
        known_hosts(tmp_path / "known", sshd, gate)
        own = dict(nornir.inventory.defaults.connection_options[CONNECTION].extras or {})
        own["jump"] = f"{LOOPBACK}:{gate.port}"
        nornir.inventory.hosts["two"].connection_options = {CONNECTION: ConnectionOptions(extras=own)}
        results = nornir.run(task=kernel, name="kernel")
        assert {name: result.result for name, result in results.items()} == dict.fromkeys(
            nornir.inventory.hosts, b"Linux\ndone\n"
        )
        assert gate.open_connections() == 1
        nornir.close_connections()
        assert not any(host.connections for host in nornir.inventory.hosts.values())


def test_extras_that_cannot_be_used_are_told_with_their_place(nornir: Nornir) -> None:
    extras = {"known_host": "x", "key": SECRETS["right"]}
    nornir.inventory.hosts["one"].connection_options = {CONNECTION: ConnectionOptions(extras=extras)}
    source = CliSource(nornir)
    (error,) = ask(source, "one", "true")
    source.close()
    assert isinstance(error, EnvironmentInvalid)
    assert "one: connection_options/calipso_ssh/extras: unknown option 'known_host'" in str(error)
    assert "did you mean 'known_hosts'?" in str(error)


def test_strict_host_keys_are_the_default(nornir: Nornir, sshd: Sshd) -> None:
    extras = {"key": str(sshd.key), "ssh_config": False}
    nornir.inventory.hosts["one"].connection_options = {CONNECTION: ConnectionOptions(extras=extras)}
    source = CliSource(nornir)
    (error,) = ask(source, "one", "true")
    source.close()
    assert isinstance(error, HostKeyUnknown)


def test_a_password_of_the_inventory_is_in_no_log(
    nornir: Nornir, sshd: Sshd, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    nornir.inventory.hosts["one"].password = SECRETS["right"]
    own = {"key": str(make_key(tmp_path / "stranger")), "known_hosts": str(tmp_path / "known"), "ssh_config": False}
    nornir.inventory.hosts["one"].connection_options = {CONNECTION: ConnectionOptions(extras=own)}
    source = CliSource(nornir)
    (error,) = ask(source, "one", "true")
    source.close()
    assert "password is not offered" in str(error)  # so it would have been used
    assert SECRETS["right"] not in caplog.text + str(error)
    assert sshd.connections() == 1


def test_a_fault_of_our_own_stops_one_host_only(nornir: Nornir, caplog: pytest.LogCaptureFixture) -> None:
    nornir.inventory.hosts["one"].hostname = object()  # type: ignore[assignment] # nothing that we foresee
    source = CliSource(nornir)
    one, two = source.answer([Command(name, "echo in") for name in ("one", "two")]).values()
    source.close()
    assert texts([two]) == ["in\n"]
    assert isinstance(one, ConnectionLost)
    assert "internal error" in one.cause
    assert "a bug in calipso_nornir" in caplog.text


def test_the_entry_point_names_the_class() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, name = project["entry-points"]["nornir.plugins.connections"][CONNECTION].partition(":")
    assert getattr(import_module(module), name) is CalipsoSsh
