# SPDX-License-Identifier: Apache-2.0
"""One connection to an LDAP server (RFC 4511): TLS, bind, search; nothing takes longer than it may.

Filters are objects, never text, so nothing in them has to be escaped. Referrals are not followed: a server could name
any other one, which would be given the password.
"""

from __future__ import annotations

import socket
import ssl
import time
from typing import TYPE_CHECKING, Final, Self, TypeVar

from sansldap import (
    BindResponse,
    ExtendedOperations,
    ExtendedResponse,
    LDAPClient,
    LDAPError,
    LDAPResultCode,
    SearchResultDone,
    SearchResultEntry,
    SearchScope,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from sansldap import LDAPFilter, LDAPMessage, LDAPResult

    from calipso_nornir.access.ldap_settings import LdapServer

LARGEST: Final = 1 << 20
"""Bytes of all answers on one connection."""
_WRONG_LOGIN: Final = frozenset(
    {
        LDAPResultCode.INVALID_CREDENTIALS,
        LDAPResultCode.NO_SUCH_OBJECT,
        LDAPResultCode.INAPPROPRIATE_AUTHENTICATION,
        LDAPResultCode.INSUFFICIENT_ACCESS_RIGHTS,
        LDAPResultCode.CONSTRAINT_VIOLATION,  # how servers say that an account is locked
        LDAPResultCode.UNWILLING_TO_PERFORM,
        LDAPResultCode.INVALID_DN_SYNTAX,
    }
)
R = TypeVar("R", BindResponse, ExtendedResponse)


class LdapFailed(Exception):
    """A server did not do what it was asked; ``todo`` is what to do about it."""

    def __init__(self, cause: str, *, todo: str = "see the log of that server") -> None:
        super().__init__(cause)
        self.todo = todo


class LdapConnection:
    """A connection; use it as a context manager. Everything raises LdapFailed.

    Args:
        server: which is asked.
        start_tls: turn to TLS before anything else is sent.
        cacertfile: file with the authorities to believe (PEM); None: those of the system.
        timeout_s: for the connection, and again for all that is asked on it.
    """

    def __init__(self, server: LdapServer, *, start_tls: bool, cacertfile: str | None, timeout_s: float) -> None:
        self._server = server
        self._start_tls = start_tls
        self._cacertfile = cacertfile
        self._timeout_s = timeout_s
        self._client = LDAPClient()
        self._received = 0

    def __enter__(self) -> Self:
        self._deadline = time.monotonic() + 2 * self._timeout_s
        try:
            self._socket = socket.create_connection((self._server.host, self._server.port), self._timeout_s)
        except OSError as error:
            todo = "does it run at this address, and may this host reach it?"
            raise LdapFailed(error.strerror or str(error), todo=todo) from None
        try:
            if self._server.tls:
                self._secure()
            elif self._start_tls:
                asked = self._client.extended_request(ExtendedOperations.LDAP_START_TLS.value)
                self._expect_success(self._answer(asked, ExtendedResponse).result, "StartTLS")
                self._client = LDAPClient()  # what came before TLS in clear text counts for nothing
                self._secure()
        except BaseException:
            self._socket.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                self._client.unbind()
                self._socket.sendall(self._client.data_to_send())
        except (OSError, LDAPError):
            pass  # it is closed anyway
        finally:
            self._socket.close()

    def bind(self, dn: str, password: str) -> bool:
        """Tell whether this is the password of the entry. An empty one would always do (RFC 4513, 5.1.2): refused."""
        if not dn or not password:
            return False
        result = self._answer(self._client.bind_simple(dn, password), BindResponse).result
        if result.result_code in _WRONG_LOGIN:
            return False
        self._expect_success(result, "bind")
        return True

    def search(
        self, base: str, wanted: LDAPFilter, attributes: tuple[str, ...], *, subtree: bool = True, at_most: int = 1000
    ) -> list[tuple[str, dict[str, list[bytes]]]]:
        """Return DNs and attributes (names in lower case) of the entries that match."""
        scope = SearchScope.SUBTREE if subtree else SearchScope.ONE_LEVEL
        limit = max(1, int(self._timeout_s))
        asked = self._client.search_request(
            base, scope=scope, size_limit=at_most, time_limit=limit, filter=wanted, attributes=[*attributes]
        )
        found: list[tuple[str, dict[str, list[bytes]]]] = []
        for message in self._answers(asked):
            if isinstance(message, SearchResultEntry):
                found.append((message.object_name, {one.name.lower(): one.values for one in message.attributes}))
            elif isinstance(message, SearchResultDone):
                if message.result.result_code != LDAPResultCode.NO_SUCH_OBJECT:
                    self._expect_success(message.result, "search")
                return found
        raise LdapFailed("the search has no end")

    def _secure(self) -> None:
        try:
            self._socket.settimeout(self._left())
            context = ssl.create_default_context(cafile=self._cacertfile)
            self._socket = context.wrap_socket(self._socket, server_hostname=self._server.host)
        except ssl.SSLCertVerificationError as error:
            wrong = f"its certificate is not accepted: {error.verify_message}"
            raise LdapFailed(
                wrong, todo="tls_cacertfile names the authority, url the host as the certificate does"
            ) from None
        except OSError as error:
            raise LdapFailed(f"TLS: {error.strerror or error}") from None

    def _answer(self, asked: int, kind: type[R]) -> R:
        for message in self._answers(asked):
            if isinstance(message, kind):
                return message
        raise LdapFailed("no answer")

    def _answers(self, asked: int) -> Iterator[LDAPMessage]:
        """Send what is to be sent, and yield the answers until the server ends the connection."""
        try:
            self._socket.settimeout(self._left())
            self._socket.sendall(self._client.data_to_send())
            while True:
                self._socket.settimeout(self._left())
                data = self._socket.recv(65536)
                self._received += len(data)
                if not data:
                    raise LdapFailed("it ended the connection")
                if self._received > LARGEST:
                    raise LdapFailed(f"it sent more than {LARGEST} bytes")
                yield from (one for one in self._client.receive(data) if one.message_id == asked)
        except OSError as error:
            raise LdapFailed(error.strerror or str(error)) from None
        except LDAPError as error:
            raise LdapFailed(f"not LDAP: {error}") from None

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise LdapFailed("it takes too long")
        return min(left, self._timeout_s)

    def _expect_success(self, result: LDAPResult, what: str) -> None:
        if result.result_code == LDAPResultCode.REFERRAL:
            raise LdapFailed(f"{what}: it refers to another server; referrals are not followed")
        if result.result_code != LDAPResultCode.SUCCESS:
            text = f" ({result.diagnostics_message})" if result.diagnostics_message else ""
            raise LdapFailed(f"{what}: {result.result_code.name}{text}")
