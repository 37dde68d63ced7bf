# SPDX-License-Identifier: Apache-2.0
"""Removes the results of checks that no longer run: else a removed tunnel would remain an error of its endpoint."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import Overtaken
from calipso_nornir.monitoring.judging import checks_of, judged
from calipso_nornir.store.documents import status_document, status_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from calipso_nornir.model.status import Status
    from calipso_nornir.model.stores import Store
    from calipso_nornir.monitoring.planning import MonitoringPlan

ATTEMPTS: Final = 8


def forget_unplanned(store: Store, plan: MonitoringPlan, *, any_of: frozenset[str] = frozenset()) -> int:
    """Remove from all statuses the checks that are not in the plan; return how many statuses have changed.

    Checks of hosts themselves are kept, and so are statuses written by others.
    """
    planned: dict[str, set[str]] = defaultdict(set)
    together: set[str] = set()
    """``_id`` of objects of these types."""
    for one in (one for checks in plan.hosts.values() for one in checks):
        planned[one.of].add(one.name)
        together |= {one.of} if one.type in any_of else set()
    for attempt in range(ATTEMPTS):
        with store.snapshot(plan.environment) as view:
            base = view.revision
            hosts = {one.ref.document_id for one in view.of_type("host")}
            statuses = [status_of(one) for one in view.documents("status") if one["_id"] not in hosts]
        gone, changed = _without(statuses, planned, together)
        if not gone and not changed:
            return 0
        try:
            with store.write(plan.environment, base=base, cause="monitoring: checks that no longer run") as writer:
                writer.depends_on("status", [*gone, *(one.of for one in changed)])
                writer.put("status", [status_document(one) for one in changed])
                writer.remove("status", gone)
        except Overtaken:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            break
    return len(gone) + len(changed)


def _without(
    statuses: Iterable[Status], planned: Mapping[str, set[str]], together: Collection[str]
) -> tuple[list[str], list[Status]]:
    """Return the statuses that have no check left, and those whose checks have changed."""
    gone: list[str] = []
    changed: list[Status] = []
    for status in statuses:
        kept = [one for one in checks_of(status) if one["name"] in planned.get(status.of, ())]
        if len(kept) == len(checks_of(status)):
            continue
        if not kept:
            gone.append(status.of)
        elif status.checked_at is not None:
            changed.append(judged(status, kept, at=status.checked_at, any_of=status.of in together))
    return gone, changed
