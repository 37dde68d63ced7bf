# SPDX-License-Identifier: Apache-2.0
"""Pods of a cluster, and their containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.kubernetes import NAMESPACES, NODES, PODS
from calipso_nornir.model.refs import Folder
from calipso_nornir.parsing.common_values import canonical_ip

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.parsing.kubernetes_rows import Container, Pod

ON_NODES = Folder(type="pods_folder", types_name="pods", text="Pods")
WAITING = Folder(type="pods_folder", types_name="pods", text="Pods without a node")
CONTAINERS = Folder(type="containers_folder", types_name="containers", text="Containers")


class Pods:
    """Pods of all nodes: below their node or, if they have none (any more), below their namespace.

    Source: Kubernetes, ``GET /api/v1/pods`` (one list for all nodes), nodes and namespaces.
    Attributes: ``host`` (of a pod that is on a known node), ``namespace`` (its name), ``uid``, ``status`` (phase),
    ``reason``, ``ready``, ``terminating``, ``host_network``, ``ip_addresses`` and the first as ``ip_address``,
    ``host_ip``, ``owner`` {kind, name}, ``service_account``, ``labels``, ``annotations`` (of network plug-ins),
    ``created_at``.
    """

    asked_by: ClassVar[Mapping[str, str]] = {"pod": "id", "host": "host"}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the pods, and look up the nodes and namespaces below which they are placed."""
        placed = yield from _placed(parent)
        return [
            Fetched(
                id=ids.plain(one.pod.meta.uid),
                name=one.pod.meta.name,
                attributes={**_on(one), **_attributes(one.pod)},
                under=one.under,
                folder=ON_NODES if one.host is not None else WAITING,
            )
            for one in placed
        ]


class Containers:
    """Containers of all pods, each in the containers folder of its pod.

    Source: Kubernetes, as ``Pods``.
    Attributes: ``host``, ``pod_id``, ``container_type`` ("container", "init" or "ephemeral"), ``image``, ``image_id``,
    ``container_id``, ``status`` ("running", "waiting" or "terminated"), ``reason``, ``ready``, ``restarts``, ``ports``
    [{name, port, protocol}].
    """

    asked_by: ClassVar[Mapping[str, str]] = {"container": "id", "pod": "pod_id", "host": "host"}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the pods."""
        placed = yield from _placed(parent)
        return [
            Fetched(
                id=ids.below(ids.plain(one.pod.meta.uid), container.name),
                name=container.name,
                attributes={**_on(one), "pod_id": ids.plain(one.pod.meta.uid), **_of_container(container)},
                under=parent.sibling("pod", ids.plain(one.pod.meta.uid)),
                folder=CONTAINERS,
            )
            for one in placed
            for container in one.pod.containers
        ]


class Placed(NamedTuple):
    """A pod, the id of its node, and what it is shown below."""

    pod: Pod
    host: str | None
    under: ObjectRef


def _placed(parent: InventoryObject) -> Generator[Sequence[Query], Answers, list[Placed]]:
    """Return the pods with their places; a pod whose node and namespace are newer than their lists has none yet."""
    answers = yield [PODS, NODES, NAMESPACES]
    nodes = {node.meta.name for node in answers[NODES]}
    namespaces = {one.meta.name: ids.plain(one.meta.uid) for one in answers.or_gap(NAMESPACES, ())}
    found = []
    for pod in answers[PODS]:
        if pod.node in nodes:
            host = ids.plain(pod.node)
            found.append(Placed(pod, host, parent.sibling("host", host)))
        elif pod.meta.namespace in namespaces:
            found.append(Placed(pod, None, parent.sibling("namespace", namespaces[pod.meta.namespace])))
    return found


def _on(one: Placed) -> dict[str, Any]:
    return {} if one.host is None else {"host": one.host}


def _attributes(pod: Pod) -> dict[str, Any]:
    meta = pod.meta
    addresses = [canonical_ip(one) for one in pod.ips]
    return {
        "namespace": meta.namespace,
        "uid": meta.uid,
        "status": pod.phase,
        "reason": pod.reason,
        "ready": pod.ready == "True",
        "terminating": meta.deleted is not None,
        "host_network": pod.host_network,
        "ip_addresses": addresses,
        **({"ip_address": addresses[0]} if addresses else {}),
        "host_ip": pod.host_ip,
        "owner": {"kind": meta.owner[0], "name": meta.owner[1]} if meta.owner else None,
        "service_account": pod.service_account,
        "labels": dict(meta.labels),
        "annotations": dict(meta.annotations),
        "created_at": meta.created,
    }


def _of_container(one: Container) -> dict[str, Any]:
    return {
        "container_type": one.kind,
        "image": one.image,
        "image_id": one.image_id,
        "container_id": one.container_id,
        "status": one.state,
        "reason": one.reason,
        "ready": one.ready,
        "restarts": one.restarts,
        "ports": [{"name": name, "port": port, "protocol": protocol} for name, port, protocol in one.ports],
    }
