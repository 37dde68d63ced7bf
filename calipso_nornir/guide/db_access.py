# SPDX-License-Identifier: Apache-2.0
"""The guide's base of fetchers that read the cloud's databases."""

from __future__ import annotations

import re
from typing import Any, Final

from calipso_nornir.guide.fetcher import Fetcher
from calipso_nornir.model.queries import Select

_TABLES: Final = re.compile(r"\b(?:FROM|JOIN)\s+`?(\w+)`?\.`?\w+", re.IGNORECASE)
_QUOTED: Final = r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*\""""


class DbAccess(Fetcher):
    """Runs statements: ``self.get_objects_list(query, object_type)`` returns their rows."""

    neutron_db: Final = "neutron"
    """The name of Neutron's database in statements; the environment says which schema that is."""

    def get_objects_list(self, query: str, object_type: str) -> list[dict[str, Any]]:
        """Return the rows of a statement, each with its ``type``."""
        return self.get_objects_list_for_id(query, object_type, None)

    def get_objects_list_for_id(self, query: str, object_type: str, object_id: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a value, or values
        """Return the rows of a statement; its ``%s`` stands for the id (a tuple: for each of several)."""
        parameters = (
            () if object_id is None else tuple(object_id) if isinstance(object_id, (list, tuple)) else (object_id,)
        )
        database, sql = _addressed(query)
        [rows] = self.ask(Select(database, sql, parameters))
        return [{**row, "type": object_type} if object_type else dict(row) for row in rows]


def _addressed(query: str) -> tuple[str, str]:
    """Return the logical database that a statement is for (that of its first table), and the statement for it.

    The environment may give the database's schema another name, so the statement must not name it.
    """
    text = " ".join(query.split())
    named = _TABLES.search(text)
    if named is None:
        expected = "SELECT id FROM neutron.agents WHERE host = %s"
        raise ValueError(f'the statement "{text[:200]}" does not say which database it is for; expected: {expected}')
    own = re.compile(rf"({_QUOTED})|`?\b{re.escape(named[1])}\b`?\.(?=[`\w])", re.IGNORECASE)
    return named[1].lower(), own.sub(lambda found: found[1] or "", text)
