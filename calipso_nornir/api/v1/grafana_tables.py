# SPDX-License-Identifier: Apache-2.0
"""The tables of the data source for Grafana."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.api.v1.answers import with_times
from calipso_nornir.api.v1.reading import wrong
from calipso_nornir.api.v1.scans import older_status
from calipso_nornir.api.v1.shapes import TEXT, exactly
from calipso_nornir.model.finding import Condition, Find, OneOf, Range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from calipso_nornir.model.stores import Document, Store

MOST: Final = 10_000
"""Maximum number of rows of a table."""
TABLE: Final = exactly(
    {
        "type": {"const": "table"},
        "target": TEXT,
        "columns": {"type": "array", "items": exactly({"text": TEXT, "type": {"enum": ["string", "number", "time"]}})},
        "rows": {"type": "array", "items": {"type": "array"}},
    }
)
Columns = dict[str, str]
"""Name of each column, and its type."""
_OBJECT: Final[Columns] = {"environment": "string", "type": "string", "id": "string", "name": "string"}
_INVENTORY: Final[Columns] = {**_OBJECT, "host": "string", "name_path": "string", "last_scanned": "time"}
_TREE: Final[Columns] = {**_OBJECT, "parent_type": "string", "parent_id": "string"}
_COUNT: Final[Columns] = {"environment": "string", "type": "string", "count": "number"}
_TIMES: Final = ("submit_timestamp", "start_timestamp", "end_timestamp")
_SCANS: Final[Columns] = {"environment": "string", "id": "string", "status": "string", **dict.fromkeys(_TIMES, "time")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a dashboard shows.

    Attributes:
        environments: their names.
        types: of objects; None for all.
        since: the earliest time; None for no limit.
        until: the time before which everything is.
    """

    environments: Sequence[str]
    types: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None

    def covers(self, moment: datetime | None) -> bool:
        """Tell whether a time is in the range."""
        if self.since is None and self.until is None:
            return True
        return moment is not None and (self.since or moment) <= moment and (self.until is None or moment < self.until)


def inventory(store: Store, chosen: Chosen) -> Document:
    """Return the objects of the chosen types that were last seen in the range."""
    return _table("inventory", _INVENTORY, _objects(store, chosen, _INVENTORY))


def tree(store: Store, chosen: Chosen) -> Document:
    """Return objects with what they are below."""
    return _table("tree", _TREE, _objects(store, chosen, _TREE))


def counts(store: Store, chosen: Chosen) -> Document:
    """Return how many objects there are of each type."""

    def rows() -> Iterator[Document]:
        for name in chosen.environments:
            found = store.view(name).counts()
            if chosen.since is not None or chosen.until is not None:
                found = Counter(one["type"] for one in _found(store, name, chosen, ("type",), limit=None))
            for type_, count in sorted(found.items()):
                if chosen.types is None or type_ in chosen.types:
                    yield {"environment": name, "type": type_, "count": count}

    return _table("inventoryCount", _COUNT, rows())


def scans(store: Store, chosen: Chosen) -> Document:
    """Return the scans that were asked for in the range, the newest first."""

    def rows() -> Iterator[Document]:
        for name in chosen.environments:
            for one in store.collection("scans").find({"environment": name}, order=("-submit_timestamp",)):
                scan = with_times(one)
                if scan.get("scan_id") and chosen.covers(scan.get("submit_timestamp")):
                    yield {**scan, "id": scan["scan_id"], "status": older_status(one)}

    return _table("scans", _SCANS, rows())


TABLES: Final[dict[str, Callable[[Store, Chosen], Document]]] = {
    "inventory": inventory,
    "inventoryCount": counts,
    "scans": scans,
    "tree": tree,
}


def _objects(store: Store, chosen: Chosen, columns: Columns) -> Iterator[Document]:
    for name in chosen.environments:
        for one in _found(store, name, chosen, tuple(columns), limit=MOST + 1):
            yield {**one, "environment": name}


def _found(
    store: Store, environment: str, chosen: Chosen, fields: tuple[str, ...], *, limit: int | None
) -> Sequence[Document]:
    where: list[Condition] = []
    if chosen.types is not None:
        where.append(OneOf("type", chosen.types))
    if chosen.since is not None or chosen.until is not None:
        where.append(Range("last_scanned", at_least=chosen.since, below=chosen.until))
    return store.view(environment).find_documents(Find(where=tuple(where), fields=fields, limit=limit))


def _table(target: str, columns: Columns, documents: Iterator[Document]) -> Document:
    rows: list[list[Any]] = []
    for one in documents:
        if len(rows) == MOST:
            raise wrong(f"{target} has more than {MOST} rows: choose environments or object types", "targets")
        rows.append([_cell(one.get(name), type_) for name, type_ in columns.items()])
    return {
        "type": "table",
        "target": target,
        "columns": [{"text": name, "type": type_} for name, type_ in columns.items()],
        "rows": rows,
    }


def _cell(value: Any, type_: str) -> Any:  # noqa: ANN401 - JSON
    """Return a value as Grafana reads it: times in milliseconds since 1970."""
    return int(value.timestamp() * 1000) if type_ == "time" and value is not None else value
