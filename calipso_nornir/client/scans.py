# SPDX-License-Identifier: Apache-2.0
"""Scans, schedules and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.client.connection import Connection, of

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDED: Final = frozenset({"completed", "completed_with_errors", "failed", "aborted", "timed_out", "lost"})
"""How a scan may have ended."""


class Scans(Connection):
    """Asks for scans, now and on schedule, and watches them."""

    def scan(self, environment: str, **wanted: object) -> dict[str, Any]:
        """Ask for a scan, and return its request with ``scan_id``: ``scan("lab", object_type="host", object_id=…)``."""
        return dict(self.post(of(environment, "scans"), wanted))

    def scans(self, environment: str, **query: object) -> Iterator[dict[str, Any]]:
        """Yield scans and requests, the newest first, page by page: ``status="failed"``."""
        return self._listed(of(environment, "scans"), **query)

    def scan_report(self, environment: str, scan_id: str) -> dict[str, Any]:
        """Return one scan: its progress, then its report."""
        return dict(self.get(of(environment, "scans", scan_id)))

    def wait(self, environment: str, scan_id: str, *, timeout_s: float = 3600.0, poll_s: float = 1.0) -> dict[str, Any]:
        """Wait for the end of a scan, and return its report. Raises TimeoutError."""
        path = of(environment, "scans", scan_id)
        return self._ended(path, f"scan {scan_id} of {environment}", ended=ENDED, timeout_s=timeout_s, poll_s=poll_s)

    def log(self, environment: str, scan_id: str) -> list[dict[str, Any]]:
        """Return the messages of a scan, the oldest first."""
        return list(self._listed(of(environment, "scans", scan_id, "log")))

    def release(self, environment: str, scan_id: str) -> dict[str, Any]:
        """Put a draft (``scan(…, draft=True)``) into the queue."""
        return dict(self.post(of(environment, "scans", scan_id, "release")))

    def cancel(self, environment: str, scan_id: str) -> dict[str, Any]:
        """End a scan that waits or runs; one that runs ends within seconds."""
        return dict(self.post(of(environment, "scans", scan_id, "cancel")))

    def schedules(self, environment: str) -> list[dict[str, Any]]:
        """Return the schedules, the next one first."""
        return list(self.get(of(environment, "schedules")))

    def schedule(self, environment: str, id_: str) -> dict[str, Any]:
        """Return one schedule."""
        return dict(self.get(of(environment, "schedules", id_)))

    def add_schedule(self, environment: str, **wanted: object) -> dict[str, Any]:
        """Make a schedule: ``freq`` or ``cron``, ``time_zone``, ``start``, and what ``scan`` takes."""
        return dict(self.post(of(environment, "schedules"), wanted))

    def pause_schedule(self, environment: str, id_: str) -> dict[str, Any]:
        """Let a schedule make no more requests."""
        return dict(self.post(of(environment, "schedules", id_, "pause")))

    def resume_schedule(self, environment: str, id_: str) -> dict[str, Any]:
        """Let a schedule go on."""
        return dict(self.post(of(environment, "schedules", id_, "resume")))

    def remove_schedule(self, environment: str, id_: str) -> None:
        """Remove a schedule."""
        self.delete(of(environment, "schedules", id_))

    def messages(self, environment: str, **query: object) -> Iterator[dict[str, Any]]:
        """Yield the messages of an environment, the newest first, page by page: ``level="error"``, ``since=…``."""
        return self._listed(of(environment, "messages"), **query)
