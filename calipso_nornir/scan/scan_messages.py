# SPDX-License-Identifier: Apache-2.0
"""Writes a running scan's events to the collection ``messages``: one document for each event worth reading."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import StoreError
from calipso_nornir.scan.progress_events import (
    HostAnswered,
    ObjectsFound,
    PhaseBegan,
    RoundBegan,
    ScanEnded,
    TroubleSeen,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.stores import Store
    from calipso_nornir.scan.origin import LogLevel, ScanOrigin
    from calipso_nornir.scan.progress_events import Event
    from calipso_nornir.scan.report import ScanReport

logger = logging.getLogger(__name__)

SOURCE_SYSTEM: Final = "Calipso"
LEVELS: Final[Mapping[LogLevel, int]] = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_ENDINGS: Final[Mapping[str, LogLevel]] = {"completed": "info", "completed_with_errors": "warning"}


class ScanMessages:
    """The messages of one scan. It is a progress: call it with each event.

    A message that cannot be stored is left out: the scan matters more, and its report is complete.
    """

    def __init__(self, store: Store, report: ScanReport, origin: ScanOrigin) -> None:
        self._messages = store.collection("messages")
        self._report = report
        self._origin = origin
        self._run = f"{report.scan_id}-{int(report.started_at.timestamp())}"
        """Distinguishes the runs of a request, so that a second run keeps the messages of the first."""
        self._numbers = count()

    def __call__(self, event: Event) -> None:
        """Write an event, if it has the chosen level or a higher one."""
        level, text, more = _worded(event)
        if LEVELS[level] < LEVELS[self._origin.log_level]:
            return
        try:
            self._write(level, text, more)
        except StoreError as error:
            logger.info("a message of scan %s could not be stored: %s", self._report.scan_id, error)

    def _write(self, level: LogLevel, text: str, more: dict[str, Any]) -> None:
        key = f"{self._run}-{next(self._numbers):05}"
        self._messages.put(
            key,
            {
                "id": key,
                "scan_id": self._report.scan_id,
                "environment": self._report.environment,
                "source_system": SOURCE_SYSTEM,
                "level": level,
                "message": text,
                "timestamp": datetime.now(UTC).isoformat(),
                "viewed": False,
                "origin_id": self._report.scan_id,
                "origin_type": self._origin.type,
                **more,
            },
        )


def _worded(event: Event) -> tuple[LogLevel, str, dict[str, Any]]:
    """Return level, text and further fields of an event's message."""
    match event:
        case PhaseBegan(phase):
            return "info", f"phase {phase} began", {}
        case TroubleSeen(trouble):
            level: LogLevel = "error" if trouble.severity == "failure" else "warning"
            return level, str(trouble.error), {"host": trouble.host, "affected": sorted(trouble.affected)}
        case ScanEnded(report):
            objects = report.objects
            changed = f"{objects.new} new, {objects.changed} changed, {objects.removed} removed"
            return _ENDINGS.get(report.status, "error"), f"scan {report.status}: {objects.total} objects, {changed}", {}
        case _:
            return "debug", _detail(event), {}


def _detail(event: RoundBegan | HostAnswered | ObjectsFound) -> str:
    match event:
        case RoundBegan(source, number, queries, hosts):
            return f"round {number} of {source}: {queries} queries" + (f" to {hosts} hosts" if hosts else "")
        case HostAnswered(host, ok):
            return f"host {host} {'answered' if ok else 'could not be asked'}"
        case ObjectsFound(type_, number, _):
            return f"found {number} of type {type_}"
