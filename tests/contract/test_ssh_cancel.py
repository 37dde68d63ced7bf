# SPDX-License-Identifier: Apache-2.0
"""A round that another thread cancels while hosts hang, each in a different way. Real sshd."""

from __future__ import annotations

import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from calipso_nornir.errors import ConnectionLost, HostUnreachable, ScanCancelled
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.model.queries import Command
from calipso_nornir.scan.stopping import Stop, Stoppable
from calipso_nornir.sources.cli import CliSource
from calipso_nornir.sources.query_router import QueryRouter
from tests.fixtures import needs
from tests.fixtures.cli_sections import ask, known_hosts, secret, section, texts
from tests.fixtures.sshd import LOOPBACK, Sshd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.protocols import Reply

pytestmark = pytest.mark.usefixtures("own_home")

AT_MOST_S = 5
"""Half of what the architecture allows; none of these takes one second on an idle machine."""

LONG_S = 60


@pytest.fixture
def source(settings: dict[str, Any]) -> Iterator[CliSource]:
    made = CliSource.for_section(settings, secret=secret)
    yield made
    made.close()


def cancelled(source: CliSource, commands: list[Command], *, begun: Callable[[], bool]) -> list[Reply | CalipsoError]:
    """Run a round, cancel it once it has begun to hang; its end has to come soon."""
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.extend(source.answer(commands).values()))
    thread.start()
    deadline = time.monotonic() + 20
    while not begun():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    at = time.monotonic()
    source.cancel()
    thread.join(LONG_S)
    assert time.monotonic() - at < AT_MOST_S
    return answers


def hanging(begun: Path, host: str = "node") -> Command:
    return Command(host, f"sh -c 'touch {begun}; sleep {LONG_S}'", timeout_s=LONG_S)


def test_a_command_that_hangs(source: CliSource, sshd: Sshd, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    commands = [Command("node", "echo done"), hanging(begun), Command("node", "echo never")]
    done, hung, never = cancelled(source, commands, begun=begun.exists)
    assert texts([done]) == ["done\n"]
    for error in (hung, never):
        assert isinstance(error, ConnectionLost)
        assert error.cause == "the scan was cancelled"
    assert texts(ask(source, "node", "echo next")) == ["next\n"]  # the session lives on
    assert sshd.connections() == 1


def test_a_host_that_stands_still(source: CliSource, sshd: Sshd, tmp_path: Path) -> None:
    """Its TCP connection stays up, and nothing answers on it any more."""
    begun = tmp_path / "begun"
    frozen: list[psutil.Process] = []

    def freeze() -> bool:
        if begun.exists() and not frozen:
            frozen.extend(psutil.Process(sshd.pid).children(recursive=True))
            for process in frozen:
                process.send_signal(signal.SIGSTOP)
        return bool(frozen)

    try:
        (error,) = cancelled(source, [hanging(begun)], begun=freeze)
        at = time.monotonic()
        source.close()
        assert time.monotonic() - at < AT_MOST_S
    finally:
        for process in frozen:
            process.send_signal(signal.SIGCONT)
    assert isinstance(error, ConnectionLost)


@pytest.mark.parametrize("through", ["directly", "jump host"])
def test_a_server_that_takes_the_connection_and_says_nothing(through: str, settings: dict[str, Any]) -> None:
    settings["connect_timeout_s"] = LONG_S
    accepted = threading.Event()
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
        if through == "directly":
            settings["hosts"]["node"]["port"] = port
        else:
            settings["jump"] = f"{LOOPBACK}:{port}"
        peers: list[socket.socket] = []

        def accept() -> None:
            peers.append(listener.accept()[0])
            accepted.set()

        thread = threading.Thread(target=accept)
        thread.start()
        source = CliSource.for_section(settings, secret=secret)
        (error,) = cancelled(source, [Command("node", "true")], begun=accepted.is_set)
        thread.join()
        peers[0].close()
    source.close()
    assert isinstance(error, HostUnreachable)
    assert error.cause == "the scan was cancelled"


def test_hosts_that_wait_for_their_turn_are_not_begun(sshd: Sshd, settings: dict[str, Any], tmp_path: Path) -> None:
    settings["workers"] = 1
    settings["hosts"] |= {f"copy{n}": settings["hosts"]["node"] for n in range(5)}
    begun = tmp_path / "begun"
    source = CliSource.for_section(settings, secret=secret)
    commands = [hanging(begun), *(Command(f"copy{n}", "true") for n in range(5))]
    first, *others = cancelled(source, commands, begun=begun.exists)
    assert isinstance(first, ConnectionLost)
    assert all(isinstance(error, HostUnreachable) and "was cancelled" in str(error) for error in others)
    assert texts(ask(source, "copy1", "echo next")) == ["next\n"]  # nothing of it is remembered
    source.close()
    assert sshd.connections() == 2


def test_a_secret_that_is_waited_for(tmp_path: Path) -> None:
    asked, over = threading.Event(), threading.Event()

    def ask_somebody(_: object) -> str:
        asked.set()
        over.wait(LONG_S)
        return "x"

    with Sshd(tmp_path / "pw", ["PasswordAuthentication yes"]) as sshd:
        settings = section(known_hosts(tmp_path / "known", sshd), node=sshd)
        del settings["key"], settings["hosts"]["node"]["key"]
        settings["pwd"] = SecretRef("env", "right")
        source = CliSource.for_section(settings, secret=ask_somebody)
        (error,) = cancelled(source, [Command("node", "true")], begun=asked.is_set)
        over.set()
        source.close()
    assert isinstance(error, HostUnreachable)


@needs.root("sshd as another user than root cannot hand out terminals")
@pytest.mark.parametrize("when", ["command", "login"])
def test_a_switch_that_hangs(when: str, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    prompt = 'SetEnv PS1="switch# "' if when == "command" else "Banner none"
    with Sshd(tmp_path / "sshd", [prompt]) as sshd:
        settings = section(known_hosts(tmp_path / "known", sshd), switch=sshd)
        settings["hosts"]["switch"]["platform"] = "ovs_linux" if when == "command" else "cisco_ios"
        source = CliSource.for_section(settings, secret=secret)
        started = begun.exists if when == "command" else (lambda: "Starting session: shell" in sshd.log)
        (error,) = cancelled(source, [hanging(begun, "switch")], begun=started)
        source.close()
    assert isinstance(error, ConnectionLost if when == "command" else HostUnreachable)
    assert error.cause == "the scan was cancelled"


def test_sessions_outlive_a_scan_that_was_cancelled(source: CliSource, sshd: Sshd, tmp_path: Path) -> None:
    begun, stop = tmp_path / "begun", Stop("lab")
    stopped = Stoppable(QueryRouter({"cli": source}), stop)

    def ask_to_stop() -> None:
        while not begun.exists():
            time.sleep(0.02)
        stop.ask()

    thread = threading.Thread(target=ask_to_stop)
    thread.start()
    with pytest.raises(ScanCancelled):
        stopped.answer([hanging(begun)])
    thread.join()
    assert not stopped.left
    again = Command("node", "echo again")
    (answer,) = Stoppable(QueryRouter({"cli": source}), Stop("lab")).answer([again]).values()
    assert texts([answer]) == ["again\n"]
    assert sshd.connections() == 1


def test_cancelling_when_nothing_runs_does_nothing(source: CliSource, sshd: Sshd) -> None:
    source.cancel()
    assert texts(ask(source, "node", "echo in")) == ["in\n"]
    source.cancel()
    assert texts(ask(source, "node", "echo in")) == ["in\n"]
    assert sshd.connections() == 1
