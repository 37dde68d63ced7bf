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
_Key: TypeAlias = tuple[Parser, bytes]

MOST = 32 * 1024 * 1024
"""Maximum number of characters of remembered answers; their parsed form takes up to ten times as much memory."""
PATIENCE = 4
"""An answer is forgotten when answers of this many times ``MOST`` characters have found no room since its last use."""
LATEST = 8
"""The divisor of ``MOST`` for the part that is reserved for the latest answers that found no other room."""


@dataclass(frozen=True, slots=True)
class _Reading:
    made: Any
    size: int
    turned_away: int
    """How many characters had found no room when this answer was last used."""


class Readings:
    """Parsed answers. A parser's result depends on its text alone, and must not be modified.

    When there is no room for more, what is remembered stays: whole scans ask for the same answers in the same order. If
    each new answer replaced the oldest one, a cloud with too many answers would find none of them again. A small part
    of the room is for the latest of the other answers, because small scans ask the same hosts again and again.
    Texts are not kept, only their digests.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._latest_most = most // LATEST
        self._known: OrderedDict[_Key, _Reading] = OrderedDict()
        self._latest: OrderedDict[_Key, _Reading] = OrderedDict()
        self._size = 0
        self._latest_size = 0
        self._turned_away = 0

    def read(self, parser: Parser, text: str) -> Any:  # noqa: ANN401 - whatever a parser returns
        """Return a parser's result for a text. Raises what the parser raises."""
        key = (parser, hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=20).digest())
        known = self._known.pop(key, None)
        if known is not None:
            self._known[key] = _Reading(known.made, known.size, self._turned_away)
            return known.made
        latest = self._latest.pop(key, None)
        if latest is None:
            made, size = parser(text), len(text)
        else:
            made, size = latest.made, latest.size
            self._latest_size -= size
        one = _Reading(made, size, self._turned_away)
        if self._makes_room(size):
            self._known[key] = one
            self._size += size
        else:
            self._turned_away += size
            self._remember_latest(key, one)
        return made

    def _makes_room(self, size: int) -> bool:
        """Return whether there is room for an answer; forget those that were not used for a long time."""
        most = self._most - self._latest_most
        while self._size + size > most and self._known:
            oldest = next(iter(self._known.values()))
            if self._turned_away - oldest.turned_away < PATIENCE * self._most:
                return False
            self._known.popitem(last=False)
            self._size -= oldest.size
        return self._size + size <= most

    def _remember_latest(self, key: _Key, one: _Reading) -> None:
        """Remember an answer that found no room, in place of the oldest of these."""
        if one.size > self._latest_most:
            return
        self._latest[key] = one
        self._latest_size += one.size
        while self._latest_size > self._latest_most:
            _, oldest = self._latest.popitem(last=False)
            self._latest_size -= oldest.size


def parsed(parser: Parser, text: str) -> Any:  # noqa: ANN401 - as above
    """Return a parser's result for a text, without remembering it."""
    return parser(text)
