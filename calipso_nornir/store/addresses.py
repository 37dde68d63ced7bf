# SPDX-License-Identifier: Apache-2.0
"""MAC and IP addresses in the one form in which they are compared: lower case, colons, IPv6 as in RFC 5952."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

_MAC: Final = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}")
_BARE_MAC: Final = re.compile(r"[0-9A-Fa-f]{12}")
_BEGUN_MAC: Final = re.compile(r"[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){1,4}(?:-[0-9A-Fa-f]?)?")
_OF_ADDRESSES: Final = re.compile(r"[0-9a-f:./]*")
_LONGEST: Final = 49
"""Characters of the longest address with a prefix length: 8 groups of IPv6 in which IPv4 is embedded."""
_GROUPS: Final = 2
"""An IPv6 address has at least this many colons."""


def as_address(text: str) -> str | None:
    """Return a MAC or IP address as the inventory writes it; None if the text is neither."""
    if _MAC.fullmatch(text):
        return _mac(text)
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def other_form(text: str) -> str | None:
    """Return the usual form of an address (with or without a prefix length) written in another form; else None.

    A text of 12 hexadecimal digits does not count as a MAC address here: it may be a part of a UUID.
    """
    if len(text) > _LONGEST or (text.count(":") < _GROUPS and not _MAC.fullmatch(text)):
        return None
    address, slash, length = text.partition("/")
    usual = as_address(address)
    if usual is None or usual == address:
        return None
    return f"{usual}{slash}{length}"


def usual_form(text: str) -> str:
    """Return the form in which an address is compared; any other text as it is."""
    return other_form(text) or text


def meant_by(text: str) -> tuple[str, ...]:
    """Return the texts to search for: the text itself, and the usual form of the address that it may be."""
    if _BARE_MAC.fullmatch(text):
        return (text, _mac(text))
    if _BEGUN_MAC.fullmatch(text):
        return (text, text.lower().replace("-", ":"))
    usual = other_form(text)
    return (text,) if usual is None else (text, usual)


def in_every_form(text: str) -> str:
    """Return a part of a text that every form of an address contains whose usual form contains the text.

    Zeros of IPv6 may be written or left out, and its last two groups may be written as IPv4. "" if no part is certain.
    """
    if ":" not in text or not _OF_ADDRESSES.fullmatch(text):
        return text
    return max(re.split("[:/]", text)[:-2], key=len, default="")


def _mac(text: str) -> str:
    digits = re.sub(r"[^0-9a-f]", "", text.lower())
    return ":".join(digits[place : place + 2] for place in range(0, 12, 2))
