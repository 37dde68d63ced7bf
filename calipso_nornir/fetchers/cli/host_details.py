# SPDX-License-Identifier: Apache-2.0
"""A host's operating system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.queries import Command

if TYPE_CHECKING:
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject


class HostDetails:
    """Operating system of a host, added to the host itself.

    Source: ``cat /etc/os-release``, ``uname -m``.
    Attributes: ``os``: {name, version, ID, ID_LIKE, architecture}.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for release and architecture."""
        release = Command(parent.id, "cat /etc/os-release", "os_release")
        machine = Command(parent.id, "uname -m", "uname_machine")
        answers = yield [release, machine]
        facts = answers[release]
        system = {
            "name": facts.get("NAME"),
            "version": facts.get("VERSION") or facts.get("VERSION_ID"),
            "ID": facts.get("ID"),
            "ID_LIKE": facts.get("ID_LIKE"),
            "architecture": answers[machine],
        }
        return [Fetched(id=parent.id, name=parent.name, attributes={"os": system})]
