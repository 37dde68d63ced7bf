# SPDX-License-Identifier: Apache-2.0
"""The virtual switch of a chassis: the Open vSwitch that ovn-controller runs."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.api.census import names_of
from calipso_nornir.fetchers.cli.vedges import (
    agent_attributes,
    bonds_of,
    ports_of,
    tables_of,
    vedges_folder,
)
from calipso_nornir.fetchers.ovn.chassis_settings import Settings
from calipso_nornir.fetchers.ovn.databases import NORTHBOUND, SOUTHBOUND, is_described, southbound_or_blank
from calipso_nornir.fetchers.ovn.places import gateways_of, way_out
from calipso_nornir.fetchers.trunks import DETAILS, sub_ports, sub_ports_of
from calipso_nornir.model import ids
from calipso_nornir.model.agent_types import OVN_AGENTS
from calipso_nornir.model.fetching import Fetched, asked, together
from calipso_nornir.model.queries import Lookup
from calipso_nornir.model.segments import segments_of
from calipso_nornir.wiring.devices import Devices

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.parsing.ovn_northbound import Northbound
    from calipso_nornir.parsing.ovn_southbound import Binding, Southbound

    Networks = Generator[Sequence[Query], Answers, list[InventoryObject]]

GATEWAY = "enable-chassis-as-gw"
LOCAL = "localport"
"""Type of ports that exist on every chassis (ovn-sb(5), Port_Binding), for example those of metadata services."""


class OvnVedges:
    """Open vSwitch of one chassis, in its vEdges folder; hosts whose switch OVN does not control have none.

    Source: ``ovs-vsctl list`` of Open_vSwitch, Bridge, Port and Interface, ``ip -d address``; the agent; Southbound's
    Port_Binding, Northbound's NAT; ports and networks of the inventory.
    Attributes: as for any Open vSwitch (``OvsVedges``); ``vedge_type`` ("OVN"), ``chassis`` (its name), ``gateway``
    (whether it may host gateways of routers), ``transport_zones``, configured ``encaps`` [{type, ip}],
    ``configurations`` with ``bridge_mappings`` and ``integration_bridge``; ``networks`` of the ports plugged in, and of
    the sub-ports of their trunks, which are in ``trunk_networks`` of the trunk's port;
    ``gateway_networks`` (both databases only): the external networks of the gateways that are now on this chassis, and
    of the distributed floating IPs of its ports; ``unbound_ports`` (Southbound only): ids of Neutron ports that are
    plugged in but that OVN has bound elsewhere or nowhere, so that none of their frames pass.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Look up the agent, then ask for the switch's database and its controller's configuration."""
        agent = yield from questions.switch_agent(parent)
        if agent is None or agent["agent_type"] not in OVN_AGENTS:
            return []
        return (yield from _vedge(parent, agent_attributes(agent)))


class UnlistedChassis:
    """Open vSwitch of a chassis for which Neutron lists no agent: as ``OvnVedges``, without the agent's attributes.

    Neutron lists agents by Chassis_Private, whose row may be gone; Southbound's Chassis has the host.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Look up the agents; if there are none, ask Southbound for chassis."""
        if (yield from questions.switch_agents(parent)):
            return []
        answers = yield [SOUTHBOUND]
        if not is_described(answers):
            return []
        known: Southbound = answers[SOUTHBOUND]
        if not any(one.hostname in names_of(parent) for one in known.chassis.values() if not one.remote):
            return []
        return (yield from _vedge(parent, {}))


def _vedge(host: InventoryObject, described: Mapping[str, Any]) -> Fetching:
    """Ask for the switch's database and its controller's configuration."""
    configured = questions.ovs_settings(host.id)
    (database, found), (address, interfaces), answers = yield from together(
        questions.ovs_bridges(host.id), questions.interfaces(host.id), asked(configured, NORTHBOUND, SOUTHBOUND)
    )
    known = southbound_or_blank(answers)
    wanted = answers.or_blank(NORTHBOUND) if known is not None else None
    settings = Settings.of(answers[configured])
    bonds = yield from bonds_of(host.id, found)
    ports = ports_of(found, Devices(interfaces))
    plugged = [one["port_id"] for one in ports if one["port_id"] and one["bridge"] == settings.bridge]
    gateways = list(_gateways(wanted, known, settings.chassis)) if wanted is not None and known is not None else []
    neutron = yield from questions.ports_by_id([*plugged, *gateways])
    of_port = {id_: one["network"] for id_, one in neutron.items()}
    trunks = yield from _trunks([neutron[id_] for id_ in plugged if id_ in neutron], known, settings.chassis)
    networks = yield from _networks({*of_port.values(), *chain.from_iterable(trunks.values())})

    def segments(ports: Iterable[str]) -> list[dict[str, Any]]:
        here = {one for id_ in ports if id_ in of_port for one in (of_port[id_], *trunks.get(id_, ()))}
        return list(_segments([one for one in networks if one.id in here], settings.bridge_mappings))

    return [
        Fetched(
            id=ids.vedge(host.id, "OVN"),
            name=f"{host.name}-OVN",
            attributes={
                **described,
                "configurations": {**(described.get("configurations") or {}), **settings.configurations()},
                "host": host.id,
                "vedge_type": "OVN",
                **settings.attributes(),
                "gateway": GATEWAY in settings.words("ovn-cms-options"),
                **tables_of(found, [{**one, **_carried(one["port_id"], of_port, trunks)} for one in ports], bonds),
                "networks": segments(plugged),
                **({"gateway_networks": segments(gateways)} if wanted is not None else {}),
                **(
                    {"unbound_ports": _unbound(known, settings.chassis, plugged)}
                    if known is not None and settings.chassis
                    else {}
                ),
            },
            under=vedges_folder(host),
            sources=(configured, database, address, NORTHBOUND, SOUTHBOUND),
        )
    ]


def _trunks(
    plugged: Iterable[InventoryObject], known: Southbound | None, chassis: str
) -> Generator[Sequence[Query], Answers, dict[str, list[str]]]:
    """Return the networks of the sub-ports on this chassis, by the trunk's port; a sub-port has no device of its own.

    Southbound says where a sub-port is bound; without it, sub-ports are taken to be where their trunk is plugged in.
    """
    parents = [one for one in plugged if one.get(DETAILS)]
    of_trunks = yield from sub_ports(parents)

    def is_here(port: str) -> bool:
        return known is None or _is_at(known.bindings.get(port), chassis)

    carried = {
        parent.id: sorted({one["network"] for _, one in sub_ports_of(parent, of_trunks) if is_here(one.id)})
        for parent in parents
    }
    return {parent: found for parent, found in carried.items() if found}


def _carried(port: str | None, of_port: Mapping[str, str], trunks: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the network of a port, and those of its trunk if it has one."""
    of_trunk = trunks.get(port or "")
    return {"network": of_port.get(port or ""), **({"trunk_networks": of_trunk} if of_trunk else {})}


def _gateways(wanted: Northbound, known: Southbound, chassis: str) -> Iterator[str]:
    """Yield the router ports by which frames leave at a chassis: its own gateways, and those of its floating IPs."""
    for router in wanted.routers.values():
        yield from (port.port_id for port, binding in gateways_of(router, known) if binding.chassis == chassis)
        for one in router.nat:
            here = known.bindings.get(one.logical_port or "") if one.distributed else None
            if here is not None and here.chassis == chassis and (way := way_out(one, router, known)) is not None:
                yield way[0].port_id


def _unbound(known: Southbound, chassis: str, plugged: Iterable[str]) -> list[str]:
    """Return the plugged-in ports that a chassis has no flows for; a port that is moving is bound in both places."""

    def passes(port: str) -> bool:
        one = known.bindings.get(port)
        return _is_at(one, chassis) or (one is not None and one.type == LOCAL)

    return sorted({port for port in plugged if not passes(port)})


def _is_at(one: Binding | None, chassis: str) -> bool:
    return one is not None and chassis in (one.chassis, *one.additional_chassis)


def _networks(wanted: Iterable[str]) -> Networks:
    lookups = [Lookup.of("network", {"network": id_}) for id_ in sorted(wanted)]
    if not lookups:
        return []
    answers = yield lookups
    return [one for lookup in lookups for one in answers.or_blank(lookup, ())]


def _segments(networks: Iterable[InventoryObject], mappings: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    """Yield the segment of each network; of several segments, the one on a physical network that the host maps."""
    for network in networks:
        segments = segments_of(network)
        here = [one for one in segments if one.physical_network in mappings]
        for one in (here or segments)[:1]:
            yield {
                "network": network.id,
                "network_type": one.network_type,
                "physical_network": one.physical_network,
                "segmentation_id": None if one.segmentation_id is None else str(one.segmentation_id),
                "tag": None,
            }
