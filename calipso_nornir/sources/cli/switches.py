# SPDX-License-Identifier: Apache-2.0
"""Asks hosts of other platforms than Linux, through nornir-netmiko's connection: an interactive session, text only.

Such a session has no exit status and mixes errors into the output; refusals are recognised by the platform's usual
error messages. Socket, jump hosts and host keys are the same as for Linux hosts: netmiko gets a connected socket and
our host key check.
"""

from __future__ import annotations

import logging
import re
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncssh
import paramiko
from netmiko.exceptions import NetmikoAuthenticationException, NetmikoBaseException, ReadTimeout
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir_netmiko.connections import CONNECTION_NAME, Netmiko  # type: ignore[import-untyped]
from paramiko.ssh_exception import SSHException

from calipso_nornir.errors import (
    CommandFailed,
    CommandTimedOut,
    ConnectionLost,
    HostUnreachable,
    LoginRefused,
    OutputTooLarge,
)
from calipso_nornir.model.protocols import Reply
from calipso_nornir.sources.cli.channel import CANCELLED
from calipso_nornir.sources.cli.event_loop import Interrupted
from calipso_nornir.sources.cli.handshake import HOST_KEY_ALGORITHMS, algorithms
from calipso_nornir.sources.cli.host_round import NO_STATUS
from calipso_nornir.sources.cli.ssh import CONNECTION, Destination, find_way
from calipso_nornir.sources.cli.ssh_options import LazySecret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from netmiko import BaseConnection
    from nornir.core.configuration import Config
    from nornir.core.inventory import Host

    from calipso_nornir.model.queries import Command
    from calipso_nornir.sources.cli.connector import Connector
    from calipso_nornir.sources.cli.host_keys import HostKeys
    from calipso_nornir.sources.cli.host_round import Outcome
    from calipso_nornir.sources.cli.limits import Limits
    from calipso_nornir.sources.cli.ssh_options import Reach
    from calipso_nornir.sources.cli.ssh_servers import SshServer

    OnAbort = Callable[[Callable[[], object]], None]

logger = logging.getLogger(__name__)

_REFUSED = re.compile(
    r"\A\s*(?:\^\s*\n\s*)?(?:"
    r"%+ ?(?:error|invalid|incomplete|ambiguous|unrecognized|unknown|bad|authorization|permission)"
    r"|error: (?:syntax|invalid|unknown|permission)"
    r"|(?:syntax error|unknown command|invalid command|permission denied|command authorization failed)"
    r"|-?\w*sh: .*not found$"
    r")",
    re.IGNORECASE | re.MULTILINE,
)
"""Error messages that a network operating system prints instead of an answer."""

_MORE = r"-+ ?\(?(?:More|more)\b[^\r\n]*?-+|<--- More --->"
"""Prompts that a device prints after a page, if the command that turns paging off had no effect."""
_ERASED = re.compile(r"\x08+ *\x08*|\r *\r")
"""Characters with which it erases such a prompt."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class _KeyPolicy(paramiko.MissingHostKeyPolicy):
    """Our host key check, in place of netmiko's own."""

    def __init__(self, host: str, server: SshServer, keys: HostKeys) -> None:
        self._host, self._server, self._keys = host, server, keys

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:  # noqa: ARG002 - paramiko's
        shown = asyncssh.import_public_key(f"{key.get_name()} {key.get_base64()}")
        self._keys.check(self._host, self._server, shown)


def open_session(host: Host, connector: Connector, configuration: Config, *, on_abort: OnAbort) -> BaseConnection:
    """Return the host's netmiko session, opened if none is alive.

    The host's ``extras`` for connection ``calipso_ssh`` say how it is reached; those for ``netmiko`` are passed to
    netmiko. ``on_abort`` is called with a function that another thread can call to abort the session. Raises the same
    errors as opening ``calipso_ssh``.
    """
    ConnectionPluginRegister.register(CONNECTION_NAME, Netmiko)
    if CONNECTION_NAME in host.connections:
        session: BaseConnection = host.connections[CONNECTION_NAME].connection
        on_abort(lambda: _abort(session))
        if session.is_alive():
            return session
        host.close_connection(CONNECTION_NAME)
    known = host.get_connection_parameters(CONNECTION)
    to = Destination(
        host=host.name,
        hostname=known.hostname or host.name,
        username=known.username,
        port=known.port,
        password=known.password,
        extras=known.extras or {},
    )
    reach, way = find_way(connector, to)
    try:
        with connector.socket_to(host.name, way, reach) as sock:
            on_abort(lambda: _shut(sock))
            login = _login(host.name, way[-1], reach, connector)
            session = _log_in(host, way[-1], sock, login=login, configuration=configuration, on_abort=on_abort)
    except Interrupted as error:
        raise HostUnreachable(host.name, way[-1].address, CANCELLED) from error
    _become_privileged(host, way[-1], session)
    return session


def _become_privileged(host: Host, server: SshServer, session: BaseConnection) -> None:
    """Enter privileged mode, if there is a password for it. Raises LoginRefused."""
    if not session.secret:
        return
    try:
        if not session.check_enable_mode():
            session.enable()
    except (NetmikoBaseException, ValueError) as error:
        host.close_connection(CONNECTION_NAME)
        cause = f"privileged mode (enable) is refused: {_last_line(error)}"
        raise LoginRefused(host.name, server.address, server.user, cause) from error
    except (SSHException, EOFError, OSError) as error:
        host.close_connection(CONNECTION_NAME)
        raise HostUnreachable(host.name, server.address, f"netmiko {host.platform}: {_last_line(error)}") from error


def _log_in(  # noqa: PLR0913 - all that a login takes
    host: Host,
    server: SshServer,
    sock: socket.socket,
    *,
    login: dict[str, Any],
    configuration: Config,
    on_abort: OnAbort,
) -> BaseConnection:
    policy = _KeyPolicy(host.name, server, login.pop("host_keys"))
    try:
        host.open_connection(
            CONNECTION_NAME,
            configuration=configuration,
            hostname=server.hostname,
            port=server.port,
            username=server.user,
            password=server.credentials.password.reveal() if server.credentials.password else "",
            extras={
                **_revealed(host.get_connection_parameters(CONNECTION_NAME).extras or {}),
                **login,
                "sock": sock,
                "auto_connect": False,
                "ssh_strict": True,
                "ssh_config_file": None,
            },
        )
        session: BaseConnection = host.connections[CONNECTION_NAME].connection
        on_abort(lambda: _abort(session))
        session.key_policy = policy
        session._open()  # noqa: SLF001 - what auto_connect calls; between the two the policy has to be set
    except BaseException as error:
        _close(host.connections.pop(CONNECTION_NAME, None))
        if isinstance(error, NetmikoAuthenticationException):
            raise LoginRefused(host.name, server.address, server.user, _last_line(error)) from error
        if isinstance(error, (NetmikoBaseException, SSHException, EOFError, OSError, ValueError)):
            raise HostUnreachable(host.name, server.address, f"netmiko {host.platform}: {_last_line(error)}") from error
        raise
    return session


def _revealed(extras: Mapping[str, Any]) -> dict[str, Any]:
    """Return options for netmiko, secrets as texts."""
    return {name: value.reveal() if isinstance(value, LazySecret) else value for name, value in extras.items()}


def _login(host: str, server: SshServer, reach: Reach, connector: Connector) -> dict[str, Any]:
    """Return netmiko's options for a login; LoginRefused if the key cannot be used."""
    keys, login = connector.host_keys(reach), server.credentials
    known = [a for kind in keys.types(server) for a in algorithms(kind)]
    others = [algorithm for algorithm in HOST_KEY_ALGORITHMS if algorithm not in known] if known else []
    options: dict[str, Any] = {
        "host_keys": keys,
        "conn_timeout": reach.connect_timeout_s,
        "allow_agent": login.agent,
        "disabled_algorithms": {"keys": others},
    }
    for path in [login.key] if login.key else server.identity_files[:1]:
        try:
            connector.private_key(path, login.passphrase)
        except ValueError as error:
            raise LoginRefused(host, server.address, server.user, str(error)) from error
        options |= {"use_keys": True, "key_file": path}
        options |= {"passphrase": login.passphrase.reveal()} if login.passphrase else {}
    return options


def _close(connection: object) -> None:
    """Close what netmiko leaves open when a login fails; otherwise paramiko's thread would log an error."""
    client = getattr(getattr(connection, "connection", None), "remote_conn_pre", None)
    if client is not None:
        client.close()


def _abort(session: BaseConnection) -> None:
    """End a session at once by removing its channel, which its thread polls."""
    transport = getattr(getattr(session, "remote_conn_pre", None), "get_transport", lambda: None)()
    _shut(transport.sock if transport is not None else session.sock)
    if (channel := getattr(session, "channel", None)) is not None:
        channel.remote_conn = None


def _shut(sock: object) -> None:
    if isinstance(sock, socket.socket):
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:200] if lines else type(error).__name__


def ask(session: BaseConnection, commands: Sequence[Command], *, limits: Limits) -> dict[Command, Outcome]:
    """Send the commands one after the other; every one of them is a key of the result."""
    outcomes: dict[Command, Outcome] = {}
    deadline, size = time.monotonic() + limits.host_timeout_s, 0
    for command in commands:
        outcome = _ask(session, command, deadline=deadline)
        if isinstance(outcome, Reply):
            size += len(outcome.data)
            if size > limits.max_output_bytes:
                outcome = OutputTooLarge(command.host, command.text, limits.max_output_bytes)
        outcomes[command] = outcome
        if isinstance(outcome, (CommandTimedOut, ConnectionLost, OutputTooLarge)):
            session.disconnect()  # late output of this command would be taken for that of the next one
            break
    rest = [command for command in commands if command not in outcomes]
    return outcomes | {c: ConnectionLost(c.host, c.text, "the session ended with an earlier command") for c in rest}


def _ask(session: BaseConnection, command: Command, *, deadline: float) -> Outcome:
    said = command.host, command.text
    if _CONTROL.search(command.text):
        return CommandFailed(
            command.host, ascii(command.text)[1:-1], NO_STATUS, "not sent: it contains control characters"
        )
    left = deadline - time.monotonic()
    if left <= 0:
        return ConnectionLost(*said, "the host's time for one round was up")
    try:
        text = _answer(session, command.text, min(command.timeout_s, left))
    except ReadTimeout:
        return CommandTimedOut(*said, NO_STATUS, "no prompt came after it")
    except (NetmikoBaseException, SSHException, EOFError, OSError) as error:
        return ConnectionLost(*said, _last_line(error))
    return CommandFailed(*said, NO_STATUS, text) if _REFUSED.match(text) else Reply(text, datetime.now(UTC))


def _answer(session: BaseConnection, text: str, timeout_s: float) -> str:
    """Return what a command prints; if the device prints it page by page, all pages."""
    end = time.monotonic() + timeout_s
    either = rf"{re.escape(session.find_prompt())}|{_MORE}"
    got = str(session.send_command(text, expect_string=either, read_timeout=timeout_s, strip_prompt=False))
    while (page := re.search(rf"(?:{_MORE})\s*\Z", got)) is not None:
        session.write_channel(" ")
        more = str(session.read_until_pattern(either, read_timeout=max(0.1, end - time.monotonic())))
        got = got[: page.start()] + _ERASED.sub("", session.normalize_linefeeds(more))
    return str(session.strip_prompt(got))
