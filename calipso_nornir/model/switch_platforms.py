# SPDX-License-Identifier: Apache-2.0
"""The declarations of ``switch_platforms.json``: the commands of each platform of switches, and its port names."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from calipso_nornir.model.queries import DEFAULT_TIMEOUT_S, Command

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchQuestion:
    """One command, and the parser that turns its output into rows of one kind (``parsing.switch_rows``)."""

    kind: str
    command: str
    parser: str
    root: bool = False
    timeout_s: int = DEFAULT_TIMEOUT_S

    def of(self, host: str) -> Command:
        """Return the query for a host."""
        return Command(host, self.command, self.parser, timeout_s=self.timeout_s, root=self.root)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPlatform:
    """One platform.

    Attributes:
        name: as Nornir and netmiko name it.
        also_called: its other names.
        label: its name for people.
        ports: pattern for the names of interfaces that are physical ports or LAGs.
        session: "interactive": a terminal with a prompt; "exec": a shell that runs one script, as on a Linux host.
        announces: the LLDP id of a port, if no host receives it: "name", "short name", "index", "mac".
        chassis_per_port: every port announces a chassis id of its own, so the switch is known by its inventory name.
        mtu_overhead: bytes that the MTU counts beyond an IP packet.
    """

    name: str
    label: str
    questions: Mapping[str, SwitchQuestion]
    ports: re.Pattern[str]
    also_called: tuple[str, ...] = ()
    session: str = "interactive"
    announces: str = "name"
    chassis_per_port: bool = False
    mtu_overhead: int = 0


@dataclass(frozen=True, slots=True)
class SwitchPlatforms:
    """All declared platforms, by each of their names."""

    by_name: Mapping[str, SwitchPlatform] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, platforms: Iterable[SwitchPlatform]) -> SwitchPlatforms:
        """Index platforms by name."""
        return cls(MappingProxyType({name: one for one in platforms for name in (one.name, *one.also_called)}))

    def of_hosts(self, reachable: Sequence[Mapping[str, object]]) -> dict[str, SwitchPlatform]:
        """Return the hosts of an answer to ``ReachableHosts`` that are switches, each with its platform."""
        platforms = {str(row["host"]): self.by_name.get(str(row["platform"])) for row in reachable}
        return {host: platform for host, platform in platforms.items() if platform is not None}
