# SPDX-License-Identifier: Apache-2.0
"""The options of a scan request, each declared once: ``scans submit`` and ``schedules add`` have them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from calipso_nornir.analysis.lookup import environments_meant
from calipso_nornir.cli import completing
from calipso_nornir.cli.scan_options import Level
from calipso_nornir.cli.shared_options import NamedEnvironment, Untested, named_once
from calipso_nornir.errors import InvalidRequest

if TYPE_CHECKING:
    from calipso_nornir.model.protocols import Store
    from calipso_nornir.scan_manager.request import ScanRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOptions:
    """The options of a request, as they were given."""

    which: Annotated[
        str | None,
        typer.Argument(metavar="ENV", autocompletion=completing.environments, help="Name of an environment."),
    ] = None
    env: NamedEnvironment = None
    id: Annotated[
        str | None, typer.Option("--id", "-i", metavar="ID", help="Scan only this object and what is below it.")
    ] = None
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
    clear: Annotated[
        bool, typer.Option("--clear", help="Start afresh: what cannot be scanned then is removed, not kept.")
    ] = False
    inventory_only: Annotated[
        bool, typer.Option("--inventory_only", "--inventory-only", help="Scan objects only; no links, no cliques.")
    ] = False
    links_only: Annotated[
        bool, typer.Option("--links_only", "--links-only", help="Only compute links from the stored inventory.")
    ] = False
    cliques_only: Annotated[
        bool, typer.Option("--cliques_only", "--cliques-only", help="Only compute cliques from the stored links.")
    ] = False
    implicit_links: Annotated[
        bool, typer.Option("--implicit_links", "--implicit-links", help="Also derive implicit links.")
    ] = False
    time_limit: Annotated[
        float | None,
        typer.Option("--time-limit", metavar="SECONDS", help="Stop the scan after this time, and change nothing."),
    ] = None
    loglevel: Annotated[
        Level, typer.Option("--loglevel", "-l", case_sensitive=False, help="Minimum level of the scan's messages.")
    ] = Level.INFO
    untested: Untested = False

    def request(self, store: "Store") -> "ScanRequest":
        """Return the request.

        Raises:
            UsageError: if the environment is not known, or the options exclude each other.
        """
        from calipso_nornir.scan_manager.request import ScanRequest  # noqa: PLC0415 - what takes long comes when needed

        names = environments_meant(store, named_once(self.which, self.env))
        if len(names) != 1:
            raise InvalidRequest(f"which environment? Give one of {', '.join(names)}")
        fields = {
            "environment": names[0],
            "object_id": self.id,
            "object_type": self.type,
            "log_level": self.loglevel.value,
            "time_limit": self.time_limit,
            "clear": self.clear,
            "scan_only_inventory": self.inventory_only,
            "scan_only_links": self.links_only,
            "scan_only_cliques": self.cliques_only,
            "implicit_links": self.implicit_links,
            "untested": self.untested,
        }
        return ScanRequest.from_document(fields)
