# SPDX-License-Identifier: Apache-2.0
"""--help of every command: it fits into 80 columns, and describes every argument and option."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import typer

from calipso_nornir.cli.app import app
from tests.fixtures.cli import calipso

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS = 80


def _commands(command: Any, *names: str) -> Iterator[Any]:  # noqa: ANN401 - typer has a copy of click inside
    yield pytest.param(names, command, id=" ".join(("calipso", *names)))
    for name, one in getattr(command, "commands", {}).items():
        yield from _commands(one, *names, name)


EVERY = list(_commands(typer.main.get_command(app)))


def test_every_command_of_the_guide_is_there() -> None:
    assert len(EVERY) > 20


def test_the_program_starts_without_what_only_some_commands_need() -> None:
    code = (
        "import sys\n"
        "import calipso_nornir.cli.app\n"
        "heavy = {'asyncssh', 'netmiko', 'nornir', 'openstack', 'pydantic', 'pymongo', 'pymysql', 'requests', 'yaml'}\n"
        "print(sorted(heavy & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - code of ours
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(("names", "command"), EVERY)
def test_help_fits_and_documents_everything(names: tuple[str, ...], command: Any) -> None:  # noqa: ANN401 - as above
    said = calipso(*names, "--help", COLUMNS=str(COLUMNS))
    assert said.status == 0
    assert said.err == ""
    assert max(map(len, said.out.splitlines())) <= COLUMNS
    words = " ".join(said.out.split())
    assert command.help.strip().split("\n")[0] in words
    for parameter in command.params:
        assert parameter.help, parameter.name
        if getattr(parameter, "hidden", False):  # what one of our programs tells another
            assert not any(option in words for option in parameter.opts)
            continue
        assert " ".join(parameter.help.split())[:30] in words, parameter.name
        for option in (*parameter.opts, *parameter.secondary_opts):
            assert option in words or parameter.param_type_name == "argument"


@pytest.mark.parametrize(("names", "command"), EVERY)
def test_every_underscore_name_has_its_dashed_alias(names: tuple[str, ...], command: Any) -> None:  # noqa: ANN401 - as above
    for parameter in command.params:
        if parameter.param_type_name == "option":
            given = {*parameter.opts, *parameter.secondary_opts}
            assert {f"--{one[2:].replace('_', '-')}" for one in given if one.startswith("--")} <= given, names


@pytest.mark.parametrize(("names", "command"), EVERY)
def test_short_help_is_the_same(names: tuple[str, ...], command: Any) -> None:  # noqa: ANN401, ARG001 - as above
    assert calipso(*names, "-h").out == calipso(*names, "--help").out
