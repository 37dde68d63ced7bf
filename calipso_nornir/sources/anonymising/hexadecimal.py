# SPDX-License-Identifier: Apache-2.0
"""Replaces hexadecimal ids and MAC addresses so that equal prefixes stay equal.

Devices are named after the first eleven characters of a port's UUID (``tap5b7c0a11-9d``), so the replacement of a
prefix must not depend on the rest of the id. Each digit is permuted; the permutation depends on a key and on all digits
before it. So two different ids never get the same replacement, even if a name contains only some of their digits.
"""

from __future__ import annotations

import hashlib
import random
import re
from typing import Final

_DIGITS: Final = "0123456789abcdef"
_SEPARATORS: Final = re.compile(r"[^0-9a-fA-F]")


def is_group(mac: str) -> bool:
    """Return whether a MAC address is a group address, which identifies nobody."""
    return int(mac[1], 16) % 2 == 1


class Digits:
    """Replaces hexadecimal digits, one after the other."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._permutations: dict[str, str] = {}

    def replaced(self, text: str, domain: str = "") -> str:
        """Return a text with its digits replaced; other characters stay, and have no effect on the digits."""
        before = domain
        made: list[str] = []
        for sign in text:
            digit = sign.lower()
            if digit not in _DIGITS:
                made.append(sign)
                continue
            made.append(self._permutation(before)[int(digit, 16)])
            before += digit
        replaced = "".join(made)
        return replaced.upper() if text.isupper() else replaced

    def mac(self, text: str) -> str:
        """Return another MAC address, in the same notation.

        Its first octet is kept, and does not affect the others: a tap device has the address of its vNIC with another
        first octet.
        """
        plain = _SEPARATORS.sub("", text).lower()
        if is_group(plain) or int(plain, 16) == 0:
            return text
        end = iter(self.replaced(plain[2:], "mac:"))
        seen = 0
        made: list[str] = []
        for sign in text:
            if sign.lower() not in _DIGITS:
                made.append(sign)
                continue
            seen += 1
            digit = sign if seen <= 2 else next(end)  # noqa: PLR2004 - digits of an octet
            made.append(digit.upper() if sign.isupper() else digit)
        return "".join(made)

    def _permutation(self, before: str) -> str:
        known = self._permutations.get(before)
        if known is None:
            seed = hashlib.blake2b(before.encode(), key=self._key, digest_size=16).digest()
            digits = list(_DIGITS)
            random.Random(seed).shuffle(digits)  # noqa: S311 - seeded by a keyed hash
            known = self._permutations[before] = "".join(digits)
        return known
