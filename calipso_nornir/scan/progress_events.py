# SPDX-License-Identifier: Apache-2.0
"""The events of a running scan. A progress is any callable that takes one event."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from calipso_nornir.scan.report import ScanReport, Trouble

logger = logging.getLogger(__name__)

Phase: TypeAlias = Literal["inventory", "links", "cliques", "store"]


@dataclass(frozen=True, slots=True)
class PhaseBegan:
    """A phase of the scan begins."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class RoundBegan:
    """A round of queries begins; ``hosts`` is how many hosts are asked, for "cli"."""

    source: str
    number: int
    queries: int
    hosts: int = 0


@dataclass(frozen=True, slots=True)
class HostAnswered:
    """One host has answered this round, or could not be asked."""

    host: str
    ok: bool


@dataclass(frozen=True, slots=True)
class ObjectsFound:
    """One fetching has found objects; ``depth`` is their level in the tree (an environment's children: 1)."""

    type: str
    count: int
    depth: int


@dataclass(frozen=True, slots=True)
class TroubleSeen:
    """Something could not be examined."""

    trouble: Trouble


@dataclass(frozen=True, slots=True)
class ScanEnded:
    """The scan is over."""

    report: ScanReport


Event: TypeAlias = PhaseBegan | RoundBegan | HostAnswered | ObjectsFound | TroubleSeen | ScanEnded
Progress: TypeAlias = Callable[[Event], None]


def SILENT(_event: Event) -> None:  # noqa: N802 - a constant to its users: progress=SILENT
    """Show nothing."""


def guarded(progress: Progress) -> Progress:
    """Return a progress whose errors are logged instead of ending the scan."""

    def tell(event: Event) -> None:
        try:
            progress(event)
        except Exception:
            logger.exception("the progress callback raised; the scan goes on")

    return tell


def all_of(*progresses: Progress) -> Progress:
    """Return a progress that passes each event to all of these in turn."""

    def tell(event: Event) -> None:
        for progress in progresses:
            progress(event)

    return tell
