# SPDX-License-Identifier: Apache-2.0
"""Sets of VLANs as switches write them: "10,20-30", "ALL", "NONE"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HIGHEST = 4094
"""The highest VLAN id (IEEE 802.1Q: 4095 is reserved)."""
EVERY = f"1-{HIGHEST}"
_RANGE = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?")


def ranges(vlans: Iterable[int]) -> str:
    """Write VLANs in ascending ranges; none gives an empty text."""
    found: list[list[int]] = []
    for vlan in sorted(set(vlans)):
        if found and vlan == found[-1][1] + 1:
            found[-1][1] = vlan
        else:
            found.append([vlan, vlan])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in found)


def vlans_in(text: str) -> set[int]:
    """Return the VLANs of a text; raises ValueError if it is not a set of VLANs."""
    plain = "".join(text.split()).lower()
    if plain in ("all", EVERY):
        return set(range(1, HIGHEST + 1))
    if plain in ("", "none", "--"):
        return set()
    found: set[int] = set()
    for part in plain.split(","):
        match = _RANGE.fullmatch(part)
        low, high = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not 1 <= low <= high <= HIGHEST + 1:
            raise ValueError(f'"{part}" is not a VLAN or a range of VLANs')
        found.update(range(low, high + 1))
    return found
