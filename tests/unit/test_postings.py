# SPDX-License-Identifier: Apache-2.0
"""Sets of places as bytes: few and many, together and either."""

from __future__ import annotations

import random
from array import array
from itertools import combinations, islice
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.store.mongo.postings import in_all, in_any, merged, packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CHANCE = random.Random(16)  # noqa: S311 - the same each time, no secret
_SETS = [sorted(_CHANCE.sample(range(65_536), size)) for size in (0, 1, 30, 4095, 4096, 20_000, 65_000)] + [
    list(range(65_536)),
    [0, 65_535],
]


_LARGE = [
    sorted({one + block * 65_536 for block in blocks for one in numbers})
    for numbers, blocks in zip(_SETS, ((0,), (1,), (0, 2), (1, 2), (0, 1, 2), (2,), (0, 3), (1,), (0, 1)), strict=True)
]


def _packed(numbers: Iterable[int]) -> list[bytes]:
    return packed(array("I", numbers))


def test_no_set_needs_more_than_a_bit_for_each_number() -> None:
    sizes = [sum(map(len, _packed(one))) for one in _SETS]
    assert sizes == [0, 2, 60, 8190, 8192, 8192, 8192, 8192, 4]


@pytest.mark.parametrize("sets", [_SETS, _LARGE], ids=["one block", "many blocks"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_together_and_either(size: int, sets: list[list[int]]) -> None:
    for some in combinations(sets, size):
        data = [_packed(one) for one in some]
        assert list(in_all(data)) == sorted(set.intersection(*map(set, some)))
        assert list(in_any(data)) == sorted(set.union(*map(set, some)))


@pytest.mark.parametrize("numbers", [one for one in (*_SETS, *_LARGE) if one], ids=len)
def test_what_is_packed_is_unpacked(numbers: list[int]) -> None:
    assert list(unpacked(_packed(numbers))) == numbers


def test_nothing_is_in_no_set() -> None:
    assert list(in_all([])) == list(in_any([])) == []


@pytest.mark.parametrize("begin", [0, 1, 500, 999, 5000])
def test_lists_are_merged(begin: int) -> None:
    lists = sorted(sorted(_CHANCE.sample(range(1000), _CHANCE.randrange(1, 40))) for _ in range(50))
    assert list(merged(lists, begin)) == sorted({one for some in lists for one in some if one >= begin})


def test_a_list_is_taken_only_when_it_is_needed() -> None:
    taken: list[int] = []

    def lists() -> Iterator[list[int]]:
        for number in range(100):
            taken.append(number)
            yield [number, number + 50]

    assert list(islice(merged(lists()), 10)) == list(range(10))
    assert len(taken) == 11, "those that begin with the first ten numbers, and the next one"


def test_machines_that_store_the_high_byte_first_write_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    [wanted] = _packed([1, 258])
    swapped = array("H", [1, 258])
    swapped.byteswap()
    monkeypatch.setattr("sys.byteorder", "big" if wanted == b"\1\0\2\1" else "little")
    assert _packed([1, 258]) == [swapped.tobytes()]
