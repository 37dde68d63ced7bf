# SPDX-License-Identifier: Apache-2.0
"""``calipso monitoring receive``: receives results from monitoring systems until it is stopped."""

import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from calipso_nornir.cli.ending import ends_by_signal
from calipso_nornir.cli.mongo_config import MongoConfig, use_mongo
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import LOG_LEVEL, Inventory, Level, Metadata
from calipso_nornir.errors import InvalidRequest

if TYPE_CHECKING:
    from calipso_nornir.monitoring.receiving import Address

TOKEN = "CALIPSO_RECEIVER_TOKEN"  # noqa: S105 - the name of a variable


def monitoring_receive(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    http: Annotated[
        str | None, typer.Option("--http", metavar="[HOST:]PORT", help="For webhooks; needs $CALIPSO_RECEIVER_TOKEN.")
    ] = None,
    tcp: Annotated[
        str | None,
        typer.Option("--tcp", metavar="[HOST:]PORT", help="For tcp handlers of Sensu; without authentication."),
    ] = None,
    tcp_from: Annotated[
        str, typer.Option("--tcp-from", metavar="SYSTEM", help="The monitoring system that sends to it.")
    ] = "sensu_go",
    stdin: Annotated[
        str | None,
        typer.Option("--stdin", metavar="SYSTEM", help="Read one event and exit: for a pipe handler of Sensu."),
    ] = None,
    mongo_config: MongoConfig = None,
    inventory: Inventory = None,
    metadata: Metadata = None,
    loglevel: Annotated[Level, LOG_LEVEL] = Level.INFO,
) -> None:
    """Receive results of checks and store them, until SIGTERM or Ctrl-C; accepted results are stored before it ends.

    Any number of receivers may work on one store. By default it listens on 127.0.0.1, HTTP on port 3335 and TCP on
    port 3334.
    """
    from calipso_nornir.metadata.loading import load_catalog  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.monitoring.handlers import installed_handlers  # noqa: PLC0415 - as above
    from calipso_nornir.monitoring.intake import Intake  # noqa: PLC0415 - as above
    from calipso_nornir.monitoring.receiving import Receiver, read_message  # noqa: PLC0415 - as above
    from calipso_nornir.monitoring.result_storing import Recorder  # noqa: PLC0415 - as above

    run.log_at(logging.getLevelNamesMapping()[loglevel.name])
    use_mongo(run, mongo_config)
    rules = load_catalog(metadata or ()).monitoring
    with run.store(inventory=inventory, use="write") as store:
        intake = Intake(store, Recorder(store, rules, handlers=installed_handlers()), rules)
        try:
            if stdin is not None:
                received = read_message(stdin, sys.stdin.buffer.read())
                intake.put(received.results, received.refused)
                return
            ended = threading.Event()
            ends_by_signal(ended.set)
            receiver = Receiver(
                lambda received: intake.put(received.results, received.refused),
                http=_address(http or (None if tcp else "3335")),
                tcp=_address(tcp or (None if http else "3334")),
                tcp_back_end=tcp_from,
                token=os.environ.get(TOKEN, ""),
            )
            try:
                ended.wait()
            finally:
                receiver.close()
        finally:
            intake.close()
            counted = ", ".join(f"{number} {what}" for what, number in sorted(intake.counted.items()) if number)
            logging.getLogger(__name__).info("stopped: %s", counted or "nothing came")


def _address(text: str | None) -> "Address | None":
    if text is None:
        return None
    from calipso_nornir.monitoring.receiving import Address  # noqa: PLC0415 - as above

    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 - the last port
        raise InvalidRequest(f'"{text}" is no address to listen on: expected PORT or HOST:PORT')
    return Address(host.strip("[]") or "127.0.0.1", int(port))
