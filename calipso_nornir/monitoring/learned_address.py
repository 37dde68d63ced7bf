# SPDX-License-Identifier: Apache-2.0
"""What a Linux bridge should have learned from an interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.metadata.monitoring import Wanted
from calipso_nornir.model.links import Link
from calipso_nornir.monitoring.activity import is_active

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View


class LearnedAddress:
    """The check of a wire to a Linux bridge; it looks for the MAC address only if frames may be expected of it."""

    def plan(self, one: InventoryObject | Link, view: View) -> Iterator[Wanted]:
        """Yield the check, if host, device and bridge are known."""
        if not isinstance(one, Link):
            return
        vnic, bridge = view.get(one.source), view.get(one.target)
        if vnic is None or bridge is None or not one.host or not bridge.get("bridge_name"):
            return
        found: dict[str, Any] = {"bridge": bridge["bridge_name"], "device": vnic.get("device") or vnic.name}
        if vnic.get("mac_address") and is_active(vnic, view):
            found["mac"] = vnic["mac_address"]
        yield Wanted(one.host, found)
