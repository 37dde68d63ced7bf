# SPDX-License-Identifier: Apache-2.0
"""Mermaid (mermaid.js.org/syntax/flowchart.html)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from calipso_nornir.analysis.files.exported import json_text, name_of, one_line, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.analysis.files.exported import Exported

_PLAIN: Final = re.compile(r"[^A-Za-z0-9 _\u00a1-\U0010ffff]")


def mermaid_pieces(what: Exported) -> Iterator[str]:
    """Yield the text, one statement per line. The head becomes a comment."""
    yield f"flowchart TD\n  %% {_entities(json_text(what.head))}\n"
    for one in what.counted_nodes():
        yield f'  n{one["_id"]}["{_entities(one["type"])} {_entities(name_of(one))}"]\n'
    for one in what.links_between():
        arrow = "-.->" if one.get("state") == "down" else "-->"
        label = _entities(text_of(one.get("link_name")))
        told = f'|"{label}"|' if label.strip() else ""
        yield f"  n{one['source']} {arrow}{told} n{one['target']}\n"


def _entities(text: str) -> str:
    """Write every character that Mermaid or a browser could interpret as an entity code (``#35;`` is ``#``)."""
    return _PLAIN.sub(lambda found: f"#{ord(found[0])};", one_line(text))
