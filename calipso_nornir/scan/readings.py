# SPDX-License-Identifier: Apache-2.0
"""Remembers parsed answers while a cloud stays open: equal answers are not parsed again.

Most answers of a host are the same as in the previous scan. In a full mesh of tunnels its Open vSwitch has a port for
every other host, and all of them are read for each scan of one of its instances.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeAlias

Parser: TypeAlias = Callable[[str], Any]

MOST = 8 * 1024 * 1024
"""Maximum number of characters of remembered answers; their parsed form takes about ten times as much memory."""


class Readings:
    """The last answers. A parser's result depends on its text alone, and must not be modified."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: OrderedDict[tuple[Parser, str], Any] = OrderedDict()
        self._size = 0

    def read(self, parser: Parser, text: str) -> Any:  # noqa: ANN401 - whatever a parser returns
        """Return a parser's result for a text. Raises what the parser raises."""
        key = (parser, text)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        made = self._known[key] = parser(text)
        self._size += len(text)
        while self._size > self._most:
            (_, oldest), _ = self._known.popitem(last=False)
            self._size -= len(oldest)
        return made


def parsed(parser: Parser, text: str) -> Any:  # noqa: ANN401 - as above
    """Return a parser's result for a text, without remembering it."""
    return parser(text)
