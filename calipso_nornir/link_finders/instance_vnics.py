# SPDX-License-Identifier: Apache-2.0
"""Links from instances and services to their virtual network interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.link_finders.making import by_host, make, network_of, on_hosts
from calipso_nornir.link_finders.namespaces import wires
from calipso_nornir.link_finders.plugs import OF_THE_KERNEL, plugged
from calipso_nornir.wiring.host import HostWires

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View
    from calipso_nornir.model.refs import ObjectRef


class InstanceVnics:
    """One ``instance-vnic`` link per interface in an instance's libvirt domain; named after its network.

    For an interface that the kernel does not show (vhost-user), the switch shows whether the server has connected.
    """

    link_types = ("instance-vnic",)
    reads = ("instance", "vnic", "network", "vedge")
    scope = "host"

    def find(self, view: View) -> Iterator[Link]:
        """Match by the instance that the interface was found for."""
        instances = {one.id: one for one in view.of_type("instance")}
        label = _labels(view)
        off = _off_at_switch(view)
        for vnic in view.of_type("vnic"):
            instance = instances.get(vnic.get("instance_id", ""))
            if instance is not None:
                yield make(
                    instance,
                    vnic,
                    rule=f"libvirt's domain {instance.id} has the interface {vnic.name}",
                    name=label(vnic, vnic.get("network")),
                    up=vnic.get("state", "UP") == "UP" and vnic.ref not in off,
                    host=vnic.get("host"),
                    network=network_of(vnic),
                )


class VserviceVnics:
    """One ``vservice-vnic`` link per interface in a service's network namespace; named after its network.

    For a wire between namespaces, the outer end leads outwards to its service.
    """

    link_types = ("vservice-vnic",)
    reads = ("vservice", "vnic", "network")
    scope = "host"

    def find(self, view: View) -> Iterator[Link]:
        """Match by the service that the interface was found for."""
        vservices = {one.id: one for one in view.of_type("vservice")}
        label = _labels(view)
        outer_ends = {outer.ref for _, outer in wires(view)}
        for vnic in view.of_type("vnic"):
            vservice = vservices.get(vnic.get("vservice_id", ""))
            if vservice is not None:
                network = network_of(vnic)
                yield make(
                    vservice,
                    vnic,
                    rule=f"namespace {vnic.get('namespace')} holds the interface {vnic.name}",
                    name=label(vnic, network) or f"{vservice.object_name}-{vnic.object_name}",
                    up=vnic.get("state", "UP") == "UP",
                    host=vnic.get("host"),
                    network=network,
                    attributes={"outward": "vservice"} if vnic.ref in outer_ends else None,
                )


def _ports(vedge: InventoryObject) -> HostWires:
    return HostWires(vedge=vedge, ports={one["name"]: one for one in vedge["ports"]})


def _off_at_switch(view: View) -> set[ObjectRef]:
    """Return the interfaces without a device whose Open vSwitch port reports that its link is down."""
    silent = by_host(
        one
        for one in on_hosts(view, "vnic", "instance_id", "interface_type")
        if one.get("state") is None and one["interface_type"] not in OF_THE_KERNEL
    )
    return {
        vnic.ref
        for vedge in (on_hosts(view, "vedge", "ports") if silent else ())
        if vedge.get("vedge_type") != "VPP"
        for vnic, port in plugged(_ports(vedge), silent.get(vedge["host"], ()))
        if port.get("link_state") == "down"
    }


def _labels(view: View) -> Callable[[InventoryObject, object], str | None]:
    """Return a function that gives the name of an interface's network; each network is looked up once."""
    known: dict[str, str | None] = {}

    def label(vnic: InventoryObject, network: object) -> str | None:
        id_ = str(network)
        if id_ not in known:
            found = view.get(vnic.sibling("network", id_))
            known[id_] = found.name if found is not None else None
        return known[id_]

    return label
