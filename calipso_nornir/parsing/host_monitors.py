# SPDX-License-Identifier: Apache-2.0
"""What ``ip -o monitor link address``, ``bridge monitor fdb`` and ``ovsdb-client -f json monitor`` print, line by line.

``ip monitor`` takes ``-j`` and prints no JSON all the same (iproute2 6.1). It repeats devices that have not changed,
and addresses whose lifetime was renewed: what was the same before is no change.
"""

from __future__ import annotations

import json
import re
from typing import Final

MOST_KNOWN: Final = 20_000
"""Devices and addresses that are remembered; beyond, all are forgotten, and what comes next counts as a change."""
_LINK: Final = re.compile(rb"(Deleted )?\d+: ([^\s@:]+)(?:@\S+)?: <([^>]*)> (.*)", re.DOTALL)
_ADDRESS: Final = re.compile(rb"(Deleted )?\d+: (\S+)\s+(inet6? \S+)(?: peer \S+)?(?: brd \S+)? scope")
_SHOWN: Final = re.compile(rb"\b(mtu|master|state|link/\w+) (\S+)")
_REMOTE: Final = re.compile(rb"(?:Deleted )?\S+ dev (\S+) (?:.* )?dst \S+ (?:.* )?permanent\b")
_NAME: Final = "name"


class LinkLines:
    """Tells changes from repetitions."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, bytes], object] = {}

    def changed(self, line: bytes) -> str | None:
        """Return the device that a line is about, if the line says that it has changed; else None."""
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
    """Return the device whose tunnels a line of ``bridge monitor fdb`` is about; None for what bridges learn."""
    found = _REMOTE.match(line)
    return None if found is None else found[1].decode(errors="backslashreplace")


def names_changed(line: bytes) -> list[str] | None:
    """Return the names in rows that a line of ``ovsdb-client monitor`` shows; None if it is no such line."""
    try:
        told = json.loads(line)
        at = told["headings"].index(_NAME)
        return [row[at] for row in told["data"] if isinstance(row[at], str)]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
