# SPDX-License-Identifier: Apache-2.0
"""Metadata that admins write to the store: a last layer, after the shipped files and those of third parties.

It has the form of the files and is checked in the same way. Like them, it adds and never replaces.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from pydantic import ValidationError

from calipso_nornir.errors import Fault, MetadataError
from calipso_nornir.metadata.constant_documents import plain_constants
from calipso_nornir.metadata.forms import FILES, Declared
from calipso_nornir.metadata.layers import Layer
from calipso_nornir.metadata.shape_faults import shape_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

WrittenKind: TypeAlias = Literal["clique_types", "clique_constraints", "constants"]
KINDS: Final[tuple[WrittenKind, ...]] = ("clique_types", "clique_constraints", "constants")
"""What may be written. Object types and link types may not: they need code, a fetcher or a link finder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRow:
    """One row of a metadata file, written into the store.

    Attributes:
        id: the key for changes and removal; for a constant, its name.
        kind: the file that would contain it.
        text: the row itself, as JSON.
        by: who wrote it.
        at: when, ISO 8601.
    """

    id: str
    kind: WrittenKind
    text: str
    by: str = ""
    at: str = ""

    @property
    def value(self) -> dict[str, Any]:
        """The row itself."""
        value: dict[str, Any] = json.loads(self.text)
        return value


@dataclass(frozen=True, slots=True)
class Written:
    """All written rows; ``number`` counts the changes."""

    number: int = 0
    rows: tuple[WrittenRow, ...] = ()


NOTHING: Final = Written()


class WrittenLayer(Layer):
    """The rows, in the form of files; the place of a fault names the id of a row."""

    __slots__ = ("_ids",)

    def __init__(self, files: dict[str, Declared], ids: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__(Path("store"), files)
        object.__setattr__(self, "_ids", ids)

    def where(self, stem: str, *pointer: str | int) -> str:
        """Return a place: the kind of row, its id, and the JSON pointer within it."""
        ids: tuple[str, ...] = self._ids.get(stem, ())  # type: ignore[attr-defined]  # set in __init__
        _, *rest = pointer or ("",)
        if rest and isinstance(rest[0], int) and rest[0] < len(ids):
            rest[0] = ids[rest[0]]
        return "/".join(["written metadata", stem, *(str(part) for part in rest)])


def written_layer(written: Written) -> WrittenLayer:
    """Return the layer; raises MetadataError for rows of a wrong form."""
    faults: list[Fault] = []
    files: dict[str, Declared] = {}
    ids: dict[str, tuple[str, ...]] = {}
    for kind in KINDS:
        rows = [one for one in written.rows if one.kind == kind]
        ids[kind] = tuple(one.id for one in rows)
        data: dict[str, Any] = {kind: [one.value for one in rows]}
        if kind == "constants":
            data = plain_constants({kind: {one.id: _values(one.value) for one in rows}})
        try:
            files[kind] = FILES[kind].model_validate(data)
        except ValidationError as error:
            faults += [
                Fault(_place(kind, ids[kind], where), what) for where, what in shape_faults(error, data, FILES[kind])
            ]
    if faults:
        raise MetadataError(tuple(faults))
    return WrittenLayer(files, ids)


def _values(row: Mapping[str, Any]) -> Any:  # noqa: ANN401 - its form is checked afterwards
    """Return the values of a constant; the guide's documents call them ``data``."""
    return row["data"] if "values" not in row and "data" in row else row.get("values")


def _place(kind: str, ids: tuple[str, ...], pointer: str) -> str:
    """Return the place of a fault of form: the number of a row is replaced by its id."""
    _, *parts = pointer.split("/")
    if parts and parts[0].isdecimal() and kind != "constants":
        parts[0] = ids[int(parts[0])]
    return "/".join(["written metadata", kind, *parts])
