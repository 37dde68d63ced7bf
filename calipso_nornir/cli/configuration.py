# SPDX-License-Identifier: Apache-2.0
"""Options of every command from one place: the command line, else the environment, else a file, else the default.

The file is YAML: ``store``, and for each command its options by their names. The environment has
``CALIPSO_STORE``, and ``CALIPSO_<COMMAND>_<OPTION>``. Click looks in this order (click.palletsprojects.com, "Options");
this module reads the file, and refuses unknown options.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import typer
import typer.main
from typer.core import TyperGroup, TyperOption

from calipso_nornir.cli.running import Run, guarded
from calipso_nornir.errors import Fault, SettingsInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Command: TypeAlias = Any
"""A command of click, or of the copy of click in newer releases of typer."""
PREFIX: Final = "CALIPSO"
VARIABLE: Final = "CALIPSO_CONFIG"
"""The path of the file; empty for no file."""
DEFAULT: Final = Path("/etc/calipso/calipso.yaml")
STORE: Final = "store"
BACK_ENDS: Final = ("mongo_config", "ldap_config", "oidc_config", "inventory")
"""The options of serve that the doctor also uses, to test the back ends of serve."""
STORE_VARIABLE: Final = "CALIPSO_STORE"


def run_configured(app: typer.Typer, program: str) -> None:
    """Run an application with the options that the environment and the file give."""
    command = typer.main.get_command(app)
    for one in _commands(command):
        for option in one.params:
            if isinstance(option, TyperOption) and option.envvar is None:
                option.show_envvar = False  # otherwise the help would name a variable for each option
    try:
        with guarded(Run()):
            path = configuration_file()
            options = _lent(read_configuration(path, command)) if path is not None else {}
    except typer.Exit as ended:  # there is no command yet that would take it
        raise SystemExit(ended.exit_code) from None
    command(prog_name=program, auto_envvar_prefix=PREFIX, default_map=options)


def configuration_file() -> Path | None:
    """Return the file to read: that of ``CALIPSO_CONFIG``, which must exist, or the system's, if it exists."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named).expanduser() if named else None
    return DEFAULT if DEFAULT.is_file() else None


def read_configuration(path: Path, command: Command) -> dict[str, Any]:
    """Read a file; return the options in click's form. The store becomes an environment variable, unless one is set.

    Raises SettingsInvalid with all faults.
    """
    import yaml  # noqa: PLC0415 - most have no such file

    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SettingsInvalid((Fault(str(path), f"cannot be read: {cause}"),)) from None
    except yaml.YAMLError as error:
        raise SettingsInvalid((Fault(str(path), f"is no YAML: {error}"),)) from None
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise SettingsInvalid((Fault(str(path), "expected commands with their options"),))
    if isinstance(given.get(STORE), str):
        os.environ.setdefault(STORE_VARIABLE, given.pop(STORE))
    faults: list[Fault] = []
    options = _options(given, command, str(path), faults)
    if faults:
        raise SettingsInvalid(tuple(faults))
    return options


def _lent(options: dict[str, Any]) -> dict[str, Any]:
    """Give the doctor the file's options for the back ends of serve, unless the file has options for the doctor."""
    served, own = options.get("serve", {}), options.get("doctor", {})
    return {**options, "doctor": {**{name: served[name] for name in BACK_ENDS if name in served}, **own}}


def _options(given: Mapping[Any, Any], command: Command, where: str, faults: list[Fault]) -> dict[str, Any]:
    """Return the options of a command and of the commands below it, by the names of their parameters."""
    below = command.commands if isinstance(command, TyperGroup) else {}
    names = {name: one.name for one in command.params for name in _names(one) if name not in ("help", STORE)}
    found: dict[str, Any] = {}
    for key, value in given.items():
        place = f"{where}: {key}"
        if key in below and isinstance(value, dict):
            found[key] = _options(value, below[key], place, faults)
        elif key in names and not isinstance(value, dict):
            found[str(names[key])] = value
        else:
            near = get_close_matches(str(key), [*below, *names], n=1)
            meant = f'. Did you mean "{near[0]}"?' if near else ""
            faults.append(Fault(place, f"{command.name} has no such command or option{meant}"))
    return found


def _names(option: Command) -> Iterator[str]:
    for one in (option.name or "", *option.opts):
        yield from (one.lstrip("-"), one.lstrip("-").replace("_", "-"))


def _commands(command: Command) -> Iterator[Command]:
    yield command
    for one in command.commands.values() if isinstance(command, TyperGroup) else ():
        yield from _commands(one)
