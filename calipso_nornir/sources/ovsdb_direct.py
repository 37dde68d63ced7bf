# SPDX-License-Identifier: Apache-2.0
"""OVSDB databases of the cloud, read directly from any connected server of a cluster, or from any relay."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import AnswerTooSlow, CalipsoError, DatabaseUnavailable, SourceNotConfigured
from calipso_nornir.model.ovsdb import OvsdbTables
from calipso_nornir.model.protocols import Reply
from calipso_nornir.sources.deadline import deadline
from calipso_nornir.sources.ovsdb_answers import lacks_column, operations, outcome
from calipso_nornir.sources.ovsdb_wire import Conversation, RefusedError, addresses, connected, tls_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from calipso_nornir.model.queries import Query
    from calipso_nornir.sources.deadline import Deadline
    from calipso_nornir.sources.ovsdb_kind import OvsdbSection


class DirectOvsdb:
    """Answers ``OvsdbTables`` over connections of its own: one per query, as a scan has only two.

    Of several remotes, the first that passes the check is used. Leaders are not preferred: they have the highest load.
    """

    def __init__(self, section: OvsdbSection) -> None:
        self._section = section

    def answer(self, queries: Sequence[Query]) -> dict[Query, Reply | CalipsoError]:
        """Answer all queries of a round; errors are values."""
        return {query: self._answer(query) for query in queries}

    def close(self) -> None:
        """Do nothing: no connection stays open."""

    def _answer(self, query: Query) -> Reply | CalipsoError:
        if not isinstance(query, OvsdbTables):
            return SourceNotConfigured(query.source)
        problems = []
        remotes = self._section.remote_of(query.database)
        try:
            with deadline(self._section.timeout_s) as limit:
                for protocol, host, port in addresses(remotes):
                    try:
                        tls = self._tls() if protocol == "ssl" else None
                        return self._asked(query, (protocol, host, port), tls, limit)
                    except (OSError, ValueError, RefusedError) as error:
                        if limit.passed:
                            return AnswerTooSlow(str(query), self._section.timeout_s, "ovsdb.timeout_s")
                        problems.append(f"{protocol}:{host}:{port}: {error}")
        except ValueError as error:
            problems.append(str(error))
        except CalipsoError as error:
            return error
        return DatabaseUnavailable(query.database, "; ".join(problems))

    def _tls(self) -> ssl.SSLContext:
        section = self._section
        try:
            return tls_context(
                ca_cert=section.ca_cert or "", certificate=section.certificate, private_key=section.private_key
            )
        except OSError as error:
            raise ValueError(f"ca_cert, certificate or private_key cannot be used: {error}") from None

    def _asked(
        self, query: OvsdbTables, where: tuple[str, str, int], tls: ssl.SSLContext | None, limit: Deadline
    ) -> Reply | CalipsoError:
        with closing(connected(*where, timeout_s=self._section.timeout_s, tls=tls)) as connection:
            limit.watch(connection)
            server = Conversation(connection)
            self._check(server, query.database)
            told = server.call("transact", operations(query))
            if lacks_column(told):
                told = server.call("transact", operations(query, whole=True))
        return outcome(query, Reply(json.dumps(told, separators=(",", ":")), datetime.now(UTC)))

    @staticmethod
    def _check(server: Conversation, database: str) -> None:
        """Reject a server without its cluster, or a relay without its source: their data may be outdated.

        ovsdb-server(5), "_Server". Servers before 2.9 lack that database and do not support clusters.
        """
        wanted: Any = {"op": "select", "table": "Database", "where": [["name", "==", database]]}
        try:
            told = server.call("transact", ["_Server", {**wanted, "columns": ["model", "connected"]}])
        except RefusedError:
            return
        rows = told[0].get("rows") if isinstance(told, list) and told and isinstance(told[0], dict) else None
        if not rows:
            raise ValueError(f"it has no database {database}")
        if rows[0].get("connected") is False:
            raise ValueError(f"its {rows[0].get('model')} database is not connected to the others")
