# SPDX-License-Identifier: Apache-2.0
"""Joins the pages of a list, without I/O: it receives bodies, and returns the parameters of the next request.

The first page has the number 0. Each page has the number of all objects (``totalCount``). The pages of a list need not
show the same moment: if the total changes, or an object occurs twice, the list has changed, and is read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.aci import used
from calipso_nornir.parsing.common_values import decimal_or_none
from calipso_nornir.parsing.json_shapes import Fields, objects

if TYPE_CHECKING:
    from calipso_nornir.model.aci import AciGet

PARSER = "aci"
MAX_PAGES = 1000


class ListChanged(Exception):
    """The list changed while it was read."""


class Pages:
    """The answer to one query, growing page by page. A single object (``mo``) has one page."""

    def __init__(self, query: AciGet, size: int) -> None:
        self._query = query
        self._size = size
        self._total: int | None = None
        self._seen: set[str] = set()
        self._page = 0
        self.items: list[Any] = []
        self.next: dict[str, str] | None = self._parameters()
        """Parameters of the next page; None after the last one."""

    def add(self, body: object) -> None:
        """Add one page. Raises ParseError; ListChanged if it contradicts the pages before it."""
        answer = Fields.of(body, parser=PARSER, where="$")
        total = decimal_or_none(answer.text("totalCount"))
        if total is None:
            raise ParseError(PARSER, f"$.totalCount: expected a number, found {answer.text('totalCount')[:80]!r}")
        rows = objects(answer.members.get("imdata"), parser=PARSER, where="imdata")
        if self._total not in (None, total):
            raise ListChanged
        self._total = total
        for row in rows:
            name = _dn_of(row)
            if name in self._seen:
                raise ListChanged
            self._seen |= {name} if name else set()
            self.items.append(used(self._query.reads, row.members))
        if len(self.items) > total:
            raise ParseError(PARSER, f"$.totalCount: expected at least {len(self.items)}, found {total}")
        self.next = self._following(rows=len(rows), total=total)

    def _following(self, *, rows: int, total: int) -> dict[str, str] | None:
        if len(self.items) == total:
            return None
        if self._query.class_name is None or not rows:
            raise ParseError(PARSER, f"imdata: expected {total} objects in all, found {len(self.items)}")
        self._page += 1
        if self._page == MAX_PAGES:
            raise ParseError(
                PARSER, f"imdata: expected at most {MAX_PAGES} pages, and there are more ({total} objects)"
            )
        return self._parameters()

    def _parameters(self) -> dict[str, str]:
        given = self._query.parameters
        name = self._query.class_name
        if name is None:
            return given
        paging = {"order-by": f"{name}.dn", "page-size": str(self._size), "page": str(self._page)}
        return {**given, **paging}


def _dn_of(row: Fields) -> str:
    """Return the distinguished name of an object; "" if it has none."""
    for one in row.members.values():
        told = one.get("attributes") if isinstance(one, dict) else None
        name = told.get("dn") if isinstance(told, dict) else None
        if isinstance(name, str):
            return name
    return ""
