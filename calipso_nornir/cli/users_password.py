# SPDX-License-Identifier: Apache-2.0
"""``calipso users password``: gives a user of the REST API a one-time password."""

import secrets
from typing import Annotated

import typer

from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Inventory


def users_password(
    run: Run,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the user.")],
    inventory: Inventory = None,
) -> None:
    """Give a user a one-time password, and print it; the user's tokens are revoked."""
    from calipso_nornir.access.tokens import Tokens  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.access.users import Users  # noqa: PLC0415 - as above

    password = secrets.token_urlsafe(12)
    with run.store(inventory=inventory, use="write") as store:
        Users(store).set_password(name, password, one_time=True)
        Tokens(store).revoke(name)
    run.out.say(password)
