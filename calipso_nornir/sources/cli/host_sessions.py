# SPDX-License-Identifier: Apache-2.0
"""The SSH sessions of one scan: one per host, opened when first needed, and reopened once if it dies."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nornir.core.plugins.connections import ConnectionPluginRegister

from calipso_nornir.errors import ConnectionLost, HostUnreachable
from calipso_nornir.model.protocols import Reply
from calipso_nornir.sources.cli.channel import CANCELLED, ChannelUnavailable
from calipso_nornir.sources.cli.connector import Connector
from calipso_nornir.sources.cli.host_round import answer
from calipso_nornir.sources.cli.ssh import CONNECTION, CalipsoSsh, SshSession

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from nornir.core.configuration import Config
    from nornir.core.inventory import Host

    from calipso_nornir.model.queries import Command
    from calipso_nornir.sources.cli.framing import ScriptStep
    from calipso_nornir.sources.cli.host_round import Outcome
    from calipso_nornir.sources.cli.limits import Limits

logger = logging.getLogger(__name__)

LINUX = (None, "", "linux")
"""Nornir platforms that use an exec channel; all others use netmiko."""


class HostSessions:
    """Runs commands on hosts, over the connection for each host's platform."""

    def __init__(self, configuration: Config, *, limits: Limits, shells: Collection[str] = ()) -> None:
        """``shells``: further platforms that use an exec channel, like Linux."""
        ConnectionPluginRegister.register(CONNECTION, CalipsoSsh)
        self._configuration = configuration
        self._limits = limits
        self._shells = frozenset(shells)
        self._connector = Connector()
        self._lock = threading.Lock()
        self._opened: dict[tuple[str, str], Host] = {}
        self._aborts: dict[str, Callable[[], object]] = {}
        self._cancelled = self._closed = False

    def begin(self) -> None:
        """Begin a round: an earlier cancellation does not apply to it."""
        with self._lock:
            self._cancelled = False
        self._connector.work.proceed()

    def read_again(self) -> None:
        """Read known_hosts, ssh config and keys again when they are needed next."""
        self._connector.read_again()

    def ask(self, host: Host, steps: Mapping[Command, ScriptStep]) -> dict[Command, Outcome]:
        """Answer all commands of one host; raises the error that prevented a session."""
        self._go_on(host)
        if host.platform not in LINUX and host.platform not in self._shells:
            return self._ask_switch(host, steps)
        if CONNECTION in host.connections:
            try:
                return answer(host.connections[CONNECTION].connection, steps, limits=self._limits)
            except ChannelUnavailable as error:  # Nornir does not check whether its connections are still alive
                logger.debug("%s: the connection is dead (%s), opening another", host.name, error)
        try:
            return answer(self._open(host), steps, limits=self._limits)
        except ChannelUnavailable as error:
            address = host.hostname or host.name
            raise HostUnreachable(host.name, address, f"it opens no session: {error}") from error

    def cancel(self) -> None:
        """End the running round, from another thread; callers that still wait get an error, or what has arrived."""
        with self._lock:
            self._cancelled = True
            aborts = list(self._aborts.values())
        self._connector.work.interrupt()
        for abort in aborts:
            abort()

    def close(self) -> None:
        """Close what was opened here, jump hosts last; callers that still wait get an error."""
        self._closed = True
        self.cancel()
        with self._lock:
            opened, self._opened = self._opened, {}
        for (_, connection), host in opened.items():
            _close(host, connection)
        self._connector.close()

    def _go_on(self, host: Host) -> None:
        if self._closed or self._cancelled:
            cause = "the scan has ended" if self._closed else CANCELLED
            raise HostUnreachable(host.name, host.hostname or host.name, cause)

    def _open(self, host: Host) -> SshSession:
        if CONNECTION in host.connections:
            _close(host, CONNECTION)
        extras = host.get_connection_parameters(CONNECTION).extras or {}
        host.open_connection(
            CONNECTION,
            configuration=self._configuration,
            hostname=host.get_connection_parameters(CONNECTION).hostname or host.name,
            extras={**extras, "connector": self._connector, "host": host.name},
        )
        self._opened_one(host, CONNECTION)
        session: SshSession = host.connections[CONNECTION].connection
        return session

    def _ask_switch(self, host: Host, steps: Mapping[Command, ScriptStep]) -> dict[Command, Outcome]:
        from calipso_nornir.sources.cli import switches  # noqa: PLC0415 - netmiko takes half a second to import

        try:
            with self._abortable(host) as on_abort:
                session = switches.open_session(host, self._connector, self._configuration, on_abort=on_abort)
                self._opened_one(host, "netmiko")
                outcomes = switches.ask(session, list(steps), limits=self._limits)
        except HostUnreachable:
            self._go_on(host)  # a cancelled or ended scan is the cause, not netmiko's own error
            raise
        if not self._cancelled:
            return outcomes
        unanswered = [command for command, outcome in outcomes.items() if not isinstance(outcome, Reply)]
        return outcomes | {c: ConnectionLost(host.name, c.text, CANCELLED) for c in unanswered}

    @contextmanager
    def _abortable(self, host: Host) -> Iterator[Callable[[Callable[[], object]], None]]:
        """Return the function that registers how to abort this host's session, which blocks its thread."""

        def on_abort(abort: Callable[[], object]) -> None:
            with self._lock:
                self._aborts[host.name] = abort
            if self._cancelled:  # between the last check and this one
                abort()

        try:
            yield on_abort
        finally:
            with self._lock:
                self._aborts.pop(host.name, None)

    def _opened_one(self, host: Host, connection: str) -> None:
        with self._lock:
            if not self._closed:
                self._opened[host.name, connection] = host
                return
        _close(host, connection)  # closed while it was being opened
        self._go_on(host)


def _close(host: Host, connection: str) -> None:
    try:
        host.close_connection(connection)
    except Exception:  # the connection is abandoned: any error of its plug-in is irrelevant
        logger.debug("%s: closing %s", host.name, connection, exc_info=True)
