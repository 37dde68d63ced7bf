# SPDX-License-Identifier: Apache-2.0
"""Nodes and namespaces of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.kubernetes import NAMESPACES, NODES
from calipso_nornir.parsing.common_values import canonical_ip

if TYPE_CHECKING:
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.parsing.kubernetes_rows import Node

_ROLE = "node-role.kubernetes.io/"
_MASTERS = frozenset({"control-plane", "master"})
"""Roles of nodes that run the control plane; kubeadm used the second one until 1.24."""
_PLACE = {"zone": "topology.kubernetes.io/zone", "region": "topology.kubernetes.io/region"}


class Nodes:
    """Nodes of a cluster, as hosts.

    Source: Kubernetes, ``GET /api/v1/nodes``.
    Attributes: ``host`` (its id, the node's name), ``uid``, ``host_type`` ("Compute", and "Kube-master" for a node of
    the control plane), ``roles``, ``zone`` and ``region`` (topology labels, if any), ``ip_address`` (the first internal
    address), ``node_addresses`` [{type, address}], ``pod_cidrs``, ``unschedulable``, ``taints`` [{key, value, effect}],
    ``conditions`` {type: status}, ``node_info``, ``labels``, ``annotations`` (of network plug-ins).
    """

    def get(self, _parent: InventoryObject) -> Fetching:
        """Ask for the nodes."""
        answers = yield [NODES]
        return [_host(node) for node in answers[NODES]]


class Namespaces:
    """Namespaces of a cluster.

    Source: Kubernetes, ``GET /api/v1/namespaces``.
    Attributes: ``uid``, ``status`` ("Active" or "Terminating"), ``labels``, ``created_at``.
    """

    def get(self, _parent: InventoryObject) -> Fetching:
        """Ask for the namespaces."""
        answers = yield [NAMESPACES]
        return [
            Fetched(
                id=ids.plain(one.meta.uid),
                name=one.meta.name,
                attributes={
                    "uid": one.meta.uid,
                    "status": one.phase,
                    "labels": dict(one.meta.labels),
                    "created_at": one.meta.created,
                },
            )
            for one in answers[NAMESPACES]
        ]


def _host(node: Node) -> Fetched:
    meta = node.meta
    roles = sorted(key.removeprefix(_ROLE) for key in meta.labels if key.startswith(_ROLE) and key != _ROLE)
    return Fetched(
        id=ids.plain(meta.name),
        name=meta.name,
        attributes={
            "host": ids.plain(meta.name),
            "uid": meta.uid,
            "host_type": ["Compute", *(["Kube-master"] if _MASTERS & set(roles) else [])],
            "roles": roles,
            **{key: meta.labels[label] for key, label in _PLACE.items() if label in meta.labels},
            **_addresses(node),
            "pod_cidrs": list(node.pod_cidrs),
            "unschedulable": node.unschedulable,
            "taints": [{"key": key, "value": value, "effect": effect} for key, value, effect in node.taints],
            "conditions": dict(node.conditions),
            "node_info": dict(node.info),
            "labels": dict(meta.labels),
            "annotations": dict(meta.annotations),
            "created_at": meta.created,
        },
    )


def _addresses(node: Node) -> dict[str, Any]:
    internal = [canonical_ip(address) for type_, address in node.addresses if type_ == "InternalIP"]
    return {
        **({"ip_address": internal[0]} if internal else {}),
        "node_addresses": [{"type": type_, "address": address} for type_, address in node.addresses],
    }
