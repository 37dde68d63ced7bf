# SPDX-License-Identifier: Apache-2.0
"""What to scan, and how: the options that ``scan``, ``scans submit`` and ``schedules add`` have in common."""

from dataclasses import dataclass
from typing import Annotated

import typer

from calipso_nornir.cli import completing
from calipso_nornir.cli.shared_options import Untested, spelled


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOptions:
    """The options of a scan, run by a command or a scan manager."""

    type: Annotated[
        str | None,
        typer.Option(
            "--type",
            "-t",
            metavar="TYPE",
            autocompletion=completing.object_types,
            help="Type of the object given by --id.",
        ),
    ] = None
    id: Annotated[
        str | None,
        typer.Option("--id", "-i", metavar="ID", help="Scan only this object and what is below it."),
    ] = None
    clear: Annotated[bool, typer.Option("--clear", help="Start afresh: remove, not keep, what cannot be scanned.")] = (
        False
    )
    inventory_only: Annotated[
        bool, typer.Option(*spelled("inventory_only"), help="Scan objects only; no links, no cliques.")
    ] = False
    links_only: Annotated[
        bool, typer.Option(*spelled("links_only"), help="Only compute links from the stored inventory.")
    ] = False
    cliques_only: Annotated[
        bool, typer.Option(*spelled("cliques_only"), help="Only compute cliques from the stored links.")
    ] = False
    implicit_links: Annotated[bool, typer.Option(*spelled("implicit_links"), help="Also derive implicit links.")] = (
        False
    )
    time_limit: Annotated[
        float | None,
        typer.Option("--time-limit", metavar="SECONDS", help="Stop the scan after this time, and change nothing."),
    ] = None
    untested: Untested = False
