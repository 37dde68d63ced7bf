# SPDX-License-Identifier: Apache-2.0
"""Limits on JSON from outside: values are counted before parsing, because parsing would fill the memory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from calipso_nornir.errors import AnswerTooLarge, AnswerTooSlow

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_VALUES = 5_000_000
"""Maximum number of values in one JSON text. A hundred thousand Neutron ports are 4.5 million."""


def values_in(text: bytes) -> int:
    """Return an upper bound for the number of values in a JSON text, without parsing it.

    Each value but the first follows a comma or an opening bracket (RFC 8259, 4 and 5). Those inside strings are
    counted, too. Two bytes (``[,``) can make an object of 56 bytes, so limiting bytes is not enough.
    """
    return 1 + text.count(b",") + text.count(b"[") + text.count(b"{")


class Budget:
    """The limits of one list with all its pages, for an API that always announces another page.

    ``section``: the environment's section with ``max_answer_mib`` and ``list_timeout_s``.
    """

    def __init__(
        self,
        query: str,
        *,
        seconds: float,
        max_bytes: int,
        section: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._query = query
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._section = section
        self._clock = clock
        self._began = clock()
        self._bytes = 0
        self._values = 0

    def spend(self, body: bytes) -> None:
        """Count one page. Raises AnswerTooLarge if the list has become too large."""
        self._bytes += len(body)
        self._values += values_in(body)
        if self._bytes > self._max_bytes:
            raise AnswerTooLarge(
                self._query, f"{self._max_bytes >> 20} MiB in all pages", f"{self._section}.max_answer_mib"
            )
        if self._values > MAX_VALUES:
            raise AnswerTooLarge(self._query, f"{MAX_VALUES} JSON values in all pages")

    def check_time(self) -> None:
        """Check before another page. Raises AnswerTooSlow if the list has taken too long."""
        if self._clock() - self._began > self._seconds:
            raise AnswerTooSlow(f"{self._query}, all pages", self._seconds, f"{self._section}.list_timeout_s")
