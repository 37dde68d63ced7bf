# SPDX-License-Identifier: Apache-2.0
"""Runs scans for the command line: opens what they need, shows their progress, tells how they went."""

from __future__ import annotations

import shlex
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from calipso_nornir.cli.bundles import print_bundle
from calipso_nornir.cli.choosing import known_environments
from calipso_nornir.cli.meant import environment_file, environment_meant, is_file, keep
from calipso_nornir.cli.output import Format, emit
from calipso_nornir.cli.progress import showing
from calipso_nornir.cli.request import Request
from calipso_nornir.cli.running import FAILED, WITH_FAILURES
from calipso_nornir.cli.summary import next_steps, print_next, print_summary
from calipso_nornir.errors import InvalidRequest
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.sources.recording import ReplaySource, bundle_info
from calipso_nornir.store import clear_all, open_store

if TYPE_CHECKING:
    from calipso_nornir.cli.running import Run
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Store
    from calipso_nornir.scan.report import ScanReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One scan and all around it.

    Attributes:
        environment: name or file; None: the only one that there is.
        replay: a recording that answers in place of the cloud.
        nornir: a Nornir configuration whose inventory says how hosts are reached.
        clear_all: empty every environment of the store first; ``agreed`` when nobody need be asked.
    """

    request: Request = field(default_factory=Request)
    environment: str | None = None
    inventory: str | None = None
    replay: str | None = None
    nornir: str | None = None
    clear_all: bool = False
    agreed: bool = False


def run_job(run: Run, job: Job, output: Format) -> None:
    """Scan, and end with the status that tells how it went."""
    with run.store(inventory=job.inventory, make=_makes_store(job)) as store:
        report = scan_into(run, store, job)
        if output is Format.TABLE:
            print_summary(run.out, report, everything=run.verbose)
            if report.status != "failed" and report.objects.total:
                print_next(run.out, next_steps(store.view(report.environment), store=run.store_to_name))
        else:
            emit(report.document(), output)
    end_with(report)


def run_recording(run: Run, job: Job, path: str, output: Format) -> None:
    """Do a job whose request names a recording, into a store that is thrown away."""
    described = _description(run, job)
    with tempfile.TemporaryDirectory(prefix="calipso-record-") as folder:
        store = open_store(Path(folder) / "throw-away.db")
        try:
            report = scan_into(run, store, job, described=described)
        finally:
            store.close()
    if output is not Format.TABLE:
        emit(report.document(), output)
        end_with(report)
        return
    print_summary(run.out, report, everything=run.verbose)
    if Path(path).exists():
        run.out.say("")
        print_bundle(run.out, bundle_info(path))
        print_next(run.out, [f"calipso replay {shlex.quote(path)}"])
    end_with(report)


def scan_into(run: Run, store: Store, job: Job, *, described: Environment | None = None) -> ScanReport:
    """Run the scan of a job, showing its progress."""
    source = ReplaySource(job.replay) if job.replay is not None else None
    asks = not (job.request.links_only or job.request.cliques_only)
    environment = described or environment_meant(
        store,
        job.environment,
        metadata=job.request.metadata,
        recorded=source.environment if source is not None else None,
        asks=asks,
    )
    plan = job.request.plan(store.view(environment.name))
    nornir = None
    if job.nornir is not None:
        from calipso_nornir.nornir_inventory import open_nornir  # noqa: PLC0415 - few scans bring their own Nornir

        nornir = open_nornir(job.nornir)
    if job.clear_all:
        _clear_all(run, store, agreed=job.agreed)
    keep(run, store, environment, recorded=source is not None)
    with showing(run.err, environment.name) as progress:
        return run_scan(environment, plan=plan, store=store, nornir=nornir, source=source, progress=progress)


def end_with(report: ScanReport) -> None:
    """End the command with the status that tells how a scan went."""
    if report.status == "failed":
        raise typer.Exit(FAILED)
    if report.status == "completed_with_errors":
        raise typer.Exit(WITH_FAILURES)


def _makes_store(job: Job) -> bool:
    """Tell whether the scan may make the store: only where the environment comes from elsewhere."""
    return job.replay is not None or (job.environment is not None and is_file(job.environment))


def _description(run: Run, job: Job) -> Environment:
    """Read the environment to record; the user's store is only read, and only when it is named there."""
    if job.environment is not None and is_file(job.environment):
        return environment_file(job.environment, job.request.metadata)
    with run.store() as store:
        return environment_meant(store, job.environment, metadata=job.request.metadata)


def _clear_all(run: Run, store: Store, *, agreed: bool) -> None:
    names = known_environments(store)
    if not agreed:
        if not sys.stdin.isatty():
            raise InvalidRequest("--clear_all removes what is known of every environment: say --yes, too")
        run.err.print(
            f"Remove all objects, links and cliques of {', '.join(names) or 'no environment'}? [y/N] ", end=""
        )
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise InvalidRequest("nothing was removed, nothing scanned")
    clear_all(store)
