# SPDX-License-Identifier: Apache-2.0
"""Runs scans for the command line: opens what they need, shows progress, and reports the outcome."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from calipso_nornir.analysis.lookup import known_environments
from calipso_nornir.cli.bundle import print_bundle
from calipso_nornir.cli.meant import agree_to_replace, environment_file, environment_meant, is_file, keep
from calipso_nornir.cli.output import Format, emit
from calipso_nornir.cli.running import FAILED, WITH_FAILURES
from calipso_nornir.cli.scan_progress import showing
from calipso_nornir.cli.summary import next_steps, print_next, print_summary
from calipso_nornir.errors import InvalidRequest, UntestedEnvironment
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.preflight.supported import untested
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.scan.requested_object import planned
from calipso_nornir.sources.recording import ReplaySource, bundle_info
from calipso_nornir.store import clear_all, open_store
from calipso_nornir.store.text_search import BEHIND

if TYPE_CHECKING:
    from calipso_nornir.cli.running import Run
    from calipso_nornir.cli.scan_options import ScanOptions
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.stores import Store
    from calipso_nornir.scan.report import ScanReport


def scan_and_tell(run: Run, options: ScanOptions, output: Format) -> None:
    """Scan, and exit with the status of the outcome."""
    with run.store(inventory=options.inventory, use="make" if _makes_store(options) else "write") as store:
        report = scan_into(run, store, options)
        if output is Format.TABLE:
            print_summary(run.out, report, everything=run.verbose, whole=options.id is None)
            if report.stored and report.objects.total:
                print_next(run.out, next_steps(run, store.view(report.environment)))
        else:
            emit(report.document(), output)
        if report.stored and options.id is None:
            store.index_texts(report.environment, at_least=BEHIND)
    end_with(report)


def record_and_tell(run: Run, options: ScanOptions, path: str, output: Format) -> None:
    """Scan into the recording that the options name, and a temporary store."""
    described = _description(run, options)
    with tempfile.TemporaryDirectory(prefix="calipso-record-") as folder:
        store = open_store(Path(folder) / "throw-away.db")
        try:
            report = scan_into(run, store, options, described=described)
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
        print_next(run.out, [run.typed("replay", path)])
    end_with(report)


def scan_into(run: Run, store: Store, options: ScanOptions, *, described: Environment | None = None) -> ScanReport:
    """Scan into a store, showing the progress."""
    recording = ReplaySource(options.replay) if options.replay is not None else None
    source = recording if options.from_ is None else _files(run, options.from_, recording)
    environment = described or environment_meant(
        store,
        options.environment,
        metadata=options.folders,
        recorded=recording.environment if recording is not None else None,
        asks=options.asks,
        complete=options.from_ is None,
    )
    if source is None and options.asks:
        _must_be_tested(run, environment, options)
    plan = planned(options.plan(), options.target(), store.view(environment.name))
    nornir = None
    if options.nornir is not None:
        from calipso_nornir.nornir_inventory import open_nornir  # noqa: PLC0415 - few scans bring their own Nornir

        nornir = open_nornir(options.nornir)
    if recording is not None:
        agree_to_replace(run, store, environment, replace=options.replace)
    if options.clear_all:
        _clear_all(run, store, agreed=options.yes)
    keep(run, store, environment)
    with showing(run.err, environment.name) as progress:
        return run_scan(environment, plan=plan, store=store, nornir=nornir, source=source, progress=progress)


def _files(run: Run, path: str, recording: ReplaySource | None) -> Source:
    """Return the source of ``--from``, and print what it covers."""
    from calipso_nornir.sources.evidence.collected import collected  # noqa: PLC0415 - few scans read files
    from calipso_nornir.sources.evidence.source import FilesSource  # noqa: PLC0415 - as above

    hosts = collected(Path(path))
    cloud = "the recording" if recording is not None else "nothing, so it stays unknown"
    run.err.say(("note: ", "yellow"), f"files of {', '.join(sorted(hosts))}; the cloud itself from {cloud}")
    return FilesSource(hosts, recording=recording)


def _must_be_tested(run: Run, environment: Environment, options: ScanOptions) -> None:
    """Refuse an unsupported kind of cloud before the first packet; with --untested only warn."""
    problems = untested(environment, load_catalog(options.folders))
    if problems and not options.untested:
        raise UntestedEnvironment(environment.name, problems)
    for problem in problems:
        run.err.say(("note: ", "yellow"), f"{problem}: the results may be incomplete or wrong")


def end_with(report: ScanReport) -> None:
    """Exit with the status of a scan's outcome."""
    if not report.stored:
        raise typer.Exit(FAILED)
    if report.status == "completed_with_errors":
        raise typer.Exit(WITH_FAILURES)


def _makes_store(options: ScanOptions) -> bool:
    """Return whether the scan may create the store: only if the environment comes from elsewhere."""
    return options.replay is not None or (options.environment is not None and is_file(options.environment))


def _description(run: Run, options: ScanOptions) -> Environment:
    """Read the environment to record; the user's store is only read, and only if it holds the environment."""
    if options.environment is not None and is_file(options.environment):
        return environment_file(options.environment, options.folders)
    with run.store() as store:
        return environment_meant(store, options.environment, metadata=options.folders)


def _clear_all(run: Run, store: Store, *, agreed: bool) -> None:
    names = known_environments(store)
    if not agreed:
        if not sys.stdin.isatty():
            raise InvalidRequest("--clear_all removes the inventory of every environment: confirm with --yes")
        run.err.print(
            f"Remove all objects, links and cliques of {', '.join(names) or 'no environment'}? [y/N] ", end=""
        )
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise InvalidRequest("nothing removed, nothing scanned")
    clear_all(store)
