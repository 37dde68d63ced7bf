# SPDX-License-Identifier: Apache-2.0
"""Converts the text that a device printed in a column to the column's type; invalid text is a ValueError."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from calipso_nornir.parsing.common_values import decimal_or_none, is_mac
from calipso_nornir.parsing.vlan_ranges import ranges, vlans_in

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAC_FORMS = re.compile(r"[0-9a-f]{4}(?:[.:-][0-9a-f]{4}){2}|[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}", re.IGNORECASE)
_NOTHING = ("", "N/A", "not advertised", "--", "unassigned")


def mac_or_text(text: str) -> str:
    """Return a MAC address of any form in lower case with colons; any other text is returned unchanged."""
    if _MAC_FORMS.fullmatch(text) is None:
        return text
    plain = re.sub(r"[.:-]", "", text).lower()
    return ":".join(plain[place : place + 2] for place in range(0, 12, 2))


def value_of(name: str, type_: str, told: object, words: Mapping[str, Any] | None) -> Any:  # noqa: ANN401 - of any type
    """Return a column's value; None for no value. Raises ValueError with what was expected and found.

    ``words`` translate the device's words; an unknown word is an error. A "*" in a word matches any text; the items of
    a list are joined by commas.
    """
    if isinstance(told, list):
        told = ",".join(map(str, told)) if words is not None or name == "allowed" else next(iter(told), None)
    if words is not None:
        return _translated(told, words)
    if told is None or (isinstance(told, str) and told.strip() in _NOTHING):
        return None
    if name == "allowed":
        return ranges(vlans_in(str(told)))
    if type_.startswith("int"):
        return _number(told)
    return _flag(told) if type_.startswith("bool") else _text(name, told)


def _flag(told: object) -> bool:
    if isinstance(told, bool) or told in (0, 1):
        return bool(told)
    raise ValueError(f"expected true or false, found {told!r:.80}")


def _text(name: str, told: object) -> str:
    if isinstance(told, (dict, list, float)):
        raise ValueError(f"expected a text, found {told!r:.80}")  # noqa: TRY004 - wrong data, not a wrong call
    text = mac_or_text(str(told).strip().strip('"'))
    if name == "mac_address" and not is_mac(text):
        raise ValueError(f"expected a MAC address, found {told!r}")
    return text


def _translated(told: object, words: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as above
    word = "" if told is None else str(told)
    if word in words:
        return words[word]
    for known, value in words.items():
        if "*" in known and fnmatchcase(word, known):
            return value
    raise ValueError(f"expected one of {', '.join(map(repr, words))}, found {word!r}")


def _number(told: object) -> int:
    if isinstance(told, int) and not isinstance(told, bool):
        return told
    number = decimal_or_none(told.strip()) if isinstance(told, str) else None
    if number is None:
        raise ValueError(f"expected a whole number, found {told!r:.80}")
    return number
