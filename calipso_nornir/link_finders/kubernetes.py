# SPDX-License-Identifier: Apache-2.0
"""Links of pods, services and nodes of Kubernetes, and of the routes that join pods to the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.link_finders.making import by_host, link_detected, make, on_hosts, pnics_by_device
from calipso_nornir.parsing.common_values import canonical_ip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View


class KubernetesPods:
    """Links of pods.

    ``host-pod``: the pod is on the node. ``pod-container``: the container is the pod's. ``pod-vnic``: the interface is
    in the pod's network namespace. ``pod-host_pnic``: the pod uses the node's own network, and the physical interface
    has its address.
    """

    link_types = ("host-pod", "pod-container", "pod-vnic", "pod-host_pnic")
    reads = ("host", "pod", "container", "vnic", "host_pnic")

    def find(self, view: View) -> Iterator[Link]:
        """Match by the ids in the objects' attributes, and by address for pods in the node's network."""
        hosts = {one.id: one for one in view.of_type("host")}
        pods = {one.id: one for one in view.of_type("pod")}
        pnics = _pnics_by_address(view) if pods else {}
        for pod in pods.values():
            up = pod.get("status") == "Running"
            if (host := hosts.get(pod.get("host") or "")) is not None:
                yield make(host, pod, rule=f"Kubernetes has {pod.name} on {host.name}", name=pod.name, up=up)
            for ip in pod.get("ip_addresses") or () if pod.get("host_network") else ():
                if (pnic := pnics.get((pod.get("host") or "", canonical_ip(ip)))) is not None:
                    rule = f"{pod.name} uses the network of its node, and {ip} is on {pnic.name}"
                    yield make(pod, pnic, rule=rule, name=pnic.name, up=link_detected(pnic))
        for container in view.of_type("container") if pods else ():
            if (pod_ := pods.get(container.get("pod_id") or "")) is not None:
                up, rule = container.get("status") == "running", f"{container.name} is a container of {pod_.name}"
                yield make(pod_, container, rule=rule, name=container.name, up=up)
        for vnic in view.of_type("vnic") if pods else ():
            if (pod_ := pods.get(vnic.get("pod_id") or "")) is not None:
                place = f"network namespace {vnic['namespace']}" if vnic.get("namespace") else "the node's routes"
                rule = f"{place} has {vnic.get('ip_address')}, an address of {pod_.name}"
                yield make(pod_, vnic, rule=rule, name=vnic.get("ip_address"), up=vnic.get("state", "UP") == "UP")


class KubernetesServices:
    """``service-endpoint``: a slice of the service has the address. ``endpoint-pod``: the address is the pod's.

    A link is up if the endpoint is ready; an endpoint without this condition is ready (API ref., EndpointConditions).
    """

    link_types = ("service-endpoint", "endpoint-pod")
    reads = ("service", "endpoint", "pod")

    def find(self, view: View) -> Iterator[Link]:
        """Match by the ids in the endpoints' attributes."""
        services = {one.id: one for one in view.of_type("service")}
        pods = {one.id: one for one in view.of_type("pod")}
        for endpoint in view.of_type("endpoint"):
            up = endpoint.get("ready") is not False
            if (service := services.get(endpoint.get("service_id") or "")) is not None:
                rule = f"an EndpointSlice of {service.name} has {endpoint.name}"
                yield make(service, endpoint, rule=rule, name=endpoint.name, up=up)
            if (pod := pods.get(endpoint.get("pod_id") or "")) is not None:
                rule = f"Kubernetes says that {endpoint.name} is {pod.name}"
                yield make(endpoint, pod, rule=rule, name=pod.name, up=up)


class KubernetesRoutes:
    """Links of the routing of pods' packets by Flannel or Calico on a node.

    ``vnic-vedge``: a route to the pod alone leads into its device. ``vconnector-vedge``: the pods' network is on the
    bridge. ``vedge-host_pnic``: a route to pods of another node leaves by the interface, without a tunnel.
    """

    link_types = ("vnic-vedge", "vconnector-vedge", "vedge-host_pnic")
    reads = ("vedge", "vnic", "vconnector", "host_pnic")
    scope = "host"

    def find(self, view: View) -> Iterator[Link]:
        """Go through the routes of each node."""
        routed = [one for one in on_hosts(view, "vedge", "routes") if one.get("vedge_type") in ("Flannel", "Calico")]
        if not routed:
            return
        vnics = by_host(one for one in on_hosts(view, "vnic", "device") if one.get("vnic_type") == "pod_vnic")
        bridges = {(one["host"], one["bridge_name"]): one for one in on_hosts(view, "vconnector", "bridge_name")}
        pnics = pnics_by_device(view)
        for vedge in routed:
            host = vedge["host"]
            devices = {row["device"]: row["address"] for row in vedge.get("workloads") or ()}
            for vnic in vnics.get(host, ()):
                if vnic["device"] in devices:
                    rule = f"{host} has a route to {devices[vnic['device']]} into {vnic['device']}"
                    yield make(vnic, vedge, rule=rule, name=vnic["device"], up=vnic.get("state", "UP") == "UP")
            for row in vedge.get("bridges") or ():
                if (bridge := bridges.get((host, row["name"]))) is not None:
                    rule, outward = f"{host} routes to and from {row['name']}", {"outward": "vedge"}
                    yield make(bridge, vedge, rule=rule, name=row["name"], attributes=outward)
            for device, row in {one["device"]: one for one in vedge["routes"] if not one["encapsulation"]}.items():
                if (pnic := pnics.get((host, device))) is not None:
                    rule = f"{host} has a route to {row['destination']} via {row['via']} on {device}"
                    yield make(vedge, pnic, rule=rule, name=pnic.name, up=link_detected(pnic))


def _pnics_by_address(view: View) -> dict[tuple[str, str], InventoryObject]:
    found = {}
    for pnic in on_hosts(view, "host_pnic"):
        own = [pnic.get("addresses") or (), *(one.get("addresses") or () for one in pnic.get("vlan_interfaces") or ())]
        for cidr in (cidr for addresses in own for cidr in addresses):
            found[pnic["host"], canonical_ip(cidr.partition("/")[0])] = pnic
    return found
