# SPDX-License-Identifier: Apache-2.0
"""Reads stored documents in the batches in which the server sends them: one batch decoded at once, or many as bytes.

pymongo makes an object of each document otherwise, which takes as long as decoding it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bson.int64 import Int64
from pymongo.errors import AutoReconnect

from calipso_nornir.store.mongo.codec import from_bson
from calipso_nornir.store.mongo.connection import RAW_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calipso_nornir.store.mongo.connection import PlainCollection


def one_batch(
    collection: PlainCollection, steps: Sequence[Mapping[str, Any]], *, size: int
) -> list[dict[str, Any]] | None:
    """Return the decoded documents that a pipeline gives; None if they are more than ``size``, or than an answer holds.

    A command takes two thirds of a cursor's CPU time. As with a cursor's reads, it is sent a second time if the
    connection breaks.
    """
    command = {
        "aggregate": collection.name,
        "pipeline": list(steps),
        "cursor": {"batchSize": size + 1},
        "allowDiskUse": True,
        "readConcern": {"level": "local"},
    }
    send = partial(collection.database.command, command, codec_options=RAW_OPTIONS)
    try:
        answer = send()
    except AutoReconnect:
        answer = send()
    found = from_bson(answer["cursor"].raw)
    if not found["id"]:
        documents: list[dict[str, Any]] = found["firstBatch"]
        return documents
    collection.database.command("killCursors", collection.name, cursors=[Int64(found["id"])])
    return None


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
