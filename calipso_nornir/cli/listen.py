# SPDX-License-Identifier: Apache-2.0
"""``calipso listen``: listens to one environment, as each process of an event manager does."""

import logging
from typing import Annotated

import typer

from calipso_nornir.analysis.lookup import one_environment
from calipso_nornir.cli.ending import ends_by_signal
from calipso_nornir.cli.mongo_config import MongoConfig, use_mongo
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import (
    LOG_LEVEL,
    EnvironmentName,
    Inventory,
    Level,
    Metadata,
    NamedEnvironment,
    named_once,
)


def listen(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    name: EnvironmentName = None,
    environment: NamedEnvironment = None,
    mongo_config: MongoConfig = None,
    inventory: Inventory = None,
    loglevel: Annotated[Level, LOG_LEVEL] = Level.INFO,
    metadata: Metadata = None,
    managed: Annotated[bool, typer.Option("--managed", hidden=True, help="Started by an event manager.")] = False,
) -> None:
    """Listen to the notifications of one environment, until SIGTERM or Ctrl-C.

    The objects that they concern are scanned again at once. It also ends when the environment's description has
    changed; an event manager then starts it again.
    """
    from calipso_nornir.live.session import Session  # noqa: PLC0415 - what takes long comes when needed

    run.log_at(logging.getLevelNamesMapping()[loglevel.name])
    use_mongo(run, mongo_config)
    with run.store(inventory=inventory, use="write") as store:
        session = Session(
            store,
            one_environment(store, named_once(name, environment)),
            metadata=tuple(str(one) for one in metadata or ()),
            managed=managed,
        )
        ends_by_signal(session.stop)
        session.run()
