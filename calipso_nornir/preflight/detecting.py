# SPDX-License-Identifier: Apache-2.0
"""Detects mechanism drivers and network types, which a description needs, by asking the cloud."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import CalipsoError
from calipso_nornir.model.queries import ApiGet
from calipso_nornir.sources.openstack import OpenStackSource
from calipso_nornir.sources.secrets import Vault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Reply

_AGENTS: Final = ApiGet("network", "/agents", "agents")
_EXTENSIONS: Final = ApiGet("network", "/extensions", "extensions")
_NETWORKS: Final = ApiGet("network", "/networks", "networks")
_TUNNELS: Final = ("vxlan", "geneve", "gre")

_BY_AGENT: Final = {
    "Open vSwitch agent": "OVS",
    "Linux bridge agent": "LXB",
    "OVN Controller agent": "OVN",
    "OVN Controller Gateway agent": "OVN",
    "NIC Switch agent": "SRIOV",
    "VPP agent": "VPP",
}
"""Mechanism drivers by the type of the agent that each runs on its hosts (Neutron, "agent_type")."""


@dataclass(frozen=True, slots=True)
class Detected:
    """What was detected, with reasons; values that could not be detected are empty."""

    mechanism_drivers: tuple[str, ...] = ()
    type_drivers: str = ""
    because: tuple[str, ...] = ()


def detect(environment: Environment) -> Detected:
    """Ask the cloud. Raises nothing: if the cloud does not answer, the result is empty and gives the reason."""
    section = environment.section("OpenStack")
    if section is None:
        return Detected(because=("there is no section OpenStack",))
    try:
        source = OpenStackSource(section, Vault())
        try:
            answers = source.answer([_AGENTS, _EXTENSIONS, _NETWORKS])
        finally:
            source.close()
    except CalipsoError as error:
        return Detected(because=(str(error),))
    return concluded(answers)


def concluded(answers: Mapping[Any, Reply | CalipsoError]) -> Detected:
    """Return what the answers show."""
    drivers, why = _drivers(answers)
    types, why_types = _types(answers[_NETWORKS])
    return Detected(drivers, types, (*why, *why_types))


def _drivers(answers: Mapping[Any, Reply | CalipsoError]) -> tuple[tuple[str, ...], list[str]]:
    agents = answers[_AGENTS]
    if isinstance(agents, CalipsoError):
        extensions = _rows(answers[_EXTENSIONS])
        if extensions and not any(row.get("alias") == "agent" for row in extensions):
            return (), ['this Neutron lists no agents (it lacks the extension "agent")']
        return (), [str(agents)]
    kinds = Counter(str(row.get("agent_type")) for row in _rows(agents))
    found = dict.fromkeys(_BY_AGENT[kind] for kind in sorted(kinds) if kind in _BY_AGENT)
    why = [f"{count} x {kind}" for kind, count in sorted(kinds.items()) if kind in _BY_AGENT]
    return tuple(found), why or ["none of its agents belongs to a mechanism driver that is known here"]


def _types(networks: Reply | CalipsoError) -> tuple[str, list[str]]:
    """Return the most frequent type of tenant networks, tunnels before others; external networks do not count."""
    if isinstance(networks, CalipsoError):
        return "", [str(networks)]
    own = (row for row in _rows(networks) if not row.get("router:external"))
    kinds = Counter(str(row["provider:network_type"]) for row in own if row.get("provider:network_type"))
    ordered = sorted(kinds, key=lambda kind: (kind not in _TUNNELS, -kinds[kind], kind))
    return (ordered[0], [f"{kinds[ordered[0]]} {ordered[0]} networks"]) if ordered else ("", [])


def _rows(reply: Reply | CalipsoError) -> Sequence[Mapping[str, Any]]:
    rows: Iterable[Any] = () if isinstance(reply, CalipsoError) else reply.data
    return [row for row in rows if isinstance(row, dict)]
