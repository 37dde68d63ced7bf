# SPDX-License-Identifier: Apache-2.0
"""The tiny cloud with any number of hosts and servers, and a source that answers for it at once, narrowed or not."""

from __future__ import annotations

import string
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import CalipsoError, SourceNotConfigured
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ReachableHosts
from calipso_nornir.testing.driving import AT
from tests.fixtures.narrowing import FIELDS
from tests.fixtures.tiny_cloud import ADDRESSES, Server, TinyCloud

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.model.queries import Query

_DIGITS = string.digits + string.ascii_letters


def name_of(number: int) -> str:
    """Return the name of a server: four characters, from which its UUID is made."""
    text = ""
    for _ in range(4):
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text


def uuid_of(number: int) -> str:
    """Return the UUID of a server."""
    return f"{name_of(number).encode().hex()}-0000-0000-0000-000000000000"


class LargeCloud(TinyCloud):
    """Compute hosts with equally many servers, on one network; each answer is made at its first request."""

    def __init__(self, hosts: int, servers: int) -> None:
        computes = [f"cmp{number:04}" for number in range(hosts)]
        ADDRESSES.update({host: 64 + number for number, host in enumerate(computes)})
        super().__init__(
            hosts=["ctl", "net1", *computes],
            servers=[Server(name_of(number), computes[number % hosts]) for number in range(servers)],
            aggregates={1: computes},
        )
        self.queries = 0
        self._on: defaultdict[str, list[Server]] = defaultdict(list)
        for one in self.servers:
            self._on[one.host].append(one)
        self._told: dict[str, dict[str, Any]] = {}
        self._rows: dict[tuple[str, str], dict[str, list[Any]]] = {}

    def answer(self, queries: Sequence[Query]) -> dict[Query, Reply | CalipsoError]:
        """Answer one round; part of ``Source``."""
        self.queries += len(queries)
        return {query: self._answer(query) for query in queries}

    def prepare(self) -> None:
        """Make all answers now."""
        for host in ("", *self.hosts):
            self._of(host)

    def switch(self, number: int, status: str) -> None:
        """Give a server another status."""
        (row,) = self._index("GET compute /servers/detail", "id")[uuid_of(number)]
        row["status"] = status

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def _answer(self, query: Any) -> Reply | CalipsoError:  # noqa: ANN401 - of any kind
        if query.source == "db":
            error: CalipsoError = self._of("")["db"]
            return error
        if isinstance(query, ReachableHosts):
            return Reply([], AT)  # no switches
        if query.host:
            told = self._of(query.host)
            return Reply(told[str(query)] if str(query) in told else told[query.formerly], AT)
        path = f"GET {query.service} {query.path}"
        narrowed = [(name, value) for name, value in query.query if name != "all_tenants"]
        if not narrowed:
            return Reply(self._of("")[path], AT)
        (name, value) = narrowed[0]
        return Reply(self._index(path, FIELDS.get(name, name)).get(value, []), AT)

    def _index(self, path: str, field: str) -> dict[str, list[Any]]:
        if (path, field) not in self._rows:
            rows: defaultdict[str, list[Any]] = defaultdict(list)
            for row in self._of("")[path]:
                rows[row.get(field)].append(row)
            self._rows[path, field] = dict(rows)
        return self._rows[path, field]

    def _of(self, host: str) -> dict[str, Any]:
        if host not in self._told:
            every, self.servers = self.servers, self._on[host] if host else self.servers
            self._told[host] = self._host(host) if host else {"db": SourceNotConfigured("mysql"), **self._api()}
            self.servers = every
        return self._told[host]
