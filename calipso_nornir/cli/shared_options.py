# SPDX-License-Identifier: Apache-2.0
"""Options that several commands have, each declared once."""

import os
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, TypeAlias

import typer

from calipso_nornir.cli import completing
from calipso_nornir.cli.output import Format
from calipso_nornir.cli.times import a_time
from calipso_nornir.errors import InvalidRequest

Output: TypeAlias = Annotated[Format, typer.Option("--output", "-o", help="Output format.", show_default=False)]

Environment: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--env",
        "-e",
        metavar="NAME",
        envvar="CALIPSO_ENV",
        autocompletion=completing.environments,
        help="The environment; may be omitted if the store holds only one.",
    ),
]

NamedEnvironment: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--env",
        "-e",
        metavar="NAME",
        autocompletion=completing.environments,
        help="The environment; can also be given as an argument. Default: $CALIPSO_ENV.",
    ),
]
"""For commands that also take the environment as argument: the argument has precedence over the variable."""

EnvironmentName: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        autocompletion=completing.environments,
        help="The environment, also as -e NAME.",
    ),
]
"""For the commands of ``calipso env``, which are about an environment itself."""

ObjectArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="OBJECT", autocompletion=completing.objects, help="An id, a name, a MAC or IP address, or TYPE:ID."
    ),
]

Type: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--type", "-t", metavar="TYPE", autocompletion=completing.object_types, help="Only objects of this type."
    ),
]

INVENTORY_HELP: Final = "Use this alternative inventory of the store."
Inventory: TypeAlias = Annotated[str | None, typer.Option("--inventory", "-y", metavar="NAME", help=INVENTORY_HELP)]

At: TypeAlias = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        metavar="TIME",
        parser=a_time,
        show_default=False,
        help="Show the state at a time: 2026-11-22T19:10, 2026-11-22, or 90m, 12h or 3d ago. Default zone: local.",
    ),
]

Nornir: TypeAlias = Annotated[
    str | None,
    typer.Option("--nornir", metavar="CONFIG", help="Nornir configuration; its inventory says how to reach the hosts."),
]

Metadata: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--metadata", metavar="DIR", help="Folder with further metadata. Repeatable."),
]

BundleArgument: TypeAlias = Annotated[str, typer.Argument(metavar="FILE", help="A recording.")]

Replace: TypeAlias = Annotated[
    bool,
    typer.Option("--replace", help="Replace an environment of that name in the store."),
]

Where: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        "-w",
        metavar="COND",
        help="KEY=VALUE (with * and ?, FROM..TO, 10.0.0.0/8), !=, >, <, KEY or !KEY. Repeatable: all must be met.",
    ),
]

Untested: TypeAlias = Annotated[
    bool,
    typer.Option("--untested", help="Scan even if this kind of cloud is not listed as supported."),
]


class Level(StrEnum):
    """Levels of the log, as in the developer guide."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    DEBUG = "debug"
    NOTSET = "notset"


LOG_LEVEL = typer.Option("--loglevel", "-l", case_sensitive=False, help="Level of the log on standard error.")


def spelled(name: str) -> tuple[str, ...]:
    """Return the spellings of an option: ``--ldap_config`` as in the developer guide, and ``--ldap-config``."""
    return tuple(dict.fromkeys((f"--{name}", f"--{name.replace('_', '-')}")))


def named_once(argument: str | None, option: str | None) -> str | None:
    """Return the environment named by argument, ``-e`` or CALIPSO_ENV; None if there is none.

    Raises InvalidRequest if argument and option differ.
    """
    if None not in (argument, option) and argument != option:
        raise InvalidRequest(f"--env {option} and {argument} contradict each other")
    return argument or option or os.environ.get("CALIPSO_ENV") or None
