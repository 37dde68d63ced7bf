# SPDX-License-Identifier: Apache-2.0
"""``calipso record``: scans, and records every query and answer."""

from typing import Annotated

import typer

from calipso_nornir.cli import completing
from calipso_nornir.cli.output import Format
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.scan_options import ScanOptions
from calipso_nornir.cli.shared_options import Metadata, NamedEnvironment, Nornir, Output, Untested


def record(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    which: Annotated[
        str,
        typer.Argument(
            metavar="[ENV|FILE]",
            autocompletion=completing.environments,
            help="Name of an environment, or a YAML file that describes one; may be omitted.",
        ),
    ],
    path: Annotated[str | None, typer.Argument(metavar="FILE", help="The recording to write.")] = None,
    environment: NamedEnvironment = None,
    metadata: Metadata = None,
    nornir: Nornir = None,
    untested: Untested = False,
    output: Output = Format.TABLE,
) -> None:
    """Scan into a recording; the store stays unchanged."""
    from calipso_nornir.cli.scanning import record_and_tell  # noqa: PLC0415 - what takes long comes when needed

    named, file = (None, which) if path is None else (which, path)  # the only argument is the recording
    options = ScanOptions(
        which=named, env=environment, record=file, metadata=metadata, nornir=nornir, untested=untested
    )
    record_and_tell(run, options, file, output)
