# SPDX-License-Identifier: Apache-2.0
"""Normalises values that several tools print."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address

_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")
_NO_MAC = "00:00:00:00:00:00"
LONGEST_DECIMAL = 18
"""Any number of this many digits fits into a signed 64-bit integer, the largest that stores hold."""
_BRIDGE_ID = re.compile(r"([0-9a-f]{4})\.([0-9a-f]{1,2}(?::[0-9a-f]{1,2}){5})")


def is_mac(text: str) -> bool:
    """Return whether a text is an Ethernet address: six octets, colons, lower case."""
    return _MAC.fullmatch(text) is not None


def mac_or_none(text: str | None) -> str | None:
    """Return an Ethernet address in lower case; None for all zeros and for addresses of other link types.

    InfiniBand addresses (20 octets) and the IPv4 addresses of tunnel devices, for example, give None.
    """
    mac = (text or "").lower()
    return mac if is_mac(mac) and mac != _NO_MAC else None


def is_ip(text: str) -> bool:
    """Return whether a text is an IPv4 or IPv6 address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def as_ip(value: object) -> str | None:
    """Return an IP address in its canonical spelling (RFC 5952); None for anything else.

    ``FD00:A:78:0::21`` and ``fd00:a:78::21`` are the same address: always compare addresses in this form.
    """
    try:
        return str(ip_address(value)) if isinstance(value, str) else None
    except ValueError:
        return None


@lru_cache(maxsize=8192)
def canonical_ip(text: str) -> str:
    """Return an address in its canonical spelling; any other text is returned unchanged.

    Results are cached because, in a full mesh of tunnels, each host lists the addresses of all others.
    """
    return as_ip(text) or text


def bridge_id(text: str) -> str | None:
    """Return a bridge id in ``brctl``'s form, ``8000.06dc8b6e12d7``; None for any other text.

    iproute2 separates the octets by colons and omits leading zeros: ``8000.6:dc:8b:6e:12:d7``.
    """
    found = _BRIDGE_ID.fullmatch(text)
    return found and f"{found[1]}.{''.join(octet.zfill(2) for octet in found[2].split(':'))}"


def decimal_or_none(text: str) -> int | None:
    """Return a number of up to 18 ASCII digits; None for any other text.

    ``int`` itself accepts digits of every script, and raises ValueError beyond 4300 digits.
    """
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_DECIMAL else None
