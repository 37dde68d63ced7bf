# SPDX-License-Identifier: Apache-2.0
"""Looks at what events have touched: one small scan for a batch of objects."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calipso_nornir.errors import CalipsoError, UnknownObject
from calipso_nornir.scan.origin import ScanOrigin
from calipso_nornir.scan.plan import ScanPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.scan.cloud import Cloud
    from calipso_nornir.scan.report import ScanReport

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """What came of a look at some objects.

    Attributes:
        stored: whether everything was seen, and is stored.
        outage: nobody could be asked, or nothing could be stored; it is not one of these objects that failed.
        changed: whether anything was new, changed or gone.
        problem: why it is not stored; empty if it is.
    """

    stored: bool
    outage: bool = False
    changed: bool = False
    problem: str = ""


class Looker:
    """Looks at objects of one open cloud. The record in ``scans`` is one for all looks of an environment."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._scan_id = f"live-{cloud.environment.name}"

    def at(self, refs: Sequence[ObjectRef], *, cause: str) -> Look:
        """Scan objects; those that nobody knows, and that cannot be asked for by id, need no look."""
        try:
            known = tuple(ref for ref in refs if self._cloud.knows(ref))
            if not known:
                return Look(stored=True)
            return self._scanned(ScanPlan(refs=known), cause)
        except UnknownObject as error:  # gone since it was asked for
            return Look(stored=False, problem=str(error))
        except CalipsoError as error:
            return Look(stored=False, outage=True, problem=str(error))
        except Exception as error:
            logger.exception("a look at %d objects of %s", len(refs), self._cloud.environment.name)
            return Look(stored=False, problem=repr(error))

    def everywhere(self, *, cause: str) -> Look:
        """Scan the whole environment, because events may have been missed."""
        try:
            return self._scanned(ScanPlan(), cause, scan_id=f"{self._scan_id}-whole")
        except CalipsoError as error:
            return Look(stored=False, outage=True, problem=str(error))

    def cancel(self) -> None:
        """End the look that goes on, from another thread."""
        self._cloud.cancel()

    def _scanned(self, plan: ScanPlan, cause: str, *, scan_id: str = "") -> Look:
        origin = ScanOrigin(type="event based scan", log_level="warning", cause=cause)
        report = self._cloud.scan(plan, scan_id=scan_id or self._scan_id, origin=origin)
        counts = (report.objects, report.links, report.cliques)
        changed = any(one.new or one.changed or one.removed for one in counts)
        if report.ok:
            return Look(stored=True, changed=changed)
        problem = "; ".join(str(one.error) for one in report.failures[:3]) or f"the scan was {report.status}"
        return Look(stored=False, outage=_is_outage(report), changed=changed, problem=problem)


def _is_outage(report: ScanReport) -> bool:
    """Return whether nothing was stored for a reason that has nothing to do with single hosts."""
    return not report.stored and any(one.host is None for one in report.failures)
