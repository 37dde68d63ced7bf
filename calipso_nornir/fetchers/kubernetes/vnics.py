# SPDX-License-Identifier: Apache-2.0
"""The interfaces of pods, as their nodes show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from calipso_nornir.errors import CalipsoError, NamespaceOfSeveral, PodsUnwired
from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import address_attributes
from calipso_nornir.fetchers.kubernetes.plugins import OVN, plugins_of
from calipso_nornir.fetchers.kubernetes.routing import Routing, routes
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched, asked, together
from calipso_nornir.model.queries import Lookup
from calipso_nornir.model.refs import Folder
from calipso_nornir.parsing.common_values import canonical_ip
from calipso_nornir.wiring.devices import UNRESOLVED, Devices

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.parsing.rows import Interface

    Inside = tuple[Query, tuple[Interface, ...]] | CalipsoError

FOLDER = Folder(type="vnics_folder", types_name="vnics", text="vNICs")
FIRST = "eth0"
"""Name of a pod's interface to the cluster network; further networks have other names (Multus: net1 …)."""


class PodVnics:
    """Interfaces of the pods of one node, each in its pod's vNICs folder. Pods in the node's network have none.

    Source: ``ip netns list``; ``ip -d address`` of the node and in each of its named network namespaces; ``ip -j
    route``. A namespace belongs to the pod whose address it has. The device on the node is the other end of the veth
    pair, by the kernel's interface indexes. For a pod without a named namespace, it is the device of the route to it.
    Attributes: ``vnic_type`` ("pod_vnic"), ``host``, ``pod_id``, ``namespace`` (network namespace), ``device`` (on the
    node), ``mac_address``, ``mtu``, ``state``, ``kind``, ``addresses`` and the first ones as ``ip_address`` …,
    ``device_index``, ``peer_index``; with OVN ``port_id``, the name of its logical port.
    """

    asked_by: ClassVar[Mapping[str, str]] = {}

    def get(self, parent: InventoryObject) -> Fetching:
        """Look up the pods of the node, then ask for its namespaces and their contents."""
        lookup = Lookup.of("pod", {"host": parent.id})
        answers = yield [lookup]
        owners = _owners(answers[lookup])
        if not owners:
            return []
        table = routes(parent.id)
        (address, interfaces), (listed, namespaces), answers = yield from together(
            questions.interfaces(parent.id), questions.namespaces(parent.id), asked(table)
        )
        devices = Devices(interfaces, namespaces)
        contents = yield from together(*(_inside(parent.id, one.name) for one in namespaces))
        with_ovn = OVN in plugins_of(parent)
        found: list[Fetched] = []
        seen: set[str] = set()
        for namespace, content in zip(namespaces, contents, strict=True):
            if isinstance(content, CalipsoError):
                answers.lacks(table, content)  # its pod may have ended meanwhile; what was known is kept
                continue
            query, inside = content
            pods = _pods_of(inside, owners)
            if len(pods) > 1:
                answers.tell(NamespaceOfSeveral(parent.id, namespace.name, tuple(sorted(one.name for one in pods))))
            elif pods:
                seen.add(pods[0].id)
                found += [
                    _vnic(pods[0], one, namespace.name, devices, with_ovn=with_ovn, sources=(listed, address, query))
                    for one in inside
                    if one.link_type == "ether"
                ]
        rest = {ip: pod for ip, pod in owners.items() if pod.id not in seen}
        by_route = Routing.of(answers.or_gap(table, ()), devices, pod_networks=()).workloads if rest else {}
        known = {pod.id: (pod, ip) for ip, pod in rest.items() if ip in by_route}
        found += [_by_route(pod, ip, devices[by_route[ip]], (table, address)) for pod, ip in known.values()]
        names = {f"{pod['namespace']}/{pod.name}" for pod in rest.values() if pod.id not in known}
        if names:
            answers.tell(PodsUnwired(parent.id, tuple(sorted(names))))
        return found


def _owners(pods: Iterable[InventoryObject]) -> dict[str, InventoryObject]:
    """Return pods by their addresses; a pod that has ended has none any more, even if the API still lists them."""
    alive = [pod for pod in pods if not pod.get("host_network") and pod.get("status") not in ("Succeeded", "Failed")]
    return {canonical_ip(ip): pod for pod in alive for ip in pod.get("ip_addresses") or ()}


def _inside(host: str, namespace: str) -> Generator[Sequence[Query], Answers, Inside]:
    try:
        return (yield from questions.interfaces(host, namespace))
    except CalipsoError as error:
        return error


def _pods_of(inside: Iterable[Interface], owners: Mapping[str, InventoryObject]) -> list[InventoryObject]:
    pods = (owners.get(canonical_ip(row.ip)) for one in inside for row in one.addresses)
    return list({pod.id: pod for pod in pods if pod is not None}.values())


def _vnic(  # noqa: PLR0913 - what is known of it
    pod: InventoryObject,
    one: Interface,
    namespace: str,
    devices: Devices,
    *,
    with_ovn: bool,
    sources: tuple[Query, ...],
) -> Fetched:
    outer = _other_end(one, namespace, devices)
    attributes: dict[str, Any] = {
        **_common(pod),
        "namespace": namespace,
        "device": outer.name if outer is not None else None,
        **({"mac_address": one.mac} if one.mac else {}),
        "mtu": one.mtu,
        "state": "UP" if one.up else "DOWN",
        "kind": one.kind,
        **address_attributes(one.addresses),
        "device_index": one.index,
        "peer_index": one.peer_index,
        **({"port_id": f"{pod['namespace']}_{pod.name}"} if with_ovn and one.name == FIRST else {}),
    }
    return _fetched(pod, one.name, attributes, sources)


def _by_route(pod: InventoryObject, ip: str, device: Interface, sources: tuple[Query, ...]) -> Fetched:
    """Return the interface of a pod that only a route shows: its own name, MAC and state are not known."""
    known = {"device": device.name, "ip_address": ip, "addresses": [ip], "peer_index": device.index}
    return _fetched(pod, FIRST, {**_common(pod), **known}, sources)


def _common(pod: InventoryObject) -> dict[str, Any]:
    return {"vnic_type": "pod_vnic", "host": pod["host"], "pod_id": pod.id}


def _fetched(pod: InventoryObject, name: str, attributes: dict[str, Any], sources: tuple[Query, ...]) -> Fetched:
    return Fetched(
        id=ids.below(pod.id, name), name=name, attributes=attributes, under=pod.ref, folder=FOLDER, sources=sources
    )


def _other_end(one: Interface, namespace: str, devices: Devices) -> Interface | None:
    """Return the device on the node that is the other end: each end has the other's index, and the node the namespace.

    A namespace that has no id in the node's own namespace cannot be matched.
    """
    for device in devices.all if one.peer_index is not None else ():
        elsewhere = device.peer_netns or ""
        named = elsewhere == namespace or elsewhere.startswith(UNRESOLVED)
        if named and (device.index, device.peer_index) == (one.peer_index, one.index):
            return device
    return None
