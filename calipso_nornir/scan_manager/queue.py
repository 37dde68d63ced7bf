# SPDX-License-Identifier: Apache-2.0
"""The queue of scan requests: the collection ``scans``, changed by atomic updates alone.

A scan manager takes a request by becoming its owner, and writes heartbeats while the scan runs. If these stop, any
manager puts the request back. Only its owner can write the outcome, so no two managers run a request to its end.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import Conflict, InvalidRequest
from calipso_nornir.model.finding import Range
from calipso_nornir.scan_manager.states import ABORTED, DRAFT, ENDED, FAILED, PENDING, RUNNING
from calipso_nornir.store.liveness import LOST, sign_of_life, status_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.model.stores import Document, Store
    from calipso_nornir.scan_manager.request import ScanRequest

ATTEMPTS: Final = 3
"""How often a request is run if its scan manager dies each time; the request may be the cause."""
_EVER: Final = datetime(1, 1, 1, tzinfo=UTC)


class ScanQueue:
    """The requests of one store."""

    def __init__(self, store: Store) -> None:
        self._scans = store.collection("scans")

    # --- for those who request scans

    def submit(
        self, request: ScanRequest, *, by: str | None = None, draft: bool = False, scan_id: str | None = None
    ) -> str:
        """Put a request into the queue and return its id; a draft waits until it is released.

        If a request with the ``scan_id`` already exists, nothing happens: a request may be submitted twice.
        """
        scan_id = scan_id or uuid.uuid4().hex
        status = {"status": DRAFT if draft else PENDING, "submitted_by": by, "submit_timestamp": _now()}
        self._scans.insert(scan_id, {"scan_id": scan_id, **request.document(), **status})
        return scan_id

    def release(self, scan_id: str) -> Document:
        """Make a draft pending."""
        changed = self._scans.update_if(scan_id, {"status": DRAFT}, {"status": PENDING, "submit_timestamp": _now()})
        if changed is None:
            there = self._there(scan_id)
            raise Conflict(f"scan {scan_id} is {there['status']}; expected a draft")
        return changed

    def cancel(self, scan_id: str, *, by: str | None = None) -> Document:
        """End a request and return its document; a running one ends as soon as its scan notices.

        Raises:
            InvalidRequest: there is none.
            Conflict: it has ended.
        """
        asked = {"cancel_requested": {"at": _now(), "by": by}}
        for status in (DRAFT, PENDING):
            ended = {**asked, **_aborted()}
            changed = self._scans.update_if(scan_id, {"status": status}, ended)
            if changed is not None:
                return changed
        changed = self._scans.update_if(scan_id, {"status": RUNNING}, asked)
        if changed is None:
            there = self._there(scan_id)
            if there["status"] not in ENDED:  # put back, or taken, between the two attempts
                return self.cancel(scan_id, by=by)
            raise Conflict(f"scan {scan_id} has ended: {status_of(there)}")
        return changed

    # --- for scan managers

    def waiting(self, *, environment: str | None = None, limit: int = 1000) -> Sequence[Document]:
        """Return pending requests, of one environment or of all, the oldest first.

        One without ``submit_timestamp`` or ``scan_id`` is never taken.
        """
        equal = {"status": PENDING} | ({"environment": environment} if environment is not None else {})
        found: list[Document] = []
        for since in ("", _EVER):  # others may have written strings, or times
            where = (Range("submit_timestamp", at_least=since),)
            found += self._scans.find(equal, where=where, order=("submit_timestamp",), limit=limit)
        return [one for one in found if one.get("scan_id")]

    def take(self, request: Document, owner: str) -> Document | None:
        """Become the owner of a pending request; None if another manager was faster."""
        claimed = {
            "status": RUNNING,
            "owner": owner,
            "attempt": int(request.get("attempt") or 0) + 1,
            "start_timestamp": _now(),
            **sign_of_life(),
        }
        return self._scans.update_if(_key(request), {"status": PENDING}, claimed)

    def give_back(self, scan_id: str, owner: str, *, status: str = RUNNING) -> bool:
        """Put the owner's request back, as if it had not been taken; one that was cancelled has ended."""
        mine = {"owner": owner, "status": status}
        there = self._scans.get(scan_id)
        if there is None:
            return False
        if there.get("cancel_requested"):
            self._scans.update_if(scan_id, {"owner": owner, "status": RUNNING}, _aborted())
            return False
        back = {"status": PENDING, "owner": None, "attempt": max(0, int(there.get("attempt") or 1) - 1)}
        return self._scans.update_if(scan_id, mine, {**back, "end_timestamp": None}) is not None

    def give_back_lost(self) -> list[str]:
        """Put back the requests whose scan manager has died, and end those that have been run too often; return ids."""
        found: list[str] = []
        for one in self._scans.find({"status": RUNNING}, order=("submit_timestamp",)):
            if not one.get("owner") or status_of(one) != LOST:
                continue
            seen = {name: one.get(name) for name in ("status", "owner", "alive_timestamp")}
            if self._scans.update_if(_key(one), seen, _after_loss(one)) is not None:
                found.append(_key(one))
        return found

    def fail(self, scan_id: str, owner: str, error: Exception) -> bool:
        """End the owner's request before, or instead of, its scan; return whether it was still the owner's."""
        return self._scans.update_if(scan_id, {"owner": owner, "status": RUNNING}, _failed(error)) is not None

    def note(self, scan_id: str, owner: str, changes: Document) -> bool:
        """Change fields of the owner's request."""
        return self._scans.update_if(scan_id, {"owner": owner}, changes) is not None

    def get(self, scan_id: str) -> Document | None:
        """Return a request, whether it has ended or not."""
        return self._scans.get(scan_id)

    def _there(self, scan_id: str) -> Document:
        there = self._scans.get(scan_id)
        if there is None:
            raise InvalidRequest(f"there is no scan {scan_id}: calipso scans lists them")
        return there


def _after_loss(one: Document) -> dict[str, Any]:
    attempt = int(one.get("attempt") or 1)
    if one.get("cancel_requested"):
        return {**_aborted(), "owner": None}
    if attempt >= ATTEMPTS:
        text = f"given up after {attempt} attempts: each time the scan manager that ran it died"
        return {**_failed(InvalidRequest(text)), "owner": None}
    return {"status": PENDING, "owner": None}


def _aborted() -> dict[str, Any]:
    return {"status": ABORTED, "end_timestamp": _now()}


def _failed(error: Exception) -> dict[str, Any]:
    failure = {"severity": "failure", "message": str(error), "affected": ["the scan as a whole"]}
    return {"status": FAILED, "end_timestamp": _now(), "failures": [failure]}


def _key(document: Document) -> str:
    return str(document["scan_id"])


def _now() -> str:
    return datetime.now(UTC).isoformat()
