# SPDX-License-Identifier: Apache-2.0
"""Platforms that are not Linux, through nornir-netmiko's connection: an interactive session, text only.

Such a session gives no exit status and mixes errors into the output; what the platform prints
in place of an answer is told by its usual words. Socket, jump hosts and host keys are the same
as for Linux hosts: netmiko is given a connected socket and our host key check.
"""

from __future__ import annotations

import logging
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

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
from calipso_nornir.sources.cli.known_hosts import HostKey
from calipso_nornir.sources.cli.rounds import NO_STATUS
from calipso_nornir.sources.cli.ssh import CONNECTION, Destination, find_way
from calipso_nornir.sources.cli.transport import algorithms

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from netmiko import BaseConnection
    from nornir.core.configuration import Config
    from nornir.core.inventory import Host

    from calipso_nornir.model.queries import Command
    from calipso_nornir.sources.cli.hostkeys import HostKeys
    from calipso_nornir.sources.cli.jumps import Shared
    from calipso_nornir.sources.cli.login import KeyRing
    from calipso_nornir.sources.cli.options import Limits, Reach
    from calipso_nornir.sources.cli.rounds import Outcome
    from calipso_nornir.sources.cli.route import Hop

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
"""What a network operating system prints in place of an answer."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class _KeyPolicy(paramiko.MissingHostKeyPolicy):
    """Our host key check, at the place where netmiko's own would accept or refuse."""

    def __init__(self, host: str, hop: Hop, keys: HostKeys) -> None:
        self._host, self._hop, self._keys = host, hop, keys

    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:  # noqa: ARG002 - paramiko's
        self._keys.check(self._host, self._hop, HostKey(key.get_name(), key.asbytes()))


def open_session(host: Host, shared: Shared, configuration: Config) -> BaseConnection:
    """Return the host's netmiko session, opened when there is none that lives.

    Its ``extras`` for connection ``calipso_ssh`` say how it is reached, those for ``netmiko`` are
    handed to netmiko. Raises what opening ``calipso_ssh`` raises.
    """
    ConnectionPluginRegister.register(CONNECTION_NAME, Netmiko)
    if CONNECTION_NAME in host.connections:
        session: BaseConnection = host.connections[CONNECTION_NAME].connection
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
    reach, way = find_way(shared, to)
    with shared.way_to(host.name, way, reach) as sock:
        return _log_in(host, way[-1], sock, shared=shared, reach=reach, configuration=configuration)


def _log_in(  # noqa: PLR0913 - all that a login takes
    host: Host,
    hop: Hop,
    sock: socket.socket | paramiko.Channel,
    *,
    shared: Shared,
    reach: Reach,
    configuration: Config,
) -> BaseConnection:
    try:
        host.open_connection(
            CONNECTION_NAME,
            configuration=configuration,
            hostname=hop.hostname,
            port=hop.port,
            username=hop.user,
            password=hop.credentials.password.reveal() if hop.credentials.password else "",
            extras={
                **(host.get_connection_parameters(CONNECTION_NAME).extras or {}),
                **_login(host.name, hop, keys=shared.host_keys(reach), ring=shared.ring),
                "sock": sock,
                "conn_timeout": reach.connect_timeout_s,
                "auto_connect": False,
                "ssh_strict": True,
                "ssh_config_file": None,
            },
        )
        session: BaseConnection = host.connections[CONNECTION_NAME].connection
        session.key_policy = _KeyPolicy(host.name, hop, shared.host_keys(reach))
        session._open()  # noqa: SLF001 - what auto_connect calls; between the two the policy has to be set
    except BaseException as error:
        host.connections.pop(CONNECTION_NAME, None)
        sock.close()
        if isinstance(error, NetmikoAuthenticationException):
            raise LoginRefused(host.name, hop.address, hop.user, _last_line(error)) from error
        if isinstance(error, (NetmikoBaseException, SSHException, EOFError, OSError, ValueError)):
            raise HostUnreachable(host.name, hop.address, f"netmiko {host.platform}: {_last_line(error)}") from error
        raise
    return session


def _login(host: str, hop: Hop, *, keys: HostKeys, ring: KeyRing) -> dict[str, Any]:
    offered = paramiko.Transport._preferred_keys  # type: ignore[attr-defined] # noqa: SLF001 - paramiko names them nowhere else
    known = algorithms(keys.types(hop), offered)
    others = [algorithm for algorithm in offered if algorithm not in known] if known else []
    login: dict[str, Any] = {"allow_agent": hop.credentials.agent, "disabled_algorithms": {"keys": others}}
    paths = [hop.credentials.key] if hop.credentials.key else list(hop.identity_files)[:1]
    if paths:
        try:
            login["pkey"] = ring.load(paths[0], hop.credentials.passphrase)
        except ValueError as error:
            raise LoginRefused(host, hop.address, hop.user, str(error)) from error
    return login


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
            session.disconnect()  # what still comes of this command would be taken for the next one's output
            break
    rest = [command for command in commands if command not in outcomes]
    return outcomes | {c: ConnectionLost(c.host, c.text, "the session ended with an earlier command") for c in rest}


def _ask(session: BaseConnection, command: Command, *, deadline: float) -> Outcome:
    said = command.host, command.text
    if _CONTROL.search(command.text):
        return CommandFailed(
            command.host, ascii(command.text)[1:-1], NO_STATUS, "not sent: it holds control characters"
        )
    left = deadline - time.monotonic()
    if left <= 0:
        return ConnectionLost(*said, "the host's time for one round was up")
    try:
        text = str(session.send_command(command.text, read_timeout=min(command.timeout_s, left)))
    except ReadTimeout:
        return CommandTimedOut(*said, NO_STATUS, "no prompt came after it")
    except (NetmikoBaseException, SSHException, EOFError, OSError) as error:
        return ConnectionLost(*said, _last_line(error))
    return CommandFailed(*said, NO_STATUS, text) if _REFUSED.match(text) else Reply(text, datetime.now(UTC))
