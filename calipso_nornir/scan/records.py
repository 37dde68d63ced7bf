# SPDX-License-Identifier: Apache-2.0
"""What a scan leaves in the collections beside the inventory: its own document, messages, the environment's flags."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import StoreError
from calipso_nornir.store.freshness import age_key, in_the_future, newest_whole, next_number
from calipso_nornir.store.liveness import BEAT_S, LOST, sign_of_life, status_of

if TYPE_CHECKING:
    from calipso_nornir.model.protocols import Store
    from calipso_nornir.scan.plan import ScanPlan
    from calipso_nornir.scan.report import ScanReport

logger = logging.getLogger(__name__)

KEPT_SCANS = 50
"""Scans of an environment whose documents and messages are kept."""


class ScanRecord:
    """The documents of one scan in ``scans`` and ``messages``."""

    def __init__(self, store: Store, plan: ScanPlan, report: ScanReport) -> None:
        self._store = store
        self._plan = plan
        self._report = report
        self._ended = threading.Event()
        self._beating = threading.Thread(target=self._beat, name=f"scan {report.scan_id}", daemon=True)

    def begin(self) -> None:
        """Note that the scan runs, and go on saying so; scans that have died are noted as lost."""
        own = self._store.collection("scans").find({"environment": self._report.environment})
        ahead = in_the_future(own)
        if ahead is not None:
            where = (self._store.uri, self._report.environment, ahead)
            logger.warning(
                "%s: a scan of %s says that it began at %s, which is in the future: check the clocks", *where
            )
        for one in own:
            if one.get("status") == "running" and status_of(one) == LOST:
                self._store.collection("scans").put(str(one["scan_id"]), {**one, "status": LOST})
        self._put({"status": "running"})
        self._beating.start()

    def end(self, *, whole: bool) -> StoreError | None:
        """Note how it went; return why the store could not take the note: the scan's own error counts for more."""
        self._ended.set()
        if self._beating.is_alive():
            self._beating.join(BEAT_S)
        try:
            own = self._store.collection("scans").find({"environment": self._report.environment})
            self._put({**self._report.document(), "number": next_number(own)})
            self._messages()
            if whole and self._plan.wants_inventory:
                self._environment()
            self._trim()
        except StoreError as error:
            logger.info("the outcome of scan %s could not be noted: %s", self._report.scan_id, error)
            return error
        return None

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_S):
            try:
                self._put({"status": "running"})
            except StoreError as error:
                logger.info("scan %s could not give a sign of life: %s", self._report.scan_id, error)

    def _put(self, document: dict[str, Any]) -> None:
        plan = {name: getattr(self._plan, name) for name in ("inventory_only", "links_only", "cliques_only", "clear")}
        self._store.collection("scans").put(
            self._report.scan_id,
            {
                "scan_id": self._report.scan_id,
                "environment": self._report.environment,
                "submit_timestamp": self._report.started_at.isoformat(),
                "start_timestamp": self._report.started_at.isoformat(),
                "object_id": self._plan.object_id,
                **plan,
                **sign_of_life(),
                **document,
            },
        )

    def _messages(self) -> None:
        messages = self._store.collection("messages")
        for number, trouble in enumerate(self._report.troubles):
            messages.put(
                f"{self._report.scan_id}-{number:05}",
                {
                    "id": f"{self._report.scan_id}-{number:05}",
                    "scan_id": self._report.scan_id,
                    "environment": self._report.environment,
                    "source_system": "Calipso",
                    "level": "error" if trouble.severity == "failure" else "notice",
                    "received_timestamp": (self._report.ended_at or self._report.started_at).isoformat(),
                    "message": str(trouble.error),
                    "host": trouble.host,
                    "affected": sorted(trouble.affected),
                },
            )

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
        whole = newest_whole(own)  # by it one tells what is confirmed
        own = [scan for scan in own if scan.get("status") != "running"]
        own.sort(key=age_key, reverse=True)
        for old in (scan for scan in own[KEPT_SCANS:] if scan is not whole):
            for message in messages.find({"scan_id": old["scan_id"]}):
                messages.delete(message["id"])
            scans.delete(old["scan_id"])
