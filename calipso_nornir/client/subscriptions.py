# SPDX-License-Identifier: Apache-2.0
"""Webhooks; notifications that came, and those that could not be processed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.client.connection import Connection, of

if TYPE_CHECKING:
    from collections.abc import Iterator


class Subscriptions(Connection):
    """Subscribes URLs to changes, and shows what an environment's listener got."""

    def webhooks(self, environment: str) -> list[dict[str, Any]]:
        """Return the subscriptions, with their state and last error."""
        return list(self.get(of(environment, "webhooks")))

    def webhook(self, environment: str, id_: str) -> dict[str, Any]:
        """Return one subscription."""
        return dict(self.get(of(environment, "webhooks", id_)))

    def add_webhook(self, environment: str, url: str, **wanted: object) -> dict[str, Any]:
        """Subscribe a URL: ``kinds``, ``types``, ``events``, ``since``. The ``secret`` is shown this once."""
        return dict(self.post(of(environment, "webhooks"), {"url": url, **wanted}))

    def resume_webhook(self, environment: str, id_: str, *, since: int | None = None) -> dict[str, Any]:
        """Let a subscription go on where it stopped, or after a revision."""
        body = {} if since is None else {"since": since}
        return dict(self.post(of(environment, "webhooks", id_, "resume"), body))

    def remove_webhook(self, environment: str, id_: str) -> None:
        """Remove a subscription."""
        self.delete(of(environment, "webhooks", id_))

    def listener(self, environment: str) -> dict[str, Any]:
        """Return how an environment is listened to."""
        return dict(self.get(of(environment, "listener")))

    def events(self, environment: str, **query: object) -> Iterator[dict[str, Any]]:
        """Yield the notifications that came, the newest first, page by page: ``type``, ``outcome``, ``since``."""
        return self._listed(of(environment, "events"), **query)

    def dead_letters(self, environment: str) -> Iterator[dict[str, Any]]:
        """Yield the messages that could not be processed, page by page."""
        return self._listed(of(environment, "dead-letters"))

    def redrive(self, environment: str, id_: str) -> dict[str, Any]:
        """Let a dead letter be tried again."""
        return dict(self.post(of(environment, "dead-letters", id_, "redrive")))

    def remove_dead_letter(self, environment: str, id_: str) -> None:
        """Remove a dead letter."""
        self.delete(of(environment, "dead-letters", id_))
