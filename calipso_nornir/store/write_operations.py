# SPDX-License-Identifier: Apache-2.0
"""The operations that a writer collects before it commits: in memory, or in an unnamed file if they become many.

They can be read repeatedly, in the order in which they were added, because a commit may have to be repeated.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field, replace
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from calipso_nornir.model.stores import Kind

Row = TypeVar("Row")

_IN_MEMORY_BYTES: Final = 128 << 20
_AT_ONCE_BYTES: Final = 16 << 20
"""Bytes that are written to the file at a time."""


@dataclass(frozen=True, slots=True)
class Put(Generic[Row]):
    """Rows (named tuples) to insert or replace; no two have the same ``_id``."""

    kind: Kind
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Seen:
    """Documents that were found unchanged."""

    kind: Kind
    document_ids: Sequence[str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Remove:
    """Documents to remove."""

    kind: Kind
    document_ids: Sequence[str]


Operation: TypeAlias = Put[Any] | Seen | Remove


@dataclass(slots=True)
class Operations:
    """The operations of one commit, in order: in memory up to a limit, the rest in a file."""

    _kept: list[Operation] = field(default_factory=list)
    _later: list[Operation] = field(default_factory=list)
    """The operations to be written to the file next."""
    _bytes: int = 0
    _limit: int = _IN_MEMORY_BYTES
    _file: IO[bytes] | None = None
    _ends: list[int] = field(default_factory=list)

    def add(self, operation: Operation, size: int = 0) -> None:
        """Add an operation; ``size`` is its approximate size in bytes."""
        self._bytes += size
        if self._bytes <= _IN_MEMORY_BYTES:
            self._kept.append(operation)
            return
        self._later.append(operation)
        if self._bytes > self._limit + _AT_ONCE_BYTES:
            self._spill()

    def __bool__(self) -> bool:
        return bool(self._kept or self._ends or self._later)

    def __iter__(self) -> Iterator[Operation]:
        yield from self._kept
        position = 0
        for end in self._ends:
            if self._file is not None:
                self._file.seek(position)
                for operation, form in pickle.load(self._file):  # noqa: S301 - only this process can have written it
                    yield operation if form is None else replace(operation, rows=list(map(form, operation.rows)))
            position = end
        yield from self._later

    def close(self) -> None:
        """Close the file."""
        self._kept.clear()
        self._later.clear()
        self._ends.clear()
        if self._file is not None:
            self._file.close()

    def _spill(self) -> None:
        if self._file is None:
            self._file = TemporaryFile()  # noqa: SIM115 - it lives as long as the writer
        self._file.seek(self._ends[-1] if self._ends else 0)
        pickler = pickle.Pickler(self._file, protocol=pickle.HIGHEST_PROTOCOL)
        pickler.fast = True  # do not look for objects that were written before: that would double the time
        pickler.dump([_plain(operation) for operation in self._later])
        self._ends.append(self._file.tell())
        self._later = []
        self._limit = self._bytes


def _plain(operation: Operation) -> tuple[Operation, Callable[[Any], Any] | None]:
    """Return an operation with rows as plain tuples, which are written faster, and the function that restores them."""
    if not isinstance(operation, Put) or not operation.rows:
        return operation, None
    return replace(operation, rows=list(map(tuple, operation.rows))), type(operation.rows[0])._make
