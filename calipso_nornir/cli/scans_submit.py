# SPDX-License-Identifier: Apache-2.0
"""``calipso scans submit``: puts a request into the queue of the scan managers."""

from typing import Annotated

import typer

from calipso_nornir.cli.author import author
from calipso_nornir.cli.request_options import RequestOptions
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Inventory


def scans_submit(
    run: Run,
    *,
    options: RequestOptions,
    draft: Annotated[
        bool, typer.Option("--draft", help="Only keep the request; scans release puts it into the queue.")
    ] = False,
    inventory: Inventory = None,
) -> None:
    """Ask the scan managers for a scan, and print its id.

    calipso scan-manager runs it; calipso scans show ID shows its progress and outcome.
    """
    from calipso_nornir.scan_manager import ScanQueue  # noqa: PLC0415 - what takes long comes when needed

    with run.store(inventory=inventory, use="write") as store:
        run.out.say(ScanQueue(store).submit(options.request(store), by=author(), draft=draft))
