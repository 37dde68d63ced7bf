# SPDX-License-Identifier: Apache-2.0
"""``calipso scan``, ``record``, ``replay``, ``bundle``: their options. The guide's names have a dashed form, too."""

import logging
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from calipso_nornir.cli import completing
from calipso_nornir.cli.options import Inventory, Metadata, Output
from calipso_nornir.cli.output import Format, emit
from calipso_nornir.cli.running import Run
from calipso_nornir.errors import InvalidRequest


class IdField(StrEnum):
    """What ``--id`` is."""

    ID = "id"
    NAME = "name"


class Level(StrEnum):
    """Levels of the log, as the guide has them."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    DEBUG = "debug"
    NOTSET = "notset"


Nornir = Annotated[
    str | None,
    typer.Option("--nornir", metavar="CONFIG", help="Nornir configuration whose inventory says how hosts are reached."),
]
BundleArgument = Annotated[str, typer.Argument(metavar="FILE", help="A recording.")]


def scan(  # noqa: PLR0913 - the options of the guide's scan script, and some of ours
    run: Run,
    *,
    which: Annotated[
        str | None,
        typer.Argument(
            metavar="ENV|FILE",
            autocompletion=completing.environments,
            help="Name of an environment of the store, or a YAML file that describes one.",
        ),
    ] = None,
    mongo_config: Annotated[
        str | None,
        typer.Option(
            "--mongo_config", "--mongo-config", "-m", metavar="FILE", help='Where MongoDB is: lines of "key value".'
        ),
    ] = None,
    env: Annotated[
        str | None,
        typer.Option(
            "--env",
            "-e",
            metavar="NAME",
            envvar="CALIPSO_ENV",
            autocompletion=completing.environments,
            help="Name of an environment of the store.",
        ),
    ] = None,
    type_: Annotated[
        str | None,
        typer.Option(
            "--type", "-t", metavar="TYPE", autocompletion=completing.object_types, help="Type of the object of --id."
        ),
    ] = None,
    inventory: Inventory = None,
    scan_self: Annotated[
        bool,
        typer.Option(
            "--scan_self/--no-scan_self",
            "--scan-self/--no-scan-self",
            "-s",
            help="Scan the object of --id itself, too, not only what is below it.",
        ),
    ] = True,
    id_: Annotated[
        str | None,
        typer.Option("--id", "-i", metavar="ID", help="Scan only this object of the inventory and what is below it."),
    ] = None,
    parent_id: Annotated[
        str | None,
        typer.Option("--parent_id", "--parent-id", "-p", metavar="ID", help="Checked: what the object is under."),
    ] = None,
    parent_type: Annotated[
        str | None,
        typer.Option("--parent_type", "--parent-type", "-a", metavar="TYPE", help="Checked: the type of that."),
    ] = None,
    id_field: Annotated[
        IdField, typer.Option("--id_field", "--id-field", "-f", help="What --id is: an id or a name.")
    ] = IdField.ID,
    loglevel: Annotated[
        Level | None, typer.Option("--loglevel", "-l", case_sensitive=False, help="What to log on standard error.")
    ] = None,
    clear: Annotated[
        bool, typer.Option("--clear", help="Take nothing over from before: what cannot be looked at is lost.")
    ] = False,
    clear_all: Annotated[
        bool, typer.Option("--clear_all", "--clear-all", help="First remove what is known of every environment.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before --clear_all.")] = False,
    monitoring_setup_only: Annotated[
        bool,
        typer.Option("--monitoring_setup_only", "--monitoring-setup-only", help="Not part of this release."),
    ] = False,
    inventory_only: Annotated[
        bool, typer.Option("--inventory_only", "--inventory-only", help="Neither links nor cliques.")
    ] = False,
    links_only: Annotated[
        bool, typer.Option("--links_only", "--links-only", help="Only links, from the inventory that there is.")
    ] = False,
    cliques_only: Annotated[
        bool, typer.Option("--cliques_only", "--cliques-only", help="Only cliques, from the links that there are.")
    ] = False,
    implicit_links: Annotated[
        bool, typer.Option("--implicit_links", "--implicit-links", help="Derive implicit links, too.")
    ] = False,
    metadata: Metadata = None,
    record_to: Annotated[
        str | None, typer.Option("--record", metavar="FILE", help="Record every question and answer, without secrets.")
    ] = None,
    replay_from: Annotated[
        str | None, typer.Option("--replay", metavar="FILE", help="Let a recording answer in place of the cloud.")
    ] = None,
    nornir: Nornir = None,
    output: Output = Format.TABLE,
) -> None:
    """Scan an environment: find, link, build cliques, store."""
    from calipso_nornir.cli.meant import same_environment  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.cli.request import Request  # noqa: PLC0415 - as above
    from calipso_nornir.cli.scanning import Job, run_job  # noqa: PLC0415 - as above

    if loglevel is not None:
        run.log_at(logging.getLevelNamesMapping()[loglevel.name])
    if mongo_config is not None:
        _use_mongo(run, mongo_config)
    request = Request(
        id=id_,
        id_field=id_field.value,
        type=type_,
        parent_id=parent_id,
        parent_type=parent_type,
        scan_self=scan_self,
        clear=clear,
        monitoring_setup_only=monitoring_setup_only,
        inventory_only=inventory_only,
        links_only=links_only,
        cliques_only=cliques_only,
        implicit_links=implicit_links,
        metadata=tuple(metadata or ()),
        record=record_to,
    )
    job = Job(
        request=request,
        environment=same_environment(env, which),
        inventory=inventory,
        replay=replay_from,
        nornir=nornir,
        clear_all=clear_all,
        agreed=yes,
    )
    run_job(run, job, output)


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
    from calipso_nornir.cli.request import Request  # noqa: PLC0415 - as above
    from calipso_nornir.cli.scanning import Job, run_recording  # noqa: PLC0415 - as above

    request = Request(record=path, metadata=tuple(metadata or ()))
    run_recording(run, Job(request=request, environment=environment, nornir=nornir), path, output)


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
    from calipso_nornir.cli.request import Request  # noqa: PLC0415 - as above
    from calipso_nornir.cli.scanning import Job, run_job  # noqa: PLC0415 - as above

    job = Job(
        request=Request(metadata=tuple(metadata or ())), environment=environment, replay=path, inventory=inventory
    )
    run_job(run, job, output)


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
