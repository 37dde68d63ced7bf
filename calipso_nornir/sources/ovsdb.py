# SPDX-License-Identifier: Apache-2.0
"""OVSDB databases of the cloud, read by ``ovsdb-client query`` on a host that has or reaches them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import CalipsoError, SourceFailed
from calipso_nornir.model.ovsdb import OvsdbTables
from calipso_nornir.model.queries import Command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.protocols import Reply, Source
    from calipso_nornir.model.queries import Query
    from calipso_nornir.sources.ovsdb_kind import OvsdbSection

_UNKNOWN_COLUMN = re.compile(r"is not a valid column name")
"""ovsdb-server's words when a schema, of another release, lacks a column that was asked for."""


class OvsdbSource:
    """Answers ``OvsdbTables``: each one is one command on one host, and one transaction that commits nothing.

    A schema that lacks one of the columns is asked for whole rows: what they have is then for their reader to see.
    """

    def __init__(self, section: OvsdbSection, hosts: Source) -> None:
        self._section = section
        self._hosts = hosts

    def answer(self, queries: Sequence[Query]) -> dict[Query, Reply | CalipsoError]:
        """Answer all queries of a round; trouble is a value."""
        asked = [query for query in queries if isinstance(query, OvsdbTables)]
        found = self._ask({query: self._command(query) for query in asked})
        again = [query for query, one in found.items() if _UNKNOWN_COLUMN.search(_problem(one))]
        if again:
            found |= self._ask({query: self._command(query, whole=True) for query in again})
        return {query: _outcome(query, found[query]) for query in asked}

    def close(self) -> None:
        """Close the session."""
        self._hosts.close()

    def _ask(self, commands: Mapping[OvsdbTables, Command]) -> dict[OvsdbTables, Reply | CalipsoError]:
        answers = self._hosts.answer(list(commands.values()))
        return {query: answers[command] for query, command in commands.items()}

    def _command(self, query: OvsdbTables, *, whole: bool = False) -> Command:
        assert self._section.host is not None  # noqa: S101 - the section needs it
        remote = self._section.remote_of(query.database)
        options = [f"--{name}={path}" for name, path in self._section.tls().items()]
        words = [*options, "query", remote, transaction(query, whole=whole)]
        seconds = round(self._section.timeout_s)
        template = f"ovsdb-client --timeout={seconds} --no-leader-only" + " {}" * len(words)
        only_root = remote.startswith("unix:")
        return Command.of(self._section.host, template, *words, timeout_s=seconds + 5, root=only_root)


def transaction(query: OvsdbTables, *, whole: bool = False) -> str:
    """Return the transaction that reads the tables (RFC 7047, 5.2.2), as JSON."""
    selects = [
        {"op": "select", "table": table, "where": [], **({} if whole else {"columns": list(columns)})}
        for table, columns in query.tables
    ]
    return json.dumps([query.database, *selects], separators=(",", ":"))


def _outcome(query: OvsdbTables, answer: Reply | CalipsoError) -> Reply | CalipsoError:
    problem = _problem(answer)
    return SourceFailed(str(query), problem) if problem else answer


def _problem(answer: Reply | CalipsoError) -> str:
    """Return what the database says is wrong with a transaction, "" for nothing: its errors come as answers.

    One stands where the failed operation's rows would; what follows it is null.
    """
    if isinstance(answer, CalipsoError) or '"error"' not in answer.data:
        return ""
    try:
        results: Any = json.loads(answer.data)
    except ValueError:  # the parser says what is wrong with it
        return ""
    errors = [one for one in results if isinstance(one, dict) and "error" in one] if isinstance(results, list) else []
    return "; ".join(f"{one['error']}: {one.get('details', '')}" for one in errors)
