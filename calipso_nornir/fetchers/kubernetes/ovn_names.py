# SPDX-License-Identifier: Apache-2.0
"""OVN's databases of a cluster: both at once, ids of logical switches and routers, and the nodes of its chassis."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calipso_nornir.fetchers.ovn.databases import LOGICAL, SOUTHBOUND, is_described
from calipso_nornir.model import ids
from calipso_nornir.model.queries import Lookup

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.queries import Query
    from calipso_nornir.parsing.ovn_logical import Logical, LogicalRouter, Switch
    from calipso_nornir.parsing.ovn_southbound import Southbound

CHASSIS = "k8s.ovn.org/node-chassis-id"
"""Annotation of a node: the name of its chassis."""


@dataclass(frozen=True, slots=True)
class ClusterDatabases:
    """What both databases of a cluster, or of one of its zones, say.

    Attributes:
        answers: to put a notice into the report.
        nodes: the node of each chassis.
    """

    answers: Answers
    logical: Logical
    south: Southbound
    nodes: Mapping[str, str]


def databases() -> Generator[Sequence[Query], Answers, ClusterDatabases | None]:
    """Ask both databases, and look up the chassis' nodes; None if the environment describes no OVN."""
    answers = yield [LOGICAL, SOUTHBOUND]
    if not is_described(answers):
        return None
    logical, south = answers[LOGICAL], answers[SOUTHBOUND]
    nodes = yield from _nodes_of_chassis(south)
    return ClusterDatabases(answers, logical, south, nodes)


def switch_ids(logical: Logical) -> dict[str, str]:
    """Return the id of each switch by UUID.

    Switches are identified by their names, which outlive their rows, within their zone; a transit switch is the same
    one in all zones. OVN allows several switches with one name: their ids have the UUID, too.
    """
    return _ids(logical, logical.switches, shared={one.uuid for one in logical.switches if one.transit})


def router_ids(logical: Logical) -> dict[str, str]:
    """Return the id of each router by UUID, made as those of switches."""
    return _ids(logical, logical.routers, shared=set())


def _ids(logical: Logical, rows: Sequence[Switch] | Sequence[LogicalRouter], shared: set[str]) -> dict[str, str]:
    count = Counter(one.name for one in rows)
    return {
        one.uuid: ids.below(logical.zone if logical.zone and one.uuid not in shared else "ovn", *name)
        for one in rows
        for name in (((one.name,) if one.name and count[one.name] == 1 else (one.name or "-", one.uuid)),)
    }


def _nodes_of_chassis(south: Southbound) -> Generator[Sequence[Query], Answers, dict[str, str]]:
    """Look up the node of each chassis: by its annotation, else by OVN's host name if a node has it."""
    lookup = Lookup.of("host")
    answers = yield [lookup]
    nodes = answers.or_blank(lookup, ())
    known = {one.id for one in nodes}
    named = {name: one.hostname for name, one in south.chassis.items() if one.hostname in known}
    return {**named, **{name: one.id for one in nodes if (name := (one.get("annotations") or {}).get(CHASSIS))}}


def place(chassis: str | None, nodes: Mapping[str, str]) -> dict[str, str]:
    """Return ``chassis`` and ``host`` of what is on a chassis; what is not known is left out."""
    host = nodes.get(chassis or "")
    return {**({"chassis": chassis} if chassis else {}), **({"host": host} if host else {})}
