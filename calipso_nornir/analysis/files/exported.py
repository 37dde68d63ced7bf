# SPDX-License-Identifier: Apache-2.0
"""What is written to a file, and the text forms that all formats share."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from calipso_nornir.model.text import safe_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calipso_nornir.model.stores import Document

Table: TypeAlias = Literal["objects", "links"]

NODE: Final = ("type", "id", "name", "name_path", "parent_type", "parent_id", "host", "last_scanned")
LINK: Final = (
    "link_type",
    "source_type",
    "source_id",
    "target_type",
    "target_id",
    "link_name",
    "state",
    "host",
    "last_scanned",
)
_NOT_FURTHER: Final = frozenset({"_id", "digest", "environment", "evidence", "found_by", *NODE})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Exported:
    """What is written.

    Attributes:
        head: facts about the export itself; every format but CSV has a place for it.
        nodes: documents of objects; read once, before the links.
        links: documents of links; one whose end is not among the nodes is left out.
        table: which of the two a CSV file holds.
    """

    head: dict[str, Any]
    nodes: Iterable[Document]
    links: Iterable[Document]
    table: Table = "objects"
    _ids: set[str] = field(default_factory=set)

    def counted_nodes(self) -> Iterator[Document]:
        """Yield the nodes, and remember their ids."""
        for one in self.nodes:
            self._ids.add(one["_id"])
            yield one

    def links_between(self) -> Iterator[Document]:
        """Yield the links between nodes that were yielded."""
        return (one for one in self.links if one["source"] in self._ids and one["target"] in self._ids)


def further(node: Document) -> Document:
    """Return the attributes of an object that have no column of their own."""
    return {name: value for name, value in node.items() if name not in _NOT_FURTHER}


def name_of(document: Document) -> str:
    """Return an object's label."""
    return text_of(document.get("object_name") or document.get("name"))


def text_of(value: Any) -> str:  # noqa: ANN401 - attributes are JSON of any shape
    """Return a value as the text of one cell."""
    match value:
        case None:
            return ""
        case str():
            return value
        case datetime():
            return value.isoformat()
        case bool() | list() | dict():
            return json_text(value)
        case _:
            return str(value)


def json_text(value: Any) -> str:  # noqa: ANN401 - as above
    """Return JSON on one line."""
    return safe_json(json.dumps(value, ensure_ascii=False, default=text_of))


def one_line(text: str) -> str:
    """Return a text without control characters, of which some would end the line."""
    return _CONTROL.sub("\ufffd", text)
