# SPDX-License-Identifier: Apache-2.0
"""An SSH transport to one server: socket, key exchange, host key, login. Paramiko, no shell."""

from __future__ import annotations

import logging
import socket
import threading
from typing import TYPE_CHECKING

import paramiko
from paramiko.ssh_exception import SSHException

from calipso_nornir.errors import HostUnreachable
from calipso_nornir.sources.cli.known_hosts import HostKey
from calipso_nornir.sources.cli.login import log_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.sources.cli.hostkeys import HostKeys
    from calipso_nornir.sources.cli.login import KeyRing
    from calipso_nornir.sources.cli.route import Hop

logger = logging.getLogger(__name__)

KEEPALIVE_S = 30
AUTH_TIMEOUT_S = 30
"""A login may wait for a directory service or a reverse look-up on the host: longer than a connect."""

_RSA_SIGNATURES = ("rsa-sha2-512", "rsa-sha2-256")
"""A known key of type ssh-rsa proves itself with these (RFC 8332)."""


def dial(host: str, hop: Hop, *, timeout_s: float) -> socket.socket:
    """Connect to a server's port. Raises HostUnreachable."""
    try:
        sock = socket.create_connection((hop.hostname, hop.port), timeout=timeout_s)
    except (OSError, UnicodeError, ValueError, OverflowError) as error:  # the last three: names and ports that are none
        raise HostUnreachable(host, hop.address, _cause(error, timeout_s)) from error
    # Many small packets, each waiting for the other side: with Nagle's algorithm and delayed
    # acknowledgements an exec channel takes 40 ms longer. Paramiko does not set this.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _cause(error: Exception, timeout_s: float) -> str:
    match error:
        case socket.gaierror() | UnicodeError():
            return "the name does not resolve"
        case ConnectionRefusedError():
            return "connection refused"
        case TimeoutError():
            return f"no answer within {timeout_s:g} s"
        case OSError(strerror=str(said)):
            return said
        case _:
            return str(error) or type(error).__name__


def shake_hands(  # noqa: PLR0913 - all that a handshake takes
    host: str, hop: Hop, sock: socket.socket | paramiko.Channel, *, keys: HostKeys, ring: KeyRing, timeout_s: float
) -> paramiko.Transport:
    """Make an authenticated transport of a connected socket; nothing is left open on an error.

    No secret, and no user name, leaves before the server's key has been checked. Raises
    HostUnreachable, HostKeyUnknown, HostKeyChanged, LoginRefused, SecretUnavailable.
    """
    transport: paramiko.Transport | None = None
    try:
        transport = _transport(host, hop, sock, keys.types(hop))
        _exchange_keys(host, hop, transport, timeout_s=timeout_s)
        shown = transport.get_remote_server_key()
        keys.check(host, hop, HostKey(shown.get_name(), shown.asbytes()))
        transport.auth_timeout = AUTH_TIMEOUT_S
        log_in(transport, host, hop, ring=ring)
        transport.set_keepalive(KEEPALIVE_S)
    except BaseException as error:
        close(transport, sock)
        if isinstance(error, (SSHException, EOFError, OSError)):
            raise HostUnreachable(host, hop.address, str(error) or "the connection was closed") from error
        raise
    return transport


def _demoted(record: logging.LogRecord) -> bool:
    """Let paramiko's own log lines pass at DEBUG only: a broken connection is an answer here, not a traceback."""
    record.levelno, record.levelname = logging.DEBUG, "DEBUG"
    return logger.isEnabledFor(logging.DEBUG)


def _transport(host: str, hop: Hop, sock: socket.socket | paramiko.Channel, known: Sequence[str]) -> paramiko.Transport:
    try:
        transport = paramiko.Transport(sock)
    except (SSHException, OSError) as error:
        raise HostUnreachable(host, hop.address, str(error)) from error
    transport.daemon = True
    logging.getLogger(f"{__name__}.paramiko").addFilter(_demoted)
    transport.set_log_channel(f"{__name__}.paramiko")
    options = transport.get_security_options()
    # Those of the known keys first, as OpenSSH does: a host that is known by one type of key
    # would otherwise show another, and look changed.
    offered = options.key_types
    options.key_types = tuple(dict.fromkeys((*algorithms(known, offered), *offered)))
    return transport


def algorithms(types: Sequence[str], offered: Sequence[str]) -> list[str]:
    """Return the host key algorithms, of those offered, with which keys of these types prove themselves."""
    return [a for kind in types for a in (_RSA_SIGNATURES if kind == "ssh-rsa" else (kind,)) if a in offered]


def _exchange_keys(host: str, hop: Hop, transport: paramiko.Transport, *, timeout_s: float) -> None:
    transport.banner_timeout = transport.handshake_timeout = timeout_s
    done = threading.Event()  # without one start_client() returns at its time limit as if all were well
    transport.start_client(event=done)
    if not done.wait(2 * timeout_s):
        raise HostUnreachable(host, hop.address, f"no key exchange within {2 * timeout_s:g} s")
    if not transport.is_active():
        error = transport.get_exception()
        if error is not None and "banner" in str(error):
            error = SSHException(f"no SSH server there: {error}")
        raise error or SSHException("the key exchange failed")


def close(transport: paramiko.Transport | None, sock: socket.socket | paramiko.Channel) -> None:
    """Close both: a transport that never became active leaves its socket open."""
    if transport is not None:
        transport.close()
    sock.close()


def alive(transport: paramiko.Transport) -> bool:
    """Tell whether a transport can still open channels, as far as this side knows."""
    return transport.is_active() and transport.is_authenticated()
