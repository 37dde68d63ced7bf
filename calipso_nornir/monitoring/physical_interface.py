# SPDX-License-Identifier: Apache-2.0
"""What may be expected of a physical interface: a carrier, if something uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.metadata.monitoring import Wanted
from calipso_nornir.model.links import Link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

USES: Final = ("addresses", "master", "ether_channel_master", "members", "vlan_interfaces", "virtual_functions")
"""Attributes that say that something uses it."""


class PhysicalInterface:
    """The check of a physical interface, which may be without a cable if nothing in the picture uses it."""

    def plan(self, one: InventoryObject | Link, view: View) -> Iterator[Wanted]:
        """Yield the check, if host and device are known."""
        if isinstance(one, Link) or not one.get("host") or not one.get("local_name"):
            return
        used = any(one.get(name) for name in USES) or view.links(source=one.ref) or view.links(target=one.ref)
        found: dict[str, Any] = {"device": one["local_name"]}
        yield Wanted(str(one["host"]), found if used else {**found, "unused": True})
