# SPDX-License-Identifier: Apache-2.0
"""Reads payloads, which come from outside and may have any shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import NotificationUnusable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.notifications import Notification

LONGEST: Final = 255
"""Characters of an id or name."""


def part(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object within a payload; empty if there is none of that name."""
    found = payload.get(name)
    return found if isinstance(found, dict) else {}


def text(payload: Mapping[str, Any], *names: str) -> str:
    """Return the first of these fields that is a text with something in it, or a number; else an empty text."""
    for name in names:
        value = payload.get(name)
        if isinstance(value, str) and 0 < len(value) <= LONGEST:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def needed(notification: Notification, *ways: tuple[str, ...]) -> str:
    """Return the text at the first of these places of a payload that has one; raise NotificationUnusable without."""
    for *outer, name in ways:
        at: Mapping[str, Any] = notification.payload
        for one in outer:
            at = part(at, one)
        found = text(at, name)
        if found:
            return found
    places = " or ".join("/".join(("payload", *way)) for way in ways)
    raise NotificationUnusable(f"{notification.type}: {places} is missing, or no text of 1 to {LONGEST} characters")
