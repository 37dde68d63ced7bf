# SPDX-License-Identifier: Apache-2.0
"""``calipso users remove``: removes a user of the REST API."""

from typing import Annotated

import typer

from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Inventory


def users_remove(
    run: Run,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the user.")],
    inventory: Inventory = None,
) -> None:
    """Remove a user, with all tokens."""
    from calipso_nornir.access.tokens import Tokens  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.access.users import Users  # noqa: PLC0415 - as above

    with run.store(inventory=inventory, use="write") as store:
        Users(store).remove(name)
        Tokens(store).revoke(name)
    run.err.say(f"user {name} is removed")
