# SPDX-License-Identifier: Apache-2.0
"""``calipso env remove``: removes a description, and on request the inventory."""

from typing import Annotated

import typer

from calipso_nornir.analysis.lookup import known_environments
from calipso_nornir.cli import completing
from calipso_nornir.cli.running import Run
from calipso_nornir.errors import UnknownEnvironment

Name = Annotated[
    str, typer.Argument(metavar="NAME", autocompletion=completing.environments, help="Name of an environment.")
]


def env_remove(
    run: Run,
    *,
    name: Name,
    with_inventory: Annotated[
        bool, typer.Option("--with-inventory", help="Also remove its objects, links and cliques.")
    ] = False,
) -> None:
    """Remove the description of an environment."""
    from calipso_nornir.store import clear  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.store.environments import remove_environment, stored_environment  # noqa: PLC0415 - what takes long comes when needed

    with run.store(use="write") as store:
        if stored_environment(store, name) is not None:
            remove_environment(store, name)
        elif not with_inventory or name not in known_environments(store):
            raise UnknownEnvironment(name, tuple(known_environments(store)))
        if with_inventory:
            removed = clear(store, name)
            run.err.say(f"{name}: removed, with its inventory ({removed} documents)")
        elif name in store.environments():
            run.err.say(f"{name}: description removed; its inventory stays (--with-inventory removes that, too)")
        else:
            run.err.say(f"{name}: removed")
