# SPDX-License-Identifier: Apache-2.0
"""Turns a connected socket into an authenticated connection; every failure is a CalipsoError."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

import asyncssh

from calipso_nornir.errors import CalipsoError, HostKeyUnknown, HostUnreachable, LoginRefused
from calipso_nornir.sources.cli.dialling import via
from calipso_nornir.sources.cli.login import Login

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.sources.cli.host_keys import HostKeys
    from calipso_nornir.sources.cli.key_ring import KeyRing
    from calipso_nornir.sources.cli.ssh_servers import SshServer

logger = logging.getLogger(__name__)

KEEPALIVE_S = 30

HOST_KEY_ALGORITHMS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
"""Signature algorithms for host keys; RSA keys only with SHA-2 (RFC 8332)."""

_CIPHERS = "^aes128-gcm@openssh.com"
"""Ciphers, the cheapest first: OpenSSL uses the processor's instructions, for the integrity check, too (RFC 5647)."""


async def log_in(  # noqa: PLR0913 - all that a login takes
    host: str,
    way: Sequence[SshServer],
    through: socket.socket | asyncssh.SSHClientConnection,
    *,
    keys: HostKeys,
    ring: KeyRing,
    timeout_s: float,
) -> asyncssh.SSHClientConnection:
    """Log in to the last server of a route, over a connected socket or through the jump host before it.

    Raises HostUnreachable, HostKeyUnknown, HostKeyChanged, LoginRefused, SecretUnavailable; then nothing is left open.
    """
    login = Login(host, way[-1], keys=keys, ring=ring, timeout_s=timeout_s)
    try:
        async with login.clock:
            connection = await _connect(way[-1], through, login, keys)
            try:
                await login.key_proven()  # a server may let anybody in without authentication
            except BaseException:
                connection.abort()
                raise
    except (asyncssh.Error, CalipsoError, OSError, ValueError) as error:
        raise _failure(error, host, way, login) from error
    finally:
        login.close()
        if isinstance(through, socket.socket) and login.connection is None:
            through.close()
    logger.debug("%s: logged in to %s as %s with %s", host, way[-1].address, way[-1].user, login.trying or "nothing")
    return connection


async def _connect(
    server: SshServer, through: socket.socket | asyncssh.SSHClientConnection, login: Login, keys: HostKeys
) -> asyncssh.SSHClientConnection:
    known = [a for kind in keys.types(server) for a in algorithms(kind)]
    authorities = keys.authorities(server)
    certified = [f"{a}-cert-v01@openssh.com" for a in HOST_KEY_ALGORITHMS] if authorities else []
    # The types of known keys come first, as in OpenSSH: otherwise a host with a known key of one type would present a
    # key of another type, and its key would seem to have changed.
    wanted = list(dict.fromkeys((*certified, *known, *HOST_KEY_ALGORITHMS)))
    own = {"sock": through} if isinstance(through, socket.socket) else {"tunnel": through}
    return await asyncssh.connect(
        server.hostname,
        server.port,
        **own,
        client_factory=lambda: login,
        config=None,  # asyncssh would read and follow ~/.ssh/config, each time
        username=server.user,
        known_hosts=([], authorities, keys.revoked(server) if authorities else []),
        host_key_alias=server.key_name,
        server_host_key_algs=wanted,
        client_keys=None,
        password=None if server.credentials.password is None else login.password,
        preferred_auth=("publickey", "password", "keyboard-interactive"),
        encryption_algs=_CIPHERS,
        compression_algs=None,
        x509_trusted_certs=None,
        gss_host=None,
        login_timeout=0,
        keepalive_interval=KEEPALIVE_S,
    )


def algorithms(kind: str) -> tuple[str, ...]:
    """Return the algorithms with which keys of a type prove themselves."""
    return HOST_KEY_ALGORITHMS[-2:] if kind == "ssh-rsa" else (kind,) if kind in HOST_KEY_ALGORITHMS else ()


def _failure(error: Exception, host: str, way: Sequence[SshServer], login: Login) -> CalipsoError:
    """Return the CalipsoError for a login that failed."""
    server, cause = way[-1], str(error) or "the connection was closed"
    if login.error is not None:
        return login.error
    match error:
        case CalipsoError():
            return error
        case asyncssh.PermissionDenied():
            return LoginRefused(host, server.address, server.user, login.refusal())
        case asyncssh.HostKeyNotVerifiable():
            return HostKeyUnknown(host, server.address, "certificate:", cause)
        case TimeoutError():
            cause = login.late()
        case _ if login.trying:
            ended = login.refusal(f"the server ended the session ({cause})")
            return LoginRefused(host, server.address, server.user, ended)
        case _ if login.connection is not None and not login.connection.get_extra_info("server_version"):
            cause = f"no SSH server there: {cause}"
    if login.stage == "connect":
        cause = via(way, cause)
    return HostUnreachable(host, server.address, cause)
