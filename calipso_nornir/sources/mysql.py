# SPDX-License-Identifier: Apache-2.0
"""The cloud's databases as a source: answers ``Select`` over PyMySQL, read only."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.cursors import SSDictCursor

from calipso_nornir.errors import (
    AnswerTooLarge,
    AnswerTooSlow,
    CalipsoError,
    DatabaseUnavailable,
    SecretUnavailable,
    SelectFailed,
    SourceNotConfigured,
)
from calipso_nornir.metadata.environment_sections import MysqlSection
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import Select
from calipso_nornir.model.source_kinds import Finding
from calipso_nornir.sources.bounds import MAX_VALUES
from calipso_nornir.sources.deadline import deadline
from calipso_nornir.sources.mysql_server import LOST, Server, socket_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymysql.connections import Connection
    from pymysql.cursors import DictCursor

    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.source_kinds import Secrets

logger = logging.getLogger(__name__)

SECTION = "mysql"
THREADS = 4
VALUE_BYTES = 8
"""Bytes that count for a number or a time."""
DATABASES = ("nova", "nova_api", "neutron")


class MysqlSource:
    """One database server.

    Args:
        section: the environment's section mysql.
        vault: provides the password when it is needed, and masks it in errors.

    ``Select.database`` is a logical name; the section maps it to a schema. With several ``cells``, "nova" is queried in
    each of them; the rows are in the order of the cells.
    """

    def __init__(self, section: Mapping[str, Any], vault: Secrets) -> None:
        self._section = MysqlSection.model_validate(dict(section))
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._server = Server(self._section, vault)

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Answer all queries: those of one database one after the other, several databases in parallel."""
        groups: dict[str, list[Query]] = {}
        for query in queries:
            groups.setdefault(query.database if isinstance(query, Select) else "", []).append(query)
        answers: dict[Query, Reply | CalipsoError] = {}
        self._server.new_round()
        with ThreadPoolExecutor(THREADS, thread_name_prefix="mysql") as pool:
            for group in pool.map(self._answer_in_turn, groups.values()):
                answers |= group
        return {query: answers[query] for query in queries}

    def check(self) -> list[Finding]:
        """Try the login, and whether each schema can be used."""
        found: list[Finding] = []
        self._server.new_round()
        for database in dict.fromkeys((*DATABASES, *self._section.schemas)):
            for schema in self._section.schemas_of(database):
                probe = Select(database, "SELECT VERSION() AS version")
                try:
                    rows = self._select(schema, probe)
                except (DatabaseUnavailable, SecretUnavailable) as error:
                    return [Finding(SECTION, "login", ok=False, detail=str(error))]
                except CalipsoError as error:
                    found.append(Finding(SECTION, f"schema {schema}", ok=False, detail=str(error)))
                else:
                    found.append(Finding(SECTION, f"schema {schema}", ok=True, detail=rows[0]["version"]))
        return [Finding(SECTION, "login", ok=True, detail=f"{self._section.user} at {self._server.address}"), *found]

    def close(self) -> None:
        """End all sessions."""
        self._server.close()

    def _answer_in_turn(self, queries: Sequence[Query]) -> dict[Query, Reply | CalipsoError]:
        return {query: self._answer(query) for query in queries}

    def _answer(self, query: Query) -> Reply | CalipsoError:
        if not isinstance(query, Select):
            return SourceNotConfigured(query.source)
        rows: list[dict[str, Any]] = []
        try:
            for schema in self._section.schemas_of(query.database):
                rows += self._select(schema, query)
        except CalipsoError as error:
            return error
        return Reply(rows, datetime.now(UTC))

    def _select(self, schema: str, query: Select) -> list[dict[str, Any]]:
        with self._lock:
            lock = self._locks.setdefault(schema, threading.Lock())
        with lock:
            try:
                return self._run(schema, query)
            except _Lost:
                logger.info("database %s: session lost, opened again", self._server.address)
            try:
                return self._run(schema, query)
            except _Lost as error:
                raise DatabaseUnavailable(self._server.address, str(error)) from None

    def _run(self, schema: str, query: Select) -> list[dict[str, Any]]:
        """Run one statement in an open session. Raises _Lost if the session has ended, else SelectFailed."""
        connection = self._server.connection(schema, query)
        section = self._section
        with deadline(section.answer_timeout_s) as limit:
            limit.watch(socket_of(connection))
            try:
                return self._rows(connection, query)
            except AnswerTooLarge:
                self._server.drop(schema)  # the rest is not read
                raise
            except (pymysql.err.Error, OSError, ValueError, TypeError, LookupError) as error:
                code, cause = self._server.said(error)
                if limit.passed:
                    self._server.drop(schema)
                    raise AnswerTooSlow(str(query), section.answer_timeout_s, "mysql.answer_timeout_s") from None
                if isinstance(error, pymysql.err.Error) and code not in LOST:
                    raise SelectFailed(query.database, query.sql, cause) from None
                self._server.drop(schema)
                if "timed out" in cause:
                    cause = f"no answer within {section.timeout_s:g} s"
                elif code in LOST:
                    raise _Lost(cause) from None
                raise SelectFailed(query.database, query.sql, cause) from None

    def _rows(self, connection: Connection[DictCursor], query: Select) -> list[dict[str, Any]]:
        """Read the rows as they arrive, and stop reading an endless result."""
        cap = self._section.max_answer_mib << 20
        size = values = 0
        rows: list[dict[str, Any]] = []
        # Not as a context manager: closing an unfinished cursor reads all remaining rows.
        cursor = connection.cursor(SSDictCursor)
        # None, not (): then a % in the statement needs no escaping.
        cursor.execute(query.sql, query.parameters or None)
        while (row := cursor.fetchone()) is not None:
            rows.append({key: _json(value) for key, value in row.items()})
            values += len(row)
            size += sum(len(value) if isinstance(value, (str, bytes)) else VALUE_BYTES for value in row.values())
            if size > cap:
                raise AnswerTooLarge(str(query), f"{cap >> 20} MiB", "mysql.max_answer_mib")
            if values > MAX_VALUES:
                raise AnswerTooLarge(str(query), f"{MAX_VALUES} values")
        cursor.close()
        return rows


class _Lost(Exception):
    """The session has ended; the statement may be run in another one."""


def _json(value: Any) -> Any:  # noqa: ANN401 - any value of a database
    """Convert a column to JSON: times become ISO 8601 in UTC, as OpenStack stores them; bytes become text."""
    match value:
        case datetime():
            return f"{value.isoformat()}Z"
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case bytes() | bytearray():
            return bytes(value).decode("utf-8", "backslashreplace")
        case _:
            return value
