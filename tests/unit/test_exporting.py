# SPDX-License-Identifier: Apache-2.0
"""Exports: each format is read back by a reader of its own, with names that were chosen to break it."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
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
from tests.fixtures import needs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.analysis.exporting import ExportFormat, Table
    from calipso_nornir.model.stores import Document

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


HEAD = {"environment": "lab", "where": [["name", name] for name in NAMES]}
"""What is said about an export may hold words of whoever asked for it."""


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
    return "".join(exported(Exported(HEAD, iter(nodes), iter(links), table=table), format_))


def test_json_is_exact() -> None:
    said = json.loads(text_of("json"))
    assert [one["name"] for one in said["nodes"]] == list(NAMES)
    assert len(said["links"]) == len(NAMES) - 1, "a link whose end is not there is left out"
    assert {name: said[name] for name in HEAD} == HEAD


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


UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def test_graphml_is_read_by_others_with_the_same_nodes_and_edges() -> None:
    nodes, links = picture()
    graph: Any = nx.parse_graphml(text_of("graphml"))
    assert list(graph.nodes) == [f"n{one['_id']}" for one in nodes]
    there = [one for one in links if one["target_id"] != "gone"]
    assert set(graph.edges) == {(f"n{one['source']}", f"n{one['target']}") for one in there}
    assert len(graph.edges) == len(there)
    for one in nodes:
        read = graph.nodes[f"n{one['_id']}"]
        assert read.get("name", "") == UNSEEN.sub("\ufffd", one["name"])
        assert json.loads(read["attributes"])["note"] == re.sub("[\ufffe\uffff]", "\ufffd", one["note"])
    assert {data["state"] for *_, data in graph.edges(data=True)} == {"up", "down"}
    assert graph.graph["environment"] == "lab"
    assert [name for _, name in json.loads(graph.graph["where"])] == [
        re.sub("[\ufffe\uffff]", "\ufffd", name) for name in NAMES
    ]


def test_graphml_keeps_the_rules_of_its_schema() -> None:
    """After graphml.xsd 1.1 (structure, attributes): order, ids, references, and which key is for what."""
    name = "{http://graphml.graphdrawing.org/xmlns}%s"
    root = fromstring(text_of("graphml"))
    assert root.tag == name % "graphml"
    keys = root.findall(name % "key")
    (graph,) = root.findall(name % "graph")
    assert list(root) == [*keys, graph], "keys come first"
    assert graph.attrib.keys() == {"id", "edgedefault"}
    declared = {key.get("id"): key.get("for") for key in keys}
    assert len(declared) == len(keys)
    assert all(key.attrib.keys() == {"id", "for", "attr.name", "attr.type"} for key in keys)
    ids: list[str | None] = [*declared]
    nodes = {node.get("id") for node in graph.findall(name % "node")}
    for element in (graph, *graph.findall(name % "node"), *graph.findall(name % "edge")):
        kind = element.tag.rpartition("}")[2]
        ids.append(element.get("id"))
        data = element.findall(name % "data")
        assert kind == "graph" or list(element) == data
        assert all(declared[str(one.get("key"))] == kind and len(one) == 0 for one in data)
        assert len({one.get("key") for one in data}) == len(data)
        if kind == "edge":
            assert {element.get("source"), element.get("target")} <= nodes
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[\w.:-]+", str(one)) for one in ids), "each is an NMTOKEN"


def test_dot_has_one_statement_a_line() -> None:
    """After graphviz.org/doc/info/lang.html: an ID in quotes ends at the first quote without a backslash."""
    first, head, second, *lines, last = text_of("dot").splitlines()
    assert (first, second, last) == ("digraph picture {", "  node [shape=box];", "}")
    assert re.fullmatch(r'  graph \[comment="([^"\\]|\\.)*"\];', head)
    assert len(lines) == 2 * len(NAMES) - 1
    for line in lines:
        assert re.fullmatch(r'  "\w{24}"( -> "\w{24}")? \[label="([^"\\]|\\.)*"( style=dashed color=red)?\];', line)


def test_graphviz_reads_the_same_nodes_and_edges() -> None:
    nodes, links = picture()
    program = needs.program("dot", packages="graphviz")
    done = subprocess.run(  # noqa: S603 - Debian's program
        [program, "-Tdot_json"], input=text_of("dot").encode(), capture_output=True, check=True, timeout=60
    )
    assert done.stderr == b""
    read = json.loads(done.stdout)
    names = {one["_gvid"]: one["name"] for one in read["objects"]}
    assert list(names.values()) == [one["_id"] for one in nodes]
    there = [(one["source"], one["target"]) for one in links if one["target_id"] != "gone"]
    assert sorted((names[one["tail"]], names[one["head"]]) for one in read["edges"]) == sorted(there)
    assert json.loads(read["comment"].replace('\\"', '"').replace("\\\\", "\\"))["environment"] == "lab"


def test_mermaid_has_one_statement_a_line_and_no_sign_that_means_anything() -> None:
    """After flowchart.html: a node is ID["text"], an edge ID -->|"text"| ID; text is plain, or entity codes."""
    text = r"(?:[A-Za-z0-9 _\u00a1-\U0010ffff]|#\d+;)*"
    statement = re.compile(rf'  n\w{{24}}(?:\["{text}"\]| (?:-->|-\.->)(?:\|"{text}"\|)? n\w{{24}})')
    first, head, *lines = text_of("mermaid").split("\n")
    assert first == "flowchart TD"
    assert re.fullmatch(rf"  %% {text}", head)
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
