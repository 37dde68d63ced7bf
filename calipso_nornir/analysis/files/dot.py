# SPDX-License-Identifier: Apache-2.0
"""DOT (graphviz.org/doc/info/lang.html)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.analysis.files.exported import json_text, name_of, one_line, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.analysis.files.exported import Exported


def dot_pieces(what: Exported) -> Iterator[str]:
    """Yield the text, one statement per line. The head becomes the graph's attribute ``comment``."""
    yield f"digraph picture {{\n  graph [comment={_quoted(json_text(what.head))}];\n  node [shape=box];\n"
    for one in what.counted_nodes():
        yield f'  "{one["_id"]}" [label={_quoted(one["type"])[:-1]}\\n{_quoted(name_of(one))[1:]}];\n'
    for one in what.links_between():
        down = " style=dashed color=red" if one.get("state") == "down" else ""
        yield f'  "{one["source"]}" -> "{one["target"]}" [label={_quoted(text_of(one.get("link_name")))}{down}];\n'
    yield "}\n"


def _quoted(text: str) -> str:
    """Quote a text; a backslash would begin an escape of a label, and a control character may end a line."""
    return '"' + one_line(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
