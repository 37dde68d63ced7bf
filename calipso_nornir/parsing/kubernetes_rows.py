# SPDX-License-Identifier: Apache-2.0
"""The rows that ``parsing.kubernetes`` makes from Kubernetes' lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calipso_nornir.model.quickly_made import quickly_made

if TYPE_CHECKING:
    from collections.abc import Mapping


@quickly_made
@dataclass(frozen=True, slots=True)
class Meta:
    """The metadata of every object (ObjectMeta); ``namespace`` is "" for a node or namespace.

    ``annotations`` are those of network plug-ins; ``owner`` is kind and name of its controller.
    """

    name: str
    uid: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    created: str | None = None
    deleted: str | None = None
    owner: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A node.

    Attributes:
        addresses: type ("InternalIP", "Hostname" …) and address, in their order.
        conditions: type -> "True", "False" or "Unknown"; without the times of heartbeats.
        taints: (key, value, effect).
        info: kubelet_version, os_image, kernel_version, container_runtime, architecture.
    """

    meta: Meta
    pod_cidrs: tuple[str, ...] = ()
    unschedulable: bool = False
    taints: tuple[tuple[str, str, str], ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    conditions: Mapping[str, str] = field(default_factory=dict)
    info: Mapping[str, str] = field(default_factory=dict)


@quickly_made
@dataclass(frozen=True, slots=True)
class Container:
    """A container of a pod.

    Attributes:
        kind: "container", "init" or "ephemeral".
        state: "running", "waiting" or "terminated"; None if the kubelet has not reported it.
        ports: (name, port, protocol).
    """

    name: str
    kind: str
    image: str | None = None
    image_id: str | None = None
    container_id: str | None = None
    state: str | None = None
    reason: str | None = None
    ready: bool | None = None
    restarts: int | None = None
    ports: tuple[tuple[str, int, str], ...] = ()


@quickly_made
@dataclass(frozen=True, slots=True)
class Pod:
    """A pod; ``node`` is None until it is scheduled. ``ready`` is its condition of that name."""

    meta: Meta
    node: str | None = None
    phase: str | None = None
    reason: str | None = None
    ready: str | None = None
    host_network: bool = False
    ips: tuple[str, ...] = ()
    host_ip: str | None = None
    service_account: str | None = None
    containers: tuple[Container, ...] = ()

    @property
    def over(self) -> bool:
        """Whether it has ended: another pod may have its addresses by now."""
        return self.phase in ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace; ``phase`` is "Active" or "Terminating"."""

    meta: Meta
    phase: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """A service.

    Attributes:
        type: "ClusterIP", "NodePort", "LoadBalancer" or "ExternalName".
        cluster_ips: its virtual addresses; empty for a headless service.
        headless: whether it was created without virtual addresses.
        ports: name, protocol, port, target_port (number or name), node_port; None for what is missing.
    """

    meta: Meta
    type: str
    cluster_ips: tuple[str, ...] = ()
    headless: bool = False
    external_ips: tuple[str, ...] = ()
    load_balancer: tuple[str, ...] = ()
    external_name: str | None = None
    selector: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[Mapping[str, object], ...] = ()


@quickly_made
@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of a slice; ``target`` is (kind, namespace, name, uid). Missing conditions are None."""

    addresses: tuple[str, ...]
    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None
    node: str | None = None
    zone: str | None = None
    hostname: str | None = None
    target: tuple[str, str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class EndpointSlice:
    """A slice of a service's endpoints; ``service`` is the service's name, None for a slice without a service."""

    meta: Meta
    service: str | None
    address_type: str
    ports: tuple[Mapping[str, object], ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
