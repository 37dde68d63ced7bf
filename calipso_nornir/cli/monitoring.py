# SPDX-License-Identifier: Apache-2.0
"""``calipso monitoring plan | render | deploy``: shows which checks run where, and deploys them.

The group's other commands have modules of their own: ``monitoring_receive``, ``monitoring_sync`` and
``monitoring_templates``.
"""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calipso_nornir.analysis.lookup import one_environment
from calipso_nornir.cli.facts import WRONG
from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import WITH_FAILURES, Run
from calipso_nornir.cli.shared_options import (
    EnvironmentName,
    Inventory,
    Metadata,
    NamedEnvironment,
    Output,
    named_once,
)
from calipso_nornir.errors import InvalidRequest

if TYPE_CHECKING:
    from calipso_nornir.monitoring.deploying import Deployment
    from calipso_nornir.monitoring.machines import Machines
    from calipso_nornir.monitoring.planning import MonitoringPlan
    from calipso_nornir.monitoring.playbook import HostDone, TaskDone

STATES = {"ok": "green", "changed": "yellow", "failed": WRONG, "unreachable": WRONG}


def monitoring_plan(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    name: EnvironmentName = None,
    environment: NamedEnvironment = None,
    metadata: Metadata = None,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """Show which checks run on which host, and what is not watched, with the reason. This changes nothing."""
    from calipso_nornir.metadata.loading import load_catalog  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.monitoring.preparing import plan_of  # noqa: PLC0415 - as above

    catalog = load_catalog(metadata or ())
    with run.store(inventory=inventory) as store:
        made = plan_of(store, one_environment(store, named_once(name, environment)), catalog)
    if output is not Format.TABLE:
        emit(_document(made), output)
    else:
        _print_plan(run, made)


def monitoring_render(
    run: Run,
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files are written.")],
    environment: NamedEnvironment = None,
    metadata: Metadata = None,
    inventory: Inventory = None,
) -> None:
    """Write the files of an environment's monitoring system to a folder, and remove outdated ones.

    Only their owner can read files with secrets.
    """
    from calipso_nornir.metadata.loading import load_catalog  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.monitoring.preparing import prepare  # noqa: PLC0415 - as above
    from calipso_nornir.monitoring.writing import write_files  # noqa: PLC0415 - as above

    with run.store(inventory=inventory) as store:
        prepared = prepare(store, one_environment(store, named_once(None, environment)), load_catalog(metadata or ()))
    files = prepared.files()
    changed = write_files(folder, files, environment=prepared.environment.name)
    run.out.say(f"{len(files)} files for {prepared.back_end.name} in {folder}, {changed} changed")


def monitoring_deploy(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    name: EnvironmentName = None,
    environment: NamedEnvironment = None,
    provision: Annotated[
        str | None,
        typer.Option("--provision", metavar="LEVEL", help="none, db, files or deploy."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; run the playbook with --check.")] = False,
    variable: Annotated[
        list[str] | None,
        typer.Option("--var", metavar="NAME=VALUE", help="A variable of the playbook's roles; no secrets. Repeatable."),
    ] = None,
    metadata: Metadata = None,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """Deploy checks, up to the level of provision.

    db keeps the files in the store, files writes them into config_folder as well, deploy runs the Ansible playbook,
    which also configures the monitoring system. A second run changes nothing. Ctrl-C ends the run and
    its tasks at once.
    """
    from calipso_nornir.metadata.loading import load_catalog  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.monitoring.deploying import deploy  # noqa: PLC0415 - as above
    from calipso_nornir.monitoring.playbook import run_playbook  # noqa: PLC0415 - as above
    from calipso_nornir.monitoring.preparing import level_of, prepare  # noqa: PLC0415 - as above

    stop = threading.Event()

    variables = _variables(variable or [])

    def playbook(folder: Path, machines: "Machines") -> "dict[str, HostDone]":
        def work() -> "dict[str, HostDone]":
            return run_playbook(folder, machines, stop=stop, progress=progress, check=check, variables=variables)

        ended: dict[str, HostDone] = _watched(work, stop)
        return ended

    def progress(done: "TaskDone") -> None:
        if done.state in ("changed", "failed", "unreachable"):
            words = f"  {done.message}" if done.message else ""
            run.err.say((done.host, "bold"), f"  {done.task}  ", (done.state, STATES[done.state]), words)

    with run.store(inventory=inventory, use="write") as store:
        wanted = one_environment(store, named_once(name, environment))
        prepared = prepare(store, wanted, load_catalog(metadata or ()))
        level = level_of(provision) if provision else None
        done = deploy(store, prepared, playbook, level=level, check=check)
    _print_deployment(run, done, output)
    if stop.is_set():
        raise KeyboardInterrupt
    if done.failed:
        raise typer.Exit(WITH_FAILURES)


def _variables(given: list[str]) -> dict[str, Any]:
    """Read variables: values are YAML, so numbers and truth values are no texts. No value is an empty text."""
    import yaml  # noqa: PLC0415 - what takes long comes when needed

    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name.isidentifier():
            raise InvalidRequest(f'--var "{one}": expected NAME=VALUE')
        try:
            found[name] = yaml.safe_load(value) if value else ""
        except yaml.YAMLError as error:
            raise InvalidRequest(f'--var "{one}": the value is no YAML') from error
    return found


def _watched(work: Callable[[], Any], stop: threading.Event) -> Any:  # noqa: ANN401 - what the work returns
    """Run work in a thread; Ctrl-C sets ``stop``, and the work ends by itself."""
    found: list[Any] = []
    failures: list[BaseException] = []
    ended = threading.Event()  # a second Thread.join after one that was interrupted returns at once (Python 3.11)

    def worker() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised again, in the caller's thread
            failures.append(error)
        finally:
            ended.set()

    threading.Thread(target=worker, name="ansible-runner").start()
    try:
        ended.wait()
    except KeyboardInterrupt:
        stop.set()
        ended.wait()
    if failures:
        raise failures[0]
    return found[0]


def _print_plan(run: Run, made: "MonitoringPlan") -> None:
    for host, checks in made.hosts.items():
        counted = Counter(one.check for one in checks)
        told = ", ".join(f"{number} {check}" for check, number in sorted(counted.items()))
        run.out.say((host, "bold"), f"  {len(checks)} checks  ", (told, "dim"))
    for host, why in made.left_out.items():
        run.out.say((host, "bold"), "  ", ("nothing can run here", WRONG), f"  {why}")
    reasons = Counter((one.type, one.reason) for one in made.unwatched)
    if reasons:
        run.out.say("")
        table(run.out, ("not watched", "objects", "reason"), [(t, n, why) for (t, why), n in sorted(reasons.items())])


def _document(made: "MonitoringPlan") -> dict[str, Any]:
    return {
        "environment": made.environment,
        "hosts": {host: [one.document() for one in checks] for host, checks in made.hosts.items()},
        "left_out": dict(made.left_out),
        "unwatched": [
            {"type": one.type, "id": one.id, "host": one.host, "reason": one.reason} for one in made.unwatched
        ],
    }


def _print_deployment(run: Run, done: "Deployment", output: Format) -> None:
    rows = [{"host": host, "state": one.state, "message": one.message} for host, one in sorted(done.hosts.items())]
    rows += [{"host": host, "state": "not reached", "message": "the run was stopped"} for host in done.left]
    if output is not Format.TABLE:
        level = done.level.value
        emit({"level": level, "kept": done.kept, "written": done.written, "hosts": rows}, output)
        return
    run.out.say(f"level {done.level.value}: {done.kept} documents changed, {done.written} files written")
    if rows:
        shown = [[one["host"], (one["state"], STATES.get(one["state"], WRONG)), one["message"]] for one in rows]
        table(run.out, ("host", "state", "message"), shown)
