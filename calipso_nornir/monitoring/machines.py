# SPDX-License-Identifier: Apache-2.0
"""The machines of a deployment, for Ansible's inventory: hosts with checks, and the monitoring system's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model.environment import SecretRef
from calipso_nornir.monitoring.check_names import encoded
from calipso_nornir.monitoring.preparing import cli_section
from calipso_nornir.sources.secrets import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.metadata.environment_sections import CliSection
    from calipso_nornir.monitoring.preparing import Prepared

SSH: Final = {"user": "ansible_user", "port": "ansible_port", "key": "ansible_ssh_private_key_file"}
WITH_SERVER: Final = frozenset({"prometheus", "sensu_core"})
"""Monitoring systems whose server the playbook installs; Sensu Go's is configured over its API."""
PACKAGES: Final = {"sensu_go": "sensu_agent_package", "sensu_core": "sensu_core_package"}
"""Monitoring system -> variable with the package of its agent; it is empty unless the agent is to be installed."""
LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Machines:
    """Machines by the name that they have in Ansible's inventory.

    Attributes:
        variables: of each machine: how to log in, and how often the probe runs. Secrets are among them.
        servers: those that the monitoring system itself runs on.
        former: those that nothing runs on any more: what was deployed there is removed.
    """

    variables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    servers: tuple[str, ...] = ()
    former: frozenset[str] = frozenset()

    def inventory(self) -> dict[str, Any]:
        """Return Ansible's inventory as JSON has it."""
        hosts: dict[str, dict[str, Any]] = {name: {} for name in self.servers}
        servers = {"calipso_server": {"hosts": hosts}}
        return {"all": {"hosts": {name: dict(one) for name, one in self.variables.items()}, "children": servers}}


def machines_of(prepared: Prepared, former: Mapping[str, str] | None = None) -> Machines:
    """Return the machines of an environment: logins are those of the section CLI, of a server those of Monitoring.

    Args:
        prepared: the environment.
        former: hosts that are no more in the inventory, and their addresses.
    """
    section, former = cli_section(prepared.environment), former or {}
    addresses: Mapping[str, str] = prepared.wish.environment.get("addresses") or {}
    common: dict[str, Any] = {"probe_interval": int(prepared.wish.setting("interval", 60))}
    package = PACKAGES.get(prepared.back_end.name)
    if package and not prepared.wish.setting("install_monitoring_client", default=False):
        common[package] = ""
    found: dict[str, dict[str, Any]] = {}
    for host in prepared.plan.hosts:
        address = addresses.get(host) or host
        found[encoded(host)] = {**common, **_login(section, host, address)}
    for host, address in former.items():
        found[encoded(host)] = {"calipso_former": True, **_login(section, host, address)}
    gone = frozenset(map(encoded, former))
    server = str(prepared.wish.setting("server_ip", ""))
    wanted = prepared.wish.setting("install_monitoring_server", default=True)
    if not wanted or not server or prepared.back_end.name not in WITH_SERVER:
        return Machines(found, former=gone)
    same = [name for name, one in found.items() if server in (name, one["ansible_host"])]
    if not same:
        same = [encoded(server)]
        host = next((name for name, one in section.hosts.items() if one.host == server), server)
        found[same[0]] = {**_login(section, host, server), **_own_login(prepared.wish.settings, server)}
    for one in same:
        found[one].pop("sensu_core_package", None)  # the server's is the same package
    return Machines(found, tuple(same), former=gone)


def _login(section: CliSection, host: str, address: str) -> dict[str, Any]:
    own = section.hosts.get(host)
    variables: dict[str, Any] = {"ansible_host": address}
    for key, variable in SSH.items():
        value = (getattr(own, key) if own is not None else None) or getattr(section, key)
        if value:
            variables[variable] = value
    password = (own.pwd if own is not None else None) or section.pwd
    if isinstance(password, SecretRef):
        variables["ansible_password"] = resolve(password)
    jump = (own.jump if own is not None else None) or section.jump or section.host
    options = [f"-o ProxyJump={jump}"] if jump and jump != address else []
    options += [f"-o UserKnownHostsFile={section.known_hosts}"] if section.known_hosts else []
    if options:
        variables["ansible_ssh_common_args"] = " ".join(options)
    return variables


def _own_login(settings: Mapping[str, Any], server: str) -> dict[str, Any]:
    """Return the server's login, as the section Monitoring gives it; this machine needs none."""
    if server in LOCAL:
        return {"ansible_connection": "local"}
    given = {"ansible_user": "ssh_user", "ansible_port": "ssh_port", "ansible_password": "ssh_password"}
    return {variable: settings[key] for variable, key in given.items() if settings.get(key)}
