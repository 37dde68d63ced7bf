# SPDX-License-Identifier: Apache-2.0
"""Names of checks, as the developer guide has them: ``<type>_<id>`` and ``link_<link type>_<from id>_<to id>``.

They are for people and are never parsed, because ids may contain the separators. Labels, or the result itself, identify
the object.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject

_OTHERS: Final = re.compile(r"[^A-Za-z0-9_.-]")
_LOOKS_ENCODED: Final = re.compile(r"(?<=--)-(?=\.\.)")
"""The third dash of anything that begins like an encoded character."""
_ENCODED: Final = re.compile(r"---\.\.([0-9]{1,7})\.\.---")
DIGEST: Final = 32
"""Hex digits that replace the end of a name that is too long."""


def encoded(text: str) -> str:
    """Write all but ``[A-Za-z0-9_.-]`` as ``---..<code point>..---``; also a dash that begins text which looks encoded.

    >>> encoded("cmp1|eth0:1")
    'cmp1---..124..---eth0---..58..---1'
    >>> decoded(encoded("---..58..---"))
    '---..58..---'
    """
    return "".join(
        _OTHERS.sub(_code, part) + ("---..45..---" if number < last else "")
        for parts in [_LOOKS_ENCODED.split(text)]
        for last in [len(parts) - 1]
        for number, part in enumerate(parts)
    )


def decoded(name: str) -> str:
    """Return the text that was encoded."""
    return _ENCODED.sub(_character, name)


def name_of_object(one: InventoryObject, suffix: str = "") -> str:
    """Return the name of a check of an object; ``suffix`` distinguishes several checks of one object."""
    return encoded("_".join([one.type, one.id, *([suffix] if suffix else [])]))


def name_of_link(link: Link, suffix: str = "") -> str:
    """Return the name of a check of a link."""
    return encoded("_".join(["link", link.type, link.source.id, link.target.id, *([suffix] if suffix else [])]))


def limited(name: str, longest: int) -> str:
    """Return a name of at most ``longest`` (over 33) characters; the end of a longer one becomes a digest of all."""
    if len(name) <= longest:
        return name
    digest = hashlib.sha256(name.encode(errors="backslashreplace")).hexdigest()[:DIGEST]
    return f"{name[: longest - DIGEST - 1]}.{digest}"


def _code(found: re.Match[str]) -> str:
    return f"---..{ord(found[0])}..---"


def _character(found: re.Match[str]) -> str:
    number = int(found[1])
    return chr(number) if number <= 0x10FFFF else found[0]  # noqa: PLR2004 - the last code point
