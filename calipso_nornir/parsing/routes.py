# SPDX-License-Identifier: Apache-2.0
"""Routes, from the JSON of ``ip`` (iproute2 4.17 and newer)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.parsing.common_values import canonical_ip
from calipso_nornir.parsing.json_shapes import document, objects
from calipso_nornir.parsing.rows import Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.parsing.json_shapes import Fields

PARSER = "ip_route_json"


def route_json(text: str) -> tuple[Route, ...]:
    """Read ``ip -j route``; a route with several next hops gives a row for each. An empty table is an empty text."""
    if not text.strip():
        return ()
    return tuple(row for one in objects(document(text, parser=PARSER), parser=PARSER) for row in _rows(one))


def _rows(row: Fields) -> Iterator[Route]:
    kind, protocol = row.text_or_none("type") or "unicast", row.text_or_none("protocol")
    destination = row.text("dst")
    for hop in row.children("nexthops") or [row]:
        via = hop.text_or_none("gateway") or hop.child("via").text_or_none("host")
        yield Route(
            destination=destination,
            device=hop.text_or_none("dev"),
            via=None if via is None else canonical_ip(via),
            protocol=protocol,
            kind=kind,
        )
