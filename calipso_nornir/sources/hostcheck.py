# SPDX-License-Identifier: Apache-2.0
"""Checks what a scan needs on a host: the commands, and the evaluation of their answers. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import CalipsoError, CommandFailed, CommandMissing, HostExcluded, SudoRefused
from calipso_nornir.model.agent_types import LXB_AGENT, OVN_AGENTS, OVS_AGENT
from calipso_nornir.model.queries import Command
from calipso_nornir.model.source_kinds import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calipso_nornir.model.protocols import Reply
    from calipso_nornir.model.queries import Query

COMPUTE: Final = "nova-compute"


@dataclass(frozen=True, slots=True)
class Question:
    """A command, and its purpose; with ``needed``, a scan requires it on this host."""

    command: Command
    program: str
    needed: bool
    without: str = ""


def questions(host: str, roles: set[str], access: Mapping[str, Any], *, certain: bool = True) -> list[Question]:
    """Return the commands for a host, depending on what runs on it; all are harmless, and similar to a scan's commands.

    ``certain``: it is known, not guessed, what runs there; so its commands are needed.
    """
    if access.get("platform") not in (None, "", "linux"):
        return [Question(Command(host, "show version"), "show version", needed=False)]
    asked = [
        Question(Command(host, "ip -V"), "ip", needed=True),
        Question(Command(host, "ip netns list", root=True), "ip netns", needed=True),
        Question(
            Command(host, "ethtool --version", root=True), "ethtool", needed=False, without="speed and link of pNICs"
        ),
        Question(Command(host, "lldpctl -v", root=True), "lldpctl", needed=False, without="switches and their ports"),
    ]
    if roles & {OVS_AGENT, *OVN_AGENTS}:
        asked.append(Question(Command(host, "ovs-vsctl show", root=True), "ovs-vsctl", needed=certain))
    if LXB_AGENT in roles:
        asked.append(Question(Command(host, "bridge -V"), "bridge", needed=certain))
    if COMPUTE in roles:
        listing = "virsh -c qemu:///system list --all --uuid"
        asked.append(Question(Command(host, listing, root=True), "virsh", needed=certain))
    return asked


def of_switch(host: str, platform: Mapping[str, Any]) -> list[Question]:
    """Return the command for a switch: the question for its identity, with which a scan begins."""
    command = Command(host, platform["command"], root=platform["root"])
    return [Question(command, command.text, needed=True)]


def check_host(
    host: str, asked: Sequence[Question], answers: Mapping[Query, Reply | CalipsoError]
) -> Iterator[Finding]:
    """Yield the findings from a host's answers."""
    outcomes = {question: answers[question.command] for question in asked}
    unreachable = next((one for one in outcomes.values() if _is_no_session(one)), None)
    if unreachable is not None:
        # Excluded hosts are intended.
        excluded = isinstance(unreachable, HostExcluded)
        yield Finding("CLI", f"{host}: login", ok=False, detail=str(unreachable), needed=not excluded)
        return
    yield Finding("CLI", f"{host}: login", ok=True, detail="host key and login are accepted")
    refused = [one for one in outcomes.values() if isinstance(one, SudoRefused)]
    if any(question.command.root for question in asked):
        detail = str(refused[0]) if refused else "sudo -n, or the login is root"
        yield Finding("CLI", f"{host}: sudo", ok=not refused, detail=detail)
    there = [question.program for question, one in outcomes.items() if not isinstance(one, CalipsoError)]
    if there:
        yield Finding("CLI", f"{host}: commands", ok=True, detail=", ".join(there))
    for question, one in outcomes.items():
        if isinstance(one, CalipsoError) and not isinstance(one, SudoRefused):
            lacking = "is not installed" if isinstance(one, CommandMissing) else str(one)
            without = f"; without it: no {question.without}" if question.without else ""
            what, detail = f"{host}: {question.program}", lacking + without
            yield Finding("CLI", what, ok=False, detail=detail, needed=question.needed)


def check_watch(
    host: str, rights: Sequence[Command], answers: Mapping[Query, Reply | CalipsoError], *, needed: bool
) -> Iterator[Finding]:
    """Yield whether the host can be watched: the commands in ``rights`` ask sudo about the necessary programs."""
    outcomes = [answers[one] for one in rights]
    if any(_is_no_session(one) for one in outcomes):  # already reported
        return
    refused = [one for one in outcomes if isinstance(one, CommandFailed)]
    detail = "sudo allows ovsdb-client monitor, or the login is root"
    if refused:
        said = next((one.stderr.strip() for one in refused if one.stderr.strip()), "there is no rule for it")
        detail = f"sudo refuses ovsdb-client monitor ({said}); the rule is CALIPSO_WATCH in scan-account.sudoers"
    yield Finding("CLI", f"{host}: watch", ok=not refused, detail=detail, needed=needed)


def _is_no_session(outcome: Reply | CalipsoError) -> bool:
    return isinstance(outcome, CalipsoError) and not isinstance(outcome, CommandFailed)
