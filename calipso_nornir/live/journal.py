# SPDX-License-Identifier: Apache-2.0
"""The journal of notifications (``messages``) and the dead letters (``dead_letters``)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from calipso_nornir.live.redacting import redacted, redacted_text
from calipso_nornir.model.notifications import Notification

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import Document, Store

Outcome: TypeAlias = Literal["stored", "nothing", "waiting", "dead"]
"""Of a message: everything that it touched was scanned; it touched nothing; it is tried again; it is a dead letter."""
DEAD_LETTERS: Final = "dead_letters"
AGAIN: Final = "again"
"""State of a dead letter that is to be tried again."""
DEAD: Final = "dead"
MOST_OBJECTS: Final = 50
"""Maximum number of objects that an entry names; ``objects_touched`` counts all of them."""
MOST_SHOWN: Final = 2000
"""Maximum number of characters kept of an unreadable message."""
SOURCES: Final = {"nova": "OpenStack", "neutron": "OpenStack", "keystone": "OpenStack", "kafka": "OpenStack"}
LEVELS: Final = {"info": "info", "warn": "warning", "error": "error"}
_KEY: Final = re.compile(r"[\w.:-]{1,128}")


def key_of(notification: Notification) -> str:
    """Return the key of a notification's documents: its id, or a digest if the id contains other characters."""
    if _KEY.fullmatch(notification.id):
        return notification.id
    return hashlib.sha256(notification.id.encode(errors="backslashreplace")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Entry:
    """The outcome of a message.

    Attributes:
        notification: the message.
        outcome: what became of it.
        received: when it arrived (aware, UTC).
        refs: what it touched.
        attempts: how often its processing was begun.
        problem: why it is tried again, or dead.
        told: fields from its handler.
    """

    notification: Notification
    outcome: Outcome
    received: datetime
    refs: Sequence[ObjectRef] = ()
    attempts: int = 1
    problem: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)


class Journal:
    """The entries of one environment. A message has one entry, no matter how often it is sent."""

    def __init__(self, store: Store, environment: str) -> None:
        self._messages = store.collection("messages")
        self._dead = store.collection(DEAD_LETTERS)
        self._environment = environment

    def attempts(self, notification: Notification) -> int:
        """Return how often the processing of a message was begun, by this process or others."""
        known = self._messages.get(key_of(notification)) or {}
        value = known.get("attempts")
        return value if isinstance(value, int) else 0

    def note(self, entries: Iterable[Entry]) -> None:
        """Write the outcomes of messages."""
        self._messages.put_all({key_of(one.notification): self._document(one) for one in entries})

    def _document(self, entry: Entry) -> Document:
        notification, refs = entry.notification, entry.refs
        first = refs[0] if refs else None
        counted = f"{len(refs)} object{'s' if len(refs) != 1 else ''}"
        level = {"warn": "warning"}.get(notification.level, notification.level)
        return {
            "id": key_of(notification),
            "environment": self._environment,
            "source_system": SOURCES.get(notification.source, notification.source),
            "level": "error" if entry.outcome == DEAD else level,
            "message": f"{notification.type}: {entry.problem or counted}",
            "event_type": notification.type,
            "source": notification.source,
            "publisher": notification.publisher,
            "project": notification.project,
            "payload": redacted(notification.payload),
            "related_object": first.id if first else None,
            "related_object_type": first.type if first else None,
            "display_context": first.id if first else None,
            "objects": [[one.type, one.id] for one in refs[:MOST_OBJECTS]],
            "objects_touched": len(refs),
            "attempts": entry.attempts,
            "outcome": entry.outcome,
            "timestamp": notification.at.isoformat(),
            "received_timestamp": entry.received.isoformat(),
            "finished_timestamp": None if entry.outcome == "waiting" else datetime.now(UTC).isoformat(),
            "viewed": False,
            "origin_type": "event",
            **entry.told,
        }

    def bury(self, notification: Notification, *, received: datetime, attempts: int, problem: str) -> None:
        """Make a message a dead letter."""
        key = key_of(notification)
        written = {**asdict(notification), "at": notification.at.isoformat()}
        written["payload"] = redacted(notification.payload)
        self._put_dead(key, received=received, attempts=attempts, problem=problem, notification=written)
        self.note([Entry(notification, DEAD, received=received, attempts=attempts, problem=problem)])

    def bury_unread(self, body: bytes, *, source: str, received: datetime, problem: str) -> None:
        """Keep the beginning of a message that is no notification, without what may be a secret."""
        shown = redacted_text(body[: 4 * MOST_SHOWN].decode(errors="backslashreplace"))[:MOST_SHOWN]
        key = hashlib.sha256(body).hexdigest()[:32]
        more = {"body": shown, "bytes": len(body), "source": source}
        self._put_dead(key, received=received, attempts=1, problem=problem, **more)

    def to_send_again(self) -> list[Document]:
        """Return the dead letters that users have asked to try again."""
        return self._dead.find({"environment": self._environment, "state": AGAIN})

    def taken_again(self, key: str) -> None:
        """Record that a dead letter is being processed; if that fails, it is dead again."""
        self._dead.update_if(key, {"state": AGAIN}, {"state": "trying"})

    def forget_dead(self, key: str) -> None:
        """Remove a dead letter that was processed after all."""
        self._dead.delete(key)

    def _put_dead(self, key: str, *, received: datetime, attempts: int, problem: str, **more: Any) -> None:  # noqa: ANN401 - JSON
        self._dead.put(
            key,
            {
                "id": key,
                "environment": self._environment,
                "state": DEAD,
                "problem": problem,
                "attempts": attempts,
                "received_timestamp": received.isoformat(),
                "timestamp": datetime.now(UTC).isoformat(),
                **more,
            },
        )


def notification_of(letter: Mapping[str, Any]) -> Notification | None:
    """Return the notification of a dead letter; None if it could never be read."""
    written = letter.get("notification")
    if not isinstance(written, dict):
        return None
    return Notification(**{**written, "at": datetime.fromisoformat(written["at"])})
