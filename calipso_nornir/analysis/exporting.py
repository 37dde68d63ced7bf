# SPDX-License-Identifier: Apache-2.0
"""Writes objects and links as JSON, CSV, GraphML, DOT or Mermaid, in pieces, with only the ids of objects in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from calipso_nornir.analysis.files.csv_file import csv_pieces
from calipso_nornir.analysis.files.dot import dot_pieces
from calipso_nornir.analysis.files.exported import Exported, Table
from calipso_nornir.analysis.files.graphml import graphml_pieces
from calipso_nornir.analysis.files.json_file import json_pieces
from calipso_nornir.analysis.files.mermaid import mermaid_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["EXTENSIONS", "MEDIA_TYPES", "ExportFormat", "Exported", "Table", "exported"]
ExportFormat: TypeAlias = Literal["json", "csv", "graphml", "dot", "mermaid"]
MEDIA_TYPES: Final[dict[ExportFormat, str]] = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8; header=present",
    "graphml": "application/xml",
    "dot": "text/vnd.graphviz; charset=utf-8",
    "mermaid": "text/plain; charset=utf-8",
}
EXTENSIONS: Final[dict[ExportFormat, str]] = {
    "json": "json",
    "csv": "csv",
    "graphml": "graphml",
    "dot": "dot",
    "mermaid": "mmd",
}
_WRITERS: Final[dict[ExportFormat, Callable[[Exported], Iterator[str]]]] = {
    "json": json_pieces,
    "csv": csv_pieces,
    "graphml": graphml_pieces,
    "dot": dot_pieces,
    "mermaid": mermaid_pieces,
}


def exported(what: Exported, format_: ExportFormat) -> Iterator[str]:
    """Yield the text of an export."""
    return _WRITERS[format_](what)
