# SPDX-License-Identifier: Apache-2.0
"""Finds machines with two names: Nova may call a host by its short name, Neutron by its full one.

Names alone prove nothing. If two may belong to one machine, the host is asked under both names: the MAC addresses of
its physical interfaces, or an address that the API gives for the other name, decide.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from calipso_nornir.errors import CalipsoError, OneMachine, PerhapsOneMachine
from calipso_nornir.fetchers import questions
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import ask, together
from calipso_nornir.model.queries import Command
from calipso_nornir.parsing.common_values import as_ip
from calipso_nornir.wiring.devices import Devices

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from calipso_nornir.fetchers.api.mentions import Mention
    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.queries import Query

    Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class FoundLogin:
    """What was found with a login under one name."""

    macs: frozenset[str] = frozenset()
    """MAC addresses of the physical interfaces."""
    addresses: frozenset[str] = frozenset()
    error: CalipsoError | None = None


def one_host_each(
    said: Mapping[str, Mention],
) -> Generator[Sequence[Query], Answers, tuple[dict[str, Mention], dict[str, tuple[str, ...]]]]:
    """Return the machines, each under one name, and their other names; report pairs that may be one machine, too."""
    pairs = look_alikes(said)
    if not pairs:
        return dict(said), {}
    names = sorted({name for pair in pairs for name in pair})
    looks = dict(zip(names, (yield from together(*map(_look, names))), strict=True))
    answers = yield []  # an empty round provides an Answers, to which pairs can be reported
    proofs: dict[Pair, str] = {}
    for one, other in pairs:
        proof = _proof(one, other, said, looks)
        cause = looks[one].error or looks[other].error
        if proof:
            proofs[one, other] = proof
        elif cause is not None:
            answers.tell(PerhapsOneMachine(one, other, str(cause)))
    machines, also_called = dict(said), {}
    for group, evidence in _groups(proofs):
        chosen, *others = sorted(group, key=lambda name: _preference(name, said[name], looks[name]))
        for name in others:
            machines[chosen] = machines[chosen].joined(machines.pop(name))
        also_called[chosen] = tuple(others)
        answers.tell(OneMachine(chosen, tuple(others), "; ".join(evidence)))
    return machines, also_called


def look_alikes(said: Mapping[str, Mention]) -> list[Pair]:
    """Return pairs of names that may belong to one machine; usually there are none."""
    by_label: defaultdict[str, set[str]] = defaultdict(set)
    for name in said:
        by_label[_label(name)].add(name)
    pairs = {pair for names in by_label.values() for pair in combinations(sorted(names), 2)}
    for name, one in said.items():
        for label in _known_as(one) & by_label.keys():
            pairs |= {(min(name, other), max(name, other)) for other in by_label[label] - {name}}
    return sorted(pair for pair in pairs if not _different_domains(*pair))


def _known_as(one: Mention) -> set[str]:
    """Return further names of the machine: libvirt's name for it, and its addresses."""
    names = [node.get("hypervisor_hostname") for node in one.nodes]
    return {_label(name) for name in names if isinstance(name, str) and name} | one.addresses


def _label(name: str) -> str:
    return as_ip(name) or name.lower().partition(".")[0]


def _different_domains(one: str, other: str) -> bool:
    """Return whether two fully qualified names are in different domains: such names never belong to one machine."""
    full = [name.lower().rstrip(".") for name in (one, other) if "." in name and as_ip(name) is None]
    return len(full) == len((one, other)) and full[0] != full[1]


def _look(name: str) -> Generator[Sequence[Query], Answers, FoundLogin]:
    """Log in under one name and read the interfaces with the queries of ``HostPnics``, so that each is sent once."""
    host = ids.plain(name)
    try:
        devices = ask(Command(host, "ls -l /sys/class/net", "ls_sys_class_net"))
        listed, (_, interfaces), (_, namespaces) = yield from together(
            devices, questions.interfaces(host), questions.namespaces(host)
        )
    except CalipsoError as error:
        return FoundLogin(error=error)
    addresses = {as_ip(address.ip) for one in interfaces for address in one.addresses if address.scope == "global"}
    macs = {one.mac for one in Devices(interfaces, namespaces).physical(listed) if one.mac}
    return FoundLogin(frozenset(macs), frozenset(one for one in addresses if one))


def _proof(one: str, other: str, said: Mapping[str, Mention], looks: Mapping[str, FoundLogin]) -> str:
    """Return what proves that two names belong to one machine; "" if nothing does."""
    shared = looks[one].macs & looks[other].macs
    if shared:
        return f"both have the interface with MAC address {min(shared)}"
    for name, seen in ((one, other), (other, one)):
        told = (said[name].addresses | {as_ip(name) or ""}) & looks[seen].addresses
        if told and looks[name].error is not None:
            return f"{min(told)} of {name} is an address of {seen}"
    return ""


def _groups(proofs: Mapping[Pair, str]) -> Iterable[tuple[set[str], list[str]]]:
    """Merge pairs that have a name in common."""
    groups: list[tuple[set[str], list[str]]] = []
    for pair, proof in proofs.items():
        touching = [group for group in groups if group[0] & set(pair)]
        groups = [group for group in groups if group not in touching]
        names = set(pair).union(*(group[0] for group in touching))
        groups.append((names, [*(text for group in touching for text in group[1]), proof]))
    return groups


def _preference(name: str, one: Mention, seen: FoundLogin) -> tuple[bool, bool, bool, int, str]:
    """Order names: prefer one with which the login worked, then one with servers, then one with bound ports."""
    return seen.error is not None, not one.compute, not one.agents, len(name), name
