# SPDX-License-Identifier: Apache-2.0
"""Transactions that only read (RFC 7047, 5.2.2), and what their answers say went wrong."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import CalipsoError, SourceFailed

if TYPE_CHECKING:
    from calipso_nornir.model.ovsdb import OvsdbTables
    from calipso_nornir.model.protocols import Reply

_UNKNOWN_COLUMN = re.compile(r"is not a valid column name")
"""ovsdb-server's words when a schema, of another release, lacks a column that was asked for."""


def operations(query: OvsdbTables, *, whole: bool = False) -> list[Any]:
    """Return the database and what reads the tables: the columns that are wanted, or whole rows."""
    selects = [
        {"op": "select", "table": table, "where": [], **({} if whole else {"columns": list(columns)})}
        for table, columns in query.tables
    ]
    return [query.database, *selects]


def transaction(query: OvsdbTables, *, whole: bool = False) -> str:
    """Return that as JSON."""
    return json.dumps(operations(query, whole=whole), separators=(",", ":"))


def outcome(query: OvsdbTables, answer: Reply | CalipsoError) -> Reply | CalipsoError:
    """Return an answer, or the error that it holds."""
    problem = problem_of(answer)
    return SourceFailed(str(query), problem) if problem else answer


def problem_of(answer: Reply | CalipsoError) -> str:
    """Return what the database says is wrong with a transaction, "" for nothing."""
    if isinstance(answer, CalipsoError) or '"error"' not in answer.data:
        return ""
    try:
        results: Any = json.loads(answer.data)
    except ValueError:  # the parser says what is wrong with it
        return ""
    return _problem(results)


def lacks_column(results: Any) -> bool:  # noqa: ANN401 - JSON
    """Return whether the schema lacks a column that was asked for."""
    return _UNKNOWN_COLUMN.search(_problem(results)) is not None


def says_lacks_column(answer: Reply | CalipsoError) -> bool:
    """Tell the same of an answer as text."""
    return _UNKNOWN_COLUMN.search(problem_of(answer)) is not None


def _problem(results: Any) -> str:  # noqa: ANN401 - JSON
    """Errors come as answers: one stands where the failed operation's rows would; what follows it is null."""
    errors = [one for one in results if isinstance(one, dict) and "error" in one] if isinstance(results, list) else []
    return "; ".join(f"{one['error']}: {one.get('details', '')}" for one in errors)
