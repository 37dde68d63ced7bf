# SPDX-License-Identifier: Apache-2.0
"""The hosts' command lines as a kind of source: those of an environment's section CLI, or of a Nornir inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.metadata.environment_sections import CliSection
from calipso_nornir.model.agent_types import LXB_AGENT, OVN_AGENTS, OVS_AGENT
from calipso_nornir.model.queries import Command, ReachableHosts
from calipso_nornir.model.source_kinds import Finding, Opening, SourceKind, Trial
from calipso_nornir.sources.host_monitor_programs import programs
from calipso_nornir.sources.hostcheck import (
    check_host,
    check_watch,
    of_switch,
    questions,
)
from calipso_nornir.sources.shapes import check_rows, check_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.queries import Query
    from calipso_nornir.sources.cli import CliSource
    from calipso_nornir.sources.hostcheck import Question


def _open(opening: Opening) -> CliSource | None:
    """Open the source with the caller's Nornir object or, without one, with the section."""
    from calipso_nornir.sources.cli import CliSource  # noqa: PLC0415 - Nornir comes when it is needed
    from calipso_nornir.sources.cli.inventory_secrets import inventory_secrets  # noqa: PLC0415 - as above
    from calipso_nornir.sources.cli.prefixes import Prefixes  # noqa: PLC0415 - as above

    environment, rules = opening.environment, opening.documents.get("command_prefixes", ())
    platforms = opening.documents.get("switch_platforms", ())
    shells = [name for row in platforms if row["session"] == "exec" for name in row["names"]]
    distribution, version = environment.distribution, environment.distribution_version
    if opening.nornir is not None:
        for secret in inventory_secrets(opening.nornir):
            opening.secrets.remember(secret, what="a password of the Nornir inventory")
        prefixes = Prefixes.of(rules, distribution=distribution, distribution_version=version)
        return CliSource(opening.nornir, prefixes=prefixes, shells=shells, on_host=opening.on_host)
    if opening.section is None:
        return None
    return CliSource.for_section(
        opening.section,
        secret=opening.secrets.resolve,
        distribution=distribution,
        distribution_version=version,
        prefixes=rules,
        shells=shells,
        on_host=opening.on_host,
    )


def _check(trial: Trial) -> Iterator[Finding]:
    """Try to log in to every known host, and to run the commands there that a scan needs."""
    section = trial.opening.section or {}
    table = section.get("hosts") or {}
    hosts = sorted({*trial.hosts, *table})
    source = _open(trial.opening) if hosts else None
    if source is None:
        nobody = "no host is known, from neither the API nor CLI.hosts"
        yield Finding("CLI", "hosts", ok=False, detail=nobody)
        return
    told = any(trial.hosts.values())
    guessed = _suggested(trial.opening.environment)
    switches = {name: row for row in trial.opening.documents.get("switch_platforms", ()) for name in row["names"]}
    asked = {}
    for host in hosts:
        access, agents = table.get(host, section), trial.hosts.get(host, set()) if told else guessed
        platform = switches.get(access.get("platform") or "")
        asked[host] = of_switch(host, platform) if platform else questions(host, agents, access, certain=told)
    rights = _rights(source, asked) if section.get("watch") is True else {}
    wanted = [question.command for questions_ in asked.values() for question in questions_]
    try:
        answers = source.answer([*wanted, *(right for one in rights.values() for right in one)])
    finally:
        source.close()
    listens = trial.opening.environment.extra.get("listen") is True
    for host, questions_ in asked.items():
        yield from check_host(host, questions_, answers)
        if host in rights:
            yield from check_watch(host, rights[host], answers, needed=listens)


def _rights(source: CliSource, asked: Mapping[str, Sequence[Question]]) -> dict[str, list[Command]]:
    """Return the commands that ask sudo about the programs that watch a host, for each host with Open vSwitch."""
    switches = [host for host, questions_ in asked.items() if any(one.program == "ovs-vsctl" for one in questions_)]
    found = {host: [source.right_to(one) for one in programs(host).values()] for host in switches}
    rights = {host: [one for one in each if one is not None] for host, each in found.items()}
    return {host: each for host, each in rights.items() if each}


def _suggested(environment: Environment) -> set[str]:
    """Return the agents to be expected from the environment's drivers, for the case that the API lists none."""
    agents = {"OVS": OVS_AGENT, "LXB": LXB_AGENT, "OVN": OVN_AGENTS[0]}
    return {agents[driver] for driver in environment.mechanism_drivers if driver in agents}


def _usable(query: Query, data: Any) -> tuple[Any, CalipsoError | None]:  # noqa: ANN401 - any JSON
    if isinstance(query, Command):
        check_text(data)
    else:
        check_rows(data, needed=("host", "platform"))
    return data, None


HOSTS = SourceKind(
    name="cli",
    title="the hosts",
    queries=(Command, ReachableHosts),
    section="CLI",
    schema=CliSection,
    without="no host is logged in to, so no bridges, switches or interfaces are found",
    open=_open,
    check=_check,
    usable=_usable,
    order="hosts",
)
