# SPDX-License-Identifier: Apache-2.0
"""Services of a cluster, and their endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.kubernetes import NAMESPACES, NODES, SERVICES, SLICES
from calipso_nornir.model.refs import Folder
from calipso_nornir.parsing.common_values import canonical_ip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.parsing.kubernetes_rows import Endpoint, EndpointSlice, Service

SERVICES_FOLDER = Folder(type="services_folder", types_name="services", text="Services")
ENDPOINTS_FOLDER = Folder(type="endpoints_folder", types_name="endpoints", text="Endpoints")


class Services:
    """Services of all namespaces, each below its namespace.

    Source: Kubernetes, ``GET /api/v1/services`` and the namespaces.
    Attributes: ``namespace`` (its name), ``uid``, ``service_type``, ``cluster_ips``, ``headless``, ``external_ips``,
    ``load_balancer`` (addresses), ``external_name``, ``selector``, ``ports`` [{name, protocol, port, target_port,
    node_port}], ``labels``, ``created_at``.
    """

    asked_by: ClassVar[Mapping[str, str]] = {"service": "id"}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the services; one whose namespace is newer than the list of namespaces has no place yet."""
        answers = yield [SERVICES, NAMESPACES]
        namespaces = {one.meta.name: ids.plain(one.meta.uid) for one in answers[NAMESPACES]}
        return [
            Fetched(
                id=ids.plain(one.meta.uid),
                name=one.meta.name,
                attributes=_attributes(one),
                under=parent.sibling("namespace", namespaces[one.meta.namespace]),
                folder=SERVICES_FOLDER,
            )
            for one in answers[SERVICES]
            if one.meta.namespace in namespaces
        ]


class Endpoints:
    """Endpoints of all services: one for each address in their slices. Slices without a service are ignored.

    Source: Kubernetes, ``GET /apis/discovery.k8s.io/v1/endpointslices``, the services and the nodes.
    Attributes: ``host`` (the node, if it is known), ``service_id``, ``pod_id`` (if the endpoint is a pod),
    ``namespace``, ``ip_address`` (or a name, for slices of names), ``address_type``, ``ports`` [{name, protocol,
    port}], ``ready``, ``serving``, ``terminating``, ``zone``.
    """

    asked_by: ClassVar[Mapping[str, str]] = {"endpoint": "id", "service": "service_id", "pod": "pod_id"}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the slices."""
        answers = yield [SLICES, SERVICES, NAMESPACES, NODES]
        placed = {one.meta.name for one in answers[NAMESPACES]}
        services = {
            (one.meta.namespace, one.meta.name): ids.plain(one.meta.uid)
            for one in answers[SERVICES]
            if one.meta.namespace in placed
        }
        nodes = {node.meta.name for node in answers.or_blank(NODES, ())}
        found: dict[str, Fetched] = {}
        for slice_ in answers[SLICES]:
            service = services.get((slice_.meta.namespace, slice_.service or ""))
            if service is None:
                continue
            for endpoint in slice_.endpoints:
                # All addresses of an endpoint are interchangeable: the first stands for it (API reference, Endpoint).
                first = endpoint.addresses[0]
                made = Fetched(
                    id=ids.below(service, first),
                    name=first,
                    attributes={**_of_endpoint(slice_, endpoint, nodes), "service_id": service},
                    under=parent.sibling("service", service),
                    folder=ENDPOINTS_FOLDER,
                )
                found.setdefault(made.id, made)  # an endpoint that has just moved may be in two slices
        return list(found.values())


def _attributes(one: Service) -> dict[str, Any]:
    return {
        "namespace": one.meta.namespace,
        "uid": one.meta.uid,
        "service_type": one.type,
        "cluster_ips": [canonical_ip(ip) for ip in one.cluster_ips],
        "headless": one.headless,
        "external_ips": list(one.external_ips),
        "load_balancer": list(one.load_balancer),
        "external_name": one.external_name,
        "selector": dict(one.selector),
        "ports": [dict(port) for port in one.ports],
        "labels": dict(one.meta.labels),
        "created_at": one.meta.created,
    }


def _of_endpoint(slice_: EndpointSlice, one: Endpoint, nodes: set[str]) -> dict[str, Any]:
    kind, _, _, uid = one.target or ("", "", "", "")
    return {
        **({"host": ids.plain(one.node)} if one.node in nodes and one.node is not None else {}),
        "pod_id": ids.plain(uid) if kind == "Pod" and uid else None,
        "namespace": slice_.meta.namespace,
        "ip_address": canonical_ip(one.addresses[0]),
        "address_type": slice_.address_type,
        "ports": [dict(port) for port in slice_.ports],
        "ready": one.ready,
        "serving": one.serving,
        "terminating": one.terminating,
        "zone": one.zone,
    }
