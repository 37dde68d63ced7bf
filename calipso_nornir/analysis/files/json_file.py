# SPDX-License-Identifier: Apache-2.0
"""JSON: the head, ``nodes`` and ``links``, one document per line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.analysis.files.exported import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.analysis.files.exported import Exported
    from calipso_nornir.model.stores import Document


def json_pieces(what: Exported) -> Iterator[str]:
    """Yield the text."""
    yield f"{json_text(what.head)[:-1]}{', ' if what.head else ''}"
    for name, documents in (("nodes", what.counted_nodes()), ("links", what.links_between())):
        yield f'"{name}": ['
        comma = "\n"
        for one in documents:
            yield f"{comma}{json_text(_shown(one))}"
            comma = ",\n"
        yield "],\n" if name == "nodes" else "]}\n"


def _shown(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "digest"}
