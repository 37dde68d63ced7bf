# SPDX-License-Identifier: Apache-2.0
"""The route to a host: given options, the ssh config, jump hosts; OpenSSH's ``ssh -G`` is the reference."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.sources.cli.ssh_config import SshConfig
from calipso_nornir.sources.cli.ssh_options import Credentials, LazySecret, Reach
from calipso_nornir.sources.cli.ssh_servers import SshServer, servers_to
from tests.fixtures.sshd import program

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """\
Host node-1
    HostName 10.0.0.1
    Port 2201
    User config-user
    IdentityFile ~/.ssh/one
    IdentityFile ~/.ssh/two

Host behind
    ProxyJump gate

Host gate
    HostName gate.example
    User gatekeeper
    Port 2022
    ProxyJump outer

Host alias
    HostName 10.0.0.9
    HostKeyAlias real-name

Host command
    ProxyCommand nc %h %p

Host ring-a
    ProxyJump ring-b
Host ring-b
    ProxyJump ring-a

Host *.lab !special.lab
    User lab
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(CONFIG)
    return path


def hops(
    name: str, path: Path, reach: Reach | None = None, *, user: str | None = None, port: int | None = None
) -> list[SshServer]:
    return list(servers_to(name, reach or Reach(), SshConfig(str(path)).of, user=user, port=port))


def addresses(way: list[SshServer]) -> list[str]:
    return [f"{hop.user}@{hop.address}" for hop in way]


@pytest.mark.parametrize("name", ["node-1", "gate", "x.lab", "special.lab", "nobody", "alias"])
def test_settings_are_those_that_openssh_finds(name: str, config: Path) -> None:
    said = subprocess.run(  # noqa: S603 - arguments of ours
        [program("ssh"), "-G", "-F", str(config), name], check=True, capture_output=True, text=True
    ).stdout
    openssh = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
    hop = hops(name, config)[-1]
    assert (hop.hostname, str(hop.port), hop.user) == (openssh["hostname"], openssh["port"], openssh["user"])
    assert hop.key_name == openssh.get("hostkeyalias", openssh["hostname"])


MATCHES = """\
Match originalhost short*
    HostName %h.example
    Port=2201
Match host *.example
    User "of example"
Match host 10.9.*,!10.9.9.9
    User nine
Host 10.9.0.1 10.9.9.9
    IdentityFile "~/.ssh/key of %r"
Match all
    HostKeyAlias everybody
Match final host late
    Port 2299
Host *
    User fallback
    ProxyJump gate:2022
"""


@pytest.mark.parametrize("name", ["short-1", "x.example", "10.9.0.1", "10.9.9.9", "late", "other"])
def test_matches_are_those_that_openssh_finds(name: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(MATCHES)
    said = subprocess.run(  # noqa: S603 - arguments of ours
        [program("ssh"), "-G", "-F", str(path), name], check=True, capture_output=True, text=True
    ).stdout
    openssh = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
    found = SshConfig(str(path)).of(name)
    assert (found.hostname, str(found.port or 22), found.user) == (
        openssh["hostname"],
        openssh["port"],
        openssh["user"],
    )
    assert (found.key_alias, found.jump) == (openssh["hostkeyalias"], openssh["proxyjump"])
    if found.identity_files:
        assert found.identity_files == (openssh["identityfile"].replace("%r", str(found.user)),)  # ssh -G leaves tokens


def test_what_is_given_goes_before_the_config(config: Path) -> None:
    (hop,) = hops("node-1", config, user="given", port=99)
    assert (hop.hostname, hop.port, hop.user) == ("10.0.0.1", 99, "given")


def test_identity_files_in_order(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    assert hops("node-1", config)[0].identity_files == ("/nowhere/.ssh/one", "/nowhere/.ssh/two")
    assert hops("other", config)[0].identity_files[0] == "/nowhere/.ssh/id_ed25519"
    with_key = Reach(credentials=Credentials(key="/k"))
    assert hops("other", config, with_key)[0].identity_files == ()


def test_a_jump_host_behind_a_jump_host(config: Path) -> None:
    way = hops("behind", config, user="me")
    assert addresses(way) == ["me@outer:22", "gatekeeper@gate.example:2022", "me@behind:22"]


def test_a_given_jump_goes_before_that_of_the_config(config: Path) -> None:
    assert addresses(hops("behind", config, Reach(jump="none"), user="me")) == ["me@behind:22"]
    way = hops("node-1", config, Reach(jump="a,u@[fe80::1]:23,ssh://v@c:24/", jump_user="j"), user="me")
    assert addresses(way) == ["j@a:22", "u@[fe80::1]:23", "v@c:24", "me@10.0.0.1:2201"]


def test_one_address_may_be_host_and_jump_host_by_different_ports(config: Path) -> None:
    way = hops("10.0.0.5", config, Reach(jump="10.0.0.5:2201,10.0.0.5:2202"), user="me")
    assert addresses(way) == ["me@10.0.0.5:2201", "me@10.0.0.5:2202", "me@10.0.0.5:22"]


def test_jump_hosts_have_credentials_of_their_own(config: Path) -> None:
    mine, theirs = Credentials(key="/mine"), Credentials(key="/theirs")
    way = hops("node-1", config, Reach(credentials=mine, jump="a", jump_credentials=theirs))
    assert [hop.credentials for hop in way] == [theirs, mine]


@pytest.mark.parametrize(
    ("name", "jump", "said"),
    [
        ("ring-a", None, "loop: ring-a -> ring-b -> ring-a"),
        ("x", "ring-b", "loop: ring-b -> ring-a -> ring-b"),
        ("command", None, "ProxyCommand"),
        ("x", "a b", "is not a host name"),
        ("x", "a,,b", "is not a jump host"),
        ("x", "-oProxyCommand=id", "is not a host name"),
        ("x", "a:99999999", "is not a jump host"),
    ],
)
def test_ways_that_cannot_be_followed(name: str, jump: str | None, said: str, config: Path) -> None:
    with pytest.raises(ValueError, match=said):
        hops(name, config, Reach(jump=jump))


@pytest.mark.parametrize(
    "name",
    ["; rm -rf /", "-oProxyCommand=x", "$(reboot)", "a b", "a\nb", "", "a/b", "`id`", "a\0b", "a,b", "*", "x;y", "'"],
)
def test_a_name_that_is_none_reaches_neither_config_nor_network(name: str) -> None:
    def look_up(_: str) -> None:
        raise AssertionError("looked up")

    with pytest.raises(ValueError, match="is not a host name or address"):
        servers_to(name, Reach(), look_up, user=None, port=None)  # type: ignore[arg-type]


@given(st.text(max_size=30))
def test_whatever_a_name_is_it_is_a_way_or_a_value_error(name: str) -> None:
    try:
        (hop,) = servers_to(name, Reach(), SshConfig(None).of, user="u", port=None)
    except ValueError:
        return
    assert not hop.hostname.startswith("-")
    assert not set(hop.hostname) & set(" \t\n;|&$`'\"\\/<>()*?,!@#\0")


def test_include_is_followed_and_its_block_goes_on(tmp_path: Path) -> None:
    (tmp_path / "more.d").mkdir()
    (tmp_path / "more.d" / "1.conf").write_text("Host inc\n  Port 1001\n")
    (tmp_path / "more.d" / "2.conf").write_text("Host inc\n  Port 1002\n  User second\n")
    path = tmp_path / "config"
    path.write_text(
        "Include more.d/*.conf\nInclude nothing-there\nUser everybody\nHost inc\n  User late\nHost other\n  Port 7\n"
    )
    for name in ("inc", "other"):
        said = subprocess.run(  # noqa: S603 - arguments of ours
            [program("ssh"), "-G", "-F", str(path), name], check=True, capture_output=True, text=True
        ).stdout
        openssh = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
        (hop,) = hops(name, path)
        # OpenSSH takes "more.d" from ~/.ssh; ours from the file's own folder, which is ~/.ssh for the usual one
        expected = {"inc": ("1001", "second"), "other": (openssh["port"], openssh["user"])}[name]
        assert (str(hop.port), hop.user) == expected


def test_include_without_end(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(f"Include {path}\n")
    with pytest.raises(ValueError, match="Include goes deeper"):
        SshConfig(str(path))


def test_a_config_that_would_run_a_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(f'Match exec "touch {tmp_path}/ran"\n  User x\n')
    with pytest.raises(ValueError, match="would run a program"):
        SshConfig(str(path))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"Port\n", b"Port ten\n"])
def test_a_broken_config_is_a_value_error(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=str(path)):
        hops("x", path)


def test_a_config_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        SshConfig(str(tmp_path / "none"))


def test_options_name_what_is_wrong_and_the_nearest_right_name() -> None:
    with pytest.raises(ValueError, match="did you mean 'passphrase'"):
        Reach.of({"pasphrase": "x"})
    with pytest.raises(ValueError, match="host_keys: 'lax' is not one of strict, accept-new, insecure"):
        Reach.of({"host_keys": "lax"})
    for wrong in ({"agent": "yes"}, {"connect_timeout_s": True}, {"known_hosts": 7}, {"ssh_config": True}, {"key": 1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Reach.of(wrong)
    with pytest.raises(ValueError, match="password: not a text") as raised:
        Reach.of({"password": 4711})
    assert "4711" not in str(raised.value)


def test_secrets_show_in_no_text() -> None:
    reach = Reach.of({"password": "hunter2", "passphrase": LazySecret(lambda: "hunter2")})
    assert "hunter2" not in repr(reach) + str(reach) + repr(reach.credentials.password)
    assert reach.credentials.password is not None
    assert reach.credentials.password.reveal() == "hunter2"


def test_a_secret_is_fetched_once_and_only_when_it_is_used() -> None:
    asked: list[int] = []

    def fetch() -> str:
        asked.append(1)
        return "x"

    secret = LazySecret(fetch)
    assert not asked
    assert [secret.reveal(), secret.reveal()] == ["x", "x"]
    assert len(asked) == 1
