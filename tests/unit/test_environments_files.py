# SPDX-License-Identifier: Apache-2.0
"""Environment files: YAML that is broken in any usual way gives a fault with its line, and never quotes the file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calipso_nornir.errors import EnvironmentInvalid
from calipso_nornir.metadata.environments import read_environment_file

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "c4n4ry-Xy7"


def fault_of(path: Path, content: bytes | str) -> tuple[str, str]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(EnvironmentInvalid) as caught:
        read_environment_file(path)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None, "YAML's own error quotes the file"
    (fault,) = caught.value.faults
    return fault.where.removeprefix(f"{path}").removeprefix(": "), fault.problem


def test_a_good_file(tmp_path: Path) -> None:
    path = tmp_path / "lab.yml"
    path.write_text(
        "\ufeff# with a byte order mark\n"
        "name: lab\n"
        "distribution_version: 12\n"
        "last_scanned: 2026-11-22T14:44:02Z\n"
        "mechanism_drivers: [OVS]\n"
        "configuration:\n"
        "  - name: OpenStack\n"
        "    auth_url: http://192.0.2.10:5000/v3\n"
        "    user: admin\n"
        "    pwd: env:OS_PASSWORD\n",
        encoding="utf-8",
    )
    environment = read_environment_file(path)
    assert environment.name == "lab"
    assert environment.distribution_version == "12"
    assert environment.extra["last_scanned"] == "2026-11-22T14:44:02Z", "no date object comes out of YAML"
    assert environment.configuration["OpenStack"]["pwd"].locator == "OS_PASSWORD"


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        ("name: lab\n---\nname: two\n", "line 2", "a second document begins"),
        (f"name: lab\nconfiguration:\n\t- name: CLI\n\t  pwd: {CANARY}\n", "line 3", "tab"),
        (f"name: lab\nuser: 'open\npwd: {CANARY}\n", "line 4", "not valid YAML"),
        (f"name: lab\npwd: *{CANARY}\n", "line 2", "undefined alias"),
        (f"name: lab\npwd: !{CANARY} x\n", "line 2", "not valid YAML"),
        (f"name: lab\npwd: @{CANARY}\n", "line 2", "not valid YAML"),
        (f'name: lab\npwd: "\\{CANARY}"\n', "line 2", "not valid YAML"),
        ("name: lab\nname: other\n", "line 2", 'key "name" appears twice'),
        ("a:\n  b: 1\n  b: 2\n", "line 3", 'key "b" appears twice'),
        (b"name: lab\nuser: h\xe9\n", "line 2", "not UTF-8 (byte 0xe9)"),
        ("name: lab\n".encode("utf-16"), "", "UTF-16"),
        (b"name: lab\nuser: a\x00b\n", "line 2", "control character"),
        ("", "", "is empty"),
        ("# nothing\n", "", "is empty"),
        ("[" * 5000, "", "nested too deep"),
        (f"name: {'9' * 5000}\n", "", "number is too long"),
        (f"pwd: {CANARY}\n" * 80_000, "", "larger than"),
        (f"- {CANARY}\n", "", "must hold keys and values"),
        (f"{CANARY}", "", "must hold keys and values"),
    ],
)
def test_broken_files(tmp_path: Path, content: str | bytes, line: str, problem: str) -> None:
    where, said = fault_of(tmp_path / "lab.yml", content)
    assert (where, problem in said) == (line, True), (where, said)
    assert CANARY not in said


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentInvalid, match=r"nowhere\.yml: cannot be read: No such file or directory"):
        read_environment_file(tmp_path / "nowhere.yml")
    with pytest.raises(EnvironmentInvalid, match="cannot be read: Is a directory"):
        read_environment_file(tmp_path)


def test_aliases_that_grow_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    _, said = fault_of(tmp_path / "bomb.yml", "\n".join([*lines, "name: x"]))
    assert "values" in said


@pytest.mark.parametrize(
    "merge",
    [
        "<<: [{}]",  # in a list
        "<<: {first}\n  <<: {first}",  # the same key twice
    ],
)
def test_merges_that_grow_are_refused_before_they_are_made(tmp_path: Path, merge: str) -> None:
    """Each line merges the one before it twice: 2 to the power of 40 keys, in 1 KB."""
    lines = ["a0: &a0 {x: 1, y: 2}"]
    for number in range(1, 41):
        before = f"*a{number - 1}"
        lines += [f"a{number}: &a{number}", "  " + merge.format(f"{before}, {before}", first=before), f"  k{number}: 1"]
    began = time.monotonic()
    _, said = fault_of(tmp_path / "bomb.yml", "\n".join([*lines, "name: x"]))
    assert "has more than 20000 keys after its merges (<<) are expanded" in said
    assert time.monotonic() - began < 5


def test_a_mapping_that_merges_itself_is_refused(tmp_path: Path) -> None:
    _, said = fault_of(tmp_path / "bomb.yml", "name: x\nextra: &a\n  b: 1\n  <<: *a\n")
    assert "merges" in said


def test_merges_of_reasonable_size_work(tmp_path: Path) -> None:
    path = tmp_path / "lab.yml"
    hosts = "    cmp1: &host {user: scan, port: 22}\n    cmp2:\n      <<: *host\n      port: 2222\n"
    path.write_text(f"name: lab\nconfiguration:\n- name: CLI\n  hosts:\n{hosts}")
    assert read_environment_file(path).section("CLI") == {
        "hosts": {"cmp1": {"user": "scan", "port": 22}, "cmp2": {"user": "scan", "port": 2222}}
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60) | st.text(alphabet="a: -\n\t{}[]&*!|>'\"#%@`,?1", max_size=40).map(str.encode))
def test_no_bytes_lead_to_another_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.yml"
    path.write_bytes(content)
    with pytest.raises(EnvironmentInvalid):
        read_environment_file(path)
