# SPDX-License-Identifier: Apache-2.0
"""Nornir tasks: commands in one framed batch, and the scan of one host.

>>> nr.run(task=run_commands, commands=["ip -j link", "ovs-vsctl show"])  # doctest: +SKIP
>>> nr.run(task=scan_host, environment="lab")  # doctest: +SKIP

Both fail for a host only if it could not be reached; other problems are in the result.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.task import Result

from calipso_nornir.errors import CalipsoError, ConnectionLost, HostUnreachable
from calipso_nornir.model import ids
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.scan.plan import ScanPlan
from calipso_nornir.scan.progress_events import HostAnswered
from calipso_nornir.sources.cli.channel import ChannelUnavailable
from calipso_nornir.sources.cli.framing import ScriptStep, end_of, frames, new_mark, script, start_of
from calipso_nornir.sources.cli.host_round import text_of
from calipso_nornir.sources.cli.limits import Limits
from calipso_nornir.sources.cli.ssh import CONNECTION, CalipsoSsh, SshSession
from calipso_nornir.store import default_uri, open_store
from calipso_nornir.store.names import DEFAULT_INVENTORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nornir.core.task import Task

    from calipso_nornir.model.stores import Store
    from calipso_nornir.scan.progress_events import Event
    from calipso_nornir.scan.report import ScanReport
    from calipso_nornir.sources.cli.channel import ScriptResult

PLUGIN = "CalipsoInventory"
"""Name of our inventory plug-in (pyproject.toml)."""
WRITERS_WAIT_S = 600.0
"""Seconds to wait for another process that writes the same environment."""


def run_commands(
    task: Task, commands: str | Sequence[str], *, root: bool = False, timeout_s: int = 30, limits: Limits | None = None
) -> Result:
    """Run commands on a Linux host, all in one script over its ``calipso_ssh`` connection.

    Args:
        task: Nornir's.
        commands: texts for a POSIX shell; equal texts run once. Quote values that come from elsewhere.
        root: run them with ``sudo -n`` unless the login is root.
        timeout_s: seconds for each command.
        limits: for all of them together.

    Returns:
        A result ``{command: {"stdout": …, "stderr": …, "status": …}}``. A command that did not finish has status None
        and an ``error``.
    """
    texts = list(dict.fromkeys([commands] if isinstance(commands, str) else commands))
    steps = [ScriptStep((text,), timeout_s, root=root) for text in texts]
    mark = new_mark()
    try:
        received = _run(task, script(steps, mark), mark, limits=limits or Limits(), longest_s=timeout_s)
    except CalipsoError as error:
        return Result(host=task.host, result={}, failed=True, exception=error)
    answers = _answers(texts, received, mark)
    lost = received.ending == "lost"
    why = ConnectionLost(task.host.name, "; ".join(texts)[:200], received.cause) if lost else None
    return Result(host=task.host, result=answers, failed=lost, exception=why)


def scan_host(
    task: Task,
    environment: str,
    store: Store | str | Path | None = None,
    *,
    inventory: str | None = None,
    metadata: Sequence[str] = (),
) -> Result:
    """Scan this host of an environment again, and what is below it, logging in as Nornir's inventory says.

    Args:
        task: Nornir's; the host's name is its id in the environment.
        environment: its name in the store, where a full scan has found the host before.
        store: a store, its URI or path; by default that of Nornir's ``CalipsoInventory``, if the hosts come from it,
            else ``CALIPSO_STORE`` or the user's own file.
        inventory: name of an alternative inventory in that store; by default that of ``CalipsoInventory``, too.
        metadata: folders with further metadata.

    Returns:
        A result with the report's document (``ScanReport.document()``).
    """
    silent: set[str] = set()

    def progress(event: Event) -> None:
        if isinstance(event, HostAnswered) and not event.ok:
            silent.add(event.host)

    plan = ScanPlan(object_id=ids.plain(task.host.name), object_type="host", metadata=tuple(metadata))
    from_plugin = _plugin_options(task)
    where_from = store if store is not None else from_plugin.get("store")
    name = inventory or (from_plugin.get("inventory") if store is None else None) or DEFAULT_INVENTORY
    with _opened(where_from, name) as where:
        report = run_scan(environment, plan=plan, store=where, nornir=task.nornir, progress=progress)
    failed = task.host.name in silent
    changed = any((report.objects.new, report.objects.changed, report.objects.removed))
    why = _why_not_reached(report, task.host.name) if failed else None
    return Result(host=task.host, result=report.document(), changed=changed, failed=failed, exception=why)


def _plugin_options(task: Task) -> Mapping[str, Any]:
    """Return the options of the inventory plug-in, if it is ours."""
    settings = task.nornir.config.inventory
    return settings.options if settings.plugin == PLUGIN else {}


@contextmanager
def _opened(store: Store | str | Path | None, inventory: str) -> Iterator[Store]:
    """Return a store; one that is opened here is closed at the end, the caller's own is not."""
    if store is not None and not isinstance(store, (str, Path)):
        yield store
        return
    made = open_store(store or default_uri(), inventory=inventory, wait_s=WRITERS_WAIT_S, use="write")
    try:
        yield made
    finally:
        made.close()


def _run(task: Task, text: str, mark: str, *, limits: Limits, longest_s: float) -> ScriptResult:
    """Run a script; a connection that turns out to be dead is reopened once."""

    def run() -> ScriptResult:
        marks = {"start": start_of(mark), "end": end_of(mark)}
        return _session(task).run_script(text, **marks, limits=limits, longest_s=longest_s)

    try:
        return run()
    except ChannelUnavailable:
        task.host.close_connection(CONNECTION)
    try:
        return run()
    except ChannelUnavailable as error:
        address = task.host.hostname or task.host.name
        raise HostUnreachable(task.host.name, address, f"it opens no session: {error}") from error


def _session(task: Task) -> SshSession:
    ConnectionPluginRegister.register(CONNECTION, CalipsoSsh)
    known = task.host.connections.get(CONNECTION)
    if known is not None and not known.connection.alive:
        task.host.close_connection(CONNECTION)
    session: SshSession = task.host.get_connection(CONNECTION, task.nornir.config)
    return session


def _answers(texts: Sequence[str], received: ScriptResult, mark: str) -> dict[str, dict[str, Any]]:
    found = frames(received.stdout, received.stderr, mark, len(texts))
    answers: dict[str, dict[str, Any]] = {}
    for text, frame in zip(texts, found, strict=True):
        if frame is None:
            cause = received.cause or "it did not finish"
            answers[text] = {"stdout": "", "stderr": "", "status": None, "error": cause}
        else:
            out, err = text_of(frame.stdout), text_of(frame.stderr)
            answers[text] = {"stdout": out, "stderr": err, "status": frame.status}
    return answers


def _why_not_reached(report: ScanReport, host: str) -> CalipsoError:
    """Return the error that kept a host from being asked; a secret that is missing names no host."""
    failures = [
        *(one for one in report.failures if one.host == host),
        *(one for one in report.failures if not one.host),
    ]
    return failures[0].error if failures else HostUnreachable(host, host, "the report does not say why")
