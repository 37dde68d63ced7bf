# SPDX-License-Identifier: Apache-2.0
"""Links of floating IPs: to the interface behind each, the router that translates it, and the switch of its packets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.link_finders.making import make, network_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View


class FloatingIps:
    """Links of floating IPs.

    ``floating_ip-vnic``: the interface that has the port. ``floating_ip-vservice``: the logical router that translates
    it. ``floating_ip-vedge``: the chassis by which its packets leave: that of the router's gateway or, if the floating
    IP is distributed, the one that its port is bound to.
    """

    link_types = ("floating_ip-vnic", "floating_ip-vservice", "floating_ip-vedge")
    reads = ("floating_ip", "vnic", "vservice", "vedge")

    def find(self, view: View) -> Iterator[Link]:
        """Match the floating IPs that have a port."""
        given = [one for one in view.of_type("floating_ip") if one.get("router_id")]
        if not given:
            return
        wanted = {one.get("port_id") for one in given} - {None}
        vnics = {one["port_id"]: one for one in view.of_type("vnic") if one.get("port_id") in wanted}
        vedges = {one["chassis"]: one for one in view.of_type("vedge") if one.get("chassis")}
        for one in given:
            router = view.get(one.sibling("vservice", one["router_id"]))
            yield from _links(one, vnics.get(one.get("port_id")), router, vedges.get(one.get("chassis") or ""))


def _links(
    one: InventoryObject, vnic: InventoryObject | None, router: InventoryObject | None, vedge: InventoryObject | None
) -> Iterator[Link]:
    outside = one.get("floating_network_id")
    if vnic is not None:
        rule = f"{one.name} leads to port {one['port_id']}, which {vnic.name} has"
        yield make(one, vnic, rule=rule, name=vnic.name, host=vnic.get("host"), network=network_of(vnic))
    if router is not None:
        yield make(one, router, rule=f"{router.name} translates {one.name}", name=router.name, network=outside)
    if vedge is not None:
        how = "by the host of its port" if one.get("distributed") else "by the gateway of its router"
        rule = f"{one.name} leaves {how}, on chassis {one['chassis']}"
        yield make(one, vedge, rule=rule, name=vedge.name, host=vedge.get("host"), network=outside)
