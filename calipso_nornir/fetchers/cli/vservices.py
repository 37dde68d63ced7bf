# SPDX-License-Identifier: Apache-2.0
"""Routers, DHCP servers and other services that live in a network namespace of a host, and their interfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import address_attributes, kept
from calipso_nornir.model import ids
from calipso_nornir.model.objects import Fetched, Folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Answers, Fetching, Query
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
            label, facts = _facts(service, namespace.removeprefix(service.prefix), queries, answers)
            found.append(
                Fetched(
                    id=ids.vservice(parent.id, namespace),
                    name=service.prefix + label,
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
    ``state``, ``kind``, ``addresses`` (CIDR texts) and first ones as ``IP Address``, ``netmask``, ``cidr``, ``IPv6
    Address``; ``port_id`` and ``network`` (ids) by the port id in the device's name.
    """

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


def _facts(service: Service, id_: str, queries: Mapping[str, Query], answers: Answers) -> tuple[str, dict[str, Any]]:
    """Return the label of a service, and its networks and Neutron's own fields as attributes."""
    if service.type in OF_NETWORKS:
        network = _row(answers, queries["network"], id_)
        return (network or {}).get("name") or id_, {"network": [id_], "orphaned": network is None}
    if service.type in OF_ROUTERS:
        router = _row(answers, queries["router"], id_)
        ports = _grouped(answers, queries["port"], "device_id").get(id_, ())
        floating = _grouped(answers, queries["floating_ip"], "router_id").get(id_, ())
        return (router or {}).get("name") or id_, {
            **kept(router or {}),
            "router_id": id_,
            "network": sorted({port["network_id"] for port in ports}),
            "floating_ips": sorted(row["floating_ip_address"] for row in floating if row.get("floating_ip_address")),
            "orphaned": router is None,
        }
    return id_, {"network": []}


def _row(answers: Answers, query: Query, id_: str) -> Mapping[str, Any] | None:
    return next(iter(_grouped(answers, query, "id").get(id_, ())), None)


def _grouped(answers: Answers, query: Query, key: str) -> Mapping[Any, Sequence[Mapping[str, Any]]]:
    return answers.grouped(query, key) if answers.or_gap(query) is not None else {}


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
