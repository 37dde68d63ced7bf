# SPDX-License-Identifier: Apache-2.0
"""Finds the part of an ACI fabric that the hosts of an environment use: their ports, and the cables to the spines."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from calipso_nornir.errors import ParseError
from calipso_nornir.fetchers.cli.switch_heard import LOCAL, heard_by_hosts, label
from calipso_nornir.model import ids
from calipso_nornir.model.aci import NEIGHBOURS, NODES, endpoints_of
from calipso_nornir.model.queries import Lookup
from calipso_nornir.parsing.aci import PARSER
from calipso_nornir.parsing.aci_names import node_in

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from calipso_nornir.fetchers.cli.switch_heard import Heard
    from calipso_nornir.model.aci import AciGet
    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.switch_platforms import SwitchPlatforms
    from calipso_nornir.parsing.aci_names import Path
    from calipso_nornir.parsing.aci_rows import FabricEndpoint, FabricNeighbour, FabricNode

LEAF, SPINE, TIER_2 = "leaf", "spine", "tier-2-leaf"


class Port(NamedTuple):
    """A port of a node; ``node`` is the node's distinguished name."""

    node: str
    name: str


class Uplink(NamedTuple):
    """A cable inside the fabric, from the end that is nearer to the hosts."""

    port: Port
    peer: Port


@dataclass(slots=True)
class Fabric:
    """The used part of a fabric.

    Attributes:
        nodes: all leafs and spines, used or not, by distinguished name.
        heard: what each port hears by LLDP; None if the APIC did not answer.
        facing: ports that hear a host, that a host hears, or that have learned a host's address.
        endpoints: path -> the hosts' addresses that were learned there.
        uplinks: cables from used leafs towards the spines.
        shown_by: port, or path -> the queries that showed that it is used.
    """

    nodes: Mapping[str, FabricNode]
    heard: Mapping[Port, Sequence[FabricNeighbour]] | None
    facing: set[Port] = field(default_factory=set)
    endpoints: dict[Path, list[FabricEndpoint]] = field(default_factory=dict)
    uplinks: list[Uplink] = field(default_factory=list)
    shown_by: defaultdict[Port | Path, dict[Query, None]] = field(default_factory=lambda: defaultdict(dict))

    @property
    def leafs(self) -> list[str]:
        """The nodes that hosts are connected to."""
        return sorted({one.node for one in self.facing} | {node for path in self.endpoints for node in path.nodes})

    @property
    def used(self) -> list[str]:
        """The nodes on the way from hosts to spines."""
        return sorted({*self.leafs, *(end.node for one in self.uplinks for end in one)})

    def switch(self, node: str) -> str:
        """Return the id of a node's switch; a switch that hosts hear has the same one."""
        return ids.switch(LOCAL, self.nodes[node].name)


def fabric(platforms: SwitchPlatforms) -> Generator[Sequence[Query], Answers, Fabric]:
    """Ask for the nodes, what they hear, where the hosts' addresses were learned, and what hosts hear."""
    hosts, pnics = Lookup.of("host"), Lookup.of("host_pnic")
    answers = yield [NODES, NEIGHBOURS, hosts, pnics]
    nodes = _nodes(answers)
    neighbours = answers.or_gap(NEIGHBOURS)
    own = _Own(answers.or_blank(hosts, ()), answers.or_blank(pnics, ()))
    asked = [endpoints_of(macs) for macs in own.macs.values()]
    answers, heard = yield from heard_by_hosts(platforms, asked)
    found = Fabric(nodes, None if neighbours is None else _by_port(neighbours, nodes))
    found.facing |= {port for port, told in (found.heard or {}).items() if any(own.has(one) for one in told)}
    for port, query in _heard_ports(heard, nodes):
        found.facing.add(port)
        found.shown_by[port][query] = None
    for query in asked:
        _learn(found, query, answers)
    found.uplinks = _uplinks(found)
    return found


def _nodes(answers: Answers) -> dict[str, FabricNode]:
    """Return leafs and spines. Nodes that share a name are left out, because they would have the same id."""
    nodes: list[FabricNode] = [one for one in answers[NODES] if one.role in (LEAF, SPINE)]
    named: defaultdict[str, list[str]] = defaultdict(list)
    for one in nodes:
        named[one.name].append(one.node)
    for name, own in named.items():
        if len(own) > 1:
            problem = f'fabricNode: expected one node with the name "{name}", found {", ".join(sorted(own))}'
            answers.lacks(NODES, ParseError(PARSER, problem, query=str(NODES)))
    return {one.node: one for one in nodes if len(named[one.name]) == 1}


class _Own:
    """The names and addresses by which a fabric may know the hosts of the environment."""

    def __init__(self, hosts: Iterable[InventoryObject], pnics: Iterable[InventoryObject]) -> None:
        self._names = {label(name) for one in hosts for name in (one.name, *one.get("also_called", ()))}
        found: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for one in sorted(pnics, key=lambda each: (str(each.get("host")), str(each.get("local_name")), each.id)):
            if one.get("host") and one.get("mac_address"):
                found[one["host"]][one["mac_address"]] = None
        self.macs = {host: list(macs) for host, macs in found.items()}
        """Host -> the addresses of its interfaces, in their order."""
        self._macs = {mac for macs in self.macs.values() for mac in macs}

    def has(self, one: FabricNeighbour) -> bool:
        """Return whether a neighbour is a host of the environment."""
        named = one.system_name is not None and label(one.system_name) in self._names
        return one.peer is None and (named or bool({one.chassis_id, one.port_id} & self._macs))


def _by_port(
    neighbours: Iterable[FabricNeighbour], nodes: Mapping[str, FabricNode]
) -> dict[Port, list[FabricNeighbour]]:
    found: defaultdict[Port, list[FabricNeighbour]] = defaultdict(list)
    for one in neighbours:
        if one.node in nodes:
            found[Port(one.node, one.port)].append(one)
    return dict(found)


def _heard_ports(heard: Iterable[Heard], nodes: Mapping[str, FabricNode]) -> Iterator[tuple[Port, Query]]:
    """Yield the ports that hosts hear, each with the query that showed it.

    The name must match, too, because nodes of two fabrics may have the same number.
    """
    for one in heard:
        told = one.neighbour
        node = nodes.get(node_in(told.chassis_description) or "")
        if node is not None and told.announced is not None and told.chassis_id == node.name:
            yield Port(node.node, told.port_id), one.query


def _learn(found: Fabric, query: AciGet, answers: Answers) -> None:
    """Add the paths at which the addresses of one host were learned, except tunnels and paths to unknown nodes."""
    for endpoint in answers.or_gap(query, ()):
        for path in endpoint.paths:
            if path.nodes and all(node in found.nodes for node in path.nodes):
                found.endpoints.setdefault(path, []).append(endpoint)
                found.shown_by[path][query] = None
                if path.port is not None:
                    found.facing.add(Port(path.nodes[0], path.port))


def _uplinks(found: Fabric) -> list[Uplink]:
    """Return the cables from the used leafs to the spines; from second-tier leafs they lead to first-tier leafs."""
    cables: dict[Port, Uplink] = {}
    todo, seen = list(found.leafs), set[str]()
    while todo:
        node = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        for port, told in (found.heard or {}).items():
            if port.node != node:
                continue
            for one in told:
                if one.peer_port is not None and _is_above(found.nodes.get(one.peer or ""), found.nodes[node]):
                    peer = Port(str(one.peer), one.peer_port)
                    cables[port] = Uplink(port, peer)
                    if found.nodes[peer.node].role == LEAF:
                        todo.append(peer.node)
    return [cables[port] for port in sorted(cables)]


def _is_above(peer: FabricNode | None, node: FabricNode) -> bool:
    if peer is None:
        return False
    return peer.role == SPINE or (node.kind == TIER_2 and peer.role == LEAF and peer.kind != TIER_2)
