# SPDX-License-Identifier: Apache-2.0
"""Joins the pages of a list, without I/O: it receives bodies, and returns the parameters of the next request.

Nova puts ``servers_links`` beside ``servers``, Neutron ``ports_links`` beside ``ports`` (only when a limit is set),
Keystone ``links.next``. Only the parameters of a next link are used: its host and path are what the service believes to
be its own address, which is often wrong behind a proxy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from calipso_nornir.errors import ParseError
from calipso_nornir.sources.page_trail import PageTrail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.queries import ApiGet

Parameters = tuple[tuple[str, str], ...]

PAGE_SIZE = 1000
"""Items per page of answers that are always paged; Nova reduces it to its own maximum, 1000 by default."""
_PAGED = {("compute", "servers")}


class Pages:
    """The answer to one query, growing page by page."""

    def __init__(self, query: ApiGet) -> None:
        self._key = query.key
        self._items: list[Any] | None = None
        self._document: dict[str, Any] | None = None
        self._ids: set[str] = set()
        self.next: Parameters | None = query.query
        names = {name for name, _ in query.query}
        if (query.service, query.key) in _PAGED and "limit" not in names:
            self.next = (*query.query, ("limit", str(PAGE_SIZE)))
        self._trail = PageTrail("paging", "the next link", self.next)

    @property
    def data(self) -> list[Any] | dict[str, Any]:
        """The complete answer, once ``next`` is None."""
        return self._document if self._document is not None else self._items or []

    def add(self, body: object) -> None:
        """Add one page; ``next`` then has the parameters of the following page, or None. Raises ParseError."""
        if not isinstance(body, dict) or self._key not in body:
            raise ParseError("json", f'the body has no key "{self._key}"{_keys(body)}')
        value = body[self._key]
        if isinstance(value, dict) and self._items is None:
            self._document, self.next = value, None
            return
        if not isinstance(value, list):
            raise ParseError("json", f'"{self._key}" is neither a list nor a document')
        new_items = self._take(value)
        self.next = _following(body, self._key)
        if self.next is not None:
            self._trail.follow(self.next, new_items=new_items)

    def _take(self, page: list[Any]) -> bool:
        """Add new items; an item may occur twice if others were created or deleted between two pages."""
        if self._items is None:
            self._items = []
        before = len(self._items)
        for item in page:
            known = item.get("id") if isinstance(item, dict) else None
            if isinstance(known, str):
                if known in self._ids:
                    continue
                self._ids.add(known)
            self._items.append(item)
        return len(self._items) > before


def _following(body: Mapping[str, Any], key: str) -> Parameters | None:
    own, general = body.get(f"{key}_links"), body.get("links")
    address: object = None
    if isinstance(own, list):
        address = next((one.get("href") for one in own if isinstance(one, dict) and one.get("rel") == "next"), None)
    elif isinstance(general, dict):
        address = general.get("next")
    if address is None:
        return None
    try:
        parameters = tuple(parse_qsl(urlsplit(str(address)).query, keep_blank_values=True))
    except ValueError:
        parameters = ()
    if not parameters:
        raise ParseError("paging", "the next link has no parameters")
    return parameters


def _keys(body: object) -> str:
    if not isinstance(body, dict):
        return f"; it is a {type(body).__name__}"
    return f"; it has {', '.join(sorted(map(str, body))[:10]) or 'none'}"
