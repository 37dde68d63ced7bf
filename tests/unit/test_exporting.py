# SPDX-License-Identifier: Apache-2.0
"""Exports: each format is read back by a reader of its own, with names that were chosen to break it."""

from __future__ import annotations

import csv
import io
import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import networkx as nx
import pytest
from defusedxml.ElementTree import fromstring

from calipso_nornir.analysis.exporting import MEDIA_TYPES, Exported, exported
from calipso_nornir.model.links import Link
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.store.documents import link_document, object_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.analysis.exporting import ExportFormat, Table
    from calipso_nornir.model.protocols import Document

NAMES = (
    "web-1",
    '"]; end; x["',
    'say "hi"',
    "back\\slash\\",
    "\\N\\G\\l",
    "a\nb\r\nc\td",
    "<b>&amp;</b><![CDATA[x]]>",
    "]]>",
    "<script>alert(1)</script>",
    '--> x|y|"z"',
    "`# md`",
    "1. list",
    "end",
    "#35;",
    "%% comment",
    "click x call y()",
    '=HYPERLINK("http://evil","x")',
    "+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    ", ; \"'",
    "\x00\x07\x1b[31m\x7f\x85",
    "\u202egnp",
    "\ufffe\uffff",
    "\U0001f9e8 naïve",
    "",
)


def picture() -> tuple[list[Document], list[Document]]:
    """Return objects with these names, each linked to the next one, and a link to an object that is not there."""
    refs = [ObjectRef("lab", "instance", f"i{number}") for number in range(len(NAMES))]
    nodes = [
        object_document(
            InventoryObject(
                ref=ref,
                name=name,
                parent=None,
                id_path=f"/lab/{ref.id}",
                name_path=f"/lab/{name}",
                attributes={"note": name},
                evidence=(),
                found_by=frozenset(),
                scanned_at=None,
            )
        )
        for ref, name in zip(refs, NAMES, strict=True)
    ]
    ends = [*pairwise(refs), (refs[0], ObjectRef("lab", "instance", "gone"))]
    links = [
        link_document(Link(source=one, target=other, name=NAMES[number], state="down" if number == 1 else "up"))
        for number, (one, other) in enumerate(ends)
    ]
    return nodes, links


def text_of(format_: ExportFormat, table: Table = "objects") -> str:
    nodes, links = picture()
    return "".join(exported(Exported({"environment": "lab"}, iter(nodes), iter(links), table=table), format_))


def test_json_is_exact() -> None:
    said = json.loads(text_of("json"))
    assert [one["name"] for one in said["nodes"]] == list(NAMES)
    assert len(said["links"]) == len(NAMES) - 1, "a link whose end is not there is left out"
    assert said["environment"] == "lab"


def test_csv_holds_no_formula() -> None:
    for table, count in (("objects", len(NAMES)), ("links", len(NAMES) - 1)):
        text = text_of("csv", table)  # type: ignore[arg-type]  # both are tables
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        assert len(rows) == count
        for row in rows:
            assert None not in row, "every row has as many cells as the head"
            assert not any(str(cell).startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row.values())
    rows = list(csv.DictReader(io.StringIO(text_of("csv"), newline="")))
    for row, name in zip(rows, NAMES, strict=True):
        assert row["name"].removeprefix("'") == re.sub("[\x00-\x08\x0e-\x1f\x7f-\x9f]", "\ufffd", name)
        assert json.loads(row["attributes"])["note"] == name


def test_graphml_is_read_by_others() -> None:
    text = text_of("graphml")
    fromstring(text)
    graph: Any = nx.parse_graphml(text)
    assert graph.number_of_nodes() == len(NAMES)
    assert graph.number_of_edges() == len(NAMES) - 1
    names = [data.get("name", "") for _, data in graph.nodes(data=True)]
    unseen = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
    assert names == [unseen.sub("\ufffd", name) for name in NAMES]
    assert {data["state"] for *_, data in graph.edges(data=True)} == {"up", "down"}


def test_dot_has_one_statement_a_line() -> None:
    """After graphviz.org/doc/info/lang.html: an ID in quotes ends at the first quote without a backslash."""
    first, second, *lines, last = text_of("dot").splitlines()
    assert (first, second, last) == ("digraph picture {", "  node [shape=box];", "}")
    assert len(lines) == 2 * len(NAMES) - 1
    for line in lines:
        assert re.fullmatch(r'  "\w{24}"( -> "\w{24}")? \[label="([^"\\]|\\.)*"( style=dashed color=red)?\];', line)


def test_mermaid_has_one_statement_a_line_and_no_sign_that_means_anything() -> None:
    """After flowchart.html: a node is ID["text"], an edge ID -->|"text"| ID; text is plain, or entity codes."""
    text = r"(?:[A-Za-z0-9 _\u00a1-\U0010ffff]|#\d+;)*"
    statement = re.compile(rf'  n\w{{24}}(?:\["{text}"\]| (?:-->|-\.->)(?:\|"{text}"\|)? n\w{{24}})')
    first, *lines = text_of("mermaid").split("\n")
    assert first == "flowchart TD"
    assert len(lines) == 2 * len(NAMES) - 1 + 1
    for line in lines[:-1]:
        assert statement.fullmatch(line), line


@pytest.mark.parametrize("format_", MEDIA_TYPES)
def test_nothing_is_gathered_before_it_is_written(format_: ExportFormat) -> None:
    """Objects are read one by one: an environment may be larger than the memory."""
    nodes, links = picture()
    read = 0

    def counted() -> Iterator[Document]:
        nonlocal read
        for one in nodes:
            read += 1
            yield one

    pieces = exported(Exported({}, counted(), iter(links)), format_)
    while read == 0:
        next(pieces)
    assert read <= 1
