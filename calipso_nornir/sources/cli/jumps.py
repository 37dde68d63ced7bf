# SPDX-License-Identifier: Apache-2.0
"""What the connections of one scan share: jump hosts, private keys, known_hosts and ssh config files."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paramiko.ssh_exception import SSHException

from calipso_nornir.errors import (
    CalipsoError,
    HostKeyChanged,
    HostKeyUnknown,
    HostUnreachable,
    LoginRefused,
    Retriable,
)
from calipso_nornir.sources.cli.hostkeys import HostKeys
from calipso_nornir.sources.cli.login import KeyRing
from calipso_nornir.sources.cli.ssh_config import SshConfig
from calipso_nornir.sources.cli.transport import alive, close, dial, shake_hands

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    import paramiko

    from calipso_nornir.sources.cli.options import Reach
    from calipso_nornir.sources.cli.route import Hop

HANDSHAKES_PER_JUMP = 8
"""At once, through one jump host: sshd's MaxStartups refuses from 10 on (sshd_config(5))."""

RETRY_JUMP_AFTER_S = 60
"""A jump host that did not answer is not tried again for each of the hosts behind it."""


@dataclass(slots=True)
class _Jump:
    """One jump host: its transport while there is one, or why there is none."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    handshakes: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(HANDSHAKES_PER_JUMP))
    transport: paramiko.Transport | None = None
    error: CalipsoError | None = None
    tried_at: float = 0.0

    def refusal(self) -> CalipsoError | None:
        """Return the error of the last try, while trying again is of no use."""
        waited = time.monotonic() > self.tried_at + RETRY_JUMP_AFTER_S
        return None if waited and _retriable(self.error) else self.error


def _retriable(error: object) -> bool:
    return isinstance(error, Retriable)


class Shared:
    """Made once a scan and handed to each of its connections; closes the jump hosts with it."""

    def __init__(self) -> None:
        self.ring = KeyRing()
        self._lock = threading.Lock()
        self._jumps: dict[tuple[str, ...], _Jump] = {}
        self._read: dict[object, Any] = {}
        self._closed = False

    def host_keys(self, reach: Reach) -> HostKeys:
        """Return the host keys that a host is checked against."""
        with self._lock:
            key = (reach.known_hosts, reach.host_keys)
            if key not in self._read:
                self._read[key] = HostKeys(reach.known_hosts, reach.host_keys)
            keys: HostKeys = self._read[key]
            return keys

    def ssh_config(self, path: str | bool | None) -> SshConfig:  # noqa: FBT001 - False is "none" in the option
        """Return a parsed ssh config; None is the user's own, when there is one. Raises ValueError."""
        own = "~/.ssh/config"
        chosen = path if isinstance(path, str) else own if path is None and Path(own).expanduser().exists() else None
        with self._lock:
            if ("ssh_config", chosen) not in self._read:
                self._read["ssh_config", chosen] = SshConfig(chosen)
            config: SshConfig = self._read["ssh_config", chosen]
            return config

    @contextmanager
    def way_to(self, host: str, route: tuple[Hop, ...], reach: Reach) -> Iterator[socket.socket | paramiko.Channel]:
        """Give a connected socket, or a channel through the jump hosts, for the time of one handshake."""
        if len(route) == 1:
            yield dial(host, route[0], timeout_s=reach.connect_timeout_s)
            return
        jump = self._jump(route[:-1])
        transport = self._open(jump, host, route[:-1], reach)
        with jump.handshakes:
            yield _tunnel(transport, host, route, timeout_s=reach.connect_timeout_s)

    def connect(self, host: str, route: tuple[Hop, ...], reach: Reach) -> paramiko.Transport:
        """Return an authenticated transport to the last server of a route."""
        with self.way_to(host, route, reach) as sock:
            keys, timeout_s = self.host_keys(reach), reach.connect_timeout_s
            return shake_hands(host, route[-1], sock, keys=keys, ring=self.ring, timeout_s=timeout_s)

    def close(self) -> None:
        """Close the jump hosts' connections, the farthest first; none is opened again."""
        with self._lock:
            self._closed = True
            jumps = sorted(self._jumps.items(), key=lambda item: -len(item[0]))
        for _, jump in jumps:
            if jump.transport is not None:
                close(jump.transport, jump.transport.sock)

    def _jump(self, route: tuple[Hop, ...]) -> _Jump:
        with self._lock:
            return self._jumps.setdefault(tuple(f"{hop.user}@{hop.address}" for hop in route), _Jump())

    def _open(self, jump: _Jump, host: str, route: tuple[Hop, ...], reach: Reach) -> paramiko.Transport:
        with jump.lock:
            if self._closed:
                raise HostUnreachable(host, route[-1].address, "the scan has ended")
            if jump.transport is not None and alive(jump.transport):
                return jump.transport
            refusal = jump.refusal()
            if refusal is not None:
                raise _for(host, refusal)
            try:
                jump.transport, jump.error = self.connect(host, route, reach), None
            except CalipsoError as error:
                jump.error, jump.tried_at = error, time.monotonic()
                raise
            return jump.transport


def _for(host: str, error: CalipsoError) -> CalipsoError:
    """Return a jump host's error as that of another host behind it; its address stays the jump host's."""
    if isinstance(error, (HostUnreachable, HostKeyUnknown, HostKeyChanged, LoginRefused)):
        return replace(error, host=host)
    return error


def _tunnel(jump: paramiko.Transport, host: str, route: tuple[Hop, ...], *, timeout_s: float) -> paramiko.Channel:
    """Open a TCP connection from the jump host to the last of the route (RFC 4254 section 7.2)."""
    hop, via = route[-1], route[-2]
    try:
        return jump.open_channel("direct-tcpip", (hop.hostname, hop.port), ("127.0.0.1", 0), timeout=timeout_s)
    except (SSHException, EOFError, OSError) as error:
        raise HostUnreachable(host, hop.address, f"through {via.user}@{via.address}: {error or 'closed'}") from error
