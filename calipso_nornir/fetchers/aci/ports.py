# SPDX-License-Identifier: Apache-2.0
"""Ports of an ACI fabric that the environment's hosts use: those to hosts, port channels, and those to spines."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, ClassVar

from calipso_nornir.errors import ParseError
from calipso_nornir.fetchers.aci.fabric import Fabric, Port, fabric
from calipso_nornir.fetchers.cli.switch_heard import IFNAME, KnowsPlatforms
from calipso_nornir.model import ids
from calipso_nornir.model.aci import NEIGHBOURS, NODES, port_channels_of, ports_of, vpcs_of
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.parsing.aci import PARSER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.parsing.aci_names import Path
    from calipso_nornir.parsing.aci_rows import FabricEndpoint, FabricPort, PortChannel

HOSTLINK, LAG, UPLINK, DOWNLINK = "hostlink", "lag", "uplink", "downlink"
PROTOCOLS = {"active": "LACP", "passive": "LACP", "off": "NONE"}
"""Mode of a port channel -> protocol, as for other switches; any other mode stays as it is."""


class AciSwitchPnics(KnowsPlatforms):
    """Ports of leafs that face hosts of the environment, their port channels, and ports between leafs and spines.

    Source: as for ``AciSwitches``; from the APIC also l1PhysIf of each used node, and pcAggrIf and vpcIf of leafs.
    Attributes: ``switch`` (id), ``local_name``, ``role`` ("hostlink", "lag", "uplink", "downlink"), ``port_id``,
    ``port_id_type``, ``state`` ("up" or "down"), ``state_reason``, ``mtu``, ``speed``, ``usage``,
    ``configured_description``, ``lag``, ``lag_active``, ``lag_protocol``, ``vpc`` (path of the virtual port channel),
    ``members``, ``hears``, ``endpoints`` [{mac_address, dn, encapsulation}], ``connected_to`` (id of the other end).
    """

    asked_by: ClassVar[Mapping[str, str]] = {"switch_pnic": "id", "switch": "switch"}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the used part of the fabric, then for the ports of its nodes."""
        used = yield from fabric(self.platforms)
        per_node = {node: (ports_of(node),) for node in used.used}
        leafs = {node: (port_channels_of(node), vpcs_of(node)) for node in used.leafs}
        answers = yield [query for of in (per_node, leafs) for queries in of.values() for query in queries]
        tables = _Tables(used, answers)
        roles = tables.roles()
        return [
            Fetched(
                id=tables.id_of(port),
                name=port.name,
                attributes={
                    "switch": used.switch(port.node),
                    "local_name": port.name,
                    "role": role,
                    "port_id": port.name,
                    "port_id_type": IFNAME,
                    **tables.facts(port),
                },
                under=parent.sibling("switch", used.switch(port.node)),
                sources=(NODES, NEIGHBOURS, *tables.shown_by(port), *per_node[port.node], *leafs.get(port.node, ())),
            )
            for port, role in sorted(roles.items())
        ]


class _Tables:
    """The ports and port channels of the used nodes, as far as the APIC answered."""

    def __init__(self, used: Fabric, answers: Answers) -> None:
        self._used = used
        self._ports: dict[Port, FabricPort] = {}
        for node in used.used:
            self._ports |= {Port(one.node, one.name): one for one in answers.or_blank(ports_of(node), ())}
        self._lags: dict[Port, PortChannel] = {}
        self._lag_of: dict[Port, PortChannel] = {}
        self._vpc_of: dict[Port, str] = {}
        self._known: set[str] = set()
        """Leafs whose port channels are known."""
        for node in used.leafs:
            self._read_lags(node, answers)
        self._endpoints: defaultdict[Port, dict[FabricEndpoint, None]] = defaultdict(dict)
        self._facing = set(used.facing)
        self._shown_by: defaultdict[Port, dict[Query, None]] = defaultdict(dict)
        for port in self._facing:
            self._shown_by[port] |= used.shown_by[port]
        for path, endpoints in used.endpoints.items():
            for port in self._ports_of(path, answers):
                self._facing.add(port)
                self._endpoints[port].update(dict.fromkeys(endpoints))
                self._shown_by[port] |= used.shown_by[path]
        self._peers = {end: other for one in used.uplinks for end, other in (one, reversed(one))}

    def roles(self) -> dict[Port, str]:
        """Return the ports that are used, each with its role."""
        found = {one.peer: DOWNLINK for one in self._used.uplinks} | {one.port: UPLINK for one in self._used.uplinks}
        lags = {Port(port.node, self._lag_of[port].name) for port in self._facing if port in self._lag_of}
        found |= dict.fromkeys(lags, LAG)
        members = {Port(lag.node, name) for lag in lags for name in self._lags[lag].members}
        return found | dict.fromkeys(self._facing | members, HOSTLINK)

    def id_of(self, port: Port) -> str:
        """Return the id of a port; a port that hosts hear has the same one."""
        return ids.switch_pnic(self._used.switch(port.node), port.name)

    def shown_by(self, port: Port) -> tuple[Query, ...]:
        """Return the queries that showed that hosts use a port."""
        return tuple(self._shown_by.get(port, ()))

    def facts(self, port: Port) -> dict[str, Any]:
        """Return the attributes of a port or port channel, except those whose answer is missing."""
        lag = self._lags.get(port)
        told = self._of_port(port) if lag is None else self._of_lag(lag)
        told |= {"vpc": self._vpc_of.get(port)}
        if self._used.heard is not None and lag is None:
            told["hears"] = self._hears(port)
        if port in self._endpoints:
            told["endpoints"] = self._learned(port)
        if port in self._peers:
            told["connected_to"] = self.id_of(self._peers[port])
        return {name: value for name, value in told.items() if value is not None}

    def _read_lags(self, node: str, answers: Answers) -> None:
        lags: Sequence[PortChannel] | None = answers.or_gap(port_channels_of(node))
        for lag in lags or ():
            self._lags[Port(node, lag.name)] = lag
            self._lag_of |= {Port(node, member): lag for member in lag.members}
        for vpc in answers.or_gap(vpcs_of(node), ()):
            if vpc.lag is not None:
                self._vpc_of[Port(node, vpc.lag)] = vpc.path
        if lags is not None and answers.failed(vpcs_of(node)) is None:
            self._known.add(node)

    def _ports_of(self, path: Path, answers: Answers) -> Iterator[Port]:
        """Yield the ports that a path leads to: for a port channel, its members on each leaf."""
        if path.port is not None:
            yield Port(path.nodes[0], path.port)
            return
        for node in path.nodes:
            lag = self._lag_at(node, path)
            if lag is not None:
                yield from (Port(node, name) for name in lag.members)
            elif node in self._known:
                expected = f'pcAggrIf: expected a port channel of {node} for "{path.dn}", where addresses were learned'
                query = port_channels_of(node)
                answers.lacks(query, ParseError(PARSER, f"{expected}, found none", query=str(query)))

    def _lag_at(self, node: str, path: Path) -> PortChannel | None:
        """Return a leaf's port channel for a path: of a virtual one with this path, else by its group's name."""
        virtual = (port for port, dn in self._vpc_of.items() if port.node == node and dn == path.dn)
        found = next((self._lags[port] for port in virtual if port in self._lags), None)
        named = (lag for port, lag in self._lags.items() if port.node == node and lag.group == path.group)
        return found or next(named, None)

    def _of_port(self, port: Port) -> dict[str, Any]:
        told = self._ports.get(port)
        lag = self._lag_of.get(port)
        own = told.lag if told else None
        facts = {
            "lag": lag.name if lag else own,
            "lag_active": told.up if told and (lag or own) else None,
            "lag_protocol": _protocol(lag),
        }
        if told is None:
            return facts
        return {
            **facts,
            "state": None if told.up is None else "up" if told.up and told.enabled else "down",
            "state_reason": told.reason,
            "mtu": told.mtu,
            "speed": told.speed,
            "usage": told.usage,
            "configured_description": told.description,
        }

    def _of_lag(self, lag: PortChannel) -> dict[str, Any]:
        members = ((name, self._ports.get(Port(lag.node, name))) for name in lag.members)
        return {
            "state": None if lag.up is None else "up" if lag.up else "down",
            "lag_protocol": _protocol(lag),
            "configured_description": lag.group or None,
            "members": [{"port": name, "active": bool(told and told.up)} for name, told in sorted(members)],
        }

    def _hears(self, port: Port) -> list[dict[str, str]]:
        rows = (
            {
                "chassis_id": one.chassis_id,
                "system_name": one.system_name,
                "port_id": one.port_id,
                "port_description": one.port_description,
            }
            for one in (self._used.heard or {}).get(port, ())
        )
        told = [{key: value for key, value in row.items() if value is not None} for row in rows]
        return sorted(told, key=lambda one: sorted(one.items()))

    def _learned(self, port: Port) -> list[dict[str, str]]:
        return [
            {
                "mac_address": one.mac,
                "dn": one.dn,
                **({"encapsulation": one.encapsulation} if one.encapsulation else {}),
            }
            for one in sorted(self._endpoints[port], key=lambda each: (each.mac, each.dn))
        ]


def _protocol(lag: PortChannel | None) -> str | None:
    return None if lag is None or lag.mode is None else PROTOCOLS.get(lag.mode, lag.mode)
