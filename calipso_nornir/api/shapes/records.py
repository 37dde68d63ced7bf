# SPDX-License-Identifier: Apache-2.0
"""Scans, schedules, messages and other records, as answers show them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from calipso_nornir.api.shapes.picture import DocumentId
from calipso_nornir.api.shapes.saying import Like, Shape
from calipso_nornir.live.journal import Outcome
from calipso_nornir.model.changes import Op
from calipso_nornir.model.stores import Document, Kind
from calipso_nornir.scan.report import Severity, Status

ScanState: TypeAlias = Literal["draft", "pending", "running", Status, "lost"]
Level = Annotated[str, Field(examples=["info", "warning", "error"])]
Text = Annotated[str | None, Field(description="ISO 8601.", examples=["2026-11-28T19:10:00.000000+00:00"])]


class Asked(Shape):
    """What a scan is asked to do."""

    environment: str
    object_id: Annotated[str | None, Field(description="null: everything.")] = None
    object_type: str | None = None
    inventory: str | None = None
    log_level: Level = "info"
    clear: bool = False
    clear_all: bool = False
    scan_only_inventory: bool = False
    scan_only_links: bool = False
    scan_only_cliques: bool = False
    implicit_links: bool = False
    untested: bool = False
    time_limit: Annotated[float | None, Field(description="Seconds.")] = None


class Progress(Shape):
    """How far a running scan is."""

    phase: str | None
    objects: Annotated[int, Field(description="Found so far.")]
    queries: Annotated[int, Field(description="Asked so far.")]


class Counted(Shape):
    """What a scan has changed."""

    new: int
    changed: int
    unchanged: int
    removed: int
    kept: Annotated[int, Field(description="Known from before, and neither confirmed nor denied.")]


class StepCounted(Shape):
    """How one step of a scan went."""

    attempted: int
    ok: int
    incomplete: int
    failed: int
    found: Annotated[int, Field(description="Objects.")]


class Removed(Shape):
    """An object that is gone."""

    type: str
    id: str
    name: str


class Trouble(Shape):
    """Something that went wrong, or that is worth knowing."""

    severity: Severity
    message: str
    affected: Annotated[list[str], Field(description="STEP of OBJECT, for all that it concerns.")]
    data: Annotated[dict[str, Any], Field(description="The parts of the message.")] = Field(default_factory=dict)


class Scan(Asked):
    """A request for a scan; then the scan; then its report."""

    scan_id: str
    status: ScanState
    submitted_by: str | None = None
    submit_timestamp: Text = None
    start_timestamp: Text = None
    end_timestamp: Text = None
    alive_timestamp: Annotated[str | None, Field(description="Its last heartbeat.")] = None
    attempt: Annotated[int, Field(description="How often it was begun: its scan manager may have died.")] = 0
    interval: Annotated[str | None, Field(description="The frequency of the schedule that asked for it.")] = None
    cancel_requested: Annotated[dict[str, Any] | None, Field(description="`at` and `by`.")] = None
    progress: Progress | None = None
    steps: Annotated[dict[str, StepCounted], Field(description="By step.")] = Field(default_factory=dict)
    failures: Annotated[list[Trouble], Field(description="What could not be examined.")] = Field(default_factory=list)
    notices: list[Trouble] = Field(default_factory=list)
    objects: Counted | None = None
    links: Counted | None = None
    cliques: Counted | None = None
    counts: Annotated[dict[str, int], Field(description="Objects by type.")] = Field(default_factory=dict)
    removed: Annotated[list[dict[str, str]], Field(description="Objects that are gone: type, id, name.")] = Field(
        default_factory=list
    )
    queries: Annotated[dict[str, int], Field(description="By source.")] = Field(default_factory=dict)
    rounds: Annotated[dict[str, int], Field(description="By source.")] = Field(default_factory=dict)
    durations: Annotated[dict[str, float], Field(description="Seconds by phase.")] = Field(default_factory=dict)


class Schedule(Asked):
    """A schedule of scans."""

    id: str
    freq: Annotated[str, Field(examples=["DAILY", "CRON"])]
    cron: str | None = None
    time_zone: str = "UTC"
    start_timestamp: Text = None
    submit_timestamp: Text = None
    submitted_by: str | None = None
    paused: bool = False
    scheduled_timestamp: Annotated[str | None, Field(description="The next time; null: there is none.")] = None
    status: Annotated[str, Field(examples=["upcoming", "ongoing", "finished"])] = "upcoming"
    last_scan_id: str | None = None
    last_run: Text = None
    last_status: Annotated[str | None, Field(description="How its last scan ended.")] = None
    error: Annotated[str | None, Field(description="Why it asks for no scans.")] = None


class Message(Shape):
    """Something that was worth telling."""

    id: str
    environment: str | None
    source_system: str | None = None
    level: Level
    message: str
    timestamp: Text
    viewed: bool = False
    scan_id: str | None = None
    host: str | None = None
    affected: list[str] = Field(default_factory=list)
    related_object: str | None = None
    related_object_type: str | None = None
    display_context: str | None = None
    origin_id: str | None = None
    origin_type: Annotated[str | None, Field(examples=["manual scan", "event", "monitoring"])] = None


class Event(Message):
    """A notification that came, and what has become of it."""

    event_type: Annotated[str, Field(examples=["port.create.end"])]
    source: str
    outcome: Outcome
    objects: Annotated[list[list[str]], Field(description="Type and id of what it touched.")]
    objects_touched: int
    attempts: int
    payload: Annotated[Any, Field(description="Without what may be a secret.")]
    received_timestamp: Text
    finished_timestamp: Text


class DeadLetter(Shape):
    """A notification that could not be read, or whose work failed too often."""

    id: str
    environment: str
    state: Annotated[str, Field(examples=["dead", "again", "trying"])]
    problem: str = ""
    attempts: int = 0
    received_timestamp: Text = None
    timestamp: Text = None
    notification: Annotated[dict[str, Any] | None, Field(description="Missing: it could not be read.")] = None
    body: Annotated[str | None, Field(description="Its beginning, if it could not be read.")] = None


class AuditEntry(Shape):
    """Who changed what, from where, and with what outcome."""

    id: str
    at: str
    who: str
    token: Annotated[str | None, Field(description="The id of the token; null: a password.")]
    from_: Annotated[str | None, Field(alias="from", description="An address.")]
    method: str
    path: str
    environment: str | None
    status: Annotated[int, Field(description="Of the answer; 0: there was none.")]


class Change(Shape):
    """One document was put, or removed."""

    revision: int
    op: Op
    kind: Kind
    id: DocumentId
    document: Annotated[dict[str, Any] | None, Field(description="As it was put; null: it was removed.")]


class Commit(Shape):
    """One commit to an environment."""

    revision: int
    at: datetime
    cause: Annotated[str, Field(examples=["scan 5b7c", "event port.create.end"])]
    by: Annotated[str, Field(description="The process.")]
    new: int
    changed: int
    removed: int


ScanShown: TypeAlias = Annotated[Document, Like(Scan)]
ScheduleShown: TypeAlias = Annotated[Document, Like(Schedule)]
MessageShown: TypeAlias = Annotated[Document, Like(Message)]
EventShown: TypeAlias = Annotated[Document, Like(Event)]
DeadLetterShown: TypeAlias = Annotated[Document, Like(DeadLetter)]
AuditShown: TypeAlias = Annotated[Document, Like(AuditEntry)]
ChangeShown: TypeAlias = Annotated[Document, Like(Change)]
CommitShown: TypeAlias = Annotated[Document, Like(Commit)]
