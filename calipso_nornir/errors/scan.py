# SPDX-License-Identifier: Apache-2.0
"""Scans that end early."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from calipso_nornir.errors.base import CalipsoError, Fatal


@dataclass(eq=False)
class NothingSeen(CalipsoError, Fatal):
    """Every query of a scan failed: nothing answered, or no login worked. The causes are failures of their own."""

    environment: str

    def __str__(self) -> str:
        return f"nothing of {self.environment} could be examined. Nothing was changed."


@dataclass(eq=False)
class ScanCancelled(CalipsoError, Fatal):
    """The scan was asked to stop."""

    status: ClassVar[Literal["aborted", "timed_out"]] = "aborted"
    environment: str

    def __str__(self) -> str:
        return f"the scan of {self.environment} was cancelled. Nothing was changed."


@dataclass(eq=False)
class ScanTimedOut(ScanCancelled):
    """The scan took longer than it may."""

    status: ClassVar[Literal["aborted", "timed_out"]] = "timed_out"
    seconds: float

    def __str__(self) -> str:
        return (
            f"the scan of {self.environment} took longer than its time limit of {self.seconds:g} s and was stopped. "
            "Nothing was changed. Raise the limit, or scan less at once."
        )


@dataclass(eq=False)
class ScanTakenOver(ScanCancelled):
    """Another scan manager has taken over the request, because this one sent no heartbeat for too long."""

    scan_id: str

    def __str__(self) -> str:
        return (
            f"scan {self.scan_id} of {self.environment} was taken over by another scan manager, because this one "
            "had given no sign of life. This run was stopped and changed nothing more."
        )
