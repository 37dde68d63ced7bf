# SPDX-License-Identifier: Apache-2.0
"""Recognises the network plug-ins of a node by the annotations that they write."""

from __future__ import annotations

import json
from ipaddress import ip_interface
from typing import TYPE_CHECKING, Any

from calipso_nornir.parsing.common_values import as_ip, canonical_ip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.objects import InventoryObject

FLANNEL, CALICO, OVN = "Flannel", "Calico", "OVN"
_BACKEND, _DATA, _PUBLIC = (f"flannel.alpha.coreos.com/{key}" for key in ("backend-type", "backend-data", "public-ip"))
_CALICO = "projectcalico.org/IPv4Address"
_CALICO_TUNNELS = (("projectcalico.org/IPv4IPIPTunnelAddr", "ipip"), ("projectcalico.org/IPv4VXLANTunnelAddr", "vxlan"))
_CHASSIS = ("k8s.ovn.org/node-chassis-id", "k8s.ovn.org/node-subnets")


def plugins_of(node: InventoryObject) -> list[str]:
    """Return the plug-ins that have written annotations to a node."""
    return plugins_by(_annotations(node))


def plugins_by(annotations: Mapping[str, str]) -> list[str]:
    """Return the plug-ins that have written these annotations."""
    return [
        name
        for name, keys in ((FLANNEL, (_BACKEND,)), (CALICO, (_CALICO,)), (OVN, _CHASSIS))
        if any(key in annotations for key in keys)
    ]


def transports_by(annotations: Mapping[str, str]) -> list[str]:
    """Return how packets get from node to node: Flannel's backend, Calico's ipip, vxlan or bgp, OVN's geneve."""
    named = plugins_by(annotations)
    found = [annotations[_BACKEND]] if FLANNEL in named else []
    if CALICO in named:
        found += [kind for key, kind in _CALICO_TUNNELS if annotations.get(key)] or ["bgp"]
    return [*found, "geneve"] if OVN in named else found


def flannel_of(node: InventoryObject) -> dict[str, Any]:
    """Return what flanneld records on a node: backend, vni (None for host-gw), ip_address (of its tunnel endpoint)."""
    told = _annotations(node)
    try:
        data = json.loads(told.get(_DATA) or "null")
    except (ValueError, RecursionError):
        data = None
    vni = data.get("VNI") if isinstance(data, dict) else None
    usable = isinstance(vni, int) and not isinstance(vni, bool)
    return {"backend": told.get(_BACKEND), "vni": vni if usable else None, "ip_address": as_ip(told.get(_PUBLIC))}


def calico_address(node: InventoryObject) -> str | None:
    """Return the address of a node that Calico uses."""
    try:
        return canonical_ip(str(ip_interface(_annotations(node).get(_CALICO) or "").ip))
    except ValueError:
        return None


def _annotations(node: InventoryObject) -> Mapping[str, str]:
    return node.get("annotations") or {}
