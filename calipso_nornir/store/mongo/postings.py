# SPDX-License-Identifier: Apache-2.0
"""Encodes sets of numbers below 65,536 as bytes: a sorted list of 16-bit numbers, or a bit map if that is shorter."""

from __future__ import annotations

import sys
from array import array
from functools import reduce
from itertools import chain
from operator import and_, or_
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_BITMAP: Final = 8192
"""Bytes of a bit map; a list of sorted numbers is always shorter."""
_BITS: Final = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))


def packed(numbers: array[int]) -> bytes:
    """Return sorted numbers as bytes."""
    if 2 * len(numbers) >= _BITMAP:
        return _marked(numbers)
    return _little(numbers).tobytes()


def in_all(sets: Sequence[bytes]) -> Iterable[int]:
    """Return the numbers that are in all of the sets, sorted; none if there are no sets."""
    if not sets:
        return ()
    smallest, *others = sorted(sets, key=len)
    if len(smallest) >= _BITMAP:
        return _numbers(reduce(and_, map(_integer, sets)))
    found: Iterable[int] = _unpacked(smallest)
    for one in others:
        if len(one) < _BITMAP:
            members = set(_unpacked(one))
            found = [number for number in found if number in members]
        else:
            found = [number for number in found if one[number >> 3] >> (number & 7) & 1]
    return found


def in_any(sets: Sequence[bytes]) -> Iterable[int]:
    """Return the numbers that are in any of the sets, sorted."""
    few = [one for one in sets if len(one) < _BITMAP]
    if len(few) == len(sets) and sum(map(len, few)) < _BITMAP:
        return sorted(set(chain.from_iterable(map(_unpacked, few))))
    many = (_integer(one) if len(one) >= _BITMAP else _integer(_marked(_unpacked(one))) for one in sets)
    return _numbers(reduce(or_, many, 0))


def _marked(numbers: Iterable[int]) -> bytes:
    bits = bytearray(_BITMAP)
    for number in numbers:
        bits[number >> 3] |= 1 << (number & 7)
    return bytes(bits)


def _unpacked(data: bytes) -> array[int]:
    return _little(array("H", data))


def _little(numbers: array[int]) -> array[int]:
    """Return numbers in little-endian order: swap their bytes on big-endian machines."""
    if sys.byteorder == "little":
        return numbers
    swapped = numbers[:]
    swapped.byteswap()
    return swapped


def _integer(bitmap: bytes) -> int:
    return int.from_bytes(bitmap, "little")


def _numbers(bits: int) -> Iterator[int]:
    for place, byte in enumerate(bits.to_bytes(_BITMAP, "little")):
        if byte:
            for bit in _BITS[byte]:
                yield place * 8 + bit
