# SPDX-License-Identifier: Apache-2.0
"""GraphML (http://graphml.graphdrawing.org/xmlns/1.1/graphml.xsd)."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.analysis.files.exported import LINK, NODE, further, json_text, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calipso_nornir.analysis.files.exported import Exported
    from calipso_nornir.model.stores import Document

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold, not even as references (XML 1.0, section 2.2)."""


def graphml_pieces(what: Exported) -> Iterator[str]:
    """Yield the text. The head becomes data of the graph."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
    for kind, fields in (("graph", what.head), ("node", (*NODE, "attributes")), ("edge", (*LINK, "attributes"))):
        for name in fields:
            yield f'  <key id="{kind}_{name}" for="{kind}" attr.name="{name}" attr.type="string"/>\n'
    yield '  <graph id="picture" edgedefault="directed">\n'
    for name, value in what.head.items():
        yield f"    {_datum(f'graph_{name}', text_of(value))}\n"
    for one in what.counted_nodes():
        yield f'    <node id="n{one["_id"]}">{_data("node", one, NODE, further(one))}</node>\n'
    for one in what.links_between():
        ends = f'source="n{one["source"]}" target="n{one["target"]}"'
        yield f'    <edge id="e{one["_id"]}" {ends}>{_data("edge", one, LINK, one.get("attributes", {}))}</edge>\n'
    yield "  </graph>\n</graphml>\n"


def _data(kind: str, one: Document, fields: Iterable[str], rest: Any) -> str:  # noqa: ANN401 - JSON
    cells = {name: text_of(one.get(name)) for name in fields} | {"attributes": json_text(rest)}
    return "".join(_datum(f"{kind}_{name}", text) for name, text in cells.items() if text)


def _datum(key: str, text: str) -> str:
    return f'<data key="{escape(key)}">{_xml(text)}</data>'


def _xml(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text), quote=False).replace("\r", "&#13;")
