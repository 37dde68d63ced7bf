# SPDX-License-Identifier: Apache-2.0
"""Scans what events have touched: one small scan for a batch of objects."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from calipso_nornir.errors import (
    CalipsoError,
    DuplicateObject,
    FetcherRaised,
    Misplaced,
    NothingSeen,
    ParentUnknown,
    ParseError,
    PromiseBroken,
    UnknownObject,
)
from calipso_nornir.scan.origin import ScanOrigin
from calipso_nornir.scan.plan import ScanPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.scan.cloud import Cloud
    from calipso_nornir.scan.report import ScanReport

logger = logging.getLogger(__name__)

OWN: Final = (DuplicateObject, FetcherRaised, Misplaced, ParentUnknown, ParseError, PromiseBroken)
"""Errors caused by an object, or by the code for it, not by the service that was asked."""


@dataclass(frozen=True, slots=True)
class Look:
    """The result of scanning some objects.

    Attributes:
        state: "stored": everything was seen. "gap": a host or a part of the API did not answer, and everything else is
            stored. "outage": nothing is stored. "broken": one of these objects fails.
        changed: whether anything was new, changed or gone.
        problem: why not everything is stored; else empty.
    """

    state: Literal["stored", "gap", "outage", "broken"] = "stored"
    changed: bool = False
    problem: str = ""


class Looker:
    """Scans objects of one open cloud. All these scans of an environment share one record in ``scans``."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._scan_id = f"live-{cloud.environment.name}"

    def at(self, refs: Sequence[ObjectRef], *, cause: str) -> Look:
        """Scan objects, without those that are unknown and cannot be queried by id."""
        return self._guarded(lambda: self._at(refs, cause))

    def everywhere(self, *, cause: str) -> Look:
        """Scan the whole environment, because events may have been missed."""
        return self._guarded(lambda: self._scanned(ScanPlan(), cause, scan_id=f"{self._scan_id}-whole"))

    def _at(self, refs: Sequence[ObjectRef], cause: str) -> Look:
        known = tuple(ref for ref in refs if self._cloud.knows(ref))
        return self._scanned(ScanPlan(refs=known), cause) if known else Look()

    def _guarded(self, look: Callable[[], Look]) -> Look:
        try:
            return look()
        except UnknownObject as error:  # removed in the meantime
            return Look("broken", problem=str(error))
        except CalipsoError as error:
            return Look("outage", problem=str(error))
        except Exception as error:
            logger.exception("a look at %s", self._cloud.environment.name)
            return Look("broken", problem=repr(error))

    def cancel(self) -> None:
        """Cancel the current scan, from another thread."""
        self._cloud.cancel()

    def _scanned(self, plan: ScanPlan, cause: str, *, scan_id: str = "") -> Look:
        origin = ScanOrigin(type="event based scan", log_level="warning", cause=cause)
        report = self._cloud.scan(plan, scan_id=scan_id or self._scan_id, origin=origin)
        counts = (report.objects, report.links, report.cliques)
        changed = any(one.new or one.changed or one.removed for one in counts)
        if report.ok:
            return Look(changed=changed)
        problem = "; ".join(str(one.error) for one in report.failures[:3]) or f"the scan was {report.status}"
        return Look(_state(report), changed, problem)


def _state(report: ScanReport) -> Literal["gap", "outage", "broken"]:
    errors = [one.error for one in report.failures if not isinstance(one.error, NothingSeen)]
    if any(isinstance(one, OWN) for one in errors):
        return "broken"
    hosts_only = bool(errors) and all(getattr(one, "host", None) for one in errors)
    return "gap" if report.stored or hosts_only else "outage"
