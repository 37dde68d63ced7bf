# SPDX-License-Identifier: Apache-2.0
"""Writes objects and links as JSON, CSV, GraphML, DOT or Mermaid, piece by piece: only ids of objects are in memory.

Names come from tenants of the cloud, and may hold anything: each format has its own escapes for them.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from xml.sax.saxutils import escape, quoteattr

from calipso_nornir.model.text import safe_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from calipso_nornir.model.protocols import Document

ExportFormat: TypeAlias = Literal["json", "csv", "graphml", "dot", "mermaid"]
Table: TypeAlias = Literal["objects", "links"]

_NODE: Final = ("type", "id", "name", "name_path", "parent_type", "parent_id", "host", "last_scanned")
_LINK: Final = (
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
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold, not even as references (XML 1.0, section 2.2)."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A cell that begins with one of these is a formula for spreadsheets (OWASP, "CSV Injection")."""
_PLAIN_IN_MERMAID: Final = re.compile(r"[^A-Za-z0-9 _\u00a1-\U0010ffff]")
_TERMINAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters that are no white space: a terminal would act upon them, and some readers of CSV end at NUL."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Exported:
    """What is written.

    Attributes:
        head: what is said about it, in formats that have a place for it.
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
        """Yield the nodes, and remember which there are."""
        for one in self.nodes:
            self._ids.add(one["_id"])
            yield one

    def links_between(self) -> Iterator[Document]:
        """Yield the links between nodes that were yielded."""
        return (one for one in self.links if one["source"] in self._ids and one["target"] in self._ids)


def exported(what: Exported, format_: ExportFormat) -> Iterator[str]:
    """Yield the text of an export."""
    return _WRITERS[format_](what)


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


# --- JSON


def _json(what: Exported) -> Iterator[str]:
    yield f"{_json_text(what.head)[:-1]}{', ' if what.head else ''}"
    for name, documents in (("nodes", what.counted_nodes()), ("links", what.links_between())):
        yield f'"{name}": ['
        comma = "\n"
        for one in documents:
            yield f"{comma}{_json_text(_shown(one))}"
            comma = ",\n"
        yield "],\n" if name == "nodes" else "]}\n"


def _shown(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "digest"}


def _json_text(value: Any) -> str:  # noqa: ANN401 - attributes are JSON of any shape
    return safe_json(json.dumps(value, ensure_ascii=False, default=_text))


# --- CSV (RFC 4180)


def _csv(what: Exported) -> Iterator[str]:
    fields = _NODE if what.table == "objects" else _LINK
    yield _row(["_id", *fields, "attributes"])
    nodes = what.counted_nodes()
    if what.table == "objects":
        documents: Iterable[Document] = nodes
    else:
        for _ in nodes:
            pass
        documents = what.links_between()
    known = {"_id", "digest", "environment", "evidence", "found_by", *fields}
    for one in documents:
        rest = one.get("attributes", {}) if what.table == "links" else {k: v for k, v in one.items() if k not in known}
        yield _row([one["_id"], *(_text(one.get(name)) for name in fields), _json_text(rest)])


def _row(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([_cell(one) for one in cells])
    return out.getvalue()


def _cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe in front says that it is text."""
    text = _TERMINAL.sub("\ufffd", text)
    return f"'{text}" if text.startswith(_FORMULA) else text


# --- GraphML (http://graphml.graphdrawing.org/xmlns/1.1/graphml.xsd)


def _graphml(what: Exported) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
    for kind, fields in (("node", _NODE), ("edge", _LINK)):
        for name in (*fields, "attributes"):
            yield f'  <key id="{kind}_{name}" for="{kind}" attr.name="{name}" attr.type="string"/>\n'
    yield '  <graph id="picture" edgedefault="directed">\n'
    known = {"_id", "digest", "environment", "evidence", "found_by", *_NODE}
    for one in what.counted_nodes():
        rest = {name: value for name, value in one.items() if name not in known}
        yield f'    <node id="n{one["_id"]}">{_data("node", one, _NODE, rest)}</node>\n'
    for one in what.links_between():
        ends = f'source="n{one["source"]}" target="n{one["target"]}"'
        yield f'    <edge id="e{one["_id"]}" {ends}>{_data("edge", one, _LINK, one.get("attributes", {}))}</edge>\n'
    yield "  </graph>\n</graphml>\n"


def _data(kind: str, one: Document, fields: Iterable[str], rest: Any) -> str:  # noqa: ANN401 - as above
    cells = {name: _text(one.get(name)) for name in fields} | {"attributes": _json_text(rest)}
    return "".join(
        f"<data key={quoteattr(f'{kind}_{name}')}>{_xml(text)}</data>" for name, text in cells.items() if text
    )


def _xml(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text), {"\r": "&#13;"})


# --- DOT: graphviz.org/doc/info/lang.html


def _dot(what: Exported) -> Iterator[str]:
    yield "digraph picture {\n  node [shape=box];\n"
    for one in what.counted_nodes():
        yield f'  "{one["_id"]}" [label={_quoted(one["type"])[:-1]}\\n{_quoted(_name(one))[1:]}];\n'
    for one in what.links_between():
        down = " style=dashed color=red" if one.get("state") == "down" else ""
        yield f'  "{one["source"]}" -> "{one["target"]}" [label={_quoted(_text(one.get("link_name")))}{down}];\n'
    yield "}\n"


def _quoted(text: str) -> str:
    """Quote a text; a backslash would begin an escape of a label, and a control character may end a line."""
    return '"' + _CONTROL.sub("\ufffd", text).replace("\\", "\\\\").replace('"', '\\"') + '"'


# --- Mermaid: mermaid.js.org/syntax/flowchart.html


def _mermaid(what: Exported) -> Iterator[str]:
    yield "flowchart TD\n"
    for one in what.counted_nodes():
        yield f'  n{one["_id"]}["{_entities(one["type"])} {_entities(_name(one))}"]\n'
    for one in what.links_between():
        arrow = "-.->" if one.get("state") == "down" else "-->"
        label = _entities(_text(one.get("link_name")))
        told = f'|"{label}"|' if label.strip() else ""
        yield f"  n{one['source']} {arrow}{told} n{one['target']}\n"


def _entities(text: str) -> str:
    """Write every sign that could mean something to Mermaid, or to a browser, as an entity code (``#35;`` is ``#``)."""
    text = _CONTROL.sub("\ufffd", text)
    return _PLAIN_IN_MERMAID.sub(lambda found: f"#{ord(found[0])};", text)


# --- what they share


def _name(document: Document) -> str:
    return _text(document.get("object_name") or document.get("name"))


def _text(value: Any) -> str:  # noqa: ANN401 - as above
    match value:
        case None:
            return ""
        case str():
            return value
        case datetime():
            return value.isoformat()
        case bool() | list() | dict():
            return _json_text(value)
        case _:
            return str(value)


_WRITERS: Final[dict[ExportFormat, Callable[[Exported], Iterator[str]]]] = {
    "json": _json,
    "csv": _csv,
    "graphml": _graphml,
    "dot": _dot,
    "mermaid": _mermaid,
}
