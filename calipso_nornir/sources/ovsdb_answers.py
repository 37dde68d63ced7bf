# SPDX-License-Identifier: Apache-2.0
"""Read-only transactions (RFC 7047, 5.2.2), and the errors in their answers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import CalipsoError, SourceFailed

if TYPE_CHECKING:
    from calipso_nornir.model.ovsdb import OvsdbTables
    from calipso_nornir.model.protocols import Reply

_UNKNOWN_COLUMN = re.compile(r"is not a valid column name")
"""ovsdb-server's message if the schema, of another release, lacks a requested column."""


def operations(query: OvsdbTables, *, whole: bool = False) -> list[Any]:
    """Return the parameters of a transaction that reads the tables: the requested columns, or whole rows."""
    selects = [
        {"op": "select", "table": table, "where": [], **({} if whole else {"columns": list(columns)})}
        for table, columns in query.tables
    ]
    return [query.database, *selects]


def transaction(query: OvsdbTables, *, whole: bool = False) -> str:
    """Return ``operations`` as JSON."""
    return json.dumps(operations(query, whole=whole), separators=(",", ":"))


def outcome(query: OvsdbTables, answer: Reply | CalipsoError) -> Reply | CalipsoError:
    """Return an answer, or the error that it contains."""
    problem = problem_of(answer)
    return SourceFailed(str(query), problem) if problem else answer


def problem_of(answer: Reply | CalipsoError) -> str:
    """Return the database's error message about a transaction; "" if there is none."""
    if isinstance(answer, CalipsoError) or '"error"' not in answer.data:
        return ""
    try:
        results: Any = json.loads(answer.data)
    except ValueError:  # the parser reports what is wrong with it
        return ""
    return _problem(results)


def lacks_column(results: Any) -> bool:  # noqa: ANN401 - JSON
    """Return whether the schema lacks a requested column."""
    return _UNKNOWN_COLUMN.search(_problem(results)) is not None


def says_lacks_column(answer: Reply | CalipsoError) -> bool:
    """Return the same for an answer that is text."""
    return _UNKNOWN_COLUMN.search(problem_of(answer)) is not None


def _problem(results: Any) -> str:  # noqa: ANN401 - JSON
    """Return the errors in a result: an error replaces the rows of the failed operation, and null follows it."""
    errors = [one for one in results if isinstance(one, dict) and "error" in one] if isinstance(results, list) else []
    return "; ".join(f"{one['error']}: {one.get('details', '')}" for one in errors)
