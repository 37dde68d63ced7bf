# SPDX-License-Identifier: Apache-2.0
"""What forwards the packets of a node's pods: the kernel's routes of Flannel or Calico, or OVN's Open vSwitch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.cli.vedges import bonds_of, ports_of, tables_of, vedges_folder
from calipso_nornir.fetchers.kubernetes.ovn_names import switch_ids
from calipso_nornir.fetchers.kubernetes.ovn_routers import outer_ports
from calipso_nornir.fetchers.kubernetes.ovn_switches import provider
from calipso_nornir.fetchers.kubernetes.plugins import CALICO, FLANNEL, OVN, calico_address, flannel_of, plugins_of
from calipso_nornir.fetchers.kubernetes.routing import Routing, routes
from calipso_nornir.fetchers.ovn.chassis_settings import Settings
from calipso_nornir.fetchers.ovn.databases import LOGICAL, SOUTHBOUND, is_described
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched, asked, together
from calipso_nornir.model.queries import Lookup
from calipso_nornir.wiring.devices import Devices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.parsing.ovn_logical import Logical
    from calipso_nornir.parsing.ovn_southbound import Southbound


class RoutedVedges:
    """Flannel or Calico of one node, in its vEdges folder: the node itself routes the packets of its pods.

    Source: annotations of the node; ``ip -j route``, ``ip -d address``; the other nodes' networks of pods.
    Attributes: ``host``, ``vedge_type`` ("Flannel" or "Calico"), ``backend`` (Flannel's: vxlan, host-gw …),
    ``ip_address`` (of the node, as the plug-in has it), ``bridges`` [{name}] that pods are on, ``workloads`` [{address,
    device}]: pods that have a route of their own, ``routes`` [{destination, via, device, encapsulation}] to the pods of
    other nodes.
    """

    asked_by: ClassVar[Mapping[str, str]] = {}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the node's routes, if it has one of the two plug-ins."""
        kinds = [one for one in plugins_of(parent) if one in (FLANNEL, CALICO)]
        if not kinds:
            return []
        table, lookup = routes(parent.id), Lookup.of("host")
        (address, interfaces), answers = yield from together(questions.interfaces(parent.id), asked(table, lookup))
        others = [one for one in answers.or_blank(lookup, ()) if one.id != parent.id]
        networks = [cidr for one in others for cidr in one.get("pod_cidrs") or ()]
        routing = Routing.of(answers[table], Devices(interfaces), pod_networks=networks)
        return [
            Fetched(
                id=ids.vedge(parent.id, kind),
                name=f"{parent.name}-{kind}",
                attributes={"host": parent.id, "vedge_type": kind, **_of_kind(kind, parent), **_of_routes(routing)},
                under=vedges_folder(parent),
                sources=(address, table),
            )
            for kind in kinds
        ]


class OvnNodeVedges:
    """Open vSwitch of one node that OVN-Kubernetes runs, in its vEdges folder.

    Source: annotations of the node; ``ovs-vsctl list`` of Open_vSwitch, Bridge, Port and Interface, ``ip -d address``;
    OVN's databases.
    Attributes: as for any Open vSwitch (``OvsVedges``); ``vedge_type`` ("OVN"), ``chassis``, ``encaps``,
    ``transport_zones``, ``configurations`` with ``bridge_mappings`` and ``integration_bridge``. A port's ``port_id`` is
    NAMESPACE_POD. ``gateway_networks`` (if the databases are those of its zone): the physical networks that gateway
    routers on it lead to.
    """

    asked_by: ClassVar[Mapping[str, str]] = {}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the switch's database and its controller's configuration, if the node has OVN."""
        if OVN not in plugins_of(parent):
            return []
        configured = questions.ovs_settings(parent.id)
        (database, found), (address, interfaces), answers = yield from together(
            questions.ovs_bridges(parent.id), questions.interfaces(parent.id), asked(configured, LOGICAL, SOUTHBOUND)
        )
        settings = Settings.of(answers[configured])
        bonds = yield from bonds_of(parent.id, found)
        return [
            Fetched(
                id=ids.vedge(parent.id, OVN),
                name=f"{parent.name}-{OVN}",
                attributes={
                    "host": parent.id,
                    "vedge_type": OVN,
                    **settings.attributes(),
                    "configurations": settings.configurations(),
                    **tables_of(found, ports_of(found, Devices(interfaces)), bonds),
                    **_gateways(answers, settings.chassis),
                },
                under=vedges_folder(parent),
                sources=(configured, database, address, LOGICAL, SOUTHBOUND),
            )
        ]


def _gateways(answers: Answers, chassis: str) -> dict[str, Any]:
    """Return the physical networks that gateway routers on a chassis lead to; {} if the databases do not say."""
    if not is_described(answers):
        return {}
    logical: Logical | None = answers.or_blank(LOGICAL)
    south: Southbound | None = answers.or_blank(SOUTHBOUND)
    known = south.chassis.get(chassis) if south is not None else None
    if logical is None or south is None or known is None or known.remote:
        return {}
    names = switch_ids(logical)
    found = [
        logical.joined[port.name][0]
        for router in logical.routers
        for port, binding in outer_ports(logical, router, south)
        if binding.chassis == chassis
    ]
    rows = [{"network": names[one.uuid], "tag": None, **provider(one)} for one in found if provider(one)]
    return {"gateway_networks": rows}


def _of_kind(kind: str, node: InventoryObject) -> dict[str, Any]:
    if kind == CALICO:
        return {"ip_address": calico_address(node)}
    told = flannel_of(node)
    return {"backend": told["backend"], "ip_address": told["ip_address"]}


def _of_routes(routing: Routing) -> dict[str, Any]:
    return {
        "bridges": [{"name": name} for name in sorted(routing.bridges)],
        "workloads": [{"address": ip, "device": device} for ip, device in sorted(routing.workloads.items())],
        "routes": routing.remote,
    }
