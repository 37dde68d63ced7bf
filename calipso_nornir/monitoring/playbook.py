# SPDX-License-Identifier: Apache-2.0
"""Runs ``playbooks/deploy_checks.yml`` with ansible-runner: reports progress, and can be stopped.

The logins are in an inventory file that only its owner can read, in a temporary folder that also takes everything the
runner writes.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.resources import data

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Event

    from calipso_nornir.monitoring.machines import Machines

PLAYBOOK: Final = "deploy_checks.yml"
LOCALHOST: Final = "localhost"
FORKS: Final = 20
"""Hosts at a time."""
STATES: Final = {
    "runner_on_ok": "ok",
    "runner_on_failed": "failed",
    "runner_on_unreachable": "unreachable",
    "runner_on_skipped": "skipped",
}


@dataclass(frozen=True, slots=True)
class TaskDone:
    """One task on one host: "ok", "changed", "failed", "unreachable" or "skipped"."""

    host: str
    task: str
    state: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class HostDone:
    """The outcome on a host: "ok", "changed", "failed" or "unreachable", and why."""

    state: str
    message: str = ""


def run_playbook(  # noqa: PLR0913 - how a run is made and watched
    folder: Path,
    machines: Machines,
    *,
    stop: Event,
    progress: Callable[[TaskDone], None],
    check: bool = False,
    variables: Mapping[str, Any] | None = None,
    playbook: Path | None = None,
) -> dict[str, HostDone]:
    """Deploy the files of a folder; return how each machine ended. Those that were not reached yet are left out.

    ``localhost`` is among them if something failed or was changed there: requests to an API.

    Args:
        folder: with ``host/HOST/objects.json``.
        machines: where to, and how to log in.
        stop: ends the run within a second, with the tasks that run then.
        progress: called with each task.
        check: change nothing, as ``ansible-playbook --check``.
        variables: of the roles, without secrets: they stand on Ansible's command line.
        playbook: another one than ``playbooks/deploy_checks.yml``.
    """
    try:
        import ansible_runner  # noqa: PLC0415 - an extra; it takes long, too
    except ImportError:
        raise InvalidRequest("deploying needs ansible-runner: pip install 'calipso_nornir[monitoring]'") from None
    path = playbook or data("playbooks") / PLAYBOOK
    if not path.is_file():
        raise InvalidRequest(f"{path} is missing: the installation is damaged")
    told = _Told(progress)
    with tempfile.TemporaryDirectory(prefix="calipso-deploy-") as private:
        inventory = Path(private) / "hosts.json"
        _write_for_owner(inventory, machines.inventory())
        runner = ansible_runner.run(
            private_data_dir=private,
            playbook=str(path),
            inventory=str(inventory),
            extravars={**(variables or {}), "calipso_files": str(folder.absolute())},
            cmdline="--check" if check else None,
            envvars=_settings_of_ansible(path),
            event_handler=told.take,
            cancel_callback=stop.is_set,
            quiet=True,
            suppress_env_files=True,
        )
        if stop.is_set():
            _end_workers(str(inventory))
        stats = runner.stats or {}
        if runner.status == "failed" and not stats and not told.problems:
            raise InvalidRequest(f"{path.name} could not be run: {runner.stdout.read().strip()[-500:]}")
    return _ended(stats, told.problems, machines.variables)


@dataclass(slots=True)
class _Told:
    """Passes each task of a run to ``progress``, and keeps the last problem of each host."""

    progress: Callable[[TaskDone], None]
    problems: dict[str, str] = field(default_factory=dict)

    def take(self, event: Mapping[str, Any]) -> bool:
        """Handle an event of ansible-runner; True lets the runner keep it, too."""
        done = _task_done(event)
        if done is not None:
            if done.state in ("failed", "unreachable"):
                self.problems[done.host] = f"{done.task}: {done.message}" if done.message else done.task
            self.progress(done)
        return True


def _write_for_owner(path: Path, content: Mapping[str, Any]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file)


def _settings_of_ansible(playbook: Path) -> dict[str, str]:
    """Return the environment of a run: our collection, host keys checked, the programs of this virtual environment.

    Many hosts at a time, and modules through one SSH connection each without files, unless the user's environment says
    otherwise.
    """
    usual = {"ANSIBLE_FORKS": str(FORKS), "ANSIBLE_PIPELINING": "True"}
    return {
        **{key: os.environ.get(key, value) for key, value in usual.items()},
        "ANSIBLE_COLLECTIONS_PATH": str(playbook.parent / "collections"),
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }


def _end_workers(inventory: str) -> None:
    """End the workers of a run: Ansible gives each a session of its own, so they outlive a run that is killed.

    A worker ends what it has started when it gets SIGTERM (ansible-core, ``executor/process/worker.py``).
    """
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError, ValueError):  # it has ended meanwhile, or is another user's
            if inventory in os.fsdecode(command.read_bytes()).split("\0"):
                os.kill(int(command.parent.name), signal.SIGTERM)


def _ended(
    stats: Mapping[str, Mapping[str, int]], problems: Mapping[str, str], hosts: Mapping[str, Any]
) -> dict[str, HostDone]:
    found: dict[str, HostDone] = {}
    for state, key in (("unreachable", "dark"), ("failed", "failures"), ("changed", "changed"), ("ok", "ok")):
        for host in stats.get(key) or {}:
            if (host in hosts or (host == LOCALHOST and state != "ok")) and host not in found:
                found[host] = HostDone(state, problems.get(host, ""))
    for host, problem in problems.items():
        if host in hosts or host == LOCALHOST:
            found.setdefault(host, HostDone("failed", problem))
    return found


def _task_done(event: Mapping[str, Any]) -> TaskDone | None:
    state = STATES.get(str(event.get("event")))
    if state is None:
        return None
    details = event.get("event_data") or {}
    result = details.get("res")
    result = result if isinstance(result, dict) else {}
    if state == "ok" and result.get("changed"):
        state = "changed"
    if state == "failed" and details.get("ignore_errors"):
        state = "skipped"
    return TaskDone(str(details.get("host")), str(details.get("task")), state, str(result.get("msg", ""))[:500])
