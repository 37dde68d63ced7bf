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
from pymysql.constants import CR, ER
from pymysql.cursors import DictCursor

from calipso_nornir.errors import CalipsoError, DatabaseUnavailable, SelectFailed, SourceNotConfigured
from calipso_nornir.metadata.environment_sections import MysqlSection
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import Select
from calipso_nornir.sources.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymysql.connections import Connection

    from calipso_nornir.model.queries import Query
    from calipso_nornir.sources.secrets import Vault

logger = logging.getLogger(__name__)

SECTION = "mysql"
THREADS = 4
DATABASES = ("nova", "nova_api", "neutron")
CONNECTION_KILLED = 1927
CLIENT_INTERACTION_TIMEOUT = 4031
_LOST = frozenset(
    {
        0,  # PyMySQL's own for a connection that it has closed
        CR.CR_SERVER_GONE_ERROR,
        CR.CR_SERVER_LOST,
        ER.SERVER_SHUTDOWN,
        CONNECTION_KILLED,
        CLIENT_INTERACTION_TIMEOUT,
    }
)
_REFUSED = frozenset(
    {
        ER.ACCESS_DENIED_ERROR,
        ER.HOST_NOT_PRIVILEGED,
        ER.HOST_IS_BLOCKED,
        1698,  # MariaDB: access denied without a password
        4151,  # MariaDB: the account is locked
        3118,  # MySQL: the account is locked
    }
)
_NO_SCHEMA = frozenset({ER.BAD_DB_ERROR, ER.DBACCESS_DENIED_ERROR})


class _NoClearPassword:
    """Stands for the plug-in ``mysql_clear_password``: a server that asks for it would get the password as it is."""

    def __init__(self, connection: Connection[DictCursor]) -> None:
        self._connection = connection

    def authenticate(self, _packet: object) -> None:
        raise pymysql.err.OperationalError(CR.CR_AUTH_PLUGIN_ERR, "the server wants the password in clear; refused")


class MysqlSource:
    """One database server.

    Args:
        section: the environment's section mysql.
        vault: gives the password when it is needed, and blots it out of errors.

    ``Select.database`` is a logical name; the section says which schema that is. "nova" with several ``cells``
    is asked in each of them, the rows come one cell after the other.
    """

    def __init__(self, section: Mapping[str, Any], vault: Vault) -> None:
        self._section = MysqlSection.model_validate(dict(section))
        self._vault = vault
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._connections: dict[str, Connection[DictCursor]] = {}
        self._login = threading.Lock()
        self._refused: str | None = None
        self._down: str | None = None

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        return f"{self._section.host}:{self._section.port}"

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Answer all queries: those of one database one after the other, databases in parallel."""
        groups: dict[str, list[Query]] = {}
        for query in queries:
            groups.setdefault(query.database if isinstance(query, Select) else "", []).append(query)
        answers: dict[Query, Reply | CalipsoError] = {}
        self._down = None
        with ThreadPoolExecutor(THREADS, thread_name_prefix="mysql") as pool:
            for group in pool.map(self._answer_in_turn, groups.values()):
                answers |= group
        return {query: answers[query] for query in queries}

    def check(self) -> list[Finding]:
        """Try the login, and whether each schema can be used."""
        found: list[Finding] = []
        for database in dict.fromkeys((*DATABASES, *self._section.schemas)):
            for schema in self._section.schemas_of(database):
                probe = Select(database, "SELECT VERSION() AS version")
                try:
                    rows = self._select(schema, probe)
                except DatabaseUnavailable as error:
                    return [Finding(SECTION, "login", ok=False, detail=str(error))]
                except CalipsoError as error:
                    found.append(Finding(SECTION, f"schema {schema}", ok=False, detail=str(error)))
                else:
                    found.append(Finding(SECTION, f"schema {schema}", ok=True, detail=rows[0]["version"]))
        return [Finding(SECTION, "login", ok=True, detail=f"{self._section.user} at {self.address}"), *found]

    def close(self) -> None:
        """End all sessions."""
        for schema in list(self._connections):
            self._drop(schema)

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
                logger.info("database %s: session lost, opened again", self.address)
            try:
                return self._run(schema, query)
            except _Lost as error:
                raise DatabaseUnavailable(self.address, str(error)) from None

    def _run(self, schema: str, query: Select) -> list[dict[str, Any]]:
        """Run one statement in an open session. Raises _Lost when that has ended, SelectFailed for all else."""
        connection = self._connection(schema, query)
        try:
            with connection.cursor() as cursor:
                # None, not (): without parameters a % in the statement is a %.
                cursor.execute(query.sql, query.parameters or None)
                return [{key: _json(value) for key, value in row.items()} for row in cursor.fetchall()]
        except (pymysql.err.Error, OSError, ValueError, TypeError, LookupError) as error:
            code, cause = self._said(error)
            if isinstance(error, pymysql.err.Error) and code not in _LOST:
                raise SelectFailed(query.database, query.sql, cause) from None
            self._drop(schema)
            if "timed out" in cause:
                cause = f"no answer within {self._section.timeout_s:g} s"
            elif code in _LOST:
                raise _Lost(cause) from None
            raise SelectFailed(query.database, query.sql, cause) from None

    def _connection(self, schema: str, query: Select) -> Connection[DictCursor]:
        if schema in self._connections:
            return self._connections[schema]
        password = self._vault.resolve(self._section.pwd) if self._section.pwd is not None else ""
        with self._login:
            connection = self._logged_in(password)
        failure: CalipsoError | None = None
        try:
            connection.select_db(schema)
        except (pymysql.err.Error, OSError) as error:
            failure = self._no_schema(connection, schema, query, error)
            connection.close()
        if failure is not None:
            raise failure
        self._connections[schema] = connection
        return connection

    def _logged_in(self, password: str) -> Connection[DictCursor]:
        """Open a session. A refused login is not tried again in this scan, a dead server not again in this round."""
        if self._refused or self._down:
            raise DatabaseUnavailable(self.address, self._refused or self._down or "")
        try:
            return self._connect(password)
        except Exception as error:  # noqa: BLE001 - a server that does not speak MySQL makes PyMySQL raise anything
            code, self._down = self._said(error)
            if code in _REFUSED:
                self._refused = self._down
        raise DatabaseUnavailable(self.address, self._down)

    def _connect(self, password: str) -> Connection[DictCursor]:
        section = self._section
        tls: dict[str, Any] = {}
        if section.cacert or section.cert:
            tls = {
                "ssl_ca": section.cacert,
                "ssl_cert": section.cert,
                "ssl_key": section.client_key,
                "ssl_verify_cert": section.verify,
                "ssl_verify_identity": section.verify,
            }
        connection: Connection[DictCursor] = pymysql.connect(
            host=section.host,
            port=section.port,
            user=section.user,
            password=password.encode(),  # bytes: PyMySQL would make Latin-1 of text
            charset="utf8mb4",
            cursorclass=DictCursor,
            autocommit=True,
            connect_timeout=section.connect_timeout or section.connect_timeout_s,
            read_timeout=section.timeout_s,
            write_timeout=section.timeout_s,
            init_command="SET SESSION TRANSACTION READ ONLY",
            program_name="calipso_nornir",
            auth_plugin_map=None if tls else {"mysql_clear_password": _NoClearPassword},
            **tls,
        )
        with connection.cursor() as cursor:
            # Times come as text without a zone: make sure that it is UTC.
            cursor.execute("SET SESSION time_zone = '+00:00'")
        return connection

    def _no_schema(
        self, connection: Connection[DictCursor], schema: str, query: Select, error: Exception
    ) -> CalipsoError:
        code, cause = self._said(error)
        if code not in _NO_SCHEMA:
            return DatabaseUnavailable(self.address, cause)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SHOW DATABASES")
                seen = ", ".join(str(next(iter(row.values()))) for row in cursor.fetchall()) or "none"
        except (pymysql.err.Error, OSError):
            seen = "not known"
        remedy = f"set mysql.schemas.{query.database}, or grant SELECT; schemas that {self._section.user} sees: {seen}"
        return SelectFailed(query.database, query.sql, f"no schema {schema} for this user; {remedy}")

    def _said(self, error: Exception) -> tuple[int, str]:
        """Return number and text of what the driver raised, secrets blotted out."""
        arguments = error.args
        if isinstance(error, pymysql.err.Error) and arguments and isinstance(arguments[0], int):
            text = str(arguments[1]) if len(arguments) > 1 and arguments[1] else "the session was closed"
            return arguments[0], str(self._vault.scrub(text))
        if isinstance(error, pymysql.err.Error) and arguments:
            return -1, str(self._vault.scrub(str(arguments[0])))
        strerror = getattr(error, "strerror", None)
        return -1, str(self._vault.scrub(strerror or f"no MySQL server answers there ({type(error).__name__})"))

    def _drop(self, schema: str) -> None:
        connection = self._connections.pop(schema, None)
        if connection is None:
            return
        try:
            connection.close()
        except (pymysql.err.Error, OSError) as error:
            logger.debug("closing a session of %s: %s", self.address, error)


class _Lost(Exception):
    """The session has ended; the statement may be run in another one."""


def _json(value: Any) -> Any:  # noqa: ANN401 - any value of a database
    """Make JSON of a column: times are ISO 8601 in UTC, as OpenStack stores them; bytes are text."""
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
