# SPDX-License-Identifier: Apache-2.0
"""Logging in: host keys, keys, agent, passwords, jump hosts, and hosts that do not exist. Real sshd."""

from __future__ import annotations

import re
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import (
    HostKeyChanged,
    HostKeyUnknown,
    HostUnreachable,
    LoginRefused,
    SecretUnavailable,
)
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.model.queries import Command
from calipso_nornir.sources.cli import CliSource, ssh_options
from tests.fixtures import needs
from tests.fixtures.cli_sections import SECRETS, ask, ask_once, known_hosts, secret, section, texts
from tests.fixtures.sshd import LOOPBACK, Account, Sshd, make_key, public, sign_host_key, ssh_agent

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("own_home")

needs_root = needs.root("sshd gives passwords and other accounts to root only")

LOGIN_WORDS = re.compile(r"Accepted|Failed|Postponed|Invalid user|authenticating user|for user", re.IGNORECASE)


# --- private keys


@pytest.mark.parametrize("passphrase", ["", SECRETS["phrase"]])
@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_keys_of_every_type(kind: str, passphrase: str, sshd: Sshd, settings: dict[str, Any], tmp_path: Path) -> None:
    key = make_key(tmp_path / "mine", kind, passphrase)
    sshd.authorize(key)
    settings["hosts"]["node"]["key"] = str(key)
    settings["passphrase"] = SecretRef("env", "phrase")  # not needed for a key that is not encrypted
    assert texts(ask_once(settings, "node", "echo in")) == ["in\n"]


def test_a_wrong_passphrase_and_none(sshd: Sshd, settings: dict[str, Any], tmp_path: Path) -> None:
    key = make_key(tmp_path / "mine", passphrase=SECRETS["phrase"])
    sshd.authorize(key)
    settings["hosts"]["node"]["key"] = str(key)
    (error,) = ask_once(settings, "node", "true")
    assert isinstance(error, LoginRefused)
    assert error.cause == f"{key} is encrypted, and no passphrase is configured"
    settings["passphrase"] = SecretRef("env", "wrong")
    (error,) = ask_once(settings, "node", "true")
    assert isinstance(error, LoginRefused)
    assert "passphrase is wrong" in error.cause
    assert SECRETS["wrong"] not in str(error)


def test_a_key_that_is_not_let_in(sshd: Sshd, settings: dict[str, Any], tmp_path: Path) -> None:
    settings["hosts"]["node"]["key"] = str(make_key(tmp_path / "mine"))
    (error,) = ask_once(settings, "node", "true")
    assert isinstance(error, LoginRefused)
    assert (error.host, error.user) == ("node", sshd.user)
    assert error.cause == f"key {tmp_path / 'mine'}: refused"


def test_a_key_file_that_is_not_there(settings: dict[str, Any], tmp_path: Path) -> None:
    settings["hosts"]["node"]["key"] = str(tmp_path / "none")
    (error,) = ask_once(settings, "node", "true")
    assert isinstance(error, LoginRefused)
    assert "No such file" in error.cause


def test_a_refused_login_is_not_tried_again_in_the_next_round(
    sshd: Sshd, settings: dict[str, Any], tmp_path: Path
) -> None:
    settings["hosts"]["node"]["key"] = str(make_key(tmp_path / "mine"))
    source = CliSource.for_section(settings, secret=secret)
    first, second = ask(source, "node", "true"), ask(source, "node", "true", "id")
    source.close()
    assert first == second[:1]
    assert isinstance(second[1], LoginRefused)
    assert sshd.connections() == 1


def test_a_source_that_stays_open_sees_what_was_mended(
    sshd: Sshd, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh_options, "REMEMBERED_S", 0.0)
    known = known_hosts(tmp_path / "known")
    settings["hosts"]["node"]["key"] = str(tmp_path / "mine")
    source = CliSource.for_section(settings, secret=secret)
    assert isinstance(ask(source, "node", "true")[0], HostKeyUnknown)
    known_hosts(known, sshd)
    assert isinstance(ask(source, "node", "true")[0], LoginRefused)
    sshd.authorize(make_key(tmp_path / "mine"))
    assert texts(ask(source, "node", "echo in")) == ["in\n"]
    source.close()


def test_agent(sshd: Sshd, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del settings["key"], settings["hosts"]["node"]["key"]
    settings["agent"] = True
    (error,) = ask_once(settings, "node", "true")
    assert isinstance(error, LoginRefused)
    stranger = make_key(tmp_path / "stranger", "rsa")
    with ssh_agent(tmp_path, stranger, sshd.key) as address:
        monkeypatch.setenv("SSH_AUTH_SOCK", address)
        assert texts(ask_once(settings, "node", "echo in")) == ["in\n"]
        settings["agent"] = False
        (error,) = ask_once(settings, "node", "true")
        assert isinstance(error, LoginRefused)


def test_default_identity_file(sshd: Sshd, settings: dict[str, Any], tmp_path: Path) -> None:
    del settings["key"], settings["hosts"]["node"]["key"]
    sshd.authorize(make_key(tmp_path / "home" / ".ssh" / "id_ed25519"))
    assert texts(ask_once(settings, "node", "echo in")) == ["in\n"]


def test_ssh_config_gives_all_that_is_not_given(sshd: Sshd, settings: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "home" / ".ssh" / "config").write_text(
        f"Host node.example\n HostName {LOOPBACK}\n Port {sshd.port}\n User {sshd.user}\n IdentityFile {sshd.key}\n"
    )
    by_config = {"known_hosts": settings["known_hosts"]}
    assert texts(ask_once(by_config, "node.example", "echo in")) == ["in\n"]
    (error,) = ask_once({**by_config, "ssh_config": False}, "node.example", "true")
    assert isinstance(error, HostUnreachable)


def test_a_key_that_is_given_is_the_only_one_that_is_tried(
    sshd: Sshd, settings: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "home" / ".ssh" / "config").write_text(f"IdentityFile {sshd.key}\n")
    del settings["ssh_config"], settings["key"], settings["hosts"]["node"]["key"]
    assert texts(ask_once(settings, "node", "echo in")) == ["in\n"]
    settings["key"] = str(make_key(tmp_path / "mine"))
    (error,) = ask_once(settings, "node", "true")
    assert isinstance(error, LoginRefused)
    assert error.cause == f"key {settings['key']}: refused"


# --- host keys


def test_an_unknown_host_key_is_refused_before_any_login(sshd: Sshd, settings: dict[str, Any], tmp_path: Path) -> None:
    known_hosts(tmp_path / "known")
    (error,) = ask_once(settings, "node", "true")
    assert isinstance(error, HostKeyUnknown)
    assert error.key_type == "ssh-ed25519"
    assert error.address == f"{LOOPBACK}:{sshd.port}"
    assert not LOGIN_WORDS.search(sshd.log)


def test_a_changed_host_key_is_refused_before_any_login(sshd: Sshd, settings: dict[str, Any]) -> None:
    settings["pwd"] = SecretRef("env", "right")
    assert texts(ask_once(settings, "node", "echo in")) == ["in\n"]
    sshd.stop()
    sshd.new_host_key()
    before = len(sshd.log)
    sshd.start()
    for mode in ("strict", "accept-new"):
        (error,) = ask_once({**settings, "host_keys": mode}, "node", "true")
        assert isinstance(error, HostKeyChanged)
        assert f"({settings['known_hosts']}:1)" in error.expected
    assert not LOGIN_WORDS.search(sshd.log[before:])
    assert sshd.connections() == 3


def test_accept_new_then_changed(sshd: Sshd, settings: dict[str, Any], tmp_path: Path) -> None:
    known = known_hosts(tmp_path / "known")
    settings["host_keys"] = "accept-new"
    assert texts(ask_once(settings, "node", "echo in")) == ["in\n"]
    assert known.read_text() == sshd.known_hosts_line()
    assert texts(ask_once({**settings, "host_keys": "strict"}, "node", "echo in")) == ["in\n"]
    sshd.stop()
    sshd.new_host_key()
    sshd.start()
    before = known.read_text()
    (error,) = ask_once(settings, "node", "true")
    assert isinstance(error, HostKeyChanged)
    assert known.read_text() == before


def test_insecure_is_a_choice_that_is_warned_of(
    settings: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="calipso_nornir")
    known_hosts(tmp_path / "known")
    assert texts(ask_once({**settings, "host_keys": "insecure"}, "node", "echo in")) == ["in\n"]
    assert "host keys are not checked" in caplog.text
    assert (tmp_path / "known").read_text() == ""


@pytest.mark.parametrize("known", ["rsa", "ecdsa", "ed25519"])
def test_a_host_that_is_known_by_one_of_its_keys(known: str, tmp_path: Path) -> None:
    with Sshd(tmp_path / "many", host_keys=("ed25519", "ecdsa", "rsa")) as sshd:
        settings = section(tmp_path / "known", node=sshd)
        (tmp_path / "known").write_text(sshd.known_hosts_line(known))
        assert texts(ask_once(settings, "node", "echo in")) == ["in\n"]


def test_a_revoked_key_and_a_certificate_authority(sshd: Sshd, settings: dict[str, Any], tmp_path: Path) -> None:
    line = sshd.known_hosts_line()
    (tmp_path / "known").write_text(f"{line}@revoked {line}")
    (error,) = ask_once(settings, "node", "true")
    assert isinstance(error, HostKeyChanged)
    (tmp_path / "known").write_text(f"@cert-authority {line}")
    (error,) = ask_once(settings, "node", "true")
    assert isinstance(error, HostKeyUnknown)


@pytest.mark.parametrize("trouble", ["", "another name", "another authority", "revoked"])
def test_a_host_certificate_that_an_authority_has_signed(trouble: str, tmp_path: Path) -> None:
    authority, other = make_key(tmp_path / "authority"), make_key(tmp_path / "other")
    folder = tmp_path / "sshd"
    with Sshd(folder, [f"HostCertificate {folder}/host_ed25519-cert.pub"]) as sshd:
        sshd.stop()
        sign_host_key(authority, folder / "host_ed25519.pub", "elsewhere" if trouble == "another name" else LOOPBACK)
        sshd.start()
        settings = section(tmp_path / "known", node=sshd)
        name = f"[{LOOPBACK}]:{sshd.port}"
        known = f"@cert-authority {name} {public(other if trouble == 'another authority' else authority)}\n"
        known += f"@revoked * {public(authority)}\n" if trouble == "revoked" else ""
        (tmp_path / "known").write_text(known)
        (answer,) = ask_once(settings, "node", "echo in")
        assert bool(LOGIN_WORDS.search(sshd.log)) == (not trouble)
    if trouble:
        assert isinstance(answer, HostKeyUnknown)
    else:
        assert texts([answer]) == ["in\n"]


def test_known_hosts_of_the_user_are_the_default(sshd: Sshd, settings: dict[str, Any], tmp_path: Path) -> None:
    del settings["known_hosts"]
    (error,) = ask_once(settings, "node", "true")
    assert isinstance(error, HostKeyUnknown)
    known_hosts(tmp_path / "home" / ".ssh" / "known_hosts", sshd)
    assert texts(ask_once(settings, "node", "echo in")) == ["in\n"]


# --- passwords


PEOPLE = (Account("withpass", 60001, SECRETS["right"]),)


@needs_root
def test_password(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with Sshd(tmp_path / "pw", ["PasswordAuthentication yes"], PEOPLE, user="withpass") as sshd:
        settings = section(known_hosts(tmp_path / "known", sshd), node=sshd)
        del settings["key"], settings["hosts"]["node"]["key"]
        settings["hosts"]["node"]["pwd"] = SecretRef("env", "right")
        assert texts(ask_once(settings, "node", "id -un")) == ["withpass\n"]
        settings["hosts"]["node"]["pwd"] = SecretRef("env", "wrong")
        (error,) = ask_once(settings, "node", "true")
        assert isinstance(error, LoginRefused)
        assert error.cause == "password: refused"
        del settings["hosts"]["node"]["pwd"]
        (error,) = ask_once(settings, "node", "true")
        assert isinstance(error, LoginRefused)
        assert error.cause == "there is no key, agent or password to try"
    for value in SECRETS.values():
        assert value not in caplog.text


@needs_root
def test_a_password_that_is_asked_for_by_keyboard_interactive(tmp_path: Path) -> None:
    options = ["UsePAM yes", "KbdInteractiveAuthentication yes", "PasswordAuthentication no"]
    with Sshd(tmp_path / "pam", options, PEOPLE, user="withpass") as sshd:
        settings = section(known_hosts(tmp_path / "known", sshd), node=sshd)
        del settings["key"], settings["hosts"]["node"]["key"]
        settings["pwd"] = SecretRef("env", "right")
        assert texts(ask_once(settings, "node", "id -un")) == ["withpass\n"]
        settings["pwd"] = SecretRef("env", "wrong")
        (error,) = ask_once(settings, "node", "true")
        assert isinstance(error, LoginRefused)


@needs_root
def test_key_and_password_where_the_server_wants_both(tmp_path: Path) -> None:
    options = ["PasswordAuthentication yes", "AuthenticationMethods publickey,password"]
    with Sshd(tmp_path / "two", options, PEOPLE, user="withpass") as sshd:
        settings = section(known_hosts(tmp_path / "known", sshd), node=sshd)
        (error,) = ask_once(settings, "node", "true")
        assert isinstance(error, LoginRefused)
        assert error.cause == f"key {sshd.key}: accepted, but not enough"
        settings["pwd"] = SecretRef("env", "wrong")
        (error,) = ask_once(settings, "node", "true")
        assert isinstance(error, LoginRefused)
        assert error.cause == f"key {sshd.key}: accepted, but not enough; password: refused"
        settings["pwd"] = SecretRef("env", "right")
        assert texts(ask_once(settings, "node", "id -un")) == ["withpass\n"]


def test_a_password_where_none_is_taken(settings: dict[str, Any]) -> None:
    del settings["key"], settings["hosts"]["node"]["key"]
    settings["pwd"] = SecretRef("env", "right")
    (error,) = ask_once(settings, "node", "true")
    assert isinstance(error, LoginRefused)
    assert error.cause == "password is not offered (only publickey)"


def test_a_secret_that_is_not_to_be_had_is_an_answer_and_is_fetched_once(tmp_path: Path) -> None:
    asked: list[str] = []

    def vault(ref: SecretRef) -> str:
        asked.append(ref.locator)
        raise SecretUnavailable(str(ref), "the vault is shut")

    with Sshd(tmp_path / "pw", ["PasswordAuthentication yes"]) as sshd:
        settings = section(known_hosts(tmp_path / "known", sshd), node=sshd, twin=sshd)
        del settings["key"], settings["hosts"]["node"]["key"], settings["hosts"]["twin"]["key"]
        settings["pwd"] = SecretRef("env", "right")
        source = CliSource.for_section(settings, secret=vault)
        assert not asked
        answers = source.answer([Command("node", "true"), Command("twin", "true")])
        source.close()
    assert all(isinstance(answer, SecretUnavailable) for answer in answers.values())
    assert asked == ["right"]


# --- jump hosts


def through(known: Path, jumps: list[Sshd], *hosts: Sshd) -> dict[str, Any]:
    """Return a section in which all hosts are behind the jump hosts."""
    settings = section(known, **{f"node{number}": host for number, host in enumerate(hosts)})
    way = ",".join(f"{jump.user}@{LOOPBACK}:{jump.port}" for jump in jumps)
    return {**settings, "key": str(jumps[0].key), "jump": way}


def test_a_chain_of_jump_hosts_is_one_connection_each_for_all_hosts(tmp_path: Path) -> None:
    with Sshd(tmp_path / "a") as outer, Sshd(tmp_path / "b") as inner, Sshd(tmp_path / "c") as host:
        inner.authorize(outer.key)
        settings = through(known_hosts(tmp_path / "known", outer, inner, host), [outer, inner], host)
        settings["hosts"] |= {f"copy{n}": settings["hosts"]["node0"] for n in range(12)}
        source = CliSource.for_section(settings, secret=secret)
        names = list(settings["hosts"])
        for _ in range(2):
            answers = source.answer([Command(name, "echo in") for name in names])
            assert texts(list(answers.values())) == ["in\n"] * len(names)
        assert (outer.connections(), inner.connections(), host.connections()) == (1, 1, len(names))
        assert len(host.channels()) == 2 * len(names)
        assert not outer.channels()
        assert (outer.open_connections(), inner.open_connections()) == (1, 1)
        source.close()
        deadline = time.monotonic() + 5
        while outer.open_connections() + inner.open_connections() + host.open_connections():
            assert time.monotonic() < deadline, "a connection outlives the scan"
            time.sleep(0.02)


@pytest.mark.chaos
def test_eight_handshakes_at_once_through_one_jump_host(tmp_path: Path) -> None:
    few = ["MaxStartups 20:100:20"]  # who comes while twenty have not logged in is turned away
    with Sshd(tmp_path / "a") as gate, Sshd(tmp_path / "b", few) as host:
        settings = through(known_hosts(tmp_path / "known", gate, host), [gate], host)
        settings["hosts"] |= {f"copy{n}": settings["hosts"]["node0"] for n in range(40)}
        source = CliSource.for_section(settings, secret=secret)
        answers = source.answer([Command(name, "echo in") for name in settings["hosts"]])
        source.close()
        assert texts(list(answers.values())) == ["in\n"] * 41
        assert gate.connections() == 1


def test_proxy_jump_of_the_ssh_config(tmp_path: Path) -> None:
    with Sshd(tmp_path / "a") as gate, Sshd(tmp_path / "b") as host:
        known = known_hosts(tmp_path / "known", gate, host)
        (tmp_path / "home" / ".ssh" / "config").write_text(
            f"Host gate\n HostName {LOOPBACK}\n Port {gate.port}\n User {gate.user}\n IdentityFile {gate.key}\n"
            f"Host node\n HostName {LOOPBACK}\n Port {host.port}\n User {host.user}\n IdentityFile {host.key}\n"
            " ProxyJump gate\n"
        )
        assert texts(ask_once({"known_hosts": str(known)}, "node", "echo $SSH_CONNECTION")) != []
        assert gate.connections() == 1
        assert host.connections() == 1


def test_the_gateway_of_a_section_is_a_jump_host_and_may_be_a_host_as_well(tmp_path: Path) -> None:
    with Sshd(tmp_path / "a") as gate, Sshd(tmp_path / "b") as host:
        settings = section(known_hosts(tmp_path / "known", gate, host), node=host)
        settings |= {"host": LOOPBACK, "port": gate.port, "key": str(gate.key), "user": gate.user}
        settings["hosts"]["ctl"] = {"host": LOOPBACK, "port": gate.port}
        assert texts(ask_once(settings, "node", "echo in")) == ["in\n"]
        assert (gate.connections(), host.connections()) == (1, 1)
        assert texts(ask_once(settings, "ctl", "echo in")) == ["in\n"]
        assert gate.connections() == 2  # and not one through itself


def test_a_jump_host_that_is_down_is_tried_once_for_all_hosts(tmp_path: Path) -> None:
    with Sshd(tmp_path / "b") as host:
        with Sshd(tmp_path / "a") as gate:
            settings = through(known_hosts(tmp_path / "known", gate, host), [gate], host)
            settings["hosts"] |= {f"copy{n}": settings["hosts"]["node0"] for n in range(5)}
        source = CliSource.for_section(settings, secret=secret)
        answers = source.answer([Command(name, "true") for name in settings["hosts"]])
        source.close()
        for command, error in answers.items():
            assert isinstance(error, HostUnreachable)
            assert isinstance(command, Command)
            assert (error.host, error.address) == (command.host, f"{LOOPBACK}:{gate.port}")
        assert host.connections() == 0


@pytest.mark.parametrize("trouble", ["unknown key", "login", "forwarding", "host down"])
def test_trouble_on_the_way_names_the_place(trouble: str, tmp_path: Path) -> None:
    options = ["AllowTcpForwarding no"] if trouble == "forwarding" else []
    with Sshd(tmp_path / "a", options) as gate, Sshd(tmp_path / "b") as host:
        known = known_hosts(tmp_path / "known", host, *([] if trouble == "unknown key" else [gate]))
        settings = through(known, [gate], host)
        if trouble == "login":
            settings["key"] = str(make_key(tmp_path / "stranger"))
        if trouble == "host down":
            host.stop()
        (error,) = ask_once(settings, "node0", "true")
        expected = {"unknown key": HostKeyUnknown, "login": LoginRefused}.get(trouble, HostUnreachable)
        assert type(error) is expected
        assert isinstance(error, (HostKeyUnknown, LoginRefused, HostUnreachable))
        at = gate if trouble in ("unknown key", "login") else host
        assert (error.host, error.address) == ("node0", f"{LOOPBACK}:{at.port}")
        if isinstance(error, HostUnreachable):
            assert f"through {gate.user}@{LOOPBACK}:{gate.port}" in error.cause
        assert host.connections() == 0


# --- hosts that are not there


def test_a_port_where_nobody_listens(sshd: Sshd, settings: dict[str, Any]) -> None:
    sshd.stop()
    (error,) = ask_once(settings, "node", "true")
    assert isinstance(error, HostUnreachable)
    assert error.cause == "connection refused"


@pytest.mark.parametrize("name", ["no-such-host.invalid", "a..b", "x" * 300, "1.2.3.4.5"])
def test_a_name_that_does_not_resolve(name: str, settings: dict[str, Any]) -> None:
    (error,) = ask_once(settings, name, "true")
    assert isinstance(error, HostUnreachable)
    assert error.host == name
    assert error.cause == "the name does not resolve"


@pytest.mark.parametrize(
    "name", ["; rm -rf /", "-oProxyCommand=touch /tmp/x", "$(reboot)", "a b", "a\nb", "", "é/..", "a\0b"]
)
def test_a_hostile_host_name_just_fails(name: str, settings: dict[str, Any]) -> None:
    (error,) = ask_once(settings, name, "true")
    assert isinstance(error, HostUnreachable)
    assert "is not a host name or address" in error.cause


def test_a_hostile_host_name_in_the_table_is_but_a_name(settings: dict[str, Any]) -> None:
    settings["hosts"]["; rm -rf /"] = settings["hosts"]["node"]
    assert texts(ask_once(settings, "; rm -rf /", "echo in")) == ["in\n"]


@pytest.mark.parametrize(
    "speech", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n\xff\xff\xff\xff" + b"x" * 64]
)
def test_a_server_that_speaks_no_ssh(speech: bytes, settings: dict[str, Any]) -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        settings |= {"connect_timeout_s": 1}
        settings["hosts"]["node"]["port"] = listener.getsockname()[1]
        if speech:  # what stands in the backlog is served when the client comes

            def serve() -> None:
                peer, _ = listener.accept()
                with peer:
                    peer.sendall(speech)
                    peer.recv(1000)

            thread = threading.Thread(target=serve)
            thread.start()
        began = time.monotonic()
        (error,) = ask_once(settings, "node", "true")
        if speech:
            thread.join()
    assert isinstance(error, HostUnreachable)
    assert time.monotonic() - began < 5


def test_a_host_that_swallows_packets(settings: dict[str, Any]) -> None:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:  # the queue is full then, and Linux answers no further SYN
            filler.settimeout(0)
            filler.connect_ex(address)
        settings |= {"connect_timeout_s": 0.5}
        settings["hosts"]["node"]["port"] = address[1]
        began = time.monotonic()
        (error,) = ask_once(settings, "node", "true")
        for filler in fillers:
            filler.close()
    assert isinstance(error, HostUnreachable)
    assert error.cause == "no answer within 0.5 s"
    assert time.monotonic() - began < 3


def test_a_host_that_was_down_is_asked_again_in_the_next_round(sshd: Sshd, settings: dict[str, Any]) -> None:
    sshd.stop()
    source = CliSource.for_section(settings, secret=secret)
    (error,) = ask(source, "node", "echo in")
    assert isinstance(error, HostUnreachable)
    sshd.start()
    assert texts(ask(source, "node", "echo in")) == ["in\n"]
    source.close()
