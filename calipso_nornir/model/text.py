# SPDX-License-Identifier: Apache-2.0
"""Makes untrusted text harmless for a terminal, and keeps it exact where programs read it."""

from __future__ import annotations

import re
import shlex

_ZERO_WIDTH_JOINER = "\u200d"
"""Harmless, and part of many emoji."""

_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""DEL, C1 controls (0x9b begins an escape sequence), marks that change the direction of writing, lone surrogates."""


def plain(value: object) -> str:
    r"""Return text without terminal controls (cursor, colour): such characters are written as ``\x1b``."""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign == _ZERO_WIDTH_JOINER else _escaped(sign) for sign in text)


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


def pasteable(type_: str, id_: str) -> str:
    """Return ``type:id`` so that it can be pasted into a shell: ids contain ``|``."""
    return shlex.quote(f"{plain(type_)}:{plain(id_)}")


def safe_json(text: str) -> str:
    r"""Return the same JSON with characters that a terminal acts upon as ``\uXXXX``; JSON has no raw C0 controls."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def needs_escapes(text: str) -> bool:
    """Return whether it has characters that must be written as escape sequences."""
    return _UNSEEN.search(text) is not None
