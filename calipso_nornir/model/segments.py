# SPDX-License-Identifier: Apache-2.0
"""The segments of a network: one or, for a routed provider network, one for each of its physical networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.objects import InventoryObject

_FIELDS = ("network_type", "physical_network", "segmentation_id")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment, from Neutron's ``provider:`` fields; as text: ``vxlan 613``, ``vlan 101 on physnet1``."""

    network_type: str | None
    physical_network: str | None
    segmentation_id: int | str | None

    def __str__(self) -> str:
        words = [str(word) for word in (self.network_type, self.segmentation_id) if word not in (None, "")]
        return " ".join(words) + (f" on {self.physical_network}" if self.physical_network else "")


def segments_of(network: InventoryObject) -> tuple[Segment, ...]:
    """Return the segments of a network; none if they are hidden from the user.

    A network with several segments has a list ``segments`` in place of the ``provider:`` fields.
    """
    rows = network.get("segments")
    listed: list[Mapping[str, Any]] = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    own = {f"provider:{name}": network.get(f"provider_{name}") for name in _FIELDS}
    found = (Segment(*(row.get(f"provider:{name}") for name in _FIELDS)) for row in listed or [own])
    return tuple(one for one in found if one.network_type)
