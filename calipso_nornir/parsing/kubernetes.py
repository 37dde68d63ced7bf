# SPDX-License-Identifier: Apache-2.0
"""Reads the objects in Kubernetes' lists strictly, and keeps only the members that a scan uses.

All other members are dropped before anything is recorded: environment variables, arguments and probes of containers may
contain passwords, and annotations may contain anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from calipso_nornir.errors import ParseError, RowsIncomplete
from calipso_nornir.parsing.json_shapes import Fields
from calipso_nornir.parsing.kubernetes_rows import (
    Container,
    Endpoint,
    EndpointSlice,
    Meta,
    Namespace,
    Node,
    Pod,
    Service,
)

PARSER = "kubernetes"
SERVICE_NAME = "kubernetes.io/service-name"
NETWORK_ANNOTATIONS = ("flannel.alpha.coreos.com", "projectcalico.org", "k8s.ovn.org", "cni.cncf.io")
"""Domains (with their subdomains) of annotations about networks."""

Shape = Mapping[str, Any]
_META: Shape = dict.fromkeys(
    ("name", "namespace", "uid", "labels", "creationTimestamp", "deletionTimestamp", "ownerReferences")
)
_CONTAINER: Shape = dict.fromkeys(("name", "image", "ports"))
_ENDED: Shape = dict.fromkeys(("reason", "exitCode"))
_STATUS: Shape = {
    **dict.fromkeys(("name", "imageID", "containerID", "ready", "restartCount")),
    "state": {"running": _ENDED, "waiting": _ENDED, "terminated": _ENDED},
}
_CONDITION: Shape = dict.fromkeys(("type", "status"))
USED: Mapping[str, Shape] = {
    "NamespaceList": {"metadata": _META, "status": {"phase": None}},
    "NodeList": {
        "metadata": _META,
        "spec": dict.fromkeys(("podCIDR", "podCIDRs", "unschedulable", "taints")),
        "status": {"addresses": None, "conditions": _CONDITION, "nodeInfo": None},
    },
    "PodList": {
        "metadata": _META,
        "spec": {
            **dict.fromkeys(("nodeName", "hostNetwork", "serviceAccountName")),
            **dict.fromkeys(("containers", "initContainers", "ephemeralContainers"), _CONTAINER),
        },
        "status": {
            **dict.fromkeys(("phase", "reason", "podIP", "podIPs", "hostIP")),
            "conditions": _CONDITION,
            **dict.fromkeys(("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"), _STATUS),
        },
    },
    "ServiceList": {
        "metadata": _META,
        "spec": dict.fromkeys(("type", "clusterIP", "clusterIPs", "externalIPs", "externalName", "selector", "ports")),
        "status": {"loadBalancer": None},
    },
    "EndpointSliceList": {"metadata": _META, "addressType": None, "endpoints": None, "ports": None},
}
"""Kind of list -> the members of its objects to keep; None keeps a member unchanged."""


def used(kind: str, one: object) -> object:
    """Return an object of a list with only the members that scans use; any other value is returned unchanged."""
    kept = _kept(one, USED[kind])
    if isinstance(kept, dict) and isinstance(one, Mapping) and isinstance(kept.get("metadata"), dict):
        given = one["metadata"].get("annotations")
        if isinstance(given, Mapping):
            ours = {key: value for key, value in given.items() if _of_networks(str(key))}
            kept["metadata"] |= {"annotations": ours} if ours else {}
    return kept


def _kept(value: object, shape: Shape | None) -> object:
    if shape is None:
        return value
    if isinstance(value, Mapping):
        return {key: _kept(value[key], shape[key]) for key in shape if value.get(key) is not None}
    return [_kept(one, shape) for one in value] if isinstance(value, list) else value


def _of_networks(key: str) -> bool:
    domain = key.partition("/")[0]
    return any(domain == one or domain.endswith(f".{one}") for one in NETWORK_ANNOTATIONS)


def read(kind: str, rows: object, *, asked: str) -> tuple[list[Any], RowsIncomplete | None]:
    """Return the rows of a list, and the error for those that were left out, if any.

    Raises ParseError for an answer that is not a list, or if none of its rows can be read.
    """
    if not isinstance(rows, list):
        raise ParseError(PARSER, f"a list of objects was expected, found {type(rows).__name__}")
    reader, found, faults = READERS[kind], [], []
    for number, row in enumerate(rows):
        try:
            found.append(reader(Fields.of(_without_null(row), parser=PARSER, where=f"items[{number}]")))
        except ParseError as error:
            faults.append(error)
    if faults and not found:
        raise faults[0]
    return found, RowsIncomplete(asked, len(faults), len(rows), faults[0].problem) if faults else None


def _without_null(value: object) -> object:
    """Drop members that are null: Go writes an empty list as null, and in the API null means absent."""
    if isinstance(value, Mapping):
        return {key: _without_null(one) for key, one in value.items() if one is not None}
    return [_without_null(one) for one in value] if isinstance(value, list) else value


def _meta(row: Fields) -> Meta:
    meta = row.child("metadata")
    owners = [one for one in meta.children("ownerReferences") if one.flag_or_none("controller")]
    name, uid = meta.text("name"), meta.text("uid")
    if not name or not uid:
        raise meta.fault("name and uid must not be empty")
    return Meta(
        name=name,
        uid=uid,
        namespace=meta.text_or_none("namespace") or "",
        labels=_texts(meta.child("labels")),
        annotations=_texts(meta.child("annotations")),
        created=meta.text_or_none("creationTimestamp"),
        deleted=meta.text_or_none("deletionTimestamp"),
        owner=(owners[0].text("kind"), owners[0].text("name")) if owners else None,
    )


def _texts(row: Fields) -> dict[str, str]:
    return {key: row.text(key) for key in row.members}


def _node(row: Fields) -> Node:
    spec, status = row.child("spec"), row.child("status")
    info = status.child("nodeInfo")
    told = {
        "kubelet_version": info.text_or_none("kubeletVersion"),
        "os_image": info.text_or_none("osImage"),
        "kernel_version": info.text_or_none("kernelVersion"),
        "container_runtime": info.text_or_none("containerRuntimeVersion"),
        "architecture": info.text_or_none("architecture"),
    }
    single = spec.text_or_none("podCIDR")
    return Node(
        meta=_meta(row),
        pod_cidrs=spec.texts("podCIDRs") or ((single,) if single else ()),
        unschedulable=bool(spec.flag_or_none("unschedulable")),
        taints=tuple(
            (one.text("key"), one.text_or_none("value") or "", one.text("effect")) for one in spec.children("taints")
        ),
        addresses=tuple((one.text("type"), one.text("address")) for one in status.children("addresses")),
        conditions=_conditions(status),
        info={key: value for key, value in told.items() if value},
    )


def _conditions(status: Fields) -> dict[str, str]:
    return {one.text("type"): one.text("status") for one in status.children("conditions")}


_CONTAINERS = (
    ("init", "initContainers", "initContainerStatuses"),
    ("container", "containers", "containerStatuses"),
    ("ephemeral", "ephemeralContainers", "ephemeralContainerStatuses"),
)


def _pod(row: Fields) -> Pod:
    spec, status = row.child("spec"), row.child("status")
    single = status.text_or_none("podIP")
    ips = tuple(one.text("ip") for one in status.children("podIPs")) or ((single,) if single else ())
    return Pod(
        meta=_meta(row),
        node=spec.text_or_none("nodeName") or None,
        phase=status.text_or_none("phase"),
        reason=status.text_or_none("reason"),
        ready=_conditions(status).get("Ready"),
        host_network=bool(spec.flag_or_none("hostNetwork")),
        ips=ips,
        host_ip=status.text_or_none("hostIP"),
        service_account=spec.text_or_none("serviceAccountName"),
        containers=tuple(
            _container(kind, one, {each.text("name"): each for each in status.children(told)})
            for kind, listed, told in _CONTAINERS
            for one in spec.children(listed)
        ),
    )


def _container(kind: str, row: Fields, statuses: Mapping[str, Fields]) -> Container:
    name = row.text("name")
    status = statuses.get(name) or Fields(row.parser, row.where, {})
    state = status.child("state")
    now = next((one for one in ("running", "waiting", "terminated") if one in state), None)
    return Container(
        name=name,
        kind=kind,
        image=row.text_or_none("image"),
        image_id=status.text_or_none("imageID") or None,
        container_id=status.text_or_none("containerID") or None,
        state=now,
        reason=state.child(now).text_or_none("reason") if now else None,
        ready=status.flag_or_none("ready"),
        restarts=status.number_or_none("restartCount"),
        ports=tuple(
            (one.text_or_none("name") or "", one.number("containerPort"), one.text_or_none("protocol") or "TCP")
            for one in row.children("ports")
        ),
    )


def _namespace(row: Fields) -> Namespace:
    return Namespace(_meta(row), row.child("status").text_or_none("phase"))


def _service(row: Fields) -> Service:
    spec, balancer = row.child("spec"), row.child("status").child("loadBalancer")
    single = spec.text_or_none("clusterIP")
    virtual = spec.texts("clusterIPs") or ((single,) if single else ())
    given = (one.text_or_none("ip", "hostname") for one in balancer.children("ingress"))
    return Service(
        meta=_meta(row),
        type=spec.text_or_none("type") or "ClusterIP",
        cluster_ips=tuple(one for one in virtual if one != "None"),
        headless="None" in virtual,
        external_ips=spec.texts("externalIPs"),
        load_balancer=tuple(one for one in given if one),
        external_name=spec.text_or_none("externalName"),
        selector=_texts(spec.child("selector")),
        ports=tuple(_service_port(one) for one in spec.children("ports")),
    )


def _service_port(row: Fields) -> dict[str, object]:
    target = row.members.get("targetPort")
    if not isinstance(target, (int, str, type(None))) or isinstance(target, bool):
        raise row.fault(f'"targetPort" must be a number or a name, found {target!r:.80}')
    return {
        "name": row.text_or_none("name"),
        "protocol": row.text_or_none("protocol") or "TCP",
        "port": row.number("port"),
        "target_port": target,
        "node_port": row.number_or_none("nodePort") or None,
    }


def _slice(row: Fields) -> EndpointSlice:
    meta = _meta(row)
    return EndpointSlice(
        meta=meta,
        service=meta.labels.get(SERVICE_NAME) or None,
        address_type=row.text("addressType"),
        ports=tuple(
            {
                "name": one.text_or_none("name") or None,
                "protocol": one.text_or_none("protocol") or "TCP",
                "port": one.number_or_none("port"),
            }
            for one in row.children("ports")
        ),
        endpoints=tuple(_endpoint(one) for one in row.children("endpoints")),
    )


def _endpoint(row: Fields) -> Endpoint:
    conditions, target = row.child("conditions"), row.child("targetRef")
    addresses = row.texts("addresses")
    if not all(addresses) or not addresses:
        raise row.fault('"addresses" must not be empty')
    return Endpoint(
        addresses=addresses,
        ready=conditions.flag_or_none("ready"),
        serving=conditions.flag_or_none("serving"),
        terminating=conditions.flag_or_none("terminating"),
        node=row.text_or_none("nodeName"),
        zone=row.text_or_none("zone"),
        hostname=row.text_or_none("hostname"),
        target=(
            target.text_or_none("kind") or "",
            target.text_or_none("namespace") or "",
            target.text_or_none("name") or "",
            target.text_or_none("uid") or "",
        )
        if target.members
        else None,
    )


READERS: Mapping[str, Callable[[Fields], Any]] = {
    "NamespaceList": _namespace,
    "NodeList": _node,
    "PodList": _pod,
    "ServiceList": _service,
    "EndpointSliceList": _slice,
}
"""Kind of list -> the function that reads one of its objects."""
