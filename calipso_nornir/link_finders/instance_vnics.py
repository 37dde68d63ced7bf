# SPDX-License-Identifier: Apache-2.0
"""Links from instances and services to their virtual network interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.link_finders.making import make, network_of
from calipso_nornir.link_finders.namespaces import wires

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View


class InstanceVnics:
    """One ``instance-vnic`` link per interface in an instance's libvirt domain; named after its network."""

    link_types = ("instance-vnic",)
    reads = ("instance", "vnic", "network")
    scope = "host"

    def find(self, view: View) -> Iterator[Link]:
        """Match by the instance that the interface was found for."""
        instances = {one.id: one for one in view.of_type("instance")}
        label = _labels(view)
        for vnic in view.of_type("vnic"):
            instance = instances.get(vnic.get("instance_id", ""))
            if instance is not None:
                yield make(
                    instance,
                    vnic,
                    rule=f"libvirt's domain {instance.id} has the interface {vnic.name}",
                    name=label(vnic, vnic.get("network")),
                    up=vnic.get("state", "UP") == "UP",
                    host=vnic.get("host"),
                    network=network_of(vnic),
                )


class VserviceVnics:
    """One ``vservice-vnic`` link per interface in a service's network namespace; named after its network.

    Of a wire between namespaces the outer end leads outwards to its service.
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


def _labels(view: View) -> Callable[[InventoryObject, object], str | None]:
    """Return what gives the name of an interface's network; each network is looked up once."""
    known: dict[str, str | None] = {}

    def label(vnic: InventoryObject, network: object) -> str | None:
        id_ = str(network)
        if id_ not in known:
            found = view.get(vnic.sibling("network", id_))
            known[id_] = found.name if found is not None else None
        return known[id_]

    return label
