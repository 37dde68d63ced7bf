# SPDX-License-Identifier: Apache-2.0
"""CSV (RFC 4180): one table, of objects or of links; no cell is a formula."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Final

from calipso_nornir.analysis.files.exported import LINK, NODE, further, json_text, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calipso_nornir.analysis.files.exported import Exported
    from calipso_nornir.model.stores import Document

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A cell that begins with one of these is a formula for spreadsheets (OWASP, "CSV Injection")."""
_TERMINAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters other than white space: terminals interpret them, and some CSV readers stop at NUL."""


def csv_pieces(what: Exported) -> Iterator[str]:
    """Yield the text, row by row."""
    fields = NODE if what.table == "objects" else LINK
    yield _row(["_id", *fields, "attributes"])
    nodes = what.counted_nodes()
    if what.table == "objects":
        documents: Iterable[Document] = nodes
    else:
        for _ in nodes:
            pass
        documents = what.links_between()
    for one in documents:
        rest = one.get("attributes", {}) if what.table == "links" else further(one)
        yield _row([one["_id"], *(text_of(one.get(name)) for name in fields), json_text(rest)])


def _row(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([_cell(one) for one in cells])
    return out.getvalue()


def _cell(text: str) -> str:
    """Return a cell that no spreadsheet interprets as a formula: a leading apostrophe marks it as text."""
    text = _TERMINAL.sub("\ufffd", text)
    return f"'{text}" if text.startswith(_FORMULA) else text
