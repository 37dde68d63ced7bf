# SPDX-License-Identifier: Apache-2.0
"""Older names of attributes. Ours are in snake_case; an answer has both: ``link_detected`` and "Link detected"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model.naming import snake_case

if TYPE_CHECKING:
    from collections.abc import Mapping

OLDER: Final[Mapping[str, tuple[str, ...]]] = {
    "host_pnic": (
        "Link detected",
        "Speed",
        "Duplex",
        "IP Address",
        "IPv6 Address",
        "EtherChannel",
        "EtherChannel Master",
        "Bonding Mode",
        "Ethernet Channel Bonding Driver",
    ),
    "network": (
        "provider:network_type",
        "provider:physical_network",
        "provider:segmentation_id",
        "router:external",
    ),
    "port": (
        "binding:host_id",
        "binding:vif_type",
        "binding:vif_details",
        "binding:vnic_type",
        "binding:profile",
    ),
    "vnic": ("IP Address", "IPv6 Address"),
}
"""Object type → names that the older documents had."""
_SPELLED: Final = {"IPv6 Address": "ipv6_address"}


def ours(older: str) -> str:
    """Return our name of an attribute with an older name."""
    return _SPELLED.get(older) or snake_case(older)


def with_older_names(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object's document with its attributes by their older names, too."""
    pairs = ((name, ours(name)) for name in OLDER.get(str(document.get("type")), ()))
    return {**{name: document[own] for name, own in pairs if own in document}, **document}
