# SPDX-License-Identifier: Apache-2.0
"""``calipso replay``: scans a recording instead of a cloud."""

from typing import Annotated

import typer

from calipso_nornir.cli.output import Format
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.scan_options import ScanOptions
from calipso_nornir.cli.shared_options import BundleArgument, Inventory, Metadata, Output, Replace


def replay(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    path: BundleArgument,
    environment: Annotated[
        str | None,
        typer.Option("--env", "-e", metavar="NAME|FILE", help="Environment to scan as; default: the recording's own."),
    ] = None,
    replace: Replace = False,
    inventory: Inventory = None,
    metadata: Metadata = None,
    output: Output = Format.TABLE,
) -> None:
    """Scan a recording instead of a cloud."""
    from calipso_nornir.cli.scanning import scan_and_tell  # noqa: PLC0415 - what takes long comes when needed

    options = ScanOptions(env=environment, replay=path, replace=replace, inventory=inventory, metadata=metadata)
    scan_and_tell(run, options, output)
