# SPDX-License-Identifier: Apache-2.0
"""The options of a scan, each declared once: name, default, help. The guide's names have a dashed form, too."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from calipso_nornir.cli import completing
from calipso_nornir.cli.mongo_config import MongoConfig
from calipso_nornir.cli.shared_options import (
    LOG_LEVEL,
    Inventory,
    Level,
    Metadata,
    NamedEnvironment,
    Nornir,
    Replace,
    named_once,
    spelled,
)
from calipso_nornir.cli.work_options import WorkOptions
from calipso_nornir.errors import InvalidRequest, NotAvailable

if TYPE_CHECKING:
    from calipso_nornir.scan.plan import ScanPlan
    from calipso_nornir.scan.requested_object import RequestedObject


class IdField(StrEnum):
    """Whether ``--id`` is an id or a name."""

    ID = "id"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions(WorkOptions):
    """The options of one scan, as given: those of the developer guide's scan script, and some more.

    Raises UsageError for impossible combinations, before anything is opened.
    """

    which: Annotated[
        str | None,
        typer.Argument(
            metavar="ENV|FILE",
            autocompletion=completing.environments,
            help="Name of an environment in the store, or a YAML file that describes one.",
        ),
    ] = None
    mongo_config: MongoConfig = None
    env: NamedEnvironment = None
    inventory: Inventory = None
    scan_self: Annotated[
        bool,
        typer.Option(
            "--scan_self/--no-scan_self",
            "--scan-self/--no-scan-self",
            "-s",
            help="Scan the object given by --id, too, not only what is below it.",
        ),
    ] = True
    parent_id: Annotated[
        str | None,
        typer.Option(*spelled("parent_id"), "-p", metavar="ID", help="Parent that the object must have."),
    ] = None
    parent_type: Annotated[
        str | None,
        typer.Option(*spelled("parent_type"), "-a", metavar="TYPE", help="Type of that parent."),
    ] = None
    id_field: Annotated[IdField, typer.Option(*spelled("id_field"), "-f", help="Whether --id is an id or a name.")] = (
        IdField.ID
    )
    loglevel: Annotated[Level | None, LOG_LEVEL] = None
    clear_all: Annotated[
        bool, typer.Option(*spelled("clear_all"), help="First remove the inventory of every environment.")
    ] = False
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation of --clear_all.")] = False
    monitoring_setup_only: Annotated[
        bool,
        typer.Option(*spelled("monitoring_setup_only"), help="Not available in this release."),
    ] = False
    metadata: Metadata = None
    record: Annotated[
        str | None, typer.Option("--record", metavar="FILE", help="Record every query and answer, without secrets.")
    ] = None
    replay: Annotated[
        str | None, typer.Option("--replay", metavar="FILE", help="Scan this recording instead of the cloud.")
    ] = None
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DIR|FILE",
            help="Scan files of hosts: a folder of outputs for each host, or sosreports; with --replay for the cloud.",
        ),
    ] = None
    replace: Replace = False
    nornir: Nornir = None

    def __post_init__(self) -> None:
        if self.monitoring_setup_only:
            raise NotAvailable(
                "monitoring_setup_only", "A scan does not set up monitoring: use calipso monitoring deploy."
            )
        if self.id is None:
            for name in ("parent_id", "parent_type"):
                if getattr(self, name) is not None:
                    raise InvalidRequest(f"--{name} needs --id")
            if self.type not in (None, "environment"):
                raise InvalidRequest("--type needs --id")
        named_once(self.which, self.env)

    @property
    def environment(self) -> str | None:
        """Name or file of the environment, by option or argument; None: the only one."""
        if self.replay is not None:  # a recording has its own: only what is given for this replay counts
            return self.which or self.env
        return named_once(self.which, self.env)

    @property
    def asks(self) -> bool:
        """Whether the cloud or its recording is asked; else links or cliques are derived from the store."""
        return not (self.links_only or self.cliques_only)

    @property
    def folders(self) -> tuple[str, ...]:
        """Folders with further metadata."""
        return tuple(self.metadata or ())

    def plan(self) -> "ScanPlan":
        """Return the plan, without the object of ``--id``, which is looked up in the store."""
        from calipso_nornir.scan.plan import ScanPlan  # noqa: PLC0415 - what takes long comes when needed

        return ScanPlan(
            scan_self=self.scan_self,
            inventory_only=self.inventory_only,
            links_only=self.links_only,
            cliques_only=self.cliques_only,
            implicit_links=self.implicit_links,
            clear=self.clear,
            metadata=self.folders,
            record=self.record,
            time_limit_s=self.time_limit,
        )

    def target(self) -> "RequestedObject":
        """Return what the options say about the object of ``--id``."""
        from calipso_nornir.scan.requested_object import RequestedObject  # noqa: PLC0415 - as above

        by_name = self.id_field is IdField.NAME
        return RequestedObject(
            id=self.id, type=self.type, by_name=by_name, parent_id=self.parent_id, parent_type=self.parent_type
        )
