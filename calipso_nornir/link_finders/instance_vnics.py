# SPDX-License-Identifier: Apache-2.0
"""Links from instances and services to their virtual network interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.link_finders.making import make, network_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.protocols import View


class InstanceVnics:
    """One ``instance-vnic`` link per interface in an instance's libvirt domain; named after its network."""

    link_types = ("instance-vnic",)

    def find(self, view: View) -> Iterator[Link]:
        """Match by the instance that the interface was found for."""
        instances = {one.id: one for one in view.of_type("instance")}
        labels = {one.id: one.name for one in view.of_type("network")}
        for vnic in view.of_type("vnic"):
            instance = instances.get(vnic.get("instance_id", ""))
            if instance is not None:
                network = network_of(vnic)
                yield make(
                    instance,
                    vnic,
                    rule=f"libvirt's domain {instance.id} has the interface {vnic.name}",
                    name=labels.get(str(network)),
                    up=vnic.get("state", "UP") == "UP",
                    host=vnic.get("host"),
                    network=network,
                )


class VserviceVnics:
    """One ``vservice-vnic`` link per interface in a service's network namespace; named after its network."""

    link_types = ("vservice-vnic",)

    def find(self, view: View) -> Iterator[Link]:
        """Match by the service that the interface was found for."""
        vservices = {one.id: one for one in view.of_type("vservice")}
        labels = {one.id: one.name for one in view.of_type("network")}
        for vnic in view.of_type("vnic"):
            vservice = vservices.get(vnic.get("vservice_id", ""))
            if vservice is not None:
                network = network_of(vnic)
                yield make(
                    vservice,
                    vnic,
                    rule=f"namespace {vnic.get('namespace')} holds the interface {vnic.name}",
                    name=labels.get(str(network), f"{vservice.object_name}-{vnic.object_name}"),
                    up=vnic.get("state", "UP") == "UP",
                    host=vnic.get("host"),
                    network=network,
                )
