# SPDX-License-Identifier: Apache-2.0
"""Sets of numbers, in blocks of 65,536: each is a sorted list of 16-bit numbers, or a bit map if that is shorter."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from functools import reduce
from heapq import heappop, heappush, heapreplace
from itertools import chain, count
from operator import and_, or_
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_BLOCK: Final = 65_536
_BITMAP: Final = 8192
"""Bytes of a bit map; a list of sorted numbers is always shorter."""
_BISECTED: Final = 16
"""A few numbers are looked up in a list that has more bytes than this for each; for more, it is made a set."""
_BITS: Final = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))


def packed(numbers: array[int]) -> list[bytes]:
    """Return sorted numbers as blocks."""
    blocks: list[bytes] = []
    start = 0
    for block in range((numbers[-1] // _BLOCK + 1) if numbers else 0):
        end = bisect_left(numbers, (block + 1) * _BLOCK, start)
        blocks.append(_packed(array("H", (number % _BLOCK for number in numbers[start:end]))))
        start = end
    return blocks


def unpacked(blocks: Sequence[bytes]) -> Sequence[int]:
    """Return the numbers, sorted."""
    if len(blocks) == 1 and len(blocks[0]) < _BITMAP:
        return _unpacked(blocks[0])
    return list(in_any([blocks]))


def in_all(sets: Sequence[Sequence[bytes]]) -> Iterator[int]:
    """Yield the numbers that are in all of the sets, sorted; none if there are no sets."""
    for block, some in enumerate(zip(*sets, strict=False)):
        yield from (block * _BLOCK + number for number in _in_all(some))


def in_any(sets: Sequence[Sequence[bytes]]) -> Iterator[int]:
    """Yield the numbers that are in any of the sets, sorted."""
    for block in range(max(map(len, sets), default=0)):
        some = [one[block] for one in sets if len(one) > block]
        yield from (block * _BLOCK + number for number in _in_any(some))


def merged(lists: Iterable[Sequence[int]], begin: int = 0) -> Iterator[int]:
    """Yield the numbers of sorted lists, from a first one on, sorted and each once.

    The lists, none of them empty, are in the order of their first numbers; each is taken when it is needed.
    """
    rest = iter(lists)
    following = next(rest, None)
    heap: list[tuple[int, int, Iterator[int]]] = []
    order = count()  # decides between equal numbers: iterators cannot be compared
    last = -1
    while heap or following is not None:
        while following is not None and (not heap or following[0] <= max(begin, heap[0][0])):
            some = iter(following if begin <= following[0] else following[bisect_left(following, begin) :])
            first = next(some, None)
            if first is not None:
                heappush(heap, (first, next(order), some))
            following = next(rest, None)
        if heap:
            number, place, some = heap[0]
            after = next(some, None)
            if after is None:
                heappop(heap)
            else:
                heapreplace(heap, (after, place, some))
            if number != last:
                yield number
            last = number


def _packed(numbers: array[int]) -> bytes:
    if 2 * len(numbers) >= _BITMAP:
        return _marked(numbers)
    return _little(numbers).tobytes()


def _in_all(blocks: Sequence[bytes]) -> Iterable[int]:
    smallest, *others = sorted(blocks, key=len)
    if len(smallest) >= _BITMAP:
        return _numbers(reduce(and_, map(_integer, blocks)))
    found: Sequence[int] = _unpacked(smallest)
    for one in others:
        if not found:
            break
        if len(one) >= _BITMAP:
            found = [number for number in found if one[number >> 3] >> (number & 7) & 1]
        elif _BISECTED * len(found) < len(one):
            numbers = _unpacked(one)
            found = [number for number in found if _contains(numbers, number)]
        else:
            members = set(_unpacked(one))
            found = [number for number in found if number in members]
    return found


def _contains(numbers: Sequence[int], number: int) -> bool:
    place = bisect_left(numbers, number)
    return place < len(numbers) and numbers[place] == number


def _in_any(blocks: Sequence[bytes]) -> Iterable[int]:
    few = [one for one in blocks if len(one) < _BITMAP]
    if len(few) == len(blocks) and sum(map(len, few)) < _BITMAP:
        return sorted(set(chain.from_iterable(map(_unpacked, few))))
    many = (_integer(one) if len(one) >= _BITMAP else _integer(_marked(_unpacked(one))) for one in blocks)
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
