# SPDX-License-Identifier: Apache-2.0
"""The module ``calipso.monitoring.sensu_go_resources``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: sensu_go_resources
short_description: Create, update and remove the resources of Sensu Go that calipso renders
description:
  - Puts filters, handlers, pipelines, proxy entities and checks over the REST API of Sensu Go, entities before checks,
    and the namespace if it is missing.
  - Removes resources of the same environment that are no longer wanted, with their events.
  - Resources without calipso's labels are never removed.
  - Runs where the playbook runs. calipso_nornir has to be importable there.
options:
  resources:
    description: The file resources.json, as C(calipso monitoring render) writes it.
    type: path
    required: true
  access:
    description:
      - The file access.json, which has a secret and is for its owner only.
      - JSON with C(url), C(namespace), C(ca_file), and C(key) or C(user) and C(password).
    type: path
    required: true
  state:
    description:
      - V(absent) removes everything of the environment, also the entities of its agents. They have to have ended.
    type: str
    choices: [present, absent]
    default: present
  ended_agents:
    description: Names of agents of the environment that have ended for good. Their entities are removed.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Says what would change, and asks only.
    support: full
  diff_mode:
    description: Shows the fields that differ.
    support: full
author: The calipso_nornir maintainers
"""
EXAMPLES = """
- name: Configure Sensu Go
  calipso.monitoring.sensu_go_resources:
    resources: /var/lib/calipso/monitoring/server/sensu-go/resources.json
    access: /var/lib/calipso/monitoring/server/sensu-go/access.json
  delegate_to: localhost
"""
RETURN = """
put:
  description: Resources that were made or replaced, as KIND/NAME.
  type: list
  elements: str
  returned: success
removed:
  description: Resources that were removed, as KIND/NAME.
  type: list
  elements: str
  returned: success
"""


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "resources": {"type": "path", "required": True},
            "access": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "ended_agents": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    try:
        from calipso_nornir.errors import CalipsoError
        from calipso_nornir.monitoring.back_ends.sensu_go import Resource
        from calipso_nornir.monitoring.back_ends.sensu_go_applying import changes, make
        from calipso_nornir.monitoring.back_ends.sensu_go_client import SensuGoAccess, SensuGoClient
    except ImportError as error:
        module.fail_json(msg=f"install calipso_nornir for the Python that runs Ansible: {error}")
    try:
        told = _read(module.params["resources"])
        access = SensuGoAccess(**_read(module.params["access"]))
        environment = str(told["environment"])
        absent = module.params["state"] == "absent"
        wanted = [] if absent else [Resource(**one) for one in told["resources"]]
    except (OSError, ValueError, TypeError, LookupError) as error:
        # The text of a TypeError may quote what access.json has: only its kind is shown
        why = str(error) if isinstance(error, OSError) else type(error).__name__
        module.fail_json(msg=f"resources.json or access.json cannot be read: {why}")
    client = SensuGoClient(access)
    try:
        agents = "all" if absent else module.params["ended_agents"]
        found = changes(client, wanted, environment=environment, agents=agents)
        if found and not module.check_mode:
            make(client, found)
    except CalipsoError as error:
        module.fail_json(msg=str(error))
    finally:
        client.close()
    put = [f"{one.kind}/{one.name}" for one in found.put]
    removed = [f"{kind}/{name}" for kind, names in found.gone.items() for name in names]
    after = {f"{one.kind}/{one.name}": one.body for one in found.put}
    module.exit_json(
        changed=bool(found),
        put=put,
        removed=removed,
        msg=f"{len(put)} resources put, {found.unchanged} as they were, {len(removed)} removed",
        diff={"before": _shown(found.before), "after": _shown(after)},
    )


def _read(path: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return value


def _shown(value: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    main()
