# SPDX-License-Identifier: Apache-2.0
"""``calipso scan-manager``: the process that runs the scans of the queue and the schedules."""

import logging
from typing import Annotated

import typer

from calipso_nornir.cli.ending import ends_by_signal
from calipso_nornir.cli.mongo_config import MongoConfig, use_mongo
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import LOG_LEVEL, Inventory, Level, Metadata


def scan_manager(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    mongo_config: MongoConfig = None,
    inventory: Inventory = None,
    interval: Annotated[
        float, typer.Option("--interval", "-i", metavar="SECONDS", help="Time between two checks of the queue.")
    ] = 1.0,
    parallel: Annotated[
        int, typer.Option("--parallel", metavar="N", help="How many environments are scanned at the same time.")
    ] = 4,
    time_limit: Annotated[
        float | None,
        typer.Option("--time-limit", metavar="SECONDS", help="For scans whose request has no limit of its own."),
    ] = None,
    loglevel: Annotated[Level, LOG_LEVEL] = Level.INFO,
    until_empty: Annotated[
        bool, typer.Option("--until-empty", help="Exit when no request waits and no scan runs.")
    ] = False,
    metadata: Metadata = None,
) -> None:
    """Run the scans of requests and schedules.

    Any number of scan managers may work on one store. SIGTERM and Ctrl-C stop this one and its scans; their requests go
    back to the queue.
    """
    from calipso_nornir.scan_manager import ScanManager  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.scan_manager.settings import Settings  # noqa: PLC0415 - as above
    from calipso_nornir.store import open_store  # noqa: PLC0415 - as above
    from calipso_nornir.store.indexer import LEAVING_S, Indexer  # noqa: PLC0415 - as above
    from calipso_nornir.store.names import DEFAULT_INVENTORY  # noqa: PLC0415 - as above

    run.log_at(logging.getLevelNamesMapping()[loglevel.name])
    use_mongo(run, mongo_config)
    with run.store(inventory=inventory, use="make") as store:
        settings = Settings(
            open=lambda name: open_store(run.uri, inventory=name),
            inventory=inventory or DEFAULT_INVENTORY,
            parallel=parallel,
            poll_s=interval,
            time_limit=time_limit,
            metadata=tuple(metadata or ()),
        )
        manager = ScanManager(store, settings)
        ends_by_signal(manager.stop)
        texts = Indexer(store)
        texts.start()
        try:
            manager.run(until_empty=until_empty)
        finally:
            texts.stop()
            texts.join(LEAVING_S)
