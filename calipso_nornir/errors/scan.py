# SPDX-License-Identifier: Apache-2.0
"""A scan that ends before its time."""

from __future__ import annotations

from dataclasses import dataclass

from calipso_nornir.errors.base import CalipsoError, Fatal


@dataclass(eq=False)
class ScanCancelled(CalipsoError, Fatal):
    """Somebody asked the scan to stop."""

    environment: str

    def __str__(self) -> str:
        return f"the scan of {self.environment} was cancelled. Nothing was changed."
