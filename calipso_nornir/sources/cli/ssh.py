# SPDX-License-Identifier: Apache-2.0
"""The Nornir connection plugin ``calipso_ssh`` (entry point group ``nornir.plugins.connections``)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import EnvironmentInvalid, Fault, HostUnreachable
from calipso_nornir.sources.cli.channel import Received, run_script
from calipso_nornir.sources.cli.jumps import Shared
from calipso_nornir.sources.cli.options import Limits, Reach
from calipso_nornir.sources.cli.route import Hop, route
from calipso_nornir.sources.cli.transport import alive, close

if TYPE_CHECKING:
    from collections.abc import Mapping

    import paramiko
    from nornir.core.configuration import Config


logger = logging.getLogger(__name__)

CONNECTION = "calipso_ssh"
"""Name of the plugin, and of its ``connection_options`` in an inventory."""


class SshSession:
    """An authenticated connection to one host; each round takes one exec channel of it."""

    def __init__(self, transport: paramiko.Transport) -> None:
        self.transport = transport

    @property
    def alive(self) -> bool:
        """Whether another channel can be had, as far as this side knows."""
        return alive(self.transport)

    def run_script(self, script: str, *, end: bytes, limits: Limits = Limits(), longest_s: float = 30) -> Received:  # noqa: B008 - frozen
        """Run a script that prints ``end`` last on both streams; raises ChannelUnavailable."""
        data = script.encode("utf-8", "surrogateescape")
        return run_script(self.transport, data, end=end, limits=limits, longest_s=longest_s)

    def close(self) -> None:
        """End the connection."""
        close(self.transport, self.transport.sock)


class CalipsoSsh:
    """SSH to a Linux host, for any Nornir task: ``host.get_connection("calipso_ssh", config)``.

    ``connection`` is an ``SshSession``. What may stand in ``extras``: see ``options.Reach``. Errors
    are HostUnreachable, HostKeyUnknown, HostKeyChanged, LoginRefused, SecretUnavailable, and
    EnvironmentInvalid for ``extras`` that cannot be used.
    """

    connection: SshSession

    def __init__(self) -> None:
        self._own: Shared | None = None

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
        """Connect and log in; jump hosts are those of ``extras["shared"]``, or this connection's own."""
        options = dict(extras or {})
        shared, name = options.pop("shared", None), options.pop("host", None) or hostname or ""
        if shared is None:
            shared = self._own = Shared()
        try:
            to = Destination(
                host=name,
                hostname=hostname or name,
                username=username,
                port=port,
                password=password,
                extras=options,
            )
            reach, way = find_way(shared, to)
            self.connection = SshSession(shared.connect(name, way, reach))
        except BaseException:
            if self._own is not None:
                self._own.close()
            raise
        logger.debug("%s: connected to %s", name, " -> ".join(hop.address for hop in way))

    def close(self) -> None:
        """End the connection, and the jump hosts' that are only its own."""
        self.connection.close()
        if self._own is not None:
            self._own.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """What Nornir knows of a host's connection ``calipso_ssh``; ``extras`` as in ``options.Reach``."""

    host: str
    hostname: str
    username: str | None
    port: int | None
    password: str | None = field(repr=False)
    extras: Mapping[str, Any] = field(repr=False)


def find_way(shared: Shared, to: Destination) -> tuple[Reach, tuple[Hop, ...]]:
    """Read the options and find the servers on the way; raises EnvironmentInvalid or HostUnreachable."""
    try:
        reach = Reach.of(to.extras, password=to.password)
    except ValueError as error:
        raise EnvironmentInvalid((Fault(f"{to.host}: connection_options/{CONNECTION}/extras", str(error)),)) from error
    try:
        config = shared.ssh_config(reach.ssh_config)
        return reach, route(to.hostname, reach, config.of, user=to.username, port=to.port)
    except ValueError as error:
        raise HostUnreachable(to.host, to.hostname, str(error)) from error
