# SPDX-License-Identifier: Apache-2.0
"""The connections of one scan: one a host, opened when first needed, opened anew once when it is dead."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from nornir.core.plugins.connections import ConnectionPluginRegister

from calipso_nornir.errors import HostUnreachable
from calipso_nornir.sources.cli.channel import ChannelUnavailable
from calipso_nornir.sources.cli.jumps import Shared
from calipso_nornir.sources.cli.rounds import answer
from calipso_nornir.sources.cli.ssh import CONNECTION, CalipsoSsh, SshSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nornir.core.configuration import Config
    from nornir.core.inventory import Host

    from calipso_nornir.model.queries import Command
    from calipso_nornir.sources.cli.framing import Step
    from calipso_nornir.sources.cli.options import Limits
    from calipso_nornir.sources.cli.rounds import Outcome

logger = logging.getLogger(__name__)

LINUX = (None, "", "linux")
"""Nornir platforms that are asked through an exec channel; all others through netmiko."""


class HostAccess:
    """Asks hosts, each by the connection that its platform takes."""

    def __init__(self, configuration: Config, *, limits: Limits) -> None:
        ConnectionPluginRegister.register(CONNECTION, CalipsoSsh)
        self._configuration = configuration
        self._limits = limits
        self._shared = Shared()
        self._lock = threading.Lock()
        self._opened: dict[tuple[str, str], Host] = {}
        self._closed = False

    def ask(self, host: Host, steps: Mapping[Command, Step]) -> dict[Command, Outcome]:
        """Answer all commands of one host; raises what kept a session from being had."""
        if self._closed:
            raise HostUnreachable(host.name, host.hostname or host.name, "the scan has ended")
        if host.platform not in LINUX:
            return self._ask_switch(host, steps)
        if CONNECTION in host.connections:
            try:
                return answer(host.connections[CONNECTION].connection, steps, limits=self._limits)
            except ChannelUnavailable as error:  # Nornir does not look whether a connection that it keeps still lives
                logger.debug("%s: the connection is dead (%s), opening another", host.name, error)
        try:
            return answer(self._open(host), steps, limits=self._limits)
        except ChannelUnavailable as error:
            address = host.hostname or host.name
            raise HostUnreachable(host.name, address, f"it gives no session: {error}") from error

    def close(self) -> None:
        """Close what was opened here, jump hosts last; whoever is still asking gets an error."""
        self._closed = True
        with self._lock:
            opened, self._opened = self._opened, {}
        for (_, connection), host in opened.items():
            _close(host, connection)
        self._shared.close()

    def _open(self, host: Host) -> SshSession:
        if CONNECTION in host.connections:
            _close(host, CONNECTION)
        extras = host.get_connection_parameters(CONNECTION).extras or {}
        host.open_connection(
            CONNECTION,
            configuration=self._configuration,
            hostname=host.get_connection_parameters(CONNECTION).hostname or host.name,
            extras={**extras, "shared": self._shared, "host": host.name},
        )
        self._opened_one(host, CONNECTION)
        session: SshSession = host.connections[CONNECTION].connection
        return session

    def _ask_switch(self, host: Host, steps: Mapping[Command, Step]) -> dict[Command, Outcome]:
        from calipso_nornir.sources.cli import switches  # noqa: PLC0415 - netmiko takes half a second to import

        session = switches.open_session(host, self._shared, self._configuration)
        self._opened_one(host, "netmiko")
        return switches.ask(session, list(steps), limits=self._limits)

    def _opened_one(self, host: Host, connection: str) -> None:
        with self._lock:
            if not self._closed:
                self._opened[host.name, connection] = host
                return
        _close(host, connection)  # closed while it was being opened
        raise HostUnreachable(host.name, host.hostname or host.name, "the scan has ended")


def _close(host: Host, connection: str) -> None:
    try:
        host.close_connection(connection)
    except Exception:  # a connection that is given up owes no answer, whatever its plugin says
        logger.debug("%s: closing %s", host.name, connection, exc_info=True)
