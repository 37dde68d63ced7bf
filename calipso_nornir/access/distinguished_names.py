# SPDX-License-Identifier: Apache-2.0
"""Distinguished names as text (RFC 4514): values are escaped, and names are compared in one form."""

from __future__ import annotations

import re
from typing import Final

_SPECIAL: Final = frozenset('"+,;<>\\=#')
_PAIR: Final = re.compile(r"\\(?:((?:[0-9A-Fa-f]{2})(?:\\[0-9A-Fa-f]{2})*)|(.))", re.DOTALL)


def escaped(value: str) -> str:
    """Return a value so that it can stand in a DN and cannot end there (RFC 4514, 2.4)."""
    last = len(value) - 1
    return "".join(_escaped(one, at_end=number in (0, last)) for number, one in enumerate(value))


def normal(name: str) -> str:
    """Return one text for all ways to write a DN: letters and spaces do not count, nor how a character is escaped."""
    return ",".join(_normal_part(part) for part in _split(name))


def _escaped(one: str, *, at_end: bool) -> str:
    if one in _SPECIAL or (one == " " and at_end):
        return f"\\{one}"
    return "".join(f"\\{byte:02x}" for byte in one.encode()) if one < " " else one


def _split(name: str) -> list[str]:
    """Split at the commas that are not escaped."""
    parts, start, position = [], 0, 0
    while position < len(name):
        if name[position] == "\\":
            position += 1
        elif name[position] == ",":
            parts.append(name[start:position])
            start = position + 1
        position += 1
    return [*parts, name[start:]]


def _normal_part(part: str) -> str:
    attribute, _, value = part.partition("=")
    plain = _PAIR.sub(_unescaped, value.strip())
    return f"{attribute.strip().casefold()}={escaped(' '.join(plain.split()).casefold())}"


def _unescaped(found: re.Match[str]) -> str:
    if found[1] is None:
        return found[2]
    return bytes.fromhex(found[1].replace("\\", "")).decode(errors="replace")
