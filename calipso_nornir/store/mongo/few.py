# SPDX-License-Identifier: Apache-2.0
"""Reads current and past documents of a revision in one round trip, if they are few."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calipso_nornir.store.mongo.batches import one_batch
from calipso_nornir.store.mongo.codec import restored
from calipso_nornir.store.mongo.environment_collections import OF, REVISION
from calipso_nornir.store.mongo.visible import of_past

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.model.stores import Document, Kind
    from calipso_nornir.store.mongo.visible import Visible

_MOST: Final = 1000


class Few(NamedTuple):
    """Documents of a revision, without those in the marker.

    Attributes:
        read: number of current documents that were read; some may be newer, or in the marker.
        current: in the server's order.
        past: those that were replaced or removed since; some may have been restored, and be current, too.
    """

    read: int
    current: list[Document]
    past: list[Document]


def few(  # noqa: PLR0913 - those of a query
    visible: Visible,
    kind: Kind,
    wanted: dict[str, Any],
    fields: dict[str, int] | None = None,
    *,
    order: Sequence[tuple[str, int]] = (),
    limit: int = 0,
    past: dict[str, Any] | None = None,
) -> Few | None:
    """Return the documents valid at the revision that match a filter; None if there are many.

    The server reads the past ones after the current ones, as it has to be (see ``environment_collections``).

    Args:
        visible: the revision.
        kind: of the documents.
        wanted: the filter.
        fields: those to return; None for all.
        order: of the current documents.
        limit: of the current documents; 0 for none.
        past: the filter for past documents, if it is another one.
    """
    chosen: list[dict[str, Any]] = [{"$project": fields}] if fields else []
    then = {**of_past(wanted if past is None else past), **visible.then()}
    steps: list[dict[str, Any]] = [{"$match": {**visible.now(kind), **wanted}}]
    if order:
        steps.append({"$sort": dict(order)})
    if limit:
        steps.append({"$limit": limit})
    others = {"coll": visible.places.past(kind).name, "pipeline": [{"$match": then}, *chosen]}
    found = one_batch(visible.places.current(kind), [*steps, *chosen, {"$unionWith": others}], size=max(limit, _MOST))
    if found is None:
        return None
    pending = visible.overlay.ids(kind)
    current = [one for one in found if OF not in one]
    settled = (one for one in current if one[REVISION] <= visible.revision and one["_id"] not in pending)
    before = (one for one in found if OF in one and one[OF] not in pending)
    return Few(len(current), [restored(kind, one) for one in settled], [restored(kind, one) for one in before])
