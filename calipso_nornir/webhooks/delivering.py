# SPDX-License-Identifier: Apache-2.0
"""Delivers: reads the change feed behind each subscription's cursor, and sends a message for each revision.

The cursor moves when a message was taken. So each message arrives at least once, in order; its id is the same each
time, by which a receiver knows what it has already. A lease keeps two processes from sending the same at once.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from calipso_nornir.errors import CalipsoError, PastUnknown, TooManyChanges
from calipso_nornir.model.changes import MOST_AT_ONCE
from calipso_nornir.scan.scan_messages import SOURCE_SYSTEM
from calipso_nornir.webhooks.sending import NotDelivered, Sender
from calipso_nornir.webhooks.signing import headers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calipso_nornir.model.changes import Change
    from calipso_nornir.model.stores import Document, Store
    from calipso_nornir.webhooks.subscriptions import Subscriptions

logger = logging.getLogger(__name__)

LEASE_S: Final = 60.0
LEAVING_S: Final = 15.0
"""How long a process that ends waits for the message that is being sent."""
PAUSE_AFTER: Final = 12
"""Failures in a row after which a subscription is paused; with the waits between them, after about a day."""
LONGEST_WAIT_S: Final = 6 * 3600.0
_FIRST_WAIT_S: Final = 5.0
_AT_ONCE: Final = 1000
"""Maximum number of changes in one message; a larger revision is sent in several."""


class Deliverer(threading.Thread):
    """Delivers for all subscriptions, one after the other, until it is stopped."""

    def __init__(
        self, store: Store, subscriptions: Subscriptions, *, sender: Sender | None = None, poll_s: float = 1.0
    ) -> None:
        super().__init__(name="webhooks", daemon=True)
        self._store = store
        self._subscriptions = subscriptions
        self._sender = sender or Sender()
        self._poll_s = poll_s
        self._stopping = threading.Event()
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"

    def run(self) -> None:
        """Work until ``stop``; what the store does not answer is tried again."""
        while not self._stopping.wait(self._poll_s):
            try:
                self.round()
            except CalipsoError as error:
                logger.warning("webhooks: %s", error)
            except Exception:
                logger.exception("webhooks")

    def stop(self) -> None:
        """End soon: after the message that is being sent."""
        self._stopping.set()

    def round(self, *, now: datetime | None = None) -> None:
        """Look once at each subscription."""
        for one in self._subscriptions.all():
            if self._stopping.is_set():
                return
            at = now or datetime.now(UTC)
            if one["state"] == "paused" or (one["next_at"] is not None and one["next_at"] > at.isoformat()):
                continue
            lease = {"until": (at + timedelta(seconds=LEASE_S)).isoformat(), "now": at.isoformat()}
            if self._subscriptions.claim(one, self._owner, **lease):
                self._deliver(one, at)

    def _deliver(self, one: Document, at: datetime) -> None:
        """Send what is new. Ends early, so that the lease does not: the next round goes on."""
        end = time.monotonic() + LEASE_S / 2
        for revision, messages in self._new(one):
            try:
                for id_, message in messages:
                    self._send(one, id_, message)
            except (NotDelivered, OSError, CalipsoError) as error:
                self._failed(one, error, at)
                return
            told = {"delivered": one["delivered"] + len(messages), "delivered_at": datetime.now(UTC).isoformat()}
            well = {"cursor": revision, "state": "active", "failures": 0, "error": None, "next_at": None}
            noted = self._subscriptions.note(one, self._owner, {**well, **(told if messages else {})})
            if noted is None:
                return  # removed, moved, or taken by another process
            one = noted
            if time.monotonic() > end or self._stopping.is_set():
                break
        self._subscriptions.note(one, self._owner, {"owner": "", "lease_until": ""})

    def _new(self, one: Document) -> Iterator[tuple[int, list[tuple[str, dict[str, Any]]]]]:
        """Yield each revision behind the cursor, with its messages, each with its id."""
        environment = one["environment"]
        try:
            changes = self._store.changes(environment, since=one["cursor"], most=MOST_AT_ONCE)
        except PastUnknown:
            with self._store.snapshot(environment) as view:
                revision = view.revision
            yield _unknown(one, revision, "changes since the last message are no longer known")
            return
        except TooManyChanges as error:
            yield _unknown(one, error.revision, str(error))
            return
        for revision in sorted({change.revision for change in changes}):
            mine = [_told(change) for change in changes if change.revision == revision and _is_wanted(one, change)]
            parts = [mine[begin : begin + _AT_ONCE] for begin in range(0, len(mine), _AT_ONCE)]
            about = {**_about(environment, revision), "type": "picture.changed"}
            messages = [(_id(one, revision, part), {**about, "changes": some}) for part, some in enumerate(parts)]
            yield revision, messages

    def _send(self, one: Document, id_: str, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        secret = self._subscriptions.secret(one["id"])
        self._sender.send(one["url"], body, headers_of(secret, id_=id_, timestamp=int(time.time()), body=body))

    def _failed(self, one: Document, error: Exception, at: datetime) -> None:
        failures = one["failures"] + 1
        paused = failures >= PAUSE_AFTER
        wait = min(_FIRST_WAIT_S * 3 ** (failures - 1), LONGEST_WAIT_S)
        changes = {
            "state": "paused" if paused else "failing",
            "failures": failures,
            "error": str(error)[:500],
            "next_at": None if paused else (at + timedelta(seconds=wait)).isoformat(),
            "owner": "",
            "lease_until": "",
        }
        logger.warning("webhook %s of %s: %s", one["id"], one["environment"], error)
        if self._subscriptions.note(one, self._owner, changes) is not None and paused:
            self._tell(one, str(error)[:500])

    def _tell(self, one: Document, error: str) -> None:
        """Write a message to the environment's messages: nothing is sent any more."""
        key = uuid.uuid4().hex
        about = (
            f"webhook {one['id']} to {urlsplit(one['url']).hostname} is paused after {PAUSE_AFTER} failures in a row"
        )
        self._store.collection("messages").put(
            key,
            {
                "id": key,
                "environment": one["environment"],
                "source_system": SOURCE_SYSTEM,
                "level": "error",
                "message": f"{about}; the last one: {error}. Resume it when its receiver is well.",
                "timestamp": datetime.now(UTC).isoformat(),
                "viewed": False,
                "origin_id": one["id"],
                "origin_type": "webhook",
            },
        )


def _unknown(one: Document, revision: int, detail: str) -> tuple[int, list[tuple[str, dict[str, Any]]]]:
    message = {**_about(one["environment"], revision), "type": "picture.unknown", "detail": detail}
    return revision, [(_id(one, revision, 0), message)]


def _about(environment: str, revision: int) -> dict[str, Any]:
    return {"environment": environment, "revision": revision, "timestamp": datetime.now(UTC).isoformat()}


def _id(one: Document, revision: int, part: int) -> str:
    return f"{one['id']}-{revision}-{part}"


def _is_wanted(one: Document, change: Change) -> bool:
    types: Sequence[str] = one["types"]
    if one["kinds"] and change.kind not in one["kinds"]:
        return False
    if one["events"] and change.op not in one["events"]:
        return False
    return not types or change.document is None or _type(change) in types


def _type(change: Change) -> str | None:
    document = change.document or {}
    return document.get("type") or document.get("link_type") or document.get("focal_point_type")


def _told(change: Change) -> dict[str, Any]:
    document = change.document or {}
    told = {"op": change.op, "kind": change.kind, "_id": change.document_id, "type": _type(change)}
    names = ("id", "name", "source_id", "target_id", "state", "value", "label")
    return {**told, **{name: document[name] for name in names if name in document}}
