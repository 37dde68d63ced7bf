# SPDX-License-Identifier: Apache-2.0
"""known_hosts files are read as OpenSSH reads them; ssh-keygen is the reference."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.errors import HostKeyChanged, HostKeyUnknown, HostUnreachable
from calipso_nornir.sources.cli.host_keys import HostKeys
from calipso_nornir.sources.cli.ssh_options import Credentials, HostKeyMode
from calipso_nornir.sources.cli.ssh_servers import SshServer
from tests.fixtures.sshd import make_key, public

ANY_KEY = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode("ascii").strip()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Public keys by a letter: type and base64."""
    folder = tmp_path_factory.mktemp("keys")
    kinds = {"a": "ed25519", "b": "ed25519", "r": "rsa", "e": "ecdsa"}
    return {letter: public(make_key(folder / letter, kind)) for letter, kind in kinds.items()}


def key_of(line: str) -> asyncssh.SSHKey:
    return asyncssh.import_public_key(line)


def shown(line: str) -> str:
    return f"{key_of(line).get_algorithm()} {key_of(line).get_fingerprint()}"


def hop(hostname: str = "node-1", port: int = 22) -> SshServer:
    return SshServer(hostname=hostname, port=port, user="scan", key_name=hostname, credentials=Credentials())


def verdict(path: Path, line: str, server: SshServer, mode: HostKeyMode = "strict") -> str:
    try:
        HostKeys([str(path)], mode).check("node", server, key_of(line))
    except (HostKeyUnknown, HostKeyChanged) as error:
        return type(error).__name__
    return "ok"


@pytest.mark.parametrize(
    ("names", "server", "expected"),
    [
        ("node-1", hop(), "ok"),
        ("NODE-1", hop(), "ok"),
        ("node-1", hop("Node-1"), "ok"),
        ("other,node-1,10.0.0.1", hop("10.0.0.1"), "ok"),
        ("node-?", hop(), "ok"),
        ("*,!node-1", hop(), "HostKeyUnknown"),
        ("*,!node-2", hop(), "ok"),
        ("node-1", hop("node-11"), "HostKeyUnknown"),
        ("[node-1]:2222", hop(port=2222), "ok"),
        ("[node-1]:2222", hop(port=2223), "HostKeyUnknown"),
        ("[node-1]:2222", hop(), "HostKeyUnknown"),
        ("node-1", hop(port=2222), "ok"),  # as OpenSSH: nothing else is known of that port
        ("[*]:2222", hop(port=2222), "ok"),
        ("[node-1]:222[2]", hop(port=2222), "HostKeyUnknown"),  # brackets are no character class
        ("node.1", hop("nodex1"), "HostKeyUnknown"),  # a dot is a dot
        ("fe80::1%eth0", hop("fe80::1%eth0"), "ok"),
    ],
)
def test_names(names: str, server: SshServer, expected: str, keys: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "known"
    path.write_text(f"{names} {keys['a']} comment\n")
    assert verdict(path, keys["a"], server) == expected


def test_names_hashed_by_ssh_keygen(keys: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "known"
    path.write_text(f"node-1 {keys['a']}\n[node-2]:2222 {keys['b']}\n")
    subprocess.run([str(shutil.which("ssh-keygen")), "-q", "-H", "-f", str(path)], check=True, capture_output=True)  # noqa: S603
    assert "node-1" not in path.read_text()
    assert verdict(path, keys["a"], hop("Node-1")) == "ok"
    assert verdict(path, keys["b"], hop("node-1")) == "HostKeyChanged"
    assert verdict(path, keys["b"], hop("node-2", 2222)) == "ok"
    assert verdict(path, keys["b"], hop("node-2")) == "HostKeyUnknown"


def test_a_key_of_another_type_is_a_changed_key(keys: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "known"
    path.write_text(f"node-1 {keys['r']}\n")
    assert verdict(path, keys["a"], hop()) == "HostKeyChanged"
    assert HostKeys([str(path)]).types(hop()) == ["ssh-rsa"]


def test_a_changed_key_says_where_the_known_one_stands(keys: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "known"
    path.write_text(f"# a comment\n\nnode-1 {keys['a']}\n")
    with pytest.raises(HostKeyChanged) as raised:
        HostKeys([str(path)]).check("node", hop(), key_of(keys["b"]))
    assert raised.value.expected == f"{shown(keys['a'])} ({path}:3)"
    assert raised.value.fingerprint == key_of(keys["b"]).get_fingerprint()


def test_fingerprints_are_those_of_ssh_keygen(keys: dict[str, str], tmp_path: Path) -> None:
    for letter, line in keys.items():
        path = tmp_path / letter
        path.write_text(line + "\n")
        command = [str(shutil.which("ssh-keygen")), "-l", "-f", str(path)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
        assert key_of(line).get_fingerprint() in said.split()


@pytest.mark.parametrize("mode", ["strict", "accept-new", "insecure"])
def test_a_revoked_key_is_refused_in_every_mode(mode: HostKeyMode, keys: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "known"
    path.write_text(f"node-1 {keys['a']}\n@revoked * {keys['a']}\n")
    before = path.read_text()
    assert verdict(path, keys["a"], hop(), mode) == "HostKeyChanged"
    assert path.read_text() == before


def test_a_certificate_authority_is_no_host(keys: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "known"
    path.write_text(f"@cert-authority *.example {keys['a']}\n")
    assert verdict(path, keys["a"], hop("node-1.example")) == "HostKeyUnknown"
    assert HostKeys([str(path)]).types(hop("node-1.example")) == []


def test_an_unknown_marker_is_no_name(keys: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "known"
    path.write_text(f"@future node-1 {keys['a']}\n")
    assert verdict(path, keys["a"], hop()) == "HostKeyUnknown"


def test_lines_that_are_none_hide_no_others(keys: dict[str, str], tmp_path: Path) -> None:
    kind, blob = keys["a"].split()
    path = tmp_path / "known"
    broken = [
        b"node-1",
        b"node-1 ssh-ed25519",
        b"node-1 ssh-ed25519 !!!",
        f"node-1 ssh-rsa {blob}".encode(),  # says another type than the key
        b"node-1 1024 35 1234567",  # SSH version 1
        b"|1|bad|hash " + keys["b"].encode(),
        b"\xff\xfe\x00 " + keys["b"].encode(),
        b"@revoked",
    ]
    path.write_bytes(b"\r\n".join(broken) + f"\r\n\tnode-1\t{kind}  {blob}\r\n".encode())
    assert verdict(path, keys["a"], hop()) == "ok"


@given(st.binary(max_size=300))
def test_any_bytes_are_read(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "known")
        path.write_bytes(content)
        HostKeys([str(path)]).types(hop())


@given(st.from_regex(r"[a-z0-9.:-]{1,20}", fullmatch=True), st.integers(1, 65535))
def test_a_plain_name_matches_itself_and_its_port_only(name: str, port: int) -> None:
    other = port % 65535 + 1
    with TemporaryDirectory() as folder:
        path = Path(folder, "known")
        path.write_text(f"[{name}]:{port} {ANY_KEY}\n" if port != 22 else f"{name} {ANY_KEY}\n")
        assert verdict(path, ANY_KEY, hop(name, port)) == "ok"
        if port != 22:  # without a port a line is for every port of which nothing is known
            assert verdict(path, ANY_KEY, hop(name, other)) == "HostKeyUnknown"


def test_accept_new_adds_once_and_never_replaces(keys: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "folder" / "known"
    assert verdict(path, keys["a"], hop(port=2222), "accept-new") == "ok"
    line = f"[node-1]:2222 {keys['a']}\n"
    assert path.read_text() == line
    assert path.stat().st_mode & 0o777 == 0o600
    assert verdict(path, keys["a"], hop(port=2222), "accept-new") == "ok"
    assert verdict(path, keys["b"], hop(port=2222), "accept-new") == "HostKeyChanged"
    assert path.read_text() == line
    assert verdict(path, keys["a"], hop(port=2222), "strict") == "ok"


def test_accept_new_ends_a_last_line_that_lacks_its_newline(keys: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "known"
    path.write_text(f"node-2 {keys['b']}")
    assert verdict(path, keys["a"], hop(), "accept-new") == "ok"
    assert path.read_text() == f"node-2 {keys['b']}\nnode-1 {keys['a']}\n"


def test_accept_new_sees_what_another_process_added_meanwhile(keys: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "known"
    ours = HostKeys([str(path)], "accept-new")
    HostKeys([str(path)], "accept-new").check("node", hop(), key_of(keys["a"]))
    with pytest.raises(HostKeyChanged):
        ours.check("node", hop(), key_of(keys["b"]))
    ours.check("node", hop(), key_of(keys["a"]))
    assert len(path.read_text().splitlines()) == 1


def test_accept_new_that_cannot_write_does_not_accept(keys: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "known"
    with pytest.raises(HostUnreachable, match="could not be stored"):
        HostKeys([str(path)], "accept-new").check("node", hop(), key_of(keys["a"]))


def test_a_name_cannot_smuggle_a_line_in(keys: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "known"
    for name in (f"x\nnode-2 {keys['b']}\ny", "*", "a,b", "!a", "|1|a|b", "a b", "@revoked", "#"):
        with pytest.raises(HostUnreachable, match="cannot be written to"):
            HostKeys([str(path)], "accept-new").check("node", hop(name), key_of(keys["a"]))
    assert not path.exists()


def test_insecure_is_warned_of_once(keys: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="calipso_nornir")
    trusting = HostKeys([str(tmp_path / "none")], "insecure")
    for _ in range(3):
        trusting.check("node", hop(), key_of(keys["a"]))
    assert [record.levelname for record in caplog.records if "not checked" in record.message] == ["WARNING"]


def test_a_missing_file_that_was_named_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="calipso_nornir")
    HostKeys([str(tmp_path / "none")], "strict")
    assert "cannot be read" in caplog.text
