# SPDX-License-Identifier: Apache-2.0
"""Rounds of commands: their results, failures in the middle, and the number of connections. Real sshd."""

from __future__ import annotations

import logging
import signal
import socket
import threading
import time
import tracemalloc
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import paramiko
import psutil
import pytest
from nornir.core import Nornir
from nornir.core.configuration import Config, LoggingConfig
from nornir.core.inventory import Hosts, Inventory

from calipso_nornir.errors import (
    CommandFailed,
    CommandMissing,
    CommandTimedOut,
    ConnectionLost,
    HostExcluded,
    OutputTooLarge,
    SudoRefused,
)
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet, Command
from calipso_nornir.sources.cli import CliSource, Limits
from calipso_nornir.sources.cli.section_hosts import SectionHosts
from tests.fixtures import needs
from tests.fixtures.cli_sections import SECRETS, ask, ask_once, known_hosts, secret, section, texts
from tests.fixtures.sshd import LOOPBACK, Account, Sshd, make_key, open_folder, public

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("own_home")

needs_root = needs.root("sshd serves other accounts as root only")

SUDOER = Account("sudoer", 60011, sudo="ALL=(ALL) NOPASSWD: ALL")
LIMITED = Account("limited", 60012, sudo="ALL=(root) NOPASSWD: /usr/bin/id")
NOBODY_SPECIAL = Account("plain", 60013)
LOCKED = Account("locked", 60014, login_shell="/usr/sbin/nologin")


@pytest.fixture
def source(settings: dict[str, Any]) -> Iterator[CliSource]:
    made = CliSource.for_section(settings, secret=secret)
    yield made
    made.close()


def limited(settings: dict[str, Any], limits: Limits) -> CliSource:
    """Make a source with limits that no section would set."""
    nornir = Nornir(Inventory(Hosts()), Config(logging=LoggingConfig(enabled=False)))
    return CliSource(nornir, limits=limits, make_host=SectionHosts.of(settings, secret=secret).nornir_host)


# --- what comes back


def test_output_comes_back_as_it_was_written(source: CliSource, tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(b"Gr\xfc\xdfe\r\n\x00\x1b[31m \n\n")
    found = ask(source, "node", "printf x", "true", "printf '\\n\\n'", f"cat {tmp_path}/odd", "echo 'ä €'")
    assert texts(found) == ["x", "", "\n\n", "Gr\\xfc\\xdfe\r\n\x00\x1b[31m \n\n", "ä €\n"]


def test_every_way_for_a_command_to_end(source: CliSource) -> None:
    started = time.monotonic()
    quick = ["sh -c 'echo out; echo err >&2; exit 3'", "no-such-program -x", "echo 'open", "sh -c 'kill -9 $$'"]
    commands = [Command("node", text) for text in quick]
    hanging = Command("node", "sleep 60", timeout_s=1)
    last = Command("node", "echo still here")
    answers = source.answer([*commands, hanging, last])
    failed, missing, broken, killed = (answers[command] for command in commands)
    assert failed == CommandFailed("node", quick[0], 3, "err\n")
    assert isinstance(missing, CommandMissing)
    assert missing.status == 127
    assert isinstance(broken, CommandFailed)
    assert isinstance(killed, CommandTimedOut)  # 137: nobody can tell it from timeout's own kill
    assert answers[hanging] == CommandTimedOut("node", "sleep 60", 124, "")
    assert isinstance(answers[last], Reply)
    assert time.monotonic() - started < 20


def test_values_arrive_as_one_word(source: CliSource) -> None:
    hostile = ["; rm -rf /", "$(reboot)", "a'b\"c`id`", "new\nline", "😀", "-n", "*", "\\", "a b  c", "#x", "&"]
    commands = [Command.of("node", "printf %s {}", value) for value in hostile]
    answers = source.answer(commands)
    assert texts([answers[command] for command in commands]) == hostile


def test_a_text_that_no_command_line_can_hold_is_refused_and_hurts_no_other(source: CliSource) -> None:
    nul, lone, fine = (Command("node", text) for text in ("echo a\0b", "echo \ud800", "echo fine"))
    answers = source.answer([nul, lone, fine])
    for command in (nul, lone):
        error = answers[command]
        assert isinstance(error, CommandFailed)
        assert "not run" in error.stderr
        str(error).encode()
    assert texts([answers[fine]]) == ["fine\n"]
    assert isinstance(source.answer([nul])[nul], CommandFailed)  # a round of nothing else


def test_time_of_an_answer_is_aware(source: CliSource) -> None:
    (reply,) = ask(source, "node", "true")
    assert isinstance(reply, Reply)
    assert reply.at.utcoffset() is not None


def test_megabytes_on_both_streams_do_not_block_each_other(source: CliSource) -> None:
    chunk = 'head -c 5000000 /dev/zero | tr "\\000" {}'
    both = f"sh -c '{chunk.format('e')} >&2; {chunk.format('o')}; {chunk.format('f')} >&2; exit 4'"
    error, reply = ask(source, "node", both, f"sh -c '{chunk.format('x')}'")
    assert isinstance(error, CommandFailed)
    assert error.status == 4
    assert len(error.stderr) == 10_000_000
    assert isinstance(reply, Reply)
    assert reply.data == "x" * 5_000_000


def test_what_waits_to_be_read_when_the_session_ends_is_read(source: CliSource) -> None:
    (reply,) = ask(source, "node", "head -c 1000000 /dev/zero")  # the host is done before its output is read
    assert isinstance(reply, Reply)
    assert len(reply.data) == 1_000_000


def test_a_round_of_five_hundred_commands(source: CliSource) -> None:
    many = [Command("node", f"echo {number} {'x' * 200}") for number in range(500)]
    answers = source.answer(many)
    assert [texts([answers[command]])[0].split()[0] for command in many] == [str(number) for number in range(500)]


def test_equal_requests_run_once(source: CliSource, tmp_path: Path) -> None:
    text = f"sh -c 'echo ran >> {tmp_path}/ran; echo out'"
    first, second = Command("node", text, "json"), Command("node", text, "text", optional=True)
    answers = source.answer([first, second, first])
    assert set(answers) == {first, second}
    assert texts(list(answers.values())) == ["out\n", "out\n"]
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_queries_for_others_are_answered_as_such_and_none_is_none(source: CliSource) -> None:
    query = ApiGet("compute", "/servers", "servers")
    assert str(source.answer([query])[query]) == "the environment has no api section"
    assert source.answer([]) == {}


# --- sessions


def test_one_connection_and_one_channel_a_round(source: CliSource, sshd: Sshd) -> None:
    for _ in range(3):
        assert texts(ask(source, "node", "echo a", "echo b", "false || true", "echo c")) == ["a\n", "b\n", "", "c\n"]
    assert sshd.connections() == 1
    assert sshd.channels() == ["command"] * 3


@pytest.mark.chaos
def test_twenty_hosts_at_once(tmp_path: Path) -> None:
    servers = {f"node{number}": Sshd(tmp_path / str(number)) for number in range(20)}
    done: dict[str, bool] = {}
    try:
        for server in servers.values():
            server.start()
        settings = section(known_hosts(tmp_path / "known", *servers.values()), **servers)
        source = CliSource.for_section(settings, secret=secret, on_host=done.__setitem__)
        began = time.monotonic()
        for _ in range(2):
            commands = [Command(name, text) for name in servers for text in ("sleep 1", "echo $PPID")]
            answers = source.answer(commands)
            assert all(isinstance(answer, Reply) for answer in answers.values())
        assert time.monotonic() - began < 20  # one after the other would take 40
        source.close()
    finally:
        for server in servers.values():
            server.stop()
    assert {name: server.connections() for name, server in servers.items()} == dict.fromkeys(servers, 1)
    assert {name: len(server.channels()) for name, server in servers.items()} == dict.fromkeys(servers, 2)
    assert done == dict.fromkeys(servers, True)


def test_one_host_down_hurts_no_other(sshd: Sshd, settings: dict[str, Any], tmp_path: Path) -> None:
    with Sshd(tmp_path / "other") as other:
        settings["hosts"]["down"] = {**settings["hosts"]["node"], "port": other.port}
    settings["exclude"] = ["ctl*"]
    told: dict[str, bool] = {}
    source = CliSource.for_section(settings, secret=secret, on_host=told.__setitem__)
    commands = [Command(host, "echo in") for host in ("down", "node", "ctl1")]
    for _ in range(2):
        down, node, excluded = source.answer(commands).values()
        assert type(down).__name__ == "HostUnreachable"
        assert texts([node]) == ["in\n"]
        assert excluded == HostExcluded("ctl1", "ctl*")
    source.close()
    assert told == {"down": False, "node": True}
    assert sshd.connections() == 1


def test_a_progress_callback_that_fails_stops_nothing(
    settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    def on_host(host: str, ok: bool) -> None:  # noqa: FBT001 - as it is called
        raise RuntimeError(f"no screen for {host} {ok}")

    source = CliSource.for_section(settings, secret=secret, on_host=on_host)
    assert texts(ask(source, "node", "echo in")) == ["in\n"]
    source.close()
    assert "progress callback failed" in caplog.text


def test_a_connection_that_died_between_rounds_is_opened_again(source: CliSource, sshd: Sshd) -> None:
    assert texts(ask(source, "node", "echo 1")) == ["1\n"]
    sshd.kill_sessions()
    assert texts(ask(source, "node", "echo 2")) == ["2\n"]
    assert sshd.connections() == 2


def test_a_connection_that_stands_still_is_given_up_for_another(sshd: Sshd, settings: dict[str, Any]) -> None:
    source = limited(settings, Limits(start_timeout_s=1))
    assert texts(ask(source, "node", "echo 1")) == ["1\n"]
    frozen = list(psutil.Process(sshd.pid).children(recursive=True))
    for process in frozen:
        process.send_signal(signal.SIGSTOP)
    assert texts(ask(source, "node", "echo 2")) == ["2\n"]
    source.close()
    for process in frozen:
        process.send_signal(signal.SIGCONT)
    assert sshd.connections() == 2


def test_a_session_killed_in_the_middle_of_an_output(source: CliSource, sshd: Sshd, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    half = f"sh -c 'printf half; touch {begun}; sleep 60'"
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.extend(ask(source, "node", "echo whole", half, "echo never")))
    thread.start()
    deadline = time.monotonic() + 20
    while not begun.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    sshd.kill_sessions()
    thread.join(20)
    whole, broken, never = answers
    assert texts([whole]) == ["whole\n"]
    assert isinstance(broken, ConnectionLost)
    assert isinstance(never, ConnectionLost)
    assert texts(ask(source, "node", "echo back")) == ["back\n"]  # the next round has a connection of its own
    assert sshd.connections() == 2


def test_closing_while_a_round_runs_ends_it(settings: dict[str, Any], tmp_path: Path) -> None:
    source = CliSource.for_section(settings, secret=secret)
    begun = tmp_path / "begun"
    answers: list[Any] = []
    command = f"sh -c 'touch {begun}; sleep 60'"
    thread = threading.Thread(target=lambda: answers.extend(ask(source, "node", command)))
    thread.start()
    deadline = time.monotonic() + 20
    while not begun.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    source.close()
    thread.join(10)
    assert isinstance(answers[0], ConnectionLost)
    (error,) = ask(source, "node", "true")
    assert type(error).__name__ == "HostUnreachable"


def test_a_background_process_holds_nobody_up(source: CliSource) -> None:
    began = time.monotonic()
    assert texts(ask(source, "node", "sh -c 'sleep 30 & echo gone'", "echo next")) == ["gone\n", "next\n"]
    assert time.monotonic() - began < 15


# --- limits


def test_output_beyond_the_cap_is_not_read(sshd: Sshd, settings: dict[str, Any]) -> None:
    settings["max_output_mib"] = 1
    source = CliSource.for_section(settings, secret=secret)
    small, large, later = ask(source, "node", "echo small", "cat /dev/zero", "echo later")
    assert texts([small]) == ["small\n"]
    assert large == later == OutputTooLarge("node", "cat /dev/zero", 2**20)
    assert texts(ask(source, "node", "echo again")) == ["again\n"]
    source.close()
    assert sshd.connections() == 1
    deadline = time.monotonic() + 10  # and the host is not left with a process that writes for ever
    while any("/dev/zero" in (p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_host_without_timeout_that_hangs_is_left_at_its_deadline(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "id", "cat", "sleep", "echo"):
        (tools / name).symlink_to(f"/bin/{name}" if name != "id" else "/usr/bin/id")
    with Sshd(tmp_path / "old", [f"SetEnv PATH={tools}"]) as sshd:
        settings = section(known_hosts(tmp_path / "known", sshd), node=sshd)
        source = limited(settings, Limits(host_timeout_s=60, quiet_s=0.5))
        began = time.monotonic()
        missing, first, hanging, never = ask(
            source, "node", "timeout 1 true", "echo first", "sleep 33", "echo never", timeout_s=1
        )
        assert time.monotonic() - began < 8
        source.close()
    assert isinstance(missing, CommandMissing)  # so it was not timeout(1) that stopped it
    assert texts([first]) == ["first\n"]
    assert isinstance(hanging, CommandTimedOut)
    assert "no output for 1.5 s" in hanging.stderr
    assert isinstance(never, ConnectionLost)
    assert '"sleep 33"' in never.cause


def test_a_host_that_keeps_talking_has_a_deadline_as_well(settings: dict[str, Any]) -> None:
    source = limited(settings, Limits(host_timeout_s=2, quiet_s=0.5))
    slow = [f"sh -c 'sleep 0.4; echo {n}'" for n in range(30)]
    answers = ask(source, "node", *slow, timeout_s=1)
    source.close()
    done = [answer for answer in answers if isinstance(answer, Reply)]
    assert 1 <= len(done) < 30
    assert answers[: len(done)] == done
    assert isinstance(answers[len(done)], CommandTimedOut)
    assert all(isinstance(answer, ConnectionLost) for answer in answers[len(done) + 1 :])


def test_a_long_command_is_not_taken_for_silence(settings: dict[str, Any]) -> None:
    source = limited(settings, Limits(host_timeout_s=1, quiet_s=0.5))
    assert texts(ask(source, "node", "sh -c 'sleep 2; echo done'", timeout_s=5)) == ["done\n"]
    source.close()


# --- root and other accounts


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with open_folder() as folder:
        noisy = folder / "noisy"
        noisy.write_text('#!/bin/sh\necho "welcome to noisy"; echo "quota exceeded" >&2\nexec /bin/sh "$@"\n')
        noisy.chmod(0o755)
        flood = folder / "flood"
        flood.write_text("#!/bin/sh\nexec cat /dev/zero\n")
        flood.chmod(0o755)
        people = [SUDOER, LIMITED, NOBODY_SPECIAL, LOCKED, Account("noisy", 60015, login_shell=str(noisy))]
        people.append(Account("flood", 60016, login_shell=str(flood)))
        with Sshd(tmp_path_factory.mktemp("accounts") / "sshd", accounts=people) as server:
            yield server


def as_user(accounts: Sshd, user: str, tmp_path: Path) -> dict[str, Any]:
    return section(known_hosts(tmp_path / "known", accounts), node=replace(accounts, user=user))


@needs_root
def test_sudo_for_those_commands_that_want_root(accounts: Sshd, tmp_path: Path) -> None:
    settings = as_user(accounts, "sudoer", tmp_path)
    source = CliSource.for_section(settings, secret=secret)
    assert texts(ask(source, "node", "id -un", root=True)) == ["root\n"]
    assert texts(ask(source, "node", "id -un")) == ["sudoer\n"]
    (missing,) = ask(source, "node", "no-such-program", root=True)
    assert isinstance(missing, CommandMissing)
    (failed,) = ask(source, "node", "cat /no/such/file", root=True)
    assert type(failed) is CommandFailed
    (late,) = ask(source, "node", "sleep 71", root=True, timeout_s=1)
    assert isinstance(late, CommandTimedOut)
    source.close()
    assert not any("71" in (p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"]))  # stopped, not left


@needs_root
def test_sudo_that_is_refused(accounts: Sshd, tmp_path: Path) -> None:
    source = CliSource.for_section(as_user(accounts, "plain", tmp_path), secret=secret)
    (refused,) = ask(source, "node", "id -un", root=True)
    assert isinstance(refused, SudoRefused)
    assert refused.stderr.strip() == "sudo: a password is required"
    assert texts(ask(source, "node", "id -un")) == ["plain\n"]  # the rest goes on
    source.close()


@needs_root
def test_sudo_that_allows_some_programs_only(accounts: Sshd, tmp_path: Path) -> None:
    source = CliSource.for_section(as_user(accounts, "limited", tmp_path), secret=secret)
    allowed, refused = ask(source, "node", "id -un", "cat /etc/shadow", root=True)
    source.close()
    assert texts([allowed]) == ["root\n"]
    assert isinstance(refused, SudoRefused)


@needs_root
def test_sudo_is_asked_whether_a_command_may_run_which_does_not_run_then(accounts: Sshd, tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    source = CliSource.for_section(as_user(accounts, "limited", tmp_path), secret=secret)
    commands = [Command("node", text, root=True) for text in ("id -un", f"touch {witness}", "no-such-program")]
    rights = [right for one in commands if (right := source.right_to(one)) is not None]
    assert source.right_to(Command("node", "id -un")) is None, "it needs none"
    answers = source.answer(rights)
    source.close()
    allowed, *refused = (answers[one] for one in rights)
    assert texts([allowed]) == ["/usr/bin/id -un\n"]
    assert [type(one) for one in refused] == [CommandFailed, CommandFailed]
    everything = CliSource.for_section(as_user(accounts, "sudoer", tmp_path), secret=secret)
    assert texts(list(everything.answer(rights[1:2]).values()))[0].startswith("/usr/bin/touch ")
    everything.close()
    assert not witness.exists()


@needs_root
def test_without_sudo_by_choice(accounts: Sshd, tmp_path: Path) -> None:
    settings = as_user(accounts, "sudoer", tmp_path) | {"sudo": False}
    assert texts(ask_once(settings, "node", "id -un", root=True)) == ["sudoer\n"]


@needs_root
def test_a_host_without_sudo(tmp_path: Path) -> None:
    with open_folder() as tools:
        for name in ("sh", "id", "timeout", "true", "cat"):
            (tools / name).symlink_to(f"/usr/bin/{name}")
        with Sshd(tmp_path / "sshd", [f"SetEnv PATH={tools}"], [NOBODY_SPECIAL], user="plain") as sshd:
            settings = section(known_hosts(tmp_path / "known", sshd), node=sshd)
            (refused,) = ask_once(settings, "node", "id -un", root=True)
    assert isinstance(refused, SudoRefused)
    assert refused.status == 127


@needs_root
def test_root_needs_no_sudo(settings: dict[str, Any], tmp_path: Path) -> None:
    witness = tmp_path / "sudo-ran"
    (tmp_path / "sudo").write_text(f'#!/bin/sh\ntouch {witness}\nexec /usr/bin/sudo "$@"\n')
    (tmp_path / "sudo").chmod(0o755)
    with Sshd(tmp_path / "sshd2", [f"SetEnv PATH={tmp_path}:/usr/bin:/bin"]) as sshd:
        settings = section(known_hosts(tmp_path / "known", sshd), node=sshd)
        assert texts(ask_once(settings, "node", "id -un", root=True)) == ["root\n"]
        assert not witness.exists()
        assert texts(ask_once(settings, "node", "sudo -n id -un")) == ["root\n"]
        assert witness.exists()  # it would have been seen


@needs_root
def test_a_login_shell_that_runs_nothing(accounts: Sshd, tmp_path: Path) -> None:
    (error,) = ask_once(as_user(accounts, "locked", tmp_path), "node", "true")
    assert isinstance(error, ConnectionLost)
    assert "This account is currently not available" in error.cause


@needs_root
def test_a_login_shell_that_talks_first(accounts: Sshd, tmp_path: Path) -> None:
    assert texts(ask_once(as_user(accounts, "noisy", tmp_path), "node", "id -un", "false || true")) == ["noisy\n", ""]


@needs_root
def test_a_login_shell_that_floods_costs_no_memory(accounts: Sshd, tmp_path: Path) -> None:
    settings = as_user(accounts, "flood", tmp_path)
    with peak_of_memory() as peak:
        (error,) = ask_once(settings, "node", "true")
    assert isinstance(error, ConnectionLost)
    assert "the login shell did not run the script: the login shell printed more than 262144 bytes" in error.cause
    assert len(error.cause) < 1000
    assert peak() < 8 * 2**20


def test_a_command_that_floods_costs_its_cap_and_not_more(settings: dict[str, Any]) -> None:
    settings["max_output_mib"] = 16
    with peak_of_memory() as peak:
        (error,) = ask_once(settings, "node", "cat /dev/zero")
    assert isinstance(error, OutputTooLarge)
    assert peak() < 32 * 2**20  # a bytearray that grows is there twice for a moment


@contextmanager
def peak_of_memory() -> Iterator[Callable[[], int]]:
    """Measure what Python allocates at most; in bytes."""
    found: list[int] = []
    tracemalloc.start()
    try:
        yield lambda: found[0]
        found.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def test_prefixes_run_in_front(settings: dict[str, Any]) -> None:
    settings["sudo"] = False  # a command with a prefix wants root, which the login may not be
    settings["prefixes"] = [{"program": "whoami", "prefix": ["env", "X=a b", "sh", "-c", 'echo "$X $0"']}]
    rules = [{"distribution": "Toy", "program": "who", "prefix": ["echo", "in_{distribution_version}"]}]
    source = CliSource.for_section(
        settings, secret=secret, distribution="Toy", distribution_version="9", prefixes=rules
    )
    assert texts(ask(source, "node", "whoami", "who -a", "echo who")) == ["a b whoami\n", "in_9 who -a\n", "who\n"]
    source.close()


# --- secrets


def test_secrets_are_in_no_log_error_or_repr(
    settings: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    for name in ("paramiko", "nornir", "calipso_nornir"):
        caplog.set_level(logging.DEBUG, logger=name)
    settings["hosts"]["node"] |= {"pwd": SecretRef("env", "right"), "passphrase": SecretRef("env", "phrase")}
    settings["hosts"]["other"] = {**settings["hosts"]["node"], "key": "/no/such/key"}
    source = CliSource.for_section(settings, secret=secret)
    answers = source.answer([Command(host, text) for host in ("node", "other") for text in ("echo a", "false")])
    shown = repr(source) + repr(vars(source)) + repr(answers) + str(list(answers.values())) + caplog.text
    source.close()
    assert "Running task" in caplog.text  # Nornir's line with a task's arguments was seen
    for value in SECRETS.values():
        assert value not in shown
    assert not (tmp_path / "nornir.log").exists()


# --- a server that a real sshd cannot be made to be


class Silent(paramiko.ServerInterface):
    """Lets everybody in, opens channels, and never answers what is asked on them."""

    def __init__(self, over: threading.Event) -> None:
        self.over = over

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:  # noqa: ARG002 - paramiko's signature
        return paramiko.common.AUTH_SUCCESSFUL

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002 - as above
        return "publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002 - as above
        return paramiko.common.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:  # noqa: ARG002 - as above
        self.over.wait(30)
        return False


def test_a_host_that_never_answers_the_request_to_run_something(
    settings: dict[str, Any], sshd: Sshd, tmp_path: Path
) -> None:
    over = threading.Event()
    host_key = make_key(tmp_path / "silent")
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
        (tmp_path / "known").write_text(f"[{LOOPBACK}]:{port} {public(host_key)}\n")
        settings["hosts"]["node"]["port"] = port

        def serve() -> None:
            peer, _ = listener.accept()
            transport = paramiko.Transport(peer)
            transport.add_server_key(paramiko.Ed25519Key.from_private_key_file(str(host_key)))
            transport.start_server(server=Silent(over))
            over.wait(30)
            transport.close()
            peer.close()

        thread = threading.Thread(target=serve)
        thread.start()
        source = limited(settings, Limits(start_timeout_s=1))
        began = time.monotonic()
        (error,) = ask(source, "node", "true")
        taken = time.monotonic() - began
        source.close()
        over.set()
        thread.join()
    assert isinstance(error, ConnectionLost)
    assert taken < 10
    assert sshd.connections() == 0
