# SPDX-License-Identifier: Apache-2.0
"""``calipso users add``: creates a user of the REST API."""

import secrets
from enum import StrEnum
from typing import Annotated

import typer

from calipso_nornir.cli import completing
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Inventory


class RoleName(StrEnum):
    """What a user may do; each role includes those before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


def users_add(
    run: Run,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the user.")],
    role: Annotated[RoleName, typer.Option("--role", "-r", help="What the user may do.")] = RoleName.VIEWER,
    environments: Annotated[
        list[str] | None,
        typer.Option(
            "--env",
            "-e",
            metavar="NAME",
            autocompletion=completing.environments,
            help="Environment in which the role applies; default: all. Repeatable.",
        ),
    ] = None,
    inventory: Inventory = None,
) -> None:
    """Create a user of the REST API, and print a one-time password."""
    from calipso_nornir.access.roles import EVERYWHERE, Grants  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.access.users import User, Users  # noqa: PLC0415 - as above

    password = secrets.token_urlsafe(12)
    grants = Grants.read(dict.fromkeys(environments or (EVERYWHERE,), role.value))
    with run.store(inventory=inventory, use="make") as store:
        Users(store).add(User(name=name, grants=grants, one_time=True), password)
    run.out.say(password)
