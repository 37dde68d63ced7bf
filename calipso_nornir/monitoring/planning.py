# SPDX-License-Identifier: Apache-2.0
"""Which checks run on which host: a pure function of a picture and the metadata.

The result is the desired state: a host's file contains all its checks, so those of removed objects disappear.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model.links import Link
from calipso_nornir.model.when import HOST, OBJECT, Known, about_objects, holds, host_of
from calipso_nornir.monitoring.check_names import limited, name_of_link, name_of_object
from calipso_nornir.monitoring.indexed import Whole
from calipso_nornir.monitoring.lookups import EMPTY, Subjects

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.metadata.monitoring import CheckRule
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

LONGEST: Final = 900
"""Maximum length of a check's name; the probe accepts up to 1,000 characters."""
FORMAT: Final = 1
"""Version of ``objects.json``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCheck:
    """One check of one object or link on one host."""

    of: str
    kind: str
    type: str
    name: str
    check: str
    parameters: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """Return its entry in ``objects.json``."""
        return {
            "of": self.of,
            "kind": self.kind,
            "type": self.type,
            "name": self.name,
            "check": self.check,
            "parameters": dict(self.parameters),
        }


@dataclass(frozen=True, slots=True)
class Unwatched:
    """An object or link that no check watches, and why."""

    type: str
    id: str
    host: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringPlan:
    """The checks that are to run in an environment."""

    environment: str
    hosts: Mapping[str, tuple[PlannedCheck, ...]] = field(default_factory=dict)
    """Host -> its checks, ordered by name; hosts without any have an empty tuple."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Host on which nothing can run -> why."""
    unwatched: Sequence[Unwatched] = ()

    def objects_json(self, host: str) -> str:
        """Return the content of ``/etc/calipso/objects.json`` of a host; the same plan gives the same text."""
        checks = [one.document() for one in self.hosts[host]]
        content = {"version": FORMAT, "environment": self.environment, "host": host, "checks": checks}
        return json.dumps(content, indent=1, ensure_ascii=True) + "\n"


def plan(view: View, catalog: Catalog, *, excluded: Iterable[str] = ()) -> MonitoringPlan:
    """Plan all checks of a picture; nothing runs on the hosts that are ``excluded``."""
    return _Planning(view, catalog, frozenset(excluded)).plan()


class _Planning:
    def __init__(self, view: View, catalog: Catalog, excluded: frozenset[str]) -> None:
        self._view = Whole(view)
        self._rules = catalog.monitoring
        self._hosts = {one.id: one for one in view.of_type("host")}
        self._left_out = {name: why for name, one in self._hosts.items() if (why := _unusable(one, excluded))}
        self._checks: defaultdict[str, dict[str, PlannedCheck]] = defaultdict(dict)
        self._unwatched: list[Unwatched] = []

    def plan(self) -> MonitoringPlan:
        for type_, rules in self._rules.objects.items():
            for one in self._view.of_type(type_):
                self._watch(one, one.type, one.id, rules)
        for type_, rules in self._rules.links.items():
            for link in self._view.links(type_):
                self._watch(link, f"link {type_}", f"{link.source.id} > {link.target.id}", rules)
        usable = sorted(self._hosts.keys() - self._left_out.keys())
        return MonitoringPlan(
            environment=self._view.environment,
            hosts={name: tuple(one for _, one in sorted(self._checks[name].items())) for name in usable},
            left_out=dict(sorted(self._left_out.items())),
            unwatched=tuple(sorted(self._unwatched, key=lambda one: (one.type, one.id))),
        )

    def _watch(self, one: InventoryObject | Link, type_: str, id_: str, rules: Sequence[CheckRule]) -> None:
        """Plan the checks of one object or link: for each part, the first rule that yields any."""
        reasons: list[str] = []
        host = one.host if isinstance(one, Link) else host_of(one)
        watched = False
        for part in dict.fromkeys(rule.part for rule in rules):
            for rule in rules:
                if rule.part != part:
                    continue
                planned = list(self._planned(one, host, rule, reasons))
                usable = [(on, check) for on, check in planned if self._is_usable(on, reasons)]
                for on, check in usable:
                    self._checks[on][check.name] = check
                watched = watched or bool(usable)
                if planned:
                    break
        if not watched:
            reason = "; ".join(dict.fromkeys(reasons)) or f"no check is declared for a {type_} like this"
            self._unwatched.append(Unwatched(type_, id_, host, reason))

    def _planned(
        self, one: InventoryObject | Link, host: str | None, rule: CheckRule, reasons: list[str]
    ) -> Iterator[tuple[str, PlannedCheck]]:
        if not self._applies(one, host, rule):
            return
        if rule.planner is not None:
            wanted = [(one_.host, one_.suffix, one_.parameters) for one_ in rule.planner.plan(one, self._view)]
            if not wanted:
                reasons.append(f"{rule.check}: what it needs is not known")
        elif host is None:
            reasons.append("it is on no host")
            return
        else:
            wanted = [(host, suffix, found) for suffix, found in self._parameters(one, host, rule, reasons)]
        for on, suffix, parameters in wanted:
            link = isinstance(one, Link)
            yield (
                on,
                PlannedCheck(
                    of=one.document_id if isinstance(one, Link) else one.ref.document_id,
                    kind="links" if link else "inventory",
                    type=one.type,
                    name=limited(
                        name_of_link(one, suffix) if isinstance(one, Link) else name_of_object(one, suffix), LONGEST
                    ),
                    check=rule.check,
                    parameters=parameters,
                ),
            )

    def _parameters(
        self, one: InventoryObject | Link, host: str, rule: CheckRule, reasons: list[str]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        members: list[Any] = [None]
        if rule.each is not None and not isinstance(one, Link):
            members = one.get(rule.each) or []
            if not members:
                reasons.append(f"it has no {rule.each}")
        for member in members:
            subjects = Subjects(self._view, one, self._hosts.get(host), member)
            found = {name: subjects.value(lookup) for name, lookup in rule.parameters.items()}
            missing = [name for name in rule.needs if found[name] in EMPTY]
            if missing:
                lookup = rule.parameters[missing[0]]
                reasons.append(f"{rule.check}: its {missing[0]} is not known ({lookup})")
                continue
            suffix = rule.suffix if isinstance(rule.suffix, str) else str(subjects.value(rule.suffix) or "")
            yield suffix, {name: value for name, value in found.items() if value not in EMPTY}

    def _applies(self, one: InventoryObject | Link, host: str | None, rule: CheckRule) -> bool:
        on = about_objects([self._hosts[host]] if host in self._hosts else [])
        if isinstance(one, Link):
            ends = (self._view.get(one.source), rule.when), (self._view.get(one.target), rule.when_target)
            return all(holds(when, {OBJECT: _known(end), HOST: on}) is True for end, when in ends)
        return holds(rule.when, {OBJECT: about_objects([one]), HOST: on}) is True

    def _is_usable(self, host: str, reasons: list[str]) -> bool:
        if host not in self._hosts:
            reasons.append(f"host {host} is not in the inventory")
        elif host in self._left_out:
            reasons.append(f"host {host}: {self._left_out[host]}")
        else:
            return True
        return False


def _known(one: InventoryObject | None) -> Known:
    return about_objects([] if one is None else [one])


def _unusable(host: InventoryObject, excluded: frozenset[str]) -> str:
    if host.id in excluded or host.name in excluded:
        return "excluded in the environment's section CLI"
    if not host.get("os"):
        return "no scan has reached it over SSH yet"
    return ""
