# SPDX-License-Identifier: Apache-2.0
"""Writes a scan's records to the plain collections: its own document, messages, the environment's flags."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from calipso_nornir.errors import ScanTakenOver, StoreError
from calipso_nornir.scan.report import ENDED
from calipso_nornir.store.freshness import age_key, in_the_future, newest_whole, next_number
from calipso_nornir.store.liveness import LOST, sign_of_life, status_of
from calipso_nornir.store.record_retention import records_kept

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Document, Store
    from calipso_nornir.scan.plan import ScanPlan
    from calipso_nornir.scan.report import ScanReport

logger = logging.getLogger(__name__)


class ScanRecord:
    """The documents of one scan in ``scans`` and ``messages``.

    For a request that a scan manager has claimed, the document already exists. It is written only as long as its
    ``owner`` is the one for which this scan runs.
    """

    def __init__(self, store: Store, plan: ScanPlan, report: ScanReport, *, owner: str | None = None) -> None:
        self._store = store
        self._scans = store.collection("scans")
        self._plan = plan
        self._report = report
        self._mine = {} if owner is None else {"owner": owner}
        self.notes: list[Document] = []
        """The notes of earlier scans about what their links and cliques were derived from (see ``lineage``)."""
        self.derivation: Document | None = None
        """The note of this scan."""

    @property
    def scan_id(self) -> str:
        """The key of the document."""
        return self._report.scan_id

    @property
    def environment(self) -> str:
        """The scan's environment."""
        return self._report.environment

    def begin(self) -> None:
        """Record that the scan runs; mark dead scans as lost, except those that a scan manager takes over."""
        own = self._scans.find({"environment": self.environment})
        self.notes = [one["derivation"] for one in own if one.get("derivation")]
        ahead = in_the_future(own)
        if ahead is not None:
            where = (self._store.uri, self.environment, ahead)
            logger.warning(
                "%s: a scan of %s is recorded as begun at %s, which is in the future: check the clocks", *where
            )
        for one in own:
            if status_of(one) == LOST != one.get("status") and not one.get("owner"):
                self._scans.update_if(str(one["scan_id"]), {"status": "running"}, {"status": LOST})
        plan = {name: getattr(self._plan, name) for name in ("inventory_only", "links_only", "cliques_only", "clear")}
        plan["refs"] = len(self._plan.refs)
        began = {"start_timestamp": self._report.started_at.isoformat(), **plan, **self._running()}
        new = {
            "scan_id": self.scan_id,
            "environment": self.environment,
            "object_id": self._plan.object_id,
            "submit_timestamp": self._report.started_at.isoformat(),
        }
        if not self._scans.insert(self.scan_id, {**new, **began}) and self._update(began) is None:
            raise ScanTakenOver(self.environment, self.scan_id)

    def beat(self) -> Document | None:
        """Write a heartbeat; return the document, or None if it no longer belongs to this scan."""
        return self._update(self._running())

    def end(self, *, whole: bool) -> StoreError | None:
        """Record the outcome; return, not raise, an error of the store, because the scan's own error matters more."""
        try:
            own = self._scans.find({"environment": self.environment})
            done = {"number": next_number(own), "progress": None, "derivation": self.derivation}
            if self._update({**self._report.document(), **done}) is None:
                logger.warning("the outcome of scan %s is not recorded: another scan manager runs it", self.scan_id)
                return None
            if whole and self._plan.wants_inventory:
                self._environment()
            self._trim()
        except StoreError as error:
            logger.info("the outcome of scan %s could not be stored: %s", self.scan_id, error)
            return error
        return None

    def _running(self) -> Document:
        report = self._report
        progress = {"phase": report.phase, "objects": report.found, "queries": sum(report.queries.values())}
        return {"status": "running", "progress": progress, **sign_of_life()}

    def _update(self, changes: Document) -> Document | None:
        return self._scans.update_if(self.scan_id, self._mine, changes)

    def _environment(self) -> None:
        environments = self._store.collection("environments_config")
        known = environments.get(self._report.environment)
        if known is not None:
            done = self._report.status != "failed"
            scanned = {"last_scanned": (self._report.ended_at or self._report.started_at).isoformat()} if done else {}
            environments.put(self._report.environment, {**known, **scanned, "scanned": done or known.get("scanned")})

    def _trim(self) -> None:
        scans, messages = self._store.collection("scans"), self._store.collection("messages")
        own = scans.find({"environment": self._report.environment})
        whole = newest_whole(own)  # it determines what is confirmed
        own = [scan for scan in own if scan.get("status") in ENDED]  # the others run, or wait for a scan manager
        own.sort(key=age_key, reverse=True)
        for old in (scan for scan in own[records_kept(self._store).scans :] if scan is not whole):
            for message in messages.find({"scan_id": old["scan_id"]}):
                messages.delete(message["id"])
            scans.delete(old["scan_id"])
