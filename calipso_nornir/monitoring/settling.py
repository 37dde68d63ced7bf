# SPDX-License-Identifier: Apache-2.0
"""Updates what follows from results: causes, the objects of dead hosts, and links that follow their ends.

It works from what is stored, so it may run at any time in any process. If nothing has changed, it writes nothing.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import Overtaken
from calipso_nornir.model.finding import Equal, Find, OneOf, Range
from calipso_nornir.model.links import Link
from calipso_nornir.model.status import CAUSE, ERROR, FINDING, FOLLOWS, NOT_GOOD, OK, SEVERITY, Status
from calipso_nornir.monitoring.causes import Effect, effects
from calipso_nornir.monitoring.dependencies import FEW, Dependencies
from calipso_nornir.monitoring.judging import checks_of, own_value
from calipso_nornir.monitoring.results import LABELS, worst
from calipso_nornir.store.documents import link_of, object_of, status_document, status_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from calipso_nornir.metadata.monitoring import Monitoring
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import Store, StoreView

logger = logging.getLogger(__name__)

ATTEMPTS: Final = 8


def settle(store: Store, environment: str, rules: Monitoring, *, at: datetime) -> int:
    """Bring an environment up to date; return how many statuses were written."""
    for attempt in range(ATTEMPTS):
        with store.snapshot(environment) as view:
            settling = _Settling(view, rules, at)
            base, changed = view.revision, settling.changed()
        if not changed:
            return 0
        try:
            with store.write(environment, base=base, cause="monitoring: what follows") as writer:
                writer.depends_on("status", [*settling.statuses])
                for kind in ("inventory", "links"):
                    writer.depends_on(kind, [one.of for one in changed if one.kind == kind])
                writer.put("status", [status_document(one) for one in changed])
        except Overtaken:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            break
    return len(changed)


class _Settling:
    """One environment at one revision."""

    def __init__(self, view: StoreView, rules: Monitoring, at: datetime) -> None:
        self._view = view
        self._at = at
        rows = view.find_documents(Find(kind="status", where=(Range(FINDING, at_least=NOT_GOOD),)))
        self.statuses = {one["_id"]: status_of(one) for one in rows}
        """The conditions of everything that is not OK, or is on a dead host."""
        self._things = self._read(self.statuses)
        self._add_those_on_dead_hosts()
        self._around = Dependencies(view, rules, many=len(self._things) > FEW)

    def changed(self) -> list[Status]:
        """Return the statuses that are to be written."""
        conditions = [
            self._around.condition(status, self._things[of])
            for of, status in self.statuses.items()
            if of in self._things and not status.attributes.get(FOLLOWS)
        ]
        failing = {one.of for one in conditions}
        below = {one.of: self._around.below(self._things[one.of]) & failing for one in conditions if one.value != OK}
        beside = {
            one.of: self._around.beside(thing) & failing
            for one in conditions
            if not isinstance(thing := self._things[one.of], Link)
        }
        found = effects(conditions, below, beside)
        wanted = {
            of: self._with_effect(status, effect) if checks_of(status := self.statuses[of]) else status
            for of, effect in found.items()
        }
        wanted |= self._following(wanted)
        return [one for of, one in wanted.items() if one != self.statuses.get(of)]

    def _with_effect(self, status: Status, effect: Effect) -> Status:
        """Return a status with the value and the cause of an effect."""
        attributes = {key: one for key, one in status.attributes.items() if key != CAUSE}
        if effect.cause is not None:
            attributes[CAUSE] = self._told(effect.cause)
        checks = {one["name"]: one for one in checks_of(status)}
        named = max(checks.values(), key=lambda one: (SEVERITY[one["status"]], one["name"]), default=None)
        text = named["text"] if named and named["status"] == effect.value else status.text
        if effect.cause is not None and (not named or named["status"] != effect.value):
            text = f"follows from {attributes[CAUSE]['type']} {attributes[CAUSE]['name']}"
        if effect.value == status.value and attributes == dict(status.attributes):
            return status
        since = self._at if effect.value != status.value else status.since
        label = LABELS[effect.value]
        return replace(status, value=effect.value, label=label, text=text, since=since, attributes=attributes)

    def _following(self, wanted: Mapping[str, Status]) -> dict[str, Status]:
        """Return the statuses of links without checks: as bad as the worse end, or OK again."""
        links = {of: one for of, one in self._things.items() if isinstance(one, Link)}
        for of, status in wanted.items():
            thing = self._things[of]
            if status.value != OK and not isinstance(thing, Link):
                links |= {link.document_id: link for link in self._around.links_at(thing.ref)}
        found: dict[str, Status] = {}
        known = self._statuses_of(links.keys() - self.statuses.keys())
        for of, link in links.items():
            before = self.statuses.get(of) or known.get(of)
            if before is not None and not before.attributes.get(FOLLOWS):
                continue
            ends = [
                one
                for end in (link.source, link.target)
                if (one := wanted.get(end.document_id)) is not None and one.value != OK
            ]
            made = self._follower(link, ends, before)
            if made is not None and made != before:
                found[of] = made
        return found

    def _follower(self, link: Link, ends: Iterable[Status], before: Status | None) -> Status | None:
        listed = list(ends)
        value = worst(one.value for one in listed)
        if value == OK and before is None:
            return None
        attributes: dict[str, Any] = {FOLLOWS: True}
        text = "both its ends are OK"
        if listed:
            end = max(listed, key=lambda one: SEVERITY[one.value])
            attributes[CAUSE] = end.attributes.get(CAUSE) or self._told(end.of)
            thing = self._things[end.of]
            text = f"its end {thing.type} {thing.name} is {LABELS[value]}"
        since = self._at if before is None or before.value != value else before.since
        return Status(
            environment=link.environment,
            of=link.document_id,
            kind="links",
            value=value,
            label=LABELS[value],
            text=text,
            since=since,
            checked_at=before.checked_at if before is not None else self._at,
            attributes=attributes,
        )

    def _told(self, of: str) -> dict[str, str]:
        """Return the description of a cause."""
        thing = self._things[of]
        if isinstance(thing, Link):
            ends = f"{thing.source.id} > {thing.target.id}"
            return {"of": of, "kind": "links", "type": thing.type, "id": ends, "name": ends}
        return {"of": of, "kind": "inventory", "type": thing.type, "id": thing.id, "name": thing.name}

    def _add_those_on_dead_hosts(self) -> None:
        for of, status in list(self.statuses.items()):
            thing = self._things.get(of)
            if thing is None or isinstance(thing, Link) or thing.type != "host" or own_value(status) != ERROR:
                continue
            ids = [
                one["_id"]
                for kind in ("inventory", "links")
                for one in self._view.find_documents(
                    Find(kind=kind, where=(Equal("host", thing.id),), fields=("type",))
                )
            ]
            more = self._statuses_of(set(ids) - self.statuses.keys())
            self.statuses |= more
            self._things |= self._read(more)

    def _statuses_of(self, ids: Iterable[str]) -> dict[str, Status]:
        wanted = tuple(sorted(ids))
        if not wanted:
            return {}
        rows = self._view.find_documents(Find(kind="status", where=(OneOf("_id", wanted),)))
        return {one["_id"]: status_of(one) for one in rows}

    def _read(self, statuses: Mapping[str, Status]) -> dict[str, InventoryObject | Link]:
        found: dict[str, InventoryObject | Link] = {}
        for kind in ("inventory", "links"):
            ids = tuple(sorted(of for of, one in statuses.items() if one.kind == kind))
            if not ids:
                continue
            for row in self._view.find_documents(Find(kind=kind, where=(OneOf("_id", ids),))):
                found[row["_id"]] = object_of(row) if kind == "inventory" else link_of(row)
        return found
