# SPDX-License-Identifier: Apache-2.0
"""The older product's MongoDB file, and that its password is not disclosed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from pymongo.uri_parser import parse_uri

from calipso_nornir.cli.mongo_config import mongo_uri
from calipso_nornir.errors import EnvironmentInvalid
from tests.fixtures.cli import calipso

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "c4n4ry/p:ss w@rd?"


def written(path: Path, *lines: str, mode: int = 0o600) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.chmod(mode)
    return path


def test_the_guides_file(tmp_path: Path) -> None:
    file = written(
        tmp_path / "mongo.conf",
        "# where it is",
        "server 10.0.0.5",
        "user calipso",
        f"pwd {CANARY}",
        "port 27018",
        "auth_db calipso",
    )
    found = parse_uri(mongo_uri(file))
    assert found["nodelist"] == [("10.0.0.5", 27018)]
    assert (found["username"], found["password"]) == ("calipso", CANARY)
    assert found["database"] == "calipso"
    assert found["options"]["authSource"] == "calipso"


def test_other_names_and_what_may_be_left_out(tmp_path: Path) -> None:
    assert mongo_uri(written(tmp_path / "a", "host h")) == "mongodb://h:27017/calipso"
    assert mongo_uri(written(tmp_path / "b", "host: ::1", "db other")) == "mongodb://[::1]:27017/other"
    assert "replicaSet=rs0" in mongo_uri(written(tmp_path / "c", "host h", "rs_name rs0"))


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["user x", f"password {CANARY}"], "host is missing"),
        (["host h", "user x"], "password is missing"),
        (["host h", "port many"], "port: must be a number"),
        (["host h", f"passwort {CANARY}"], "line 2: begins with none of the known keys"),
        (["host h", "pwd"], "line 2: has no value"),
    ],
)
def test_faults_are_all_told_and_none_repeats_a_value(tmp_path: Path, lines: list[str], problem: str) -> None:
    with pytest.raises(EnvironmentInvalid, match="environment cannot be used") as raised:
        mongo_uri(written(tmp_path / "mongo.conf", *lines))
    assert problem in str(raised.value)
    assert CANARY not in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    said = calipso("scan", "-m", tmp_path / "none", "-e", "lab")
    assert said.status == 1
    assert "No such file or directory" in said.err


def test_others_may_not_read_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        mongo_uri(written(tmp_path / "mongo.conf", "host h", "user u", f"pwd {CANARY}", mode=0o644))
    assert "chmod 600" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.long
def test_the_password_is_in_no_error(tmp_path: Path) -> None:
    file = written(tmp_path / "mongo.conf", "host 127.0.0.1", "port 1", "user u", f"pwd {CANARY}")
    said = calipso("scan", "-m", file, "-e", "lab", "-v", "-l", "debug")
    assert said.status == 1
    assert "mongodb://u@127.0.0.1:1/calipso" in said.err
    for form in (CANARY, "c4n4ry"):
        assert form not in said.err
        assert form not in said.out


def test_one_of_two_places(tmp_path: Path) -> None:
    file = written(tmp_path / "mongo.conf", "host h")
    assert calipso("scan", "-m", file, "-e", "lab", store=tmp_path / "s.db").status == 2
