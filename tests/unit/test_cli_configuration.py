# SPDX-License-Identifier: Apache-2.0
"""Where options come from: the command line, then the environment, then the file, then the default."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from calipso_nornir.cli.app import app
from calipso_nornir.cli.configuration import run_configured
from tests.fixtures.cli import program

if TYPE_CHECKING:
    from pathlib import Path

    Ended = subprocess.CompletedProcess[str]


def given(folder: Path, config: str | None, **environ: str) -> dict[str, str]:
    """Write a file, and return the environment of a program that reads it."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("CALIPSO_")}
    env |= {"COLUMNS": "200", "CALIPSO_CONFIG": "", "HOME": str(folder), **environ}
    if config is not None:
        (folder / "calipso.yaml").write_text(config)
        env["CALIPSO_CONFIG"] = str(folder / "calipso.yaml")
    return env


def run(*words: str, config: str | None = None, folder: Path, **environ: str) -> Ended:
    """Do what the program does, in this process: a new one would import all that serves the API each time."""
    out, err = StringIO(), StringIO()
    with (
        mock.patch.dict(os.environ, given(folder, config, **environ), clear=True),
        mock.patch.object(sys, "argv", ["calipso", *words]),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        run_configured(app, "calipso")
    return subprocess.CompletedProcess(words, int(ended.value.code or 0), out.getvalue(), err.getvalue())


def run_program(*words: str, config: str, folder: Path, **environ: str) -> Ended:
    """Run the program."""
    env = given(folder, config, **environ)
    return subprocess.run([program(), *words], env=env, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own program


def test_the_order_is_one_for_all_options(tmp_path: Path) -> None:
    """The port cannot be one: each refusal says which value counted."""
    config = "serve:\n  bind: file:99999\n"
    told = [
        run("serve", config=config, folder=tmp_path),
        run("serve", config=config, folder=tmp_path, CALIPSO_SERVE_BIND="variable:99999"),
        run("serve", "--bind", "flag:99999", config=config, folder=tmp_path, CALIPSO_SERVE_BIND="variable:99999"),
    ]
    for one, said in zip(told, ("file", "variable", "flag"), strict=True):
        assert (one.returncode, f"--bind {said}:99999" in one.stderr) == (2, True), one.stderr


def test_the_store_has_the_same_order(tmp_path: Path) -> None:
    config = f"store: {tmp_path}/of-file.db\n"
    variable = {"CALIPSO_STORE": f"{tmp_path}/of-variable.db"}
    assert "of-file.db" in run_program("tree", config=config, folder=tmp_path).stderr
    assert "of-variable.db" in run_program("tree", config=config, folder=tmp_path, **variable).stderr
    flag = run_program("tree", "--store", f"{tmp_path}/of-flag.db", config=config, folder=tmp_path, **variable)
    assert "of-flag.db" in flag.stderr


def test_names_are_written_as_one_likes(tmp_path: Path) -> None:
    refused = run("scan-manager", config="scan-manager:\n  interval: 0.01\n", folder=tmp_path)
    assert "interval 0.01 s: expected at least 0.1 s" in refused.stderr
    refused = run("serve", config="serve: {ldap_config: nosuch.json}", folder=tmp_path)
    assert "nosuch.json: cannot be read" in refused.stderr
    refused = run("serve", config="serve: {ldap-config: nosuch.json}", folder=tmp_path)
    assert "nosuch.json: cannot be read" in refused.stderr


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("serv: {bind: x}", 'serv: calipso has no such command or option. Did you mean "serve"?'),
        ("serve: {bnd: x}", 'serve: bnd: serve has no such command or option. Did you mean "bind"?'),
        ("serve: 7", "serve: calipso has no such command or option"),
        ("serve: {bind: {a: b}}", "serve: bind: serve has no such"),
        ("- serve", "expected commands with their options"),
        ("serve: {", "is no YAML"),
        ("serve: {tls-cert: x.pem}", "--tls-cert and --tls-key belong together"),
        ("serve: {token-lifetime: soon}", "'--token_lifetime' / '-t': must be a number"),
    ],
)
def test_a_file_that_is_wrong_says_what(tmp_path: Path, config: str, said: str) -> None:
    refused = run("serve", config=config, folder=tmp_path)
    assert refused.returncode in (1, 2)
    assert said in " ".join(refused.stderr.split())


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    refused = run("tree", folder=tmp_path, CALIPSO_CONFIG=str(tmp_path / "nosuch.yaml"))
    assert refused.returncode == 1
    assert "nosuch.yaml: cannot be read: No such file" in refused.stderr
    assert run("--help", config="", folder=tmp_path).returncode == 0


def test_the_help_is_as_short_as_before(tmp_path: Path) -> None:
    assert "env var" not in run("serve", "--help", folder=tmp_path).stdout
