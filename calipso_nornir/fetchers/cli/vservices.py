# SPDX-License-Identifier: Apache-2.0
"""Routers, DHCP servers and other services that live in a network namespace of a host, and their interfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import address_attributes, kept
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.refs import Folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.parsing.rows import Interface


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of service: how its namespaces are called, and the folder that it is shown in."""

    prefix: str
    type: str
    folder: Folder


_DHCP = Folder(type="vservice_dhcps_folder", types_name="dhcps", text="DHCP servers")
_ROUTERS = Folder(type="vservice_routers_folder", types_name="routers", text="Gateways")
_METADATA = Folder(type="vservice_metadata_folder", types_name="metadata", text="Metadata")
_BALANCERS = Folder(type="vservice_load_balancers_folder", types_name="load_balancers", text="Load balancers")

SERVICES = (
    Service("qdhcp-", "dhcp", _DHCP),
    Service("qrouter-", "router", _ROUTERS),
    Service("snat-", "snat", _ROUTERS),
    Service("fip-", "floating_ip", _ROUTERS),
    Service("ovnmeta-", "metadata", _METADATA),
    Service("qlbaas-", "load_balancer", _BALANCERS),
)
"""Neutron's names of namespaces: a prefix and the id of a router ("qrouter-", "snat-"), network or load balancer."""

OF_NETWORKS = frozenset({"dhcp", "floating_ip", "metadata"})
OF_ROUTERS = frozenset({"router", "snat"})


class Vservices:
    """Services of one host, below its vServices folder.

    Source: ``ip netns list``; Neutron, networks, routers, ports and floating IPs.
    Attributes: ``host``, ``service_type``, ``local_service_id`` (the namespace), ``network`` (ids of the networks that
    it serves); of a router also all of Neutron's fields and ``floating_ips``; ``orphaned``: True when Neutron does
    not know (any more) what the namespace was made for.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the namespaces and for what Neutron knows of routers and networks."""
        region = parent["region"]
        listed, namespaces = yield from questions.namespaces(parent.id)
        wanted = [(service, one.name) for one in namespaces if (service := service_of(one.name)) is not None]
        if not wanted:
            return []
        queries = {
            "network": questions.networks(region),
            "router": questions.routers(region),
            "port": questions.ports(region),
            "floating_ip": questions.floating_ips(region),
        }
        answers = yield list(queries.values())
        folder = parent.sibling("vservices_folder", ids.folder(parent.id, "vservices"))
        found = []
        for service, namespace in wanted:
            id_ = namespace.removeprefix(service.prefix)
            name, facts = _facts(service, id_, queries, answers)
            found.append(
                Fetched(
                    id=ids.vservice(parent.id, namespace),
                    name=service.prefix + (name or id_),
                    named=name is not None,
                    attributes={
                        **facts,
                        "host": parent.id,
                        "region": region,
                        "service_type": service.type,
                        "local_service_id": namespace,
                    },
                    under=folder,
                    folder=service.folder,
                    sources=(listed, *queries.values()),
                )
            )
        return found


class VserviceVnics:
    """Interfaces of one service, in its vNICs folder.

    Source: ``ip -d address`` inside the namespace; ports of the inventory.
    Attributes: ``vnic_type`` ("vservice_vnic"), ``host``, ``vservice_id``, ``namespace``, ``mac_address``, ``mtu``,
    ``state``, ``kind``, ``addresses`` (CIDR texts) and first ones as ``ip_address``, ``netmask``, ``cidr``,
    ``ipv6_address``; ``port_id`` and ``network`` (ids) by the port id in the device's name.
    """

    asked_by: ClassVar[Mapping[str, str]] = {}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the interfaces of the namespace, then look their ports up."""
        namespace = parent["local_service_id"]
        address, interfaces = yield from questions.interfaces(parent["host"], namespace)
        own = [one for one in interfaces if one.link_type == "ether" and one.mac is not None]
        ports = yield from questions.ports_of_devices(one.name for one in own)
        folder = parent.sibling("vnics_folder", ids.folder(parent.id, "vnics"))
        return [
            Fetched(
                id=ids.vnic(parent["host"], one.name, namespace),
                name=one.name,
                attributes=_vnic(parent, namespace, one, ports.get(one.name)),
                under=folder,
                sources=(address,),
            )
            for one in own
        ]


def service_of(namespace: str) -> Service | None:
    """Return which service a namespace is for; None when Neutron did not make it."""
    return next((one for one in SERVICES if namespace.startswith(one.prefix)), None)


def _facts(
    service: Service, id_: str, queries: Mapping[str, Query], answers: Answers
) -> tuple[str | None, dict[str, Any]]:
    """Return what a service is called ("" when it has no name, None when nobody told), and what Neutron says of it."""
    if service.type in OF_NETWORKS:
        name, _, known = _row(answers, queries["network"], id_)
        return name, {"network": [id_], **known}
    if service.type in OF_ROUTERS:
        name, router, known = _row(answers, queries["router"], id_)
        ports = answers.grouped_or_blank(queries["port"], "device_id")
        floating = answers.grouped_or_blank(queries["floating_ip"], "router_id")
        return name, {
            **kept(router),
            "router_id": id_,
            **({} if ports is None else {"network": sorted({port["network_id"] for port in ports.get(id_, ())})}),
            **({} if floating is None else {"floating_ips": _addresses(floating.get(id_, ()))}),
            **known,
        }
    return "", {"network": []}


def _row(answers: Answers, query: Query, id_: str) -> tuple[str | None, Mapping[str, Any], dict[str, bool]]:
    """Return the name of something of Neutron's, its row, and whether it is gone there, as an attribute."""
    found = (answers.grouped_or_blank(query, "id") or {}).get(id_)
    if found:
        return found[0].get("name") or "", found[0], {"orphaned": False}
    return ("", {}, {"orphaned": True}) if answers.whole(query) else (None, {}, {})


def _addresses(floating: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted(row["floating_ip_address"] for row in floating if row.get("floating_ip_address"))


def _vnic(vservice: InventoryObject, namespace: str, one: Interface, port: InventoryObject | None) -> dict[str, Any]:
    assigned = [ip["ip_address"] for ip in (port.get("fixed_ips") or ())] if port is not None else []
    return {
        "vnic_type": "vservice_vnic",
        "host": vservice["host"],
        "vservice_id": vservice.id,
        "namespace": namespace,
        "mac_address": one.mac,
        "mtu": one.mtu,
        "state": "UP" if one.up else "DOWN",
        "kind": one.kind,
        **address_attributes(one.addresses, prefer=assigned),
        **({"port_id": port.id, "network": port["network"]} if port is not None else {}),
    }
