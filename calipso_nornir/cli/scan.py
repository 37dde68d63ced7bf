# SPDX-License-Identifier: Apache-2.0
"""``calipso scan``, ``record``, ``replay``, ``bundle``."""

import logging
from dataclasses import asdict
from typing import Annotated

import typer

from calipso_nornir.cli import completing
from calipso_nornir.cli.options import Inventory, Metadata, Nornir, Output
from calipso_nornir.cli.output import Format, emit
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.scan_options import ScanOptions
from calipso_nornir.errors import InvalidRequest

BundleArgument = Annotated[str, typer.Argument(metavar="FILE", help="A recording.")]


def scan(run: Run, *, options: ScanOptions, output: Output = Format.TABLE) -> None:
    """Scan an environment: find, link, build cliques, store."""
    from calipso_nornir.cli.scanning import scan_and_tell  # noqa: PLC0415 - what takes long comes when needed

    if options.loglevel is not None:
        run.log_at(logging.getLevelNamesMapping()[options.loglevel.name])
    if options.mongo_config is not None:
        _use_mongo(run, options.mongo_config)
    scan_and_tell(run, options, output)


def record(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    environment: Annotated[
        str,
        typer.Argument(metavar="ENV|FILE", autocompletion=completing.environments, help="As for scan."),
    ],
    path: Annotated[str, typer.Argument(metavar="FILE", help="The recording to write.")],
    metadata: Metadata = None,
    nornir: Nornir = None,
    output: Output = Format.TABLE,
) -> None:
    """Scan into a recording; no store is changed."""
    from calipso_nornir.cli.scanning import record_and_tell  # noqa: PLC0415 - as above

    options = ScanOptions(which=environment, record=path, metadata=metadata, nornir=nornir)
    record_and_tell(run, options, path, output)


def replay(  # noqa: PLR0913 - as above
    run: Run,
    *,
    path: BundleArgument,
    environment: Annotated[
        str | None,
        typer.Option("--env", "-e", metavar="NAME|FILE", help="Its environment, if not the recording's own."),
    ] = None,
    inventory: Inventory = None,
    metadata: Metadata = None,
    output: Output = Format.TABLE,
) -> None:
    """Scan from a recording in place of a cloud."""
    from calipso_nornir.cli.scanning import scan_and_tell  # noqa: PLC0415 - as above

    options = ScanOptions(env=environment, replay=path, inventory=inventory, metadata=metadata)
    scan_and_tell(run, options, output)


def bundle(run: Run, *, path: BundleArgument, output: Output = Format.TABLE) -> None:
    """Check a recording and say what is in it."""
    from calipso_nornir.cli.bundles import print_bundle  # noqa: PLC0415 - as above
    from calipso_nornir.sources.recording import bundle_info  # noqa: PLC0415 - as above

    info = bundle_info(path)
    if output is Format.TABLE:
        print_bundle(run.out, info)
    else:
        emit(asdict(info), output)


def _use_mongo(run: Run, path: str) -> None:
    from calipso_nornir.cli.mongo_config import mongo_uri  # noqa: PLC0415 - as above

    if run.store_uri is not None:
        raise InvalidRequest("--mongo_config and --store both say where the store is: which one?")
    run.store_uri = mongo_uri(path)
