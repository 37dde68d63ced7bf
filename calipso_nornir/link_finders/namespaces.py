# SPDX-License-Identifier: Apache-2.0
"""Wires between network namespaces of one host: veth pairs whose ends have each other's interface index."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from calipso_nornir.link_finders.making import make, on_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

OUTER = "floating_ip"
"""Type of the service through which routers of a host reach the outside."""


class NamespaceWires:
    """One ``vnic-vnic`` link per veth pair between namespaces of one host, from a router's end to the outer one."""

    link_types = ("vnic-vnic",)
    reads = ("vnic", "vservice")
    scope = "host"

    def find(self, view: View) -> Iterator[Link]:
        """Match ends that have each other's index."""
        for inner, outer in wires(view):
            yield make(
                inner,
                outer,
                rule=f"{inner.name} and {outer.name} name each other as the other end of a veth pair",
                name=f"{inner.name}-{outer.name}",
                up=inner.get("state") == outer.get("state") == "UP",
                attributes={"outward": "vnic"},
            )


def wires(view: View) -> Iterator[tuple[InventoryObject, InventoryObject]]:
    """Yield the ends of wires between namespaces, the router's end first.

    A device's index is unique only in its namespace. If several pairs match, those with Neutron's corresponding names
    are used ("rfp-" and "fpr-" with the beginning of the router's id); if more than one pair remains, none is used.
    """
    by_numbers: defaultdict[tuple[str, int, int], list[InventoryObject]] = defaultdict(list)
    for one in on_hosts(view, "vnic", "device_index", "peer_index", "namespace"):
        by_numbers[one["host"], one["device_index"], one["peer_index"]].append(one)
    services = {one.id: one for one in view.of_type("vservice")} if by_numbers else {}
    for (host, number, far), ends in by_numbers.items():
        for one in ends:
            fitting = _one_of(one, by_numbers.get((host, far, number), ()))
            service = services.get(one.get("vservice_id") or "")
            outer = services.get(fitting.get("vservice_id") or "") if fitting is not None else None
            if fitting is not None and service is not None and outer is not None and _inside(service, outer):
                yield one, fitting


def _one_of(one: InventoryObject, others: list[InventoryObject] | tuple[()]) -> InventoryObject | None:
    fitting = [other for other in others if other["namespace"] != one["namespace"]]
    if len(fitting) > 1:
        fitting = [
            other for other in fitting if other.object_name.partition("-")[2] == one.object_name.partition("-")[2]
        ]
    return fitting[0] if len(fitting) == 1 else None


def _inside(service: InventoryObject, outer: InventoryObject) -> bool:
    """Return whether the first of two services is the inner one; of two services of one kind, the lower id is."""
    first, second = service.get("service_type") == OUTER, outer.get("service_type") == OUTER
    return second if first != second else service.id < outer.id
