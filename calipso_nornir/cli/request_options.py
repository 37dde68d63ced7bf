# SPDX-License-Identifier: Apache-2.0
"""The options of a scan request, each declared once: ``scans submit`` and ``schedules add`` have them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from calipso_nornir.analysis.lookup import one_environment
from calipso_nornir.cli import completing
from calipso_nornir.cli.shared_options import Level, NamedEnvironment, named_once
from calipso_nornir.cli.work_options import WorkOptions

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Store
    from calipso_nornir.scan_manager.request import ScanRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOptions(WorkOptions):
    """The options of a request, as they were given."""

    which: Annotated[
        str | None,
        typer.Argument(metavar="ENV", autocompletion=completing.environments, help="Name of an environment."),
    ] = None
    env: NamedEnvironment = None
    loglevel: Annotated[
        Level, typer.Option("--loglevel", "-l", case_sensitive=False, help="Minimum level of the scan's messages.")
    ] = Level.INFO

    def request(self, store: "Store") -> "ScanRequest":
        """Return the request.

        Raises:
            UsageError: if the environment is not known, or the options exclude each other.
        """
        from calipso_nornir.scan_manager.request import ScanRequest  # noqa: PLC0415 - what takes long comes when needed

        fields = {
            "environment": one_environment(store, named_once(self.which, self.env)),
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
