# SPDX-License-Identifier: Apache-2.0
"""Deploys the checks of an environment up to its level, and stores the outcome on each host."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.monitoring.back_ends.sensu_go import SensuGo
from calipso_nornir.monitoring.back_ends.sensu_go_client import SensuGoClient
from calipso_nornir.monitoring.forgetting import forget_unplanned
from calipso_nornir.monitoring.names import encoded
from calipso_nornir.monitoring.preparing import Level, cli_section
from calipso_nornir.monitoring.synchronising import access_of
from calipso_nornir.monitoring.writing import keep_in_store, write_files
from calipso_nornir.sources.secrets import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calipso_nornir.model.stores import Store
    from calipso_nornir.monitoring.playbook import HostDone
    from calipso_nornir.monitoring.preparing import Prepared

COLLECTION: Final = "monitoring_deployments"
SSH: Final = {"user": "ansible_user", "port": "ansible_port", "key": "ansible_ssh_private_key_file"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What a deployment has done.

    Attributes:
        kept: documents of ``monitoring_config`` that differ from before.
        written: files that were written or removed.
        hosts: the outcome on each host.
        put: resources that were written through the API of the monitoring system.
        left: hosts that were not processed, because the run was stopped.
    """

    level: Level
    kept: int = 0
    written: int = 0
    hosts: Mapping[str, HostDone] = field(default_factory=dict)
    put: int = 0
    left: tuple[str, ...] = ()

    @property
    def failed(self) -> list[str]:
        """Hosts that failed, or were not reached."""
        return sorted(
            [*(name for name, one in self.hosts.items() if one.state in ("failed", "unreachable")), *self.left]
        )


def deploy(
    store: Store,
    prepared: Prepared,
    run: Callable[[Path, Mapping[str, Mapping[str, Any]]], Mapping[str, HostDone]],
    *,
    level: Level | None = None,
    check: bool = False,
) -> Deployment:
    """Deploy up to a level.

    none does nothing; db keeps the files in the store; files writes them into ``config_folder`` as well; deploy copies
    them to the hosts (``run``), and configures the monitoring system through its API.

    Args:
        store: where files (without secrets) and results are kept.
        prepared: the environment.
        run: runs the playbook for a folder, on hosts with these variables.
        level: instead of the environment's own.
        check: change nothing anywhere; only run the playbook with ``--check``.
    """
    wanted = level or prepared.level
    if wanted is Level.NONE:
        return Deployment(level=wanted)
    files, name = prepared.files(), prepared.environment.name
    if wanted.includes(Level.FILES) and not prepared.folder and wanted is not Level.DEPLOY:
        raise InvalidRequest(f"environment {name}: the section Monitoring names no config_folder for the files")
    kept = 0 if check else keep_in_store(store, name, files)
    if wanted is Level.DB:
        return Deployment(level=wanted, kept=kept)
    with ExitStack() as stack:
        written = 0
        if prepared.folder and not check:
            folder = Path(prepared.folder)
            written = write_files(folder, files)
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="calipso-files-")))
            write_files(folder, files)
        if wanted is Level.FILES:
            return Deployment(level=wanted, kept=kept, written=written)
        put = 0 if check else _over_api(prepared)
        hosts = reached_by(prepared)
        ended = run(folder, hosts)
    if not check:
        forget_unplanned(store, prepared.plan, any_of=prepared.any_of)
    left = tuple(sorted(hosts.keys() - ended.keys()))
    done = Deployment(level=wanted, kept=kept, written=written, hosts=ended, put=put, left=left)
    if not check:
        _note(store, name, done)
    return done


def reached_by(prepared: Prepared) -> dict[str, dict[str, Any]]:
    """Return Ansible's variables of each host; they contain secrets.

    They say how to log in, from the section CLI, and how often the probe runs.
    """
    section = cli_section(prepared.environment)
    addresses: Mapping[str, str] = prepared.wish.environment.get("addresses") or {}
    found = {}
    for host in prepared.plan.hosts:
        own = section.hosts.get(host)
        variables: dict[str, Any] = {"ansible_host": addresses.get(host) or host}
        variables["probe_interval"] = int(prepared.wish.setting("interval", 60))
        for key, variable in SSH.items():
            value = (getattr(own, key) if own is not None else None) or getattr(section, key)
            if value:
                variables[variable] = value
        password = (own.pwd if own is not None else None) or section.pwd
        if isinstance(password, SecretRef):
            variables["ansible_password"] = resolve(password)
        jump = (own.jump if own is not None else None) or section.jump or section.host
        options = [f"-o ProxyJump={jump}"] if jump and jump != variables["ansible_host"] else []
        options += [f"-o UserKnownHostsFile={section.known_hosts}"] if section.known_hosts else []
        if options:
            variables["ansible_ssh_common_args"] = " ".join(options)
        found[encoded(host)] = variables
    return found


def _over_api(prepared: Prepared) -> int:
    """Put resources into Sensu Go, if its API is given."""
    settings, system = prepared.wish.settings, prepared.back_end
    if not isinstance(system, SensuGo) or not settings.get("api_url"):
        return 0
    client = SensuGoClient(access_of(settings))
    try:
        done = client.apply(system.resources(prepared.wish), environment=prepared.environment.name)
    finally:
        client.close()
    return done.put + done.removed


def _note(store: Store, environment: str, done: Deployment) -> None:
    store.collection(COLLECTION).put(
        environment,
        {
            "id": environment,
            "environment": environment,
            "at": datetime.now(UTC).isoformat(),
            "level": done.level.value,
            "hosts": [
                {"host": name, "state": one.state, "message": one.message} for name, one in sorted(done.hosts.items())
            ],
            "left": list(done.left),
        },
    )
