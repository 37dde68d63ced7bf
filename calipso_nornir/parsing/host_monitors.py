# SPDX-License-Identifier: Apache-2.0
"""Reads, line by line, what ``ip -o monitor``, ``bridge monitor fdb`` and ``ovsdb-client -f json monitor`` print.

``ip monitor`` accepts ``-j`` but does not print JSON (iproute2 6.1). It repeats devices that have not changed, and
addresses whose lifetime was renewed: such repetitions are not changes.
"""

from __future__ import annotations

import json
import re
from typing import Final

MOST_KNOWN: Final = 20_000
"""Maximum number of remembered devices and addresses; if it is exceeded, all are forgotten, and the next lines count
as changes."""
_LINK: Final = re.compile(rb"(Deleted )?\d+: ([^\s@:]+)(?:@\S+)?: <([^>]*)> (.*)", re.DOTALL)
_ADDRESS: Final = re.compile(rb"(Deleted )?\d+: (\S+)\s+(inet6? \S+)(?: peer \S+)?(?: brd \S+)? scope")
_SHOWN: Final = re.compile(rb"\b(mtu|master|state|link/\w+) (\S+)")
_REMOTE: Final = re.compile(rb"(?:Deleted )?\S+ dev (\S+) (?:.* )?dst \S+ (?:.* )?permanent\b")
_NAME: Final = "name"


class LinkLines:
    """Distinguishes changes from repetitions."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, bytes], object] = {}

    def changed(self, line: bytes) -> str | None:
        """Return the device in a line if the line shows a change of it; else None."""
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        if (link := _LINK.match(line)) is not None:
            gone, name, flags, more = link.groups()
            return self._compared(name, b"", None if gone else (frozenset(flags.split(b",")), *_SHOWN.findall(more)))
        if (address := _ADDRESS.match(line)) is not None:
            gone, name, text = address.groups()
            return self._compared(name, text, None if gone else True)
        return None

    def _compared(self, name: bytes, what: bytes, now: object) -> str | None:
        if now is None:
            self._known.pop((name, what), None)
        elif self._known.get((name, what)) == now:
            return None
        else:
            self._known[name, what] = now
        return name.decode(errors="backslashreplace")


def tunnel_changed(line: bytes) -> str | None:
    """Return the device whose tunnels a line of ``bridge monitor fdb`` changes, or None."""
    found = _REMOTE.match(line)
    return None if found is None else found[1].decode(errors="backslashreplace")


def names_changed(line: bytes) -> list[str] | None:
    """Return the names in the rows in a line of ``ovsdb-client monitor``; None if it is not such a line."""
    try:
        told = json.loads(line)
        at = told["headings"].index(_NAME)
        return [row[at] for row in told["data"] if isinstance(row[at], str)]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
