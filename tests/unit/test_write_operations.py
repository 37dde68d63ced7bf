# SPDX-License-Identifier: Apache-2.0
"""The operations of a commit come back in order, as often as they are asked for, wherever they are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import pytest

from calipso_nornir.store import write_operations
from calipso_nornir.store.write_operations import Operations, Put, Remove, Seen

if TYPE_CHECKING:
    from calipso_nornir.store.write_operations import Operation


class Row(NamedTuple):
    """A row as a store makes it."""

    document_id: str
    text: str


AT = datetime(2026, 1, 2, tzinfo=UTC)
ADDED: list[tuple[Operation, int]] = [
    (Put("inventory", [Row("a", "1"), Row("b", "2")]), 40),
    (Seen("inventory", ["c"], AT), 0),
    (Put("links", [Row("d", "3")]), 70),
    (Remove("links", ["e"]), 0),
    (Put("links", []), 0),
    (Put("cliques", [Row("f", "4")]), 50),
    (Put("cliques", [Row("g", "5")]), 10),
]


@pytest.mark.parametrize(("in_memory", "at_once", "files"), [(1000, 0, 0), (100, 0, 3), (100, 40, 1), (0, 0, 4)])
def test_they_come_in_their_order_again_and_again(
    in_memory: int, at_once: int, files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_operations, "_IN_MEMORY_BYTES", in_memory)
    monkeypatch.setattr(write_operations, "_AT_ONCE_BYTES", at_once)
    kept = Operations(_limit=in_memory)
    assert not kept
    for operation, size in ADDED:
        kept.add(operation, size)
    assert kept
    assert len(kept._ends) == files  # noqa: SLF001 - where it is kept shows nowhere else
    for _ in range(2):
        found = list(kept)
        assert found == [operation for operation, _ in ADDED]
        assert all(type(row) is Row for one in found if isinstance(one, Put) for row in one.rows)
    kept.close()
    assert not kept
