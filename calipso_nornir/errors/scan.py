# SPDX-License-Identifier: Apache-2.0
"""Scans that end early."""

from __future__ import annotations

from dataclasses import dataclass

from calipso_nornir.errors.base import CalipsoError, Fatal


@dataclass(eq=False)
class NothingSeen(CalipsoError, Fatal):
    """Every question of a scan failed: nobody answered, or nobody was let in. The causes are failures of their own."""

    environment: str

    def __str__(self) -> str:
        return f"nothing of {self.environment} could be examined. Nothing was changed."


@dataclass(eq=False)
class ScanCancelled(CalipsoError, Fatal):
    """Somebody asked the scan to stop."""

    environment: str

    def __str__(self) -> str:
        return f"the scan of {self.environment} was cancelled. Nothing was changed."
