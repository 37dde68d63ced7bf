# SPDX-License-Identifier: Apache-2.0
"""Reads stored documents as bytes, in the batches in which the server sends them.

pymongo makes an object of each document otherwise, which takes as long as decoding it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calipso_nornir.store.mongo.connection import PlainCollection


def raws(  # noqa: PLR0913 - those of a query
    collection: PlainCollection,
    wanted: Mapping[str, Any],
    fields: Mapping[str, int] | None = None,
    *,
    order: Sequence[tuple[str, int]] = (),
    limit: int = 0,
    at_once: int = 0,
) -> Iterator[bytes]:
    """Yield the documents that match a filter.

    Args:
        collection: where they are.
        wanted: the filter.
        fields: those to return of each; None for all.
        order: by which the server sorts; it may use its disk.
        limit: the most to return; 0 for all.
        at_once: the number of documents that are expected: they come in one batch. 0 leaves it to the server, whose
            first batch has 101.
    """
    size = limit or (at_once + 1 if at_once else 0)  # a cursor with a full batch may have more
    cursor = collection.find_raw_batches(
        wanted, fields, sort=list(order) or None, limit=limit, batch_size=size, allow_disk_use=bool(order)
    )
    with cursor:
        batch: Any  # bytes; pymongo says that it is a document
        for batch in cursor:
            begin = 0
            while begin < len(batch):
                end = begin + int.from_bytes(batch[begin : begin + 4], "little")  # bsonspec.org: its length comes first
                yield batch[begin:end]
                begin = end
