# SPDX-License-Identifier: Apache-2.0
"""``calipso event-manager``: runs one listening process per environment."""

import logging
from typing import Annotated

import typer

from calipso_nornir.cli.ending import ends_by_signal
from calipso_nornir.cli.mongo_config import MongoConfig, use_mongo
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import LOG_LEVEL, Inventory, Level, Metadata


def event_manager(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    mongo_config: MongoConfig = None,
    inventory: Inventory = None,
    interval: Annotated[
        float, typer.Option("--interval", "-i", metavar="SECONDS", help="Time between two checks of the environments.")
    ] = 1.0,
    base_delay: Annotated[
        float,
        typer.Option("--base-delay", metavar="SECONDS", help="Wait before a failed process is restarted."),
    ] = 2.0,
    max_delay: Annotated[
        float, typer.Option("--max-delay", metavar="SECONDS", help="The longest such wait; it doubles each time.")
    ] = 300.0,
    loglevel: Annotated[Level, LOG_LEVEL] = Level.INFO,
    metadata: Metadata = None,
) -> None:
    """Listen to the notifications of each scanned environment with listen: true.

    Each has a process of its own. Any number of event managers may work on one store. SIGTERM and Ctrl-C stop this
    one and its processes; the broker keeps unfinished messages.
    """
    from calipso_nornir.live.manager import EventManager, ManagerSettings  # noqa: PLC0415 - what takes long comes when needed

    run.log_at(logging.getLevelNamesMapping()[loglevel.name])
    use_mongo(run, mongo_config)
    arguments = ["--loglevel", loglevel.value, *(["--inventory", inventory] if inventory else [])]
    for one in metadata or ():
        arguments += ["--metadata", str(one)]
    with run.store(inventory=inventory, use="make") as store:
        settings = ManagerSettings(
            variables={"CALIPSO_STORE": run.uri},  # its password must not be in the list of processes
            arguments=tuple(arguments),
            poll_s=interval,
            first_wait_s=base_delay,
            longest_wait_s=max_delay,
        )
        manager = EventManager(store, settings)
        ends_by_signal(manager.stop)
        manager.run()
