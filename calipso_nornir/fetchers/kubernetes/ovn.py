# SPDX-License-Identifier: Apache-2.0
"""What OVN's databases say about the pods and services of a cluster that OVN-Kubernetes runs.

Its logical port of a pod is NAMESPACE_POD; its load balancers name their service in ``external_ids``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from calipso_nornir.fetchers.ovn.databases import LOGICAL, is_described
from calipso_nornir.fetchers.ovn.ports import added, binding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import JSON, InventoryObject
    from calipso_nornir.parsing.ovn_logical import Logical
    from calipso_nornir.parsing.ovn_northbound import Balancer

KIND, OWNER = "k8s.ovn.org/kind", "k8s.ovn.org/owner"
"""Keys of a load balancer's ``external_ids`` (ovn-kubernetes, ``go-controller/pkg/types/const.go``)."""


class OvnPodPorts:
    """Where OVN has bound the port of a pod's interface.

    Source: Southbound's Port_Binding and Chassis.
    Attributes: ``ovn``, as of a port of OpenStack: ``type``, ``chassis``, ``host``, ``up``, ``tunnel_key`` …
    """

    asked_by: ClassVar[Mapping[str, str]] = {}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for its binding, if the interface has a port."""
        port = parent.get("port_id")
        return [] if port is None else (yield from binding(parent, port))


class OvnServiceBalancers:
    """The virtual addresses that OVN balances for a service, and the members behind each.

    A service may have several load balancers, for its protocols and for groups of nodes. ``members`` are those of all
    of them; a node may use fewer.

    Source: Northbound's Load_Balancer.
    Attributes: ``ovn_vips`` [{vip, protocol, members}] with addresses and ports.
    """

    asked_by: ClassVar[Mapping[str, str]] = {}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the load balancers."""
        answers = yield [LOGICAL]
        if not is_described(answers, LOGICAL):
            return []
        known: Logical = answers[LOGICAL]
        owner = f"{parent['namespace']}/{parent.name}"
        own = [one for one in known.balancers if (one.about.get(KIND), one.about.get(OWNER)) == ("Service", owner)]
        return added(parent, "ovn_vips", _vips(own) if own else None, LOGICAL)


def _vips(balancers: Sequence[Balancer]) -> list[JSON]:
    members: dict[tuple[str, str], set[str]] = {}
    for one in balancers:
        for vip, own in one.vips.items():
            members.setdefault((vip, one.protocol), set()).update(own)
    return [
        {"vip": vip, "protocol": protocol, "members": sorted(found)}
        for (vip, protocol), found in sorted(members.items())
    ]
