# SPDX-License-Identifier: Apache-2.0
"""Joins the pages of a list, without I/O: it receives bodies, and returns the parameters of the next request.

All pages of a list show one moment, the ``resourceVersion`` of the first page (Kubernetes, "API concepts", "Retrieving
large results sets in chunks"). If the server no longer knows that moment, it answers 410, and the list is read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.kubernetes import used
from calipso_nornir.sources.page_trail import PageTrail

if TYPE_CHECKING:
    from calipso_nornir.model.kubernetes import KubernetesList

PARSER = "kubernetes"


class ListExpired(Exception):
    """The server no longer knows the moment that a list shows."""


class Pages:
    """The answer to one query, growing page by page; with ``size`` None, everything is requested at once."""

    def __init__(self, query: KubernetesList, size: int | None) -> None:
        self._query = query
        self._size = size
        self._version: str | None = None
        self._trail = PageTrail(PARSER, "metadata.continue", "")
        self.items: list[Any] = []
        self.next: dict[str, str] | None = {} if size is None else {"limit": str(size)}
        """Parameters of the next page; None after the last one."""

    def add(self, body: object) -> None:
        """Add one page. Raises ParseError; ListExpired if it shows another moment than the first page."""
        if not isinstance(body, dict):
            raise ParseError(PARSER, f"a {self._query.kind} was expected, found {type(body).__name__}")
        if body.get("kind") != self._query.kind:
            raise ParseError(PARSER, f'kind: "{self._query.kind}" was expected, found {body.get("kind")!r:.80}')
        meta, items = body.get("metadata") or {}, body.get("items")
        if not isinstance(meta, dict):
            raise ParseError(PARSER, "metadata: an object was expected")
        if items is not None and not isinstance(items, list):
            raise ParseError(PARSER, f"items: a list was expected, found {type(items).__name__}")
        version, token = meta.get("resourceVersion") or "", meta.get("continue") or ""
        for key, value in (("resourceVersion", version), ("continue", token)):
            if not isinstance(value, str):
                raise ParseError(PARSER, f"metadata.{key}: a text was expected, found {value!r:.80}")
        if self._version not in (None, version):
            raise ListExpired
        self._version = version
        self.items += [used(self._query.kind, one) for one in items or ()]
        if token:
            self._trail.follow(token, new_items=bool(items))
        self.next = {"limit": str(self._size or 0), "continue": token} if token else None
