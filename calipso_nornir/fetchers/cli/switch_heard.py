# SPDX-License-Identifier: Apache-2.0
"""Finds the switches with a login, the LLDP announcements that hosts receive, and which of both are the same switch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import NotRecorded
from calipso_nornir.model.queries import Command, Lookup, ReachableHosts
from calipso_nornir.model.switch_platforms import SwitchPlatforms
from calipso_nornir.parsing.aci_names import node_in, path_of, port_name

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.switch_platforms import SwitchPlatform
    from calipso_nornir.parsing.rows import Neighbour
    from calipso_nornir.parsing.switch_rows import SwitchIdentity

REACHABLE = ReachableHosts()
LOCAL = "local"
"""Type of a chassis id that is a locally assigned name (IEEE 802.1AB, table 8-2)."""
IFNAME = "ifname"
"""Type of a port id that is the name of an interface (table 8-3)."""
LLDP = "LLDP"
"""The protocol's name in lldpd's answers, which also have neighbours by CDPv1, CDPv2, EDP, FDP and SONMP."""


class KnowsPlatforms:
    """Base of fetchers that need the declared platforms of switches."""

    platforms = SwitchPlatforms()

    def told_switches(self, platforms: SwitchPlatforms) -> None:
        """Take the declared platforms."""
        self.platforms = platforms


@dataclass(frozen=True, slots=True)
class Heard:
    """A neighbour whose LLDP announcement a host receives, and the query that found it."""

    host: str
    neighbour: Neighbour
    query: Query


def lldp_of(host: str) -> Command:
    """Return the query for the LLDP neighbours of a host."""
    return Command(host, "lldpctl -f json", "lldpctl_json", root=True, optional=True)


def logins(answers: Answers, platforms: SwitchPlatforms) -> dict[str, SwitchPlatform]:
    """Return the switches in the inventory, by their platform; none if a recording lacks this query."""
    if isinstance(answers.failed(REACHABLE), NotRecorded):
        return {}
    return platforms.of_hosts(answers[REACHABLE])


def heard_by_hosts(
    platforms: SwitchPlatforms, more: Sequence[Query]
) -> Generator[Sequence[Query], Answers, tuple[Answers, list[Heard]]]:
    """Send ``more``, in one round with the LLDP queries of all hosts, which a scan sends anyway; return all answers.

    A host that does not answer is reported when its own interfaces are scanned.
    """
    hosts = Lookup.of("host")
    known = yield [hosts, REACHABLE]
    queries = [lldp_of(one.id) for one in known.or_blank(hosts, ())]
    names = per_port_names(logins(known, platforms))
    answers = yield [*more, *queries]
    heard = [
        Heard(query.host, in_one_form(neighbour, names), query)
        for query in queries
        if answers.failed(query) is None
        for neighbour in answers[query]
        if neighbour.protocol == LLDP
    ]
    return answers, heard


def per_port_names(own: Mapping[str, SwitchPlatform]) -> dict[str, str]:
    """Return the names of switches on which each port announces another chassis id; by the first label of the name."""
    return {label(name): name for name, platform in own.items() if platform.chassis_per_port}


def in_one_form(neighbour: Neighbour, names: Mapping[str, str]) -> Neighbour:
    """Return a neighbour with the ids by which its switch and port are known, whoever reports them."""
    return as_fabric(by_inventory_name(neighbour, names))


def as_fabric(neighbour: Neighbour) -> Neighbour:
    """Return a neighbour of an ACI fabric with its node's name as chassis id, and its port's name as port id.

    Each port may announce another chassis id. A node is recognised by its system description: its distinguished name.
    """
    path = path_of(neighbour.port_description)
    port = port_name(neighbour.port_id) or (path.port if path else None)
    if node_in(neighbour.chassis_description) is None or not neighbour.chassis_name or port is None:
        return neighbour
    return replace(
        neighbour,
        chassis_id_type=LOCAL,
        chassis_id=neighbour.chassis_name,
        announced=neighbour.chassis_id,
        port_id_type=IFNAME,
        port_id=port,
        port_description=port if path else neighbour.port_description,
    )


def by_inventory_name(neighbour: Neighbour, names: Mapping[str, str]) -> Neighbour:
    """Return a neighbour with its inventory name as chassis id if it is one of ``per_port_names``, else unchanged.

    Otherwise, each port of such a switch would be taken for a switch.
    """
    name = names.get(label(neighbour.chassis_name or ""))
    return neighbour if name is None else replace(neighbour, chassis_id_type=LOCAL, chassis_id=name)


def chassis_of(
    name: str, platform: SwitchPlatform, identity: SwitchIdentity, heard: Iterable[Neighbour]
) -> tuple[str, str, str | None]:
    """Return a switch's chassis id type and chassis id, and its name in the announcements that hosts receive, if any.

    Hosts know a switch by the chassis id that it announces. That is the switch's own id, else that of
    the only neighbour with the switch's name.
    """
    if platform.chassis_per_port:
        own = (LOCAL, name)
    elif identity.chassis_id is not None:
        own = (identity.chassis_id_type, identity.chassis_id)
    else:
        own = (LOCAL, name)
    all_heard = list(heard)
    same = [one for one in all_heard if (one.chassis_id_type, one.chassis_id) == own]
    if not same:
        names = {label(name), label(identity.hostname or "")} - {""}
        named = [one for one in all_heard if label(one.chassis_name or "") in names]
        same = named if len({(one.chassis_id_type, one.chassis_id) for one in named}) == 1 else []
    if not same:
        return *own, None
    first = min(same, key=lambda one: one.chassis_name or "")
    return first.chassis_id_type, first.chassis_id, first.chassis_name


@lru_cache(maxsize=8192)
def label(name: str) -> str:
    """Return the first label of a name; addresses are returned unchanged.

    Results are cached because the names of all hosts are compared with what each host hears.
    """
    try:
        return str(ip_address(name))
    except ValueError:
        return name.partition(".")[0]


def attributes_of(one: object, **names: str) -> dict[str, Any]:
    """Return those attributes that have a value; ``names``: name of the attribute -> name of the row's column."""
    return {ours: value for ours, column in names.items() if (value := getattr(one, column)) is not None}
