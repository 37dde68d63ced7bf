# SPDX-License-Identifier: Apache-2.0
"""The inventory plug-in ``calipso.monitoring.calipso``."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable

if TYPE_CHECKING:
    from nornir.core.inventory import Host

DOCUMENTATION = """
name: calipso
short_description: Hosts of an environment that calipso has scanned
description:
  - Reads hosts from calipso's store with addresses, ports, users, keys and jump hosts of the section CLI.
  - Their types (Compute, Network, Controller) and zones become groups.
  - calipso_nornir has to be importable where Ansible runs. Passwords are not given to Ansible.
options:
  plugin:
    description: C(calipso.monitoring.calipso).
    required: true
    choices: [calipso.monitoring.calipso]
  environment:
    description: The environment's name in the store.
    type: str
    required: true
  store:
    description: URI or path of the store; by default the one that C(calipso) itself uses.
    type: str
    env:
      - name: CALIPSO_STORE
  host_types:
    description: Only hosts that have one of these types.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - ansible.builtin.constructed
author: The calipso_nornir maintainers
"""
EXAMPLES = """
# lab.calipso.yml
plugin: calipso.monitoring.calipso
environment: lab
store: /var/lib/calipso/calipso.db
keyed_groups:
  - key: calipso.zone
    prefix: zone
"""


class InventoryModule(BaseInventoryPlugin, Constructable):  # type: ignore[misc]  # Ansible has no types
    """What Ansible loads."""

    NAME = "calipso.monitoring.calipso"

    def verify_file(self, path: str) -> bool:
        """Take files whose name ends with calipso.yml."""
        return bool(super().verify_file(path)) and path.endswith(("calipso.yml", "calipso.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:  # noqa: ANN401, FBT001, FBT002 - Ansible's
        """Read the hosts."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        for host in self._hosts(path):
            self._add(host)

    def _hosts(self, path: str) -> list[Host]:
        try:
            from calipso_nornir.errors import CalipsoError
            from calipso_nornir.nornir_inventory import CalipsoInventory
        except ImportError as error:
            raise AnsibleParserError(f"{path}: install calipso_nornir beside Ansible: {error}") from error
        types = self.get_option("host_types")
        wanted = CalipsoInventory(self.get_option("environment"), self.get_option("store"), host_types=types)
        try:
            return list(wanted.load().hosts.values())
        except CalipsoError as error:
            raise AnsibleParserError(f"{path}: {error}") from error

    def _add(self, host: Host) -> None:
        name = self.inventory.add_host(host.name)
        for variable, value in variables(host).items():
            self.inventory.set_variable(name, variable, value)
        for group in host.groups:
            self.inventory.add_host(name, group=self.inventory.add_group(self._sanitize_group_name(group.name)))
        strict, known = self.get_option("strict"), self.inventory.get_host(name).get_vars()
        self._set_composite_vars(self.get_option("compose"), known, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), known, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, name, strict=strict)


def variables(host: Host) -> dict[str, Any]:
    """Return Ansible's variables of a host; secrets are none of them."""
    extras = host.connection_options["calipso_ssh"].extras if "calipso_ssh" in host.connection_options else {}
    extras = extras or {}
    arguments = []
    if extras.get("jump"):
        arguments += ["-o", f"ProxyJump={extras['jump']}"]
    if extras.get("known_hosts"):
        arguments += ["-o", f"UserKnownHostsFile={extras['known_hosts']}"]
    found = {
        "ansible_host": host.hostname,
        "ansible_port": host.port,
        "ansible_user": host.username,
        "ansible_ssh_private_key_file": str(extras["key"]) if extras.get("key") else None,
        "ansible_ssh_common_args": shlex.join(arguments) or None,
        "calipso": dict(host.data),
    }
    return {name: value for name, value in found.items() if value is not None}
