# SPDX-License-Identifier: Apache-2.0
"""Sets of places as bytes: few and many, together and either."""

from __future__ import annotations

import random
from array import array
from itertools import combinations

import pytest

from calipso_nornir.store.mongo.postings import in_all, in_any, packed

_CHANCE = random.Random(16)  # noqa: S311 - the same each time, no secret
_SETS = [sorted(_CHANCE.sample(range(65_536), size)) for size in (0, 1, 30, 4095, 4096, 20_000, 65_000)] + [
    list(range(65_536)),
    [0, 65_535],
]


def test_no_set_needs_more_than_a_bit_for_each_number() -> None:
    assert [len(packed(array("H", one))) for one in _SETS] == [0, 2, 60, 8190, 8192, 8192, 8192, 8192, 4]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_together_and_either(size: int) -> None:
    for some in combinations(_SETS, size):
        data = [packed(array("H", one)) for one in some]
        assert list(in_all(data)) == sorted(set.intersection(*map(set, some)))
        assert list(in_any(data)) == sorted(set.union(*map(set, some)))


def test_nothing_is_in_no_set() -> None:
    assert list(in_all([])) == list(in_any([])) == []


def test_machines_that_store_the_high_byte_first_write_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = packed(array("H", [1, 258]))
    swapped = array("H", [1, 258])
    swapped.byteswap()
    monkeypatch.setattr("sys.byteorder", "big" if wanted == b"\1\0\2\1" else "little")
    assert packed(array("H", [1, 258])) == swapped.tobytes()
