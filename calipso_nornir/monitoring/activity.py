# SPDX-License-Identifier: Apache-2.0
"""Whether traffic can be expected of a virtual interface, according to the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

ACTIVE: Final = (None, "ACTIVE")


def is_active(vnic: InventoryObject, view: View) -> bool:
    """Return whether traffic can be expected: neither the port nor the instance is known to be down."""
    port = view.get(ObjectRef(view.environment, "port", str(vnic.get("port_id") or "")))
    if port is not None and (port.get("status") not in ACTIVE or port.get("admin_state_up") is False):
        return False
    owners = [view.get(link.source) for link in view.links("instance-vnic", target=vnic.ref)]
    return all(one is None or one.get("status") in ACTIVE for one in owners)
