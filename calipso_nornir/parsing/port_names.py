# SPDX-License-Identifier: Apache-2.0
"""Matches the names of a switch's ports, which are written in several forms: Ethernet1/1, Eth1/1, Et1/1; xe-0/0/2.0."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_PARTS = re.compile(r"([A-Za-z][A-Za-z-]*?)-?[ ]?(\d[\d/:.]*)")
_UNIT = re.compile(r"\.\d+$")


class PortNames:
    """A switch's own port names, found by any form of them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = set(names)
        self._by_number: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for name in sorted(self._names):
            if parts := _parts(name):
                word, number = parts
                self._by_number[number].append((word, name))

    def find(self, told: str | None) -> str | None:
        """Return the switch's own name of the port; None if no port matches, or several do.

        Two words match if one is a prefix of the other ("Et" and "Ethernet", "Gi" and "GigabitEthernet"); the numbers
        must be equal. A unit (".0") and a mark ("*") at the end are ignored.
        """
        if not told:
            return None
        name = told.strip().strip('"').rstrip("*")
        for form in dict.fromkeys((name, _UNIT.sub("", name))):
            if form in self._names:
                return form
            if parts := _parts(form):
                word, number = parts
                same = [
                    own for other, own in self._by_number[number] if other.startswith(word) or word.startswith(other)
                ]
                if len(same) == 1:
                    return same[0]
        return None


def _parts(name: str) -> tuple[str, str] | None:
    match = _PARTS.fullmatch(name)
    return (match[1].lower().replace("-", ""), match[2]) if match else None
