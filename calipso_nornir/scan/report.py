# SPDX-License-Identifier: Apache-2.0
"""The report of a scan: every step attempted, what failed and why, and what changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from calipso_nornir.scan.progress_events import TroubleSeen
from calipso_nornir.store.liveness import LOST

if TYPE_CHECKING:
    from datetime import datetime

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import Witness
    from calipso_nornir.scan.progress_events import Phase, Progress

Severity: TypeAlias = Literal["failure", "notice"]
Status: TypeAlias = Literal["completed", "completed_with_errors", "failed", "aborted", "timed_out"]
ENDED: Final[frozenset[str]] = frozenset({*get_args(Status), LOST})
"""How a scan's document may have ended: as its report says, or because its process died."""


@dataclass(slots=True)
class Trouble:
    """One error, however many fetchings it affected.

    Attributes:
        severity: "failure" makes the scan end with errors; "notice" is informational (an optional program that a host
            does not have).
        affected: ``<step> of <parent>`` of every fetching that it stopped or left incomplete.
    """

    error: CalipsoError
    severity: Severity = "failure"
    affected: list[str] = field(default_factory=list)

    @property
    def host(self) -> str | None:
        """The host concerned, if any."""
        return getattr(self.error, "host", None)

    def document(self) -> dict[str, Any]:
        """Return the error as JSON values."""
        about = {"severity": self.severity, "message": str(self.error), "affected": sorted(self.affected)}
        return {**about, "data": self.error.data()}


@dataclass(slots=True)
class StepCount:
    """Numbers of one step: its fetchings by outcome, and the objects found."""

    attempted: int = 0
    ok: int = 0
    incomplete: int = 0
    failed: int = 0
    found: int = 0


@dataclass(slots=True)
class Changes:
    """Numbers of what the scan changed in the store, for objects, links or cliques."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    kept: int = 0
    """Known from before; this scan could neither confirm nor deny it."""

    @property
    def total(self) -> int:
        """How many there are now."""
        return self.new + self.changed + self.unchanged + self.kept


@dataclass(slots=True, kw_only=True)
class ScanReport:
    """The outcome of one scan.

    ``status``: "completed" if every fetching saw everything that it should see; "completed_with_errors" if something
    could not be examined (``failures`` say what; what was known there is kept); "failed" if nothing could be stored;
    "aborted" if it was cancelled, "timed_out" if it reached its time limit, and nothing was stored. Durations are in
    seconds.
    """

    scan_id: str
    environment: str
    started_at: datetime
    ended_at: datetime | None = None
    status: Status = "completed"
    steps: dict[str, StepCount] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    objects: Changes = field(default_factory=Changes)
    links: Changes = field(default_factory=Changes)
    cliques: Changes = field(default_factory=Changes)
    counts: dict[str, int] = field(default_factory=dict)
    """Objects by type, as they are in the store after the scan."""
    removed: list[dict[str, str]] = field(default_factory=list)
    """Objects that are gone: type, id, name."""
    queries: Counter[str] = field(default_factory=Counter)
    """Requests made, by source ("api", "db", "cli")."""
    rounds: Counter[str] = field(default_factory=Counter)
    """Rounds made, by source; ``rounds["cli"]`` is how often hosts had to be asked."""
    read_answers: bool = False
    """Whether a fetching read an answer of the cloud."""
    phase: Phase | None = None
    """The current phase, or the last one."""
    durations: dict[str, float] = field(default_factory=dict)
    """Seconds by phase: "inventory", "links", "cliques", "store"."""
    _known: dict[tuple[str, str, str], Trouble] = field(default_factory=dict, repr=False)

    @property
    def ok(self) -> bool:
        """Whether everything was seen and stored."""
        return self.status == "completed"

    @property
    def stored(self) -> bool:
        """Whether what was seen is in the store; else nothing was changed."""
        return self.status in ("completed", "completed_with_errors")

    @property
    def found(self) -> int:
        """How many objects its fetchings have found so far; one found by two fetchings counts twice."""
        return sum(count.found for count in list(self.steps.values()))

    @property
    def failures(self) -> list[Trouble]:
        """What could not be examined, with its cause."""
        return [one for one in self.troubles if one.severity == "failure"]

    @property
    def notices(self) -> list[Trouble]:
        """What is worth knowing but not a failure."""
        return [one for one in self.troubles if one.severity == "notice"]

    @property
    def saw_nothing(self) -> bool:
        """Whether fetchings failed and none read an answer of the cloud; our own configuration is no answer."""
        return not self.read_answers and any(count.failed for count in self.steps.values())

    def note(self, error: CalipsoError, severity: Severity, affected: str) -> Trouble | None:
        """Add an error, or what else it affects; return it if it is new."""
        key = (severity, type(error).__name__, str(error))
        known = self._known.get(key)
        if known is not None:
            if affected not in known.affected:
                known.affected.append(affected)
            return None
        self._known[key] = trouble = Trouble(error, severity, [affected])
        self.troubles.append(trouble)
        return trouble

    def document(self) -> dict[str, Any]:
        """Return the report as JSON values; times in ISO 8601, UTC."""
        return {
            "scan_id": self.scan_id,
            "environment": self.environment,
            "status": self.status,
            "start_timestamp": self.started_at.isoformat(),
            "end_timestamp": self.ended_at.isoformat() if self.ended_at else None,
            "steps": {name: _values(count) for name, count in sorted(self.steps.items())},
            "failures": [one.document() for one in self.failures],
            "notices": [one.document() for one in self.notices],
            "objects": _values(self.objects),
            "links": _values(self.links),
            "cliques": _values(self.cliques),
            "counts": dict(sorted(self.counts.items())),
            "removed": self.removed,
            "queries": dict(self.queries),
            "rounds": dict(self.rounds),
            "durations": {phase: round(seconds, 3) for phase, seconds in self.durations.items()},
        }


class Troubles:
    """Collects everything that goes wrong in one scan: in its report, and once to the progress."""

    def __init__(self, report: ScanReport, progress: Progress) -> None:
        self._report = report
        self._progress = progress

    def note(self, error: CalipsoError, severity: Severity, affected: str) -> None:
        """Record an error, or what else it affects."""
        new = self._report.note(error, severity, affected)
        if new is not None:
            self._progress(TroubleSeen(new))

    def fail(self, error: CalipsoError, affected: str) -> None:
        """Record a failure."""
        self.note(error, "failure", affected)

    def of(self, witness: Witness, error: CalipsoError) -> None:
        """Record what is wrong with what one fetching found."""
        self.fail(error, f"{witness.step} of {witness.parent}")


def described(one: InventoryObject) -> str:
    """Describe an object for a report: type, name, and the id if it says more."""
    return f"{one.type} {one.name}" if one.name == one.id else f"{one.type} {one.name} ({one.id})"


def _values(counts: StepCount | Changes) -> dict[str, int]:
    return {name: getattr(counts, name) for name in counts.__slots__}
