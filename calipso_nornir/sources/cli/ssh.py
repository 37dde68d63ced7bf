# SPDX-License-Identifier: Apache-2.0
"""The Nornir connection plugin ``calipso_ssh`` (entry point group ``nornir.plugins.connections``)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import EnvironmentInvalid, Fault, HostUnreachable
from calipso_nornir.sources.cli.channel import CANCELLED, ScriptResult, run_script
from calipso_nornir.sources.cli.connector import Connector
from calipso_nornir.sources.cli.event_loop import Interrupted
from calipso_nornir.sources.cli.limits import Limits
from calipso_nornir.sources.cli.ssh_options import Reach
from calipso_nornir.sources.cli.ssh_servers import SshServer, servers_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    import asyncssh
    from nornir.core.configuration import Config


logger = logging.getLogger(__name__)

CONNECTION = "calipso_ssh"
"""Name of the plugin, and of its ``connection_options`` in an inventory."""


class SshSession:
    """An authenticated connection to one host; each round uses one exec channel.

    Attributes:
        connection: asyncssh's, which belongs to the event loop's thread.
    """

    def __init__(self, connection: asyncssh.SSHClientConnection, connector: Connector) -> None:
        self.connection = connection
        self._connector = connector

    @property
    def alive(self) -> bool:
        """Whether the connection is open, as far as this side knows, so that another channel can be opened."""
        return not self.connection.is_closed()

    def run_script(
        self,
        script: str,
        *,
        start: bytes = b"",
        end: bytes,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        longest_s: float = 30,
    ) -> ScriptResult:
        """Run a script that prints ``start`` first and ``end`` last on both streams; raises ChannelUnavailable."""
        data = script.encode("utf-8", "surrogateescape")
        try:
            return self._connector.work.run(
                run_script(self.connection, data, start=start, end=end, limits=limits, longest_s=longest_s)
            )
        except Interrupted:
            return ScriptResult(b"", b"", "cancelled", CANCELLED)

    def close(self) -> None:
        """End the connection."""
        self._connector.end(self.connection)


class CalipsoSsh:
    """SSH to a Linux host, for any Nornir task: ``host.get_connection("calipso_ssh", config)``.

    ``connection`` is an ``SshSession``. For ``extras`` see ``ssh_options.Reach``. Errors
    are HostUnreachable, HostKeyUnknown, HostKeyChanged, LoginRefused, SecretUnavailable, and
    EnvironmentInvalid for ``extras`` that cannot be used.
    """

    connection: SshSession

    def __init__(self) -> None:
        self._own: Connector | None = None

    def open(  # noqa: PLR0913, PLR0917 - the signature is Nornir's
        self,
        hostname: str | None,
        username: str | None,
        password: str | None,
        port: int | None,
        platform: str | None,  # noqa: ARG002 - as above
        extras: dict[str, Any] | None = None,
        configuration: Config | None = None,  # noqa: ARG002 - as above
    ) -> None:
        """Connect and log in; jump hosts' connections are shared by ``extras["connector"]``, else this connection's."""
        options = dict(extras or {})
        connector, name = options.pop("connector", None), options.pop("host", None) or hostname or ""
        if connector is None:
            connector = self._own = Connector()
        to = Destination(
            host=name,
            hostname=hostname or name,
            username=username,
            port=port,
            password=password,
            extras=options,
        )
        try:
            self.connection = _connected(connector, to)
        except BaseException:
            if self._own is not None:
                self._own.close()
            raise

    def close(self) -> None:
        """End the connection, and jump hosts' connections that only it uses."""
        self.connection.close()
        if self._own is not None:
            self._own.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Nornir's settings for a host's connection ``calipso_ssh``; ``extras`` as in ``ssh_options.Reach``."""

    host: str
    hostname: str
    username: str | None
    port: int | None
    password: str | None = field(repr=False)
    extras: Mapping[str, Any] = field(repr=False)


def find_way(connector: Connector, to: Destination) -> tuple[Reach, tuple[SshServer, ...]]:
    """Read the options and find the servers on the route; raises EnvironmentInvalid or HostUnreachable."""
    try:
        reach = Reach.of(to.extras, password=to.password)
    except ValueError as error:
        raise EnvironmentInvalid((Fault(f"{to.host}: connection_options/{CONNECTION}/extras", str(error)),)) from error
    try:
        config = connector.ssh_config(reach.ssh_config)
        return reach, servers_to(to.hostname, reach, config.of, user=to.username, port=to.port)
    except ValueError as error:
        raise HostUnreachable(to.host, to.hostname, str(error)) from error


def _connected(connector: Connector, to: Destination) -> SshSession:
    reach, way = find_way(connector, to)
    try:
        connection = connector.connect(to.host, way, reach)
    except Interrupted as error:
        raise HostUnreachable(to.host, way[-1].address, CANCELLED) from error
    logger.debug("%s: connected to %s", to.host, " -> ".join(server.address for server in way))
    return SshSession(connection, connector)
