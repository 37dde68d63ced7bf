# SPDX-License-Identifier: Apache-2.0
"""Sessions with one database server: opened on demand, read only; a refused login is not retried."""

from __future__ import annotations

import errno
import logging
import os
import threading
from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.constants import CR, ER
from pymysql.cursors import DictCursor

from calipso_nornir.errors import CalipsoError, DatabaseUnavailable, SelectFailed
from calipso_nornir.sources.deadline import deadline

if TYPE_CHECKING:
    import socket

    from pymysql.connections import Connection

    from calipso_nornir.metadata.environment_sections import MysqlSection
    from calipso_nornir.model.queries import Select
    from calipso_nornir.model.source_kinds import Secrets

logger = logging.getLogger(__name__)

CONNECTION_KILLED = 1927
CLIENT_INTERACTION_TIMEOUT = 4031
LOST = frozenset(
    {
        0,  # PyMySQL's own code for a connection that it has closed
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
    """Replaces the plug-in ``mysql_clear_password``: a server that asks for it would get the password in clear text."""

    def __init__(self, connection: Connection[DictCursor]) -> None:
        self._connection = connection

    def authenticate(self, _packet: object) -> None:
        raise pymysql.err.OperationalError(
            CR.CR_AUTH_PLUGIN_ERR, "the server asks for the password in clear text, which is refused"
        )


class Server:
    """One server, with a session for each queried schema."""

    def __init__(self, section: MysqlSection, vault: Secrets) -> None:
        self.address = f"{section.host}:{section.port}"
        self._section = section
        self._vault = vault
        self._connections: dict[str, Connection[DictCursor]] = {}
        self._login = threading.Lock()
        self._refused: str | None = None
        self._down: str | None = None

    def new_round(self) -> None:
        """Allow another attempt for a server that was down in the last round."""
        self._down = None

    def close(self) -> None:
        """End all sessions."""
        for schema in list(self._connections):
            self.drop(schema)

    def connection(self, schema: str, query: Select) -> Connection[DictCursor]:
        """Return the session of a schema. Raises DatabaseUnavailable, SelectFailed or SecretUnavailable."""
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
        """Open a session. A refused login is not retried in this scan, a dead server not in this round."""
        if self._refused or self._down:
            raise DatabaseUnavailable(self.address, self._refused or self._down or "")
        try:
            return self._connect(password)
        except Exception as error:  # noqa: BLE001 - a server that does not speak MySQL makes PyMySQL raise anything
            code, self._down = self.said(error)
            if code in _REFUSED:
                self._refused = self._down
        raise DatabaseUnavailable(self.address, self._down)

    def _connect(self, password: str) -> Connection[DictCursor]:
        section = self._section
        tls: dict[str, Any] = {}
        if section.cacert or section.cert:
            tls = {
                "ssl_ca": _path(section.cacert),
                "ssl_cert": _path(section.cert),
                "ssl_key": _path(section.client_key),
                "ssl_verify_cert": section.verify,
                "ssl_verify_identity": section.verify,
            }
        connection: Connection[DictCursor] = pymysql.connect(
            host=section.host,
            port=section.port,
            user=section.user,
            password=password.encode(),  # bytes: PyMySQL would encode text as Latin-1
            charset="utf8mb4",
            cursorclass=DictCursor,
            autocommit=True,
            connect_timeout=section.connect_timeout or section.connect_timeout_s,
            read_timeout=section.timeout_s,
            write_timeout=section.timeout_s,
            init_command="SET SESSION TRANSACTION READ ONLY",
            program_name="calipso_nornir",
            auth_plugin_map=None if tls else {"mysql_clear_password": _NoClearPassword},
            defer_connect=True,
            **tls,
        )
        with deadline(section.answer_timeout_s) as limit:
            limit.watch_found(lambda: socket_of(connection))
            try:
                connection.connect()
                with connection.cursor() as cursor:
                    # Times have no zone: make sure that they are UTC.
                    cursor.execute("SET SESSION time_zone = '+00:00'")
            except Exception:
                if connection.open:
                    connection.close()
                if limit.passed:
                    raise TimeoutError(errno.ETIMEDOUT, self._late()) from None
                raise
        return connection

    def _late(self) -> str:
        seconds = self._section.answer_timeout_s
        return f"no complete login within {seconds:g} s; raise mysql.answer_timeout_s if the server is that slow"

    def _no_schema(
        self, connection: Connection[DictCursor], schema: str, query: Select, error: Exception
    ) -> CalipsoError:
        code, cause = self.said(error)
        if code not in _NO_SCHEMA:
            return DatabaseUnavailable(self.address, cause)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SHOW DATABASES")
                seen = ", ".join(str(next(iter(row.values()))) for row in cursor.fetchall()) or "none"
        except (pymysql.err.Error, OSError):
            seen = "not known"
        remedy = f"set mysql.schemas.{query.database}, or grant SELECT; {self._section.user} can see: {seen}"
        return SelectFailed(query.database, query.sql, f"no schema {schema} for this user; {remedy}")

    def said(self, error: Exception) -> tuple[int, str]:
        """Return number and text of the driver's error, with secrets masked."""
        arguments = error.args
        if isinstance(error, pymysql.err.Error) and arguments and isinstance(arguments[0], int):
            text = str(arguments[1]) if len(arguments) > 1 and arguments[1] else "the session was closed"
            return arguments[0], str(self._vault.scrub(text))
        if isinstance(error, pymysql.err.Error) and arguments:
            return -1, str(self._vault.scrub(str(arguments[0])))
        strerror = getattr(error, "strerror", None)
        return -1, str(self._vault.scrub(strerror or f"no MySQL server answers there ({type(error).__name__})"))

    def drop(self, schema: str) -> None:
        """End one session, in any state."""
        connection = self._connections.pop(schema, None)
        if connection is None:
            return
        _give_up_result(connection)
        try:
            connection.close()
        except (pymysql.err.Error, OSError) as error:
            logger.debug("closing a session of %s: %s", self.address, error)


def socket_of(connection: Connection[DictCursor]) -> socket.socket | None:
    """Return the socket of a connection, to cut it; PyMySQL offers no public access."""
    found: socket.socket | None = connection._sock  # type: ignore[attr-defined]  # noqa: SLF001 - as above
    return found


def _give_up_result(connection: Connection[DictCursor]) -> None:
    """Discard an unfinished result without letting PyMySQL read the rest of it."""
    result = connection._result  # type: ignore[attr-defined]  # noqa: SLF001 - it offers no way to leave one
    if result is not None:
        result.unbuffered_active = False


def _path(path: str | None) -> str | None:
    return os.path.expanduser(path) if path else None  # noqa: PTH111 - pathlib's raises for unknown users
