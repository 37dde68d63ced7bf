# SPDX-License-Identifier: Apache-2.0
"""Links of ports that OVN binds to another chassis than their interface's: in live migration, and external ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.link_finders.making import make, network_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

    Vedges = Mapping[str, InventoryObject]
EXTERNAL = "external"
"""Type of a port whose frames OVN does not switch (ovn-nb(5), "External Ports"): SR-IOV, bare metal."""


class OvnPlaces:
    """Links of ports that OVN binds to another chassis, additionally to or instead of their interface's.

    ``vnic-port``: the interface has such a port. ``port-vedge``: for a port that is moving to another host (live
    migration), each additional chassis; for an external port, whose frames leave by its card, the chassis that serves
    it (DHCP, metadata, router). That link has ``ends`` ("control") and leads no further.
    """

    link_types = ("vnic-port", "port-vedge")
    reads = ("port", "vnic", "vedge")

    def find(self, view: View) -> Iterator[Link]:
        """Go through the ports that are bound in a second place."""
        vedges = {one["chassis"]: one for one in view.of_type("vedge") if one.get("chassis")}
        places = {one.id: one for one in view.of_type("port") if _is_elsewhere(one)} if vedges else {}
        for vnic in view.of_type("vnic") if places else ():
            port = places.get(vnic.get("port_id") or "")
            if port is not None:
                rule = f"{vnic.name} has port {port.id}, which OVN has elsewhere, too"
                yield make(vnic, port, rule=rule, name=port.name, network=network_of(vnic))
        for port in places.values():
            yield from _links(port, vedges)


def _is_elsewhere(port: InventoryObject) -> bool:
    told = port.get("ovn") or {}
    return bool(told.get("additional_chassis")) or told.get("type") == EXTERNAL


def _links(port: InventoryObject, vedges: Vedges) -> Iterator[Link]:
    told = port["ovn"]
    for name in told.get("additional_chassis") or ():
        if name in vedges:
            rule = f"OVN has port {port.id} on chassis {name} as well: it is on its way there"
            yield make(port, vedges[name], rule=rule, name=vedges[name].name, network=network_of(port))
    chassis = str(told.get("chassis")) if told.get("type") == EXTERNAL else ""
    if chassis in vedges:
        yield make(
            port,
            vedges[chassis],
            rule=f"chassis {chassis} answers the external port {port.id}, whose frames do not pass it",
            name=vedges[chassis].name,
            network=network_of(port),
            attributes={"ends": "control"},
        )
