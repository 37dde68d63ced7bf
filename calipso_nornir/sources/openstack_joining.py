# SPDX-License-Identifier: Apache-2.0
"""Joins queries for single objects into one request: Neutron takes several values of one filter.

A small scan asks for each port and network by its id, and each request costs the service about as much as a short list.
Pure functions, without I/O.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model.queries import ApiGet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calipso_nornir.model.queries import Query

SERVICE: Final = "network"
FILTERS: Final = frozenset({"device_id", "id", "network_id", "port_id"})
"""Filters with the name of a member of the rows."""
MOST: Final = 50
"""Maximum number of values in one request: its URL is then shorter than 2.5 kB, and servers and proxies accept 8 kB."""


@dataclass(frozen=True, slots=True)
class Joined:
    """One request that replaces several.

    Attributes:
        query: the request.
        parts: the queries that it answers, by the value of the filter.
    """

    query: ApiGet
    filter: str
    parts: Mapping[str, ApiGet]

    def split(self, rows: Iterable[Mapping[str, Any]]) -> dict[ApiGet, list[Mapping[str, Any]]]:
        """Return the rows that answer each of the queries."""
        found: dict[ApiGet, list[Mapping[str, Any]]] = {one: [] for one in self.parts.values()}
        for row in rows:
            part = self.parts.get(str(row.get(self.filter)))
            if part is not None:
                found[part].append(row)
        return found


def joined(queries: Sequence[Query]) -> tuple[list[Joined], list[Query]]:
    """Return the requests that join several queries, and the queries that are sent unchanged."""
    groups: dict[tuple[ApiGet, str], dict[str, ApiGet]] = {}
    others: list[Query] = []
    for query in queries:
        parameters = query.query if isinstance(query, ApiGet) and query.service == SERVICE else ()
        if isinstance(query, ApiGet) and len(parameters) == 1 and parameters[0][0] in FILTERS:
            ((name, value),) = parameters
            groups.setdefault((replace(query, query=()), name), {})[value] = query
        else:
            others.append(query)
    found: list[Joined] = []
    for (query, name), parts in groups.items():
        values = sorted(parts)
        for start in range(0, len(values), MOST):
            some = values[start : start + MOST]
            if len(some) == 1:
                others.append(parts[some[0]])
                continue
            asked = replace(query, query=tuple((name, value) for value in some))
            found.append(Joined(asked, name, {value: parts[value] for value in some}))
    return found, others
