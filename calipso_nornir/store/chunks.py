# SPDX-License-Identifier: Apache-2.0
"""Splits a stream into lists, so that bulk writes hold only a part of it in memory."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")


def chunks(members: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of up to ``size`` members."""
    rest = iter(members)
    while chunk := list(islice(rest, size)):
        yield chunk
