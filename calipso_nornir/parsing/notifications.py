# SPDX-License-Identifier: Apache-2.0
"""Reads notifications of oslo.messaging: a pure function that turns the body of a message into a ``Notification``.

A body is either the notification itself, or an envelope of version 2 that contains it as JSON text (``oslo.message``).
Payloads of Nova's versioned notifications are objects with name, version and ``nova_object.data``; only their data is
kept. The context of the request (``_context_*``, ``_context``) is dropped, because it contains tokens.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import NotificationUnusable
from calipso_nornir.model.notifications import Notification

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES: Final = 4 * 1024 * 1024
"""Maximum size of a body; the largest ones of real clouds have about 20 KiB."""
DEEPEST: Final = 64
"""Maximum nesting of a payload; real ones have up to nine levels."""
LONGEST_WORD: Final = 255
"""Maximum number of characters of an event type, an id, or the name of a service: AMQP's limit for a routing key."""
_ENVELOPE: Final = "oslo.message"
_VERSION: Final = "oslo.version"
_DATA: Final = "nova_object.data"
_LEVELS: Final = {"warn": "warn", "warning": "warn", "error": "error", "critical": "error"}


def read_notification(body: bytes | str, *, source: str, received: datetime) -> Notification:
    """Return the notification in a message's body.

    Args:
        body: JSON text, at most 4 MiB.
        source: the service that sent it.
        received: when it was received (aware); used as the time of sending if that is missing or invalid.

    Raises:
        NotificationUnusable: it is not a notification; the error says why.
    """
    if len(body) > MOST_BYTES:
        raise NotificationUnusable(f"the message has {len(body)} bytes; the maximum is {MOST_BYTES}")
    found = _object(_json(body), "the message")
    if _ENVELOPE in found:
        found = _unwrapped(found)
    type_ = _word(found.get("event_type"))
    if not type_:
        raise NotificationUnusable(f"event_type is {_shown(found.get('event_type'))}; a text is expected")
    payload = _plain(_object(found.get("payload"), "payload"), DEEPEST)
    return Notification(
        id=_word(found.get("message_id")) or _word(found.get("_unique_id")) or _digest(type_, payload),
        source=source,
        type=type_,
        at=_time(found.get("timestamp")) or received,
        payload=payload,
        project=_project(found),
        publisher=_word(found.get("publisher_id")),
        level=_LEVELS.get(_word(found.get("priority")).casefold(), "info"),
    )


def _project(found: Mapping[str, Any]) -> str:
    """Return the project of the request: drivers of oslo.messaging write the context as keys, Kafka's as an object."""
    context = found.get("_context")
    whole = context if isinstance(context, dict) else {}
    places = (found.get("_context_project_id"), found.get("_context_tenant"), whole.get("project_id"))
    return next((word for one in places if (word := _word(one))), "")


def _unwrapped(envelope: Mapping[str, Any]) -> Mapping[str, Any]:
    version, inner = envelope.get(_VERSION), envelope[_ENVELOPE]
    if not isinstance(version, str) or version.partition(".")[0] != "2":
        raise NotificationUnusable(f"oslo.version is {_shown(version)}; 2.x is expected")
    if not isinstance(inner, str):
        raise NotificationUnusable(f"oslo.message is {_shown(inner)}; JSON text is expected")
    return _object(_json(inner), _ENVELOPE)


def _json(text: bytes | str) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotificationUnusable(f"the message is not readable JSON: {str(error)[:200]}") from None


def _object(value: Any, what: str) -> Mapping[str, Any]:  # noqa: ANN401 - as above
    if not isinstance(value, dict):
        raise NotificationUnusable(f"{what} is {_shown(value)}; an object is expected")
    return value


def _plain(value: Any, levels: int) -> Any:  # noqa: ANN401 - as above
    """Return a value without the wrapping of Nova's objects."""
    if not isinstance(value, (dict, list)):
        return value
    if not levels:
        raise NotificationUnusable(f"payload is nested deeper than {DEEPEST} levels")
    if isinstance(value, list):
        return [_plain(one, levels - 1) for one in value]
    data = value.get(_DATA)
    return {key: _plain(one, levels - 1) for key, one in (data if isinstance(data, dict) else value).items()}


def _word(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= LONGEST_WORD else ""


def _time(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return None if at is None else (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _digest(type_: str, payload: Mapping[str, Any]) -> str:
    """Return an id for a message without one: a digest, so that the same message always gets the same id."""
    return hashlib.sha256(f"{type_}\n{json.dumps(payload, sort_keys=True)}".encode()).hexdigest()[:32]


def _shown(value: object) -> str:
    return "missing" if value is None else f"{value!r:.80}"
