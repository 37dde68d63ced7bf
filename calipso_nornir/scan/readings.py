# SPDX-License-Identifier: Apache-2.0
"""Remembers parsed answers while a cloud stays open: equal answers are not parsed again.

Most answers of a host are the same as in the previous scan. In a full mesh of tunnels its Open vSwitch has a port for
every other host, and all of them are read for each scan of one of its instances.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Parser: TypeAlias = Callable[[str], Any]

MOST = 32 * 1024 * 1024
"""Maximum number of characters of remembered answers; what is parsed of them takes up to ten times as much memory."""
PATIENCE = 4
"""An answer is forgotten when this many times ``MOST`` did not find room since it was last asked for."""


@dataclass(frozen=True, slots=True)
class _Reading:
    made: Any
    size: int
    turned_away: int
    """How many characters had not found room when it was last asked for."""


class Readings:
    """Parsed answers. A parser's result depends on its text alone, and must not be modified.

    What is remembered stays when there is no room for more: whole scans ask for the same answers in the same order, and
    if each new answer replaced the oldest one, a cloud with too many answers would find none of them again.
    Texts are not kept, only their digests.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: OrderedDict[tuple[Parser, bytes], _Reading] = OrderedDict()
        self._size = 0
        self._turned_away = 0

    def read(self, parser: Parser, text: str) -> Any:  # noqa: ANN401 - whatever a parser returns
        """Return a parser's result for a text. Raises what the parser raises."""
        key = (parser, hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=20).digest())
        known = self._known.pop(key, None)
        if known is None:
            made, size = parser(text), len(text)
            if not self._makes_room(size):
                self._turned_away += size
                return made
            self._size += size
        else:
            made, size = known.made, known.size
        self._known[key] = _Reading(made, size, self._turned_away)
        return made

    def _makes_room(self, size: int) -> bool:
        """Return whether there is room for an answer, without those that have not been asked for in a long time."""
        while self._size + size > self._most and self._known:
            oldest = next(iter(self._known.values()))
            if self._turned_away - oldest.turned_away < PATIENCE * self._most:
                return False
            self._known.popitem(last=False)
            self._size -= oldest.size
        return self._size + size <= self._most


def parsed(parser: Parser, text: str) -> Any:  # noqa: ANN401 - as above
    """Return a parser's result for a text, without remembering it."""
    return parser(text)
