# SPDX-License-Identifier: Apache-2.0
"""Who asked for a scan: a user, a schedule, an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

OriginType: TypeAlias = Literal["manual scan", "scheduled scan", "event based scan"]
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error", "critical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOrigin:
    """Where a scan comes from, and what it writes to ``messages``.

    Attributes:
        type: who asked for it.
        owner: the owner of the request in ``scans`` that the scan carries out. The scan ends if the owner changes.
        log_level: the minimum level of its messages.
        cause: why, for the log of commits; by default the scan's id.
    """

    type: OriginType = "manual scan"
    owner: str | None = None
    log_level: LogLevel = "info"
    cause: str = ""


BY_HAND: Final = ScanOrigin()
