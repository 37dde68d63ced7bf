# SPDX-License-Identifier: Apache-2.0
"""Routers, DHCP servers and other services in network namespaces of hosts, and their interfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.api.census import names_of
from calipso_nornir.fetchers.attributes import address_attributes, kept
from calipso_nornir.fetchers.floating import Distributed, addresses
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.queries import Lookup
from calipso_nornir.model.refs import Folder

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.parsing.rows import Interface


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of service: the prefix of its namespaces, and the folder in which it is shown."""

    prefix: str
    type: str
    folder: Folder


_DHCP = Folder(type="vservice_dhcps_folder", types_name="dhcps", text="DHCP servers")
_ROUTERS = Folder(type="vservice_routers_folder", types_name="routers", text="Gateways")
_METADATA = Folder(type="vservice_metadata_folder", types_name="metadata", text="Metadata")
_BALANCERS = Folder(type="vservice_load_balancers_folder", types_name="load_balancers", text="Load balancers")

OVN_METADATA = "ovnmeta-"

SERVICES = (
    Service("qdhcp-", "dhcp", _DHCP),
    Service("qrouter-", "router", _ROUTERS),
    Service("snat-", "snat", _ROUTERS),
    Service("fip-", "floating_ip", _ROUTERS),
    Service(OVN_METADATA, "metadata", _METADATA),
    Service("qlbaas-", "load_balancer", _BALANCERS),
)
"""Neutron's names of namespaces: a prefix and the id of a router ("qrouter-", "snat-"), network or load balancer."""

OF_NETWORKS = frozenset({"dhcp", "floating_ip", "metadata"})
OF_ROUTERS = frozenset({"router", "snat"})


class Vservices:
    """Services of one host, below its vServices folder.

    Source: ``ip netns list``; Neutron, networks, routers, ports and floating IPs.
    Attributes: ``host``, ``service_type``, ``local_service_id`` (the namespace), ``network`` (ids of the networks that
    it serves); of a router also all of Neutron's fields and ``floating_ips``; ``orphaned``: True if the namespace is
    for something that Neutron does not know (any more). A distributed router's floating IPs are listed where they are
    served (``fetchers.floating``), and for the namespace that leads outside ("fip-").
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the namespaces, and Neutron for routers and networks."""
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
        distributed = yield from _distributed(parent, wanted, queries, answers)
        folder = parent.sibling("vservices_folder", ids.folder(parent.id, "vservices"))
        found = []
        for service, namespace in wanted:
            id_ = namespace.removeprefix(service.prefix)
            name, facts = _facts(service, id_, queries, answers, distributed)
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
    ``state``, ``kind``, ``addresses`` (CIDR strings) and the first ones as ``ip_address``, ``netmask``, ``cidr``,
    ``ipv6_address``; ``port_id`` and ``network`` (ids), found by the port id in the device's name (for OVN's metadata,
    by MAC). A veth pair to another namespace that is not a port has ``device_index`` and ``peer_index``, the numbers of
    both ends.
    """

    asked_by: ClassVar[Mapping[str, str]] = {}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the interfaces of the namespace, then look up their ports."""
        namespace = parent["local_service_id"]
        address, interfaces = yield from questions.interfaces(parent["host"], namespace)
        own = [one for one in interfaces if one.link_type == "ether" and one.mac is not None]
        ports = yield from _ports(namespace, own)
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


def _ports(
    namespace: str, devices: Sequence[Interface]
) -> Generator[Sequence[Query], Answers, dict[str, InventoryObject]]:
    """Look up the port for each device of a namespace.

    Devices of OVN's metadata are named after the network. Their port's device id is the name of the namespace.
    """
    if not namespace.startswith(OVN_METADATA):
        return (yield from questions.ports_of_devices(one.name for one in devices))
    own = Lookup.of("port", {"device_id": namespace})
    answers = yield [own]
    by_mac = {port.get("mac_address"): port for port in answers.or_blank(own, ())}
    return {one.name: by_mac[one.mac] for one in devices if one.mac in by_mac}


def service_of(namespace: str) -> Service | None:
    """Return which service a namespace is for; None if Neutron did not create it."""
    return next((one for one in SERVICES if namespace.startswith(one.prefix)), None)


def _distributed(
    host: InventoryObject, wanted: Iterable[tuple[Service, str]], queries: Mapping[str, Query], answers: Answers
) -> Generator[Sequence[Query], Answers, Distributed | None]:
    """Ask for the agents if any router is distributed. None if none is, or if its addresses cannot be located."""
    here = {name.removeprefix(service.prefix) for service, name in wanted if service.type in OF_ROUTERS}
    routers = answers.grouped_or_blank(queries["router"], "id") or {}
    if not any(row.get("distributed") for id_ in here for row in routers.get(id_, ())):
        return None
    agents = questions.agents(host["region"])
    more = yield [agents]
    by_host = more.grouped_or_blank(agents, "host")
    ports = answers.grouped_or_blank(queries["port"], "id")
    floating = answers.or_blank(queries["floating_ip"])
    if by_host is None or ports is None or floating is None:
        return None
    return Distributed(names_of(host), floating, ports, by_host)


def _facts(
    service: Service, id_: str, queries: Mapping[str, Query], answers: Answers, distributed: Distributed | None
) -> tuple[str | None, dict[str, Any]]:
    """Return the name of a service ("" if it has none, None if not known), and what Neutron says about it."""
    if service.type in OF_NETWORKS:
        name, _, known = _row(answers, queries["network"], id_)
        served = None
        if service.type == "floating_ip" and distributed is not None:
            served = distributed.of_network(id_, answers.or_blank(queries["router"], ()))
        return name, {"network": [id_], **({} if served is None else {"floating_ips": served}), **known}
    if service.type in OF_ROUTERS:
        name, router, known = _row(answers, queries["router"], id_)
        ports = answers.grouped_or_blank(queries["port"], "device_id")
        floating = answers.grouped_or_blank(queries["floating_ip"], "router_id")
        served = None if floating is None else addresses(floating.get(id_, ()))
        if router.get("distributed"):
            served = distributed.of_router(id_, service.type) if distributed is not None else None
        return name, {
            **kept(router),
            "router_id": id_,
            **({} if ports is None else {"network": sorted({port["network_id"] for port in ports.get(id_, ())})}),
            **({} if served is None else {"floating_ips": served}),
            **known,
        }
    return "", {"network": []}


def _row(answers: Answers, query: Query, id_: str) -> tuple[str | None, Mapping[str, Any], dict[str, bool]]:
    """Return the name of a Neutron object, its row, and, as an attribute, whether Neutron no longer has it."""
    found = (answers.grouped_or_blank(query, "id") or {}).get(id_)
    if found:
        return found[0].get("name") or "", found[0], {"orphaned": False}
    return ("", {}, {"orphaned": True}) if answers.whole(query) else (None, {}, {})


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
        **({"port_id": port.id, "network": port["network"]} if port is not None else _wire(one)),
    }


def _wire(one: Interface) -> dict[str, Any]:
    if one.kind != "veth" or one.peer_index is None:
        return {}
    return {"device_index": one.index, "peer_index": one.peer_index}
