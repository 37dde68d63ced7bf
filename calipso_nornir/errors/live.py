# SPDX-License-Identifier: Apache-2.0
"""Notifications that cannot be used, and listeners that cannot listen."""

from __future__ import annotations

from dataclasses import dataclass

from calipso_nornir.errors.base import CalipsoError, Retriable


@dataclass(eq=False)
class NotificationUnusable(CalipsoError):
    """A message that is not a notification, or lacks what its handler needs; it becomes a dead letter at once."""

    problem: str

    def __str__(self) -> str:
        return self.problem


@dataclass(eq=False)
class ListenerFailed(Retriable, CalipsoError):
    """A listener has lost its source, or cannot reach it; it will try again."""

    listener: str
    cause: str

    def __str__(self) -> str:
        return f"{self.listener}: {self.cause}"
