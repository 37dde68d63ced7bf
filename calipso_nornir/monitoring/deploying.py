# SPDX-License-Identifier: Apache-2.0
"""Deploys the checks of an environment up to its level, and stores the outcome on each host."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.monitoring.check_names import decoded, encoded
from calipso_nornir.monitoring.forgetting import forget_unplanned
from calipso_nornir.monitoring.machines import machines_of
from calipso_nornir.monitoring.preparing import DeploymentLevel, cli_section
from calipso_nornir.monitoring.writing import keep_in_store, write_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calipso_nornir.model.stores import Store
    from calipso_nornir.monitoring.machines import Machines
    from calipso_nornir.monitoring.playbook import HostDone
    from calipso_nornir.monitoring.preparing import Prepared

COLLECTION: Final = "monitoring_deployments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What a deployment has done.

    Attributes:
        kept: documents of ``monitoring_config`` that differ from before.
        written: files that were written or removed.
        hosts: how each host ended; ``localhost`` is what was done from here, such as requests to an API.
        left: hosts that were not reached, because the run was stopped.
        former: hosts that nothing runs on any more. They may well be gone, so none of them has failed.
    """

    level: DeploymentLevel
    kept: int = 0
    written: int = 0
    hosts: Mapping[str, HostDone] = field(default_factory=dict)
    left: tuple[str, ...] = ()
    former: frozenset[str] = frozenset()

    @property
    def failed(self) -> list[str]:
        """Hosts that failed, or were not reached."""
        bad = {name for name, one in self.hosts.items() if one.state in ("failed", "unreachable")}
        return sorted((bad - self.former) | {*self.left})


def deploy(
    store: Store,
    prepared: Prepared,
    run: Callable[[Path, Machines], Mapping[str, HostDone]],
    *,
    level: DeploymentLevel | None = None,
    check: bool = False,
) -> Deployment:
    """Deploy up to a level.

    none does nothing; db keeps the files in the store; files writes them into ``config_folder`` as well; deploy brings
    them onto the hosts and to the monitoring system (``run``).

    Args:
        store: where files (without secrets) and results are kept.
        prepared: the environment.
        run: runs the playbook for a folder, on these machines.
        level: another one than that of the environment.
        check: nothing is changed anywhere: only the playbook is run, with ``--check``.
    """
    wanted = level or prepared.level
    if wanted is DeploymentLevel.NONE:
        return Deployment(level=wanted)
    files, name = prepared.files(), prepared.environment.name
    if wanted.includes(DeploymentLevel.FILES) and not prepared.folder and wanted is not DeploymentLevel.DEPLOY:
        raise InvalidRequest(f"environment {name}: the section Monitoring names no config_folder for the files")
    kept = 0 if check else keep_in_store(store, name, files)
    if wanted is DeploymentLevel.DB:
        return Deployment(level=wanted, kept=kept)
    with ExitStack() as stack:
        written = 0
        if prepared.folder and not check:
            folder = Path(prepared.folder)
            written = write_files(folder, files, environment=name)
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="calipso-files-")))
            write_files(folder, files, environment=name)
        if wanted is DeploymentLevel.FILES:
            return Deployment(level=wanted, kept=kept, written=written)
        machines = machines_of(prepared, _former(store, prepared))
        ended = run(folder, machines)
    left = tuple(sorted(machines.variables.keys() - ended.keys()))
    if not check and not left:  # a host that was not reached still runs its former checks
        forget_unplanned(store, prepared.plan, any_of=prepared.any_of)
    done = Deployment(level=wanted, kept=kept, written=written, hosts=ended, left=left, former=machines.former)
    if not check:
        _note(store, prepared, machines, done)
    return done


def _former(store: Store, prepared: Prepared) -> dict[str, str]:
    """Return the hosts that the last deployment has reached and that are no more in the inventory, and their addresses.

    Those that are excluded, or cannot be used, are left alone.
    """
    noted = store.collection(COLLECTION).get(prepared.environment.name) or {}
    rows = [one for one in noted.get("hosts") or () if one.get("address") and one["state"] in ("ok", "changed")]
    known = {decoded(one["host"]): str(one["address"]) for one in rows}
    kept = {*prepared.plan.hosts, *prepared.plan.left_out, *cli_section(prepared.environment).exclude}
    return {host: address for host, address in known.items() if host not in kept}


def _note(store: Store, prepared: Prepared, machines: Machines, done: Deployment) -> None:
    """Store the outcome; only planned hosts have an address there, so that others are never former ones."""
    environment = prepared.environment.name
    addresses = {one: machines.variables[one]["ansible_host"] for one in map(encoded, prepared.plan.hosts)}
    store.collection(COLLECTION).put(
        environment,
        {
            "id": environment,
            "environment": environment,
            "at": datetime.now(UTC).isoformat(),
            "level": done.level.value,
            "hosts": [
                {"host": name, "state": one.state, "message": one.message, "address": addresses.get(name)}
                for name, one in sorted(done.hosts.items())
            ],
            "left": list(done.left),
        },
    )
