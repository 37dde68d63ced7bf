# SPDX-License-Identifier: Apache-2.0
"""What changed, when and why; and changes as they come."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import requests

from calipso_nornir.client.connection import Connection, of
from calipso_nornir.client.event_stream import Event, events_of
from calipso_nornir.client.problem import ApiUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

SILENCE_S: Final = 60.0
"""Longest silence of a stream; the API says something every 15 s."""


class History(Connection):
    """Reads the history of an environment."""

    def changes(self, environment: str, *, since: int | None = None) -> Iterator[Event]:
        """Yield changes as they come, for ever; a connection that breaks is made again, and nothing is left out.

        ``since`` is the revision after which to begin; by default now. Raises ApiProblem: e.g. 404 if that is too old.
        """
        headers: dict[str, str] = {}
        query = {} if since is None else {"since": since}
        while True:
            try:
                with self._answer(
                    "GET",
                    of(environment, "changes", "stream"),
                    params=query,
                    headers=headers,
                    stream=True,
                    timeout=(self._timeout_s, SILENCE_S),
                ) as answer:
                    for event in events_of(answer.iter_lines(decode_unicode=False)):
                        headers["Last-Event-ID"] = str(event.revision)
                        yield event
            except (ApiUnreachable, requests.RequestException):
                if not headers and since is None:  # its beginning is unknown
                    raise
            time.sleep(1.0)

    def changes_since(self, environment: str, revision: int, **query: object) -> list[dict[str, Any]]:
        """Return what was put and removed after a revision; about ``limit`` changes of whole revisions."""
        return list(self.get(of(environment, "changes"), since=revision, **query))

    def commits(self, environment: str, **query: object) -> list[dict[str, Any]]:
        """Return the newest commits (``limit``): when each was made, why, and how much changed."""
        return list(self.get(of(environment, "commits"), **query))

    def diff(self, environment: str, **query: object) -> dict[str, Any]:
        """Return what differs between ``since`` and ``until``, or the scans ``since_scan`` and ``until_scan``."""
        return dict(self.get(of(environment, "diff"), **query))

    def versions(self, environment: str, type_: str, id_: str, **query: object) -> list[dict[str, Any]]:
        """Return the versions of one object, also of a gone one, among the newest ``commits``; each with its cause."""
        return list(self.get(of(environment, "versions", type_, id_), **query))
