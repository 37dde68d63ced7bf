# SPDX-License-Identifier: Apache-2.0
"""Tries every section of an environment for real: logins, roles, services, schemas, host keys, commands."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet
from calipso_nornir.preflight.hostcheck import LXB_AGENT, OVS_AGENT, check_host, questions
from calipso_nornir.sources.cli import CliSource
from calipso_nornir.sources.findings import Finding
from calipso_nornir.sources.mysql import MysqlSource
from calipso_nornir.sources.openstack import OpenStackSource
from calipso_nornir.sources.secrets import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from calipso_nornir.model.environment import Environment

TRIED: Final = ("OpenStack", "mysql", "CLI")
_AGENTS: Final = ApiGet("network", "/agents", "agents")
_ZONES: Final = ApiGet("compute", "/os-availability-zone/detail", "availabilityZoneInfo")


@dataclass(frozen=True, slots=True)
class Tried:
    """A finding, and whether a scan needs it to be well."""

    finding: Finding
    needed: bool = True


def try_sections(
    environment: Environment,
    *,
    only: str | None = None,
    known_hosts: Iterable[str] = (),
    metadata: Sequence[str] = (),
    begins: Callable[[str], None] = lambda _section: None,
) -> Iterator[Tried]:
    """Yield what trying each section found out.

    Args:
        environment: whose sections are tried.
        only: one of ``TRIED``. Raises UsageError when it is none.
        known_hosts: ids of hosts that are asked, too, besides those that the API and the CLI section name.
        metadata: folders with further metadata.
        begins: is told each section's name before it is tried.
    """
    if only is not None and only not in TRIED:
        raise InvalidRequest(f"--section {only}: of {', '.join(TRIED)}")
    yield from _Trial(environment, known_hosts, metadata, begins).all(only)


class _Trial:
    def __init__(
        self,
        environment: Environment,
        known_hosts: Iterable[str],
        metadata: Sequence[str],
        begins: Callable[[str], None],
    ) -> None:
        self._begins = begins
        self._environment = environment
        self._known_hosts = list(known_hosts)
        self._metadata = metadata
        self._vault = Vault()
        self._agents: defaultdict[str, set[str]] = defaultdict(set)
        """Host -> types of its Neutron agents, and names of its Nova services."""

    def all(self, only: str | None) -> Iterator[Tried]:
        for name, check in (("OpenStack", self._openstack), ("mysql", self._mysql), ("CLI", self._cli)):
            section = self._environment.section(name)
            if only is None or only == name:
                if section is None:
                    yield Tried(Finding(name, "section", ok=False, detail=_WITHOUT[name]), needed=name == "OpenStack")
                else:
                    self._begins(name)
                    yield from check(section)
            elif name == "OpenStack" and section is not None:
                list(self._openstack(section))  # it knows the hosts

    def _openstack(self, section: Mapping[str, Any]) -> Iterator[Tried]:
        source = OpenStackSource(section, self._vault)
        try:
            yield from (Tried(finding) for finding in source.check())
            for query, reply in source.answer([_AGENTS, _ZONES]).items():
                if isinstance(reply, Reply):
                    self._note(query is _AGENTS, reply.data)
        finally:
            source.close()

    def _note(self, agents: bool, rows: Sequence[Mapping[str, Any]]) -> None:  # noqa: FBT001 - which of two
        for row in rows:
            if agents:
                self._agents[str(row.get("host"))].add(str(row.get("agent_type")))
            else:
                for host, services in (row.get("hosts") or {}).items():
                    self._agents[str(host)] |= set(services)

    def _mysql(self, section: Mapping[str, Any]) -> Iterator[Tried]:
        source = MysqlSource(section, self._vault)
        try:
            yield from (Tried(finding) for finding in source.check())
        finally:
            source.close()

    def _cli(self, section: Mapping[str, Any]) -> Iterator[Tried]:
        table_of_hosts: Mapping[str, Mapping[str, Any]] = section.get("hosts") or {}
        hosts = sorted({*self._agents, *self._known_hosts, *table_of_hosts})
        if not hosts:
            nobody = "no host is known, neither from the API nor from CLI.hosts"
            yield Tried(Finding("CLI", "hosts", ok=False, detail=nobody))
            return
        told = bool(self._agents)
        asked = {
            host: questions(host, self._roles(host), table_of_hosts.get(host, section), certain=told) for host in hosts
        }
        rules = load_catalog(self._metadata).documents.get("command_prefixes", ())
        source = CliSource.for_section(
            section,
            secret=self._vault.resolve,
            prefixes=rules,
            distribution=self._environment.distribution,
            distribution_version=self._environment.distribution_version,
        )
        try:
            answers = source.answer([question.command for questions in asked.values() for question in questions])
        finally:
            source.close()
        for host, wanted in asked.items():
            for finding, needed in check_host(host, wanted, answers):
                yield Tried(finding, needed)

    def _roles(self, host: str) -> set[str]:
        """Return agents and services of a host; where the API told nothing, what the environment's drivers suggest."""
        if self._agents:
            return self._agents.get(host, set())
        agents = {"OVS": OVS_AGENT, "LXB": LXB_AGENT}
        return {agents[driver] for driver in self._environment.mechanism_drivers if driver in agents}


_WITHOUT: Final = {
    "OpenStack": "there is none: nothing can be scanned without it",
    "mysql": "there is none: what only the database knows is left out",
    "CLI": "there is none: no host is logged in to, so no bridges, switches and interfaces are found",
}
