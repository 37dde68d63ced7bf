# SPDX-License-Identifier: Apache-2.0
"""``calipso monitoring sync``: fetches all current results from a monitoring system."""

import threading
from typing import Annotated

import typer

from calipso_nornir.analysis.lookup import one_environment
from calipso_nornir.cli.ending import ends_by_signal
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import EnvironmentName, Inventory, Metadata, NamedEnvironment, named_once
from calipso_nornir.errors import CalipsoError


def monitoring_sync(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    name: EnvironmentName = None,
    environment: NamedEnvironment = None,
    every: Annotated[
        float | None,
        typer.Option("--every", metavar="SECONDS", min=10, help="Repeat at this interval, until Ctrl-C."),
    ] = None,
    inventory: Inventory = None,
    metadata: Metadata = None,
) -> None:
    """Fetch all current results from the monitoring system and store new ones, because its messages can be lost."""
    from calipso_nornir.metadata.loading import load_catalog  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.monitoring.handlers import installed_handlers  # noqa: PLC0415 - as above
    from calipso_nornir.monitoring.intake import Intake  # noqa: PLC0415 - as above
    from calipso_nornir.monitoring.preparing import prepare  # noqa: PLC0415 - as above
    from calipso_nornir.monitoring.result_storing import Recorder  # noqa: PLC0415 - as above
    from calipso_nornir.monitoring.synchronising import synchronise  # noqa: PLC0415 - as above

    catalog, handlers, ended = load_catalog(metadata or ()), installed_handlers(), threading.Event()
    if every is not None:
        ends_by_signal(ended.set)
    with run.store(inventory=inventory, use="write") as store:
        wanted = one_environment(store, named_once(name, environment))
        while True:
            try:
                received = synchronise(prepare(store, wanted, catalog))
            except CalipsoError as error:
                if every is None:
                    raise
                run.err.say(f"{error}. Again in {every:g} s")
            else:
                recorder = Recorder(store, catalog.monitoring, handlers=handlers)
                intake = Intake(store, recorder, catalog.monitoring)
                intake.put(received.results, received.refused)
                intake.close()
                run.out.say(f"{len(received.results)} results, {intake.counted.get('changed', 0)} changed")
            if every is None or ended.wait(every):
                return
