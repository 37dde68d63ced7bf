# SPDX-License-Identifier: Apache-2.0
"""The filter ``calipso.monitoring.sudoers``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible.errors import AnsibleFilterError

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENTATION = """
name: sudoers
short_description: Make the sudo rules for the checks of a host
description:
  - The rules allow the commands of the checks word by word, and nothing else.
  - calipso_nornir has to be importable where Ansible runs.
positional: user
options:
  _input:
    description: The text of the host's objects.json.
    type: str
    required: true
  user:
    description: The account that the probe runs as.
    type: str
    required: true
author: The calipso_nornir maintainers
"""
EXAMPLES = """
- name: Allow what the checks need
  ansible.builtin.copy:
    content: "{{ lookup('file', 'objects.json') | calipso.monitoring.sudoers('calipso-probe') }}"
    dest: /etc/sudoers.d/calipso-probe
    mode: "0440"
    validate: visudo -cf %s
"""
RETURN = """
_value:
  description: The content of a file for /etc/sudoers.d.
  type: str
"""


def sudoers(text: str, user: str) -> str:
    """Return the rules."""
    try:
        from calipso_nornir.checks.objects import BadObjects, read_objects
        from calipso_nornir.checks.rights import sudoers as rules
    except ImportError as error:
        raise AnsibleFilterError(
            f"calipso.monitoring.sudoers: install calipso_nornir beside Ansible: {error}"
        ) from error
    try:
        return rules(read_objects(str(text).encode(), "objects.json").items, str(user))
    except (BadObjects, ValueError) as error:
        raise AnsibleFilterError(f"calipso.monitoring.sudoers: {error}") from error


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[[str, str], str]]:
        """Return the filters by name."""
        return {"sudoers": sudoers}
