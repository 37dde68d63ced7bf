# SPDX-License-Identifier: Apache-2.0
"""Follows the pages of a list, each of which names the next one, and ends a list that has no end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import ParseError

if TYPE_CHECKING:
    from collections.abc import Hashable

MAX_BARREN_PAGES: Final = 100
"""Maximum number of consecutive pages without new items. Services may send short pages: Neutron applies policy after
the limit."""


class PageTrail:
    """Remembers which pages were read, and how many of the last ones had nothing new."""

    def __init__(self, parser: str, name: str, first: Hashable) -> None:
        """Begin a trail.

        Args:
            parser: its name, for errors.
            name: what names the next page ("the next link"), for errors.
            first: identifies the first page.
        """
        self._parser = parser
        self._name = name
        self._read = {first}
        self._barren = 0

    def follow(self, following: Hashable, *, new_items: bool) -> None:
        """Go to the following page; ``new_items``: whether the last one had any. Raises ParseError."""
        self._barren = 0 if new_items else self._barren + 1
        if following in self._read:
            raise ParseError(self._parser, f"{self._name} leads back to a page that was read before")
        if self._barren >= MAX_BARREN_PAGES:
            problem = f"{MAX_BARREN_PAGES} pages in a row had nothing new, and there are more"
            raise ParseError(self._parser, problem)
        self._read.add(following)
