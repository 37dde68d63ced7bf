# SPDX-License-Identifier: Apache-2.0
"""The states of a scan request.

draft → pending → running → completed, completed_with_errors, failed, timed_out or aborted. A request whose scan manager
has died returns from running to pending. ``store.liveness`` calls a scan whose process is gone "lost".
"""

from __future__ import annotations

from typing import Final

from calipso_nornir.scan.report import ENDED

DRAFT: Final = "draft"
"""Kept by its author; no scan manager takes it."""
PENDING: Final = "pending"
RUNNING: Final = "running"
ABORTED: Final = "aborted"
FAILED: Final = "failed"

__all__ = ["ABORTED", "DRAFT", "ENDED", "FAILED", "PENDING", "RUNNING"]
