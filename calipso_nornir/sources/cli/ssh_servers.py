# SPDX-License-Identifier: Apache-2.0
"""The route to a host: the SSH servers, one through the other, and the login at each."""

from __future__ import annotations

import getpass
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir.model.addresses import host_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.sources.cli.ssh_config import HostConfig
    from calipso_nornir.sources.cli.ssh_options import Credentials, Reach

SSH_PORT = 22
DEFAULT_IDENTITIES = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")

_HOST = re.compile(r"[\w.:%][\w.:%-]*")
"""Host names, IPv4 and IPv6 addresses (with a zone). A name from an API may contain any character."""

_JUMP = re.compile(
    r"(?:ssh://)?(?:(?P<user>[^@,]+)@)?(?:\[(?P<v6>[^]]+)\]|(?P<host>[^:,@/]+))(?::(?P<port>\d{1,5}))?/?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SshServer:
    """One SSH server on the route, or the host itself.

    Attributes:
        key_name: its name in known_hosts.
        identity_files: private keys to try after the agent; missing ones are ignored.
    """

    hostname: str
    port: int
    user: str
    key_name: str
    credentials: Credentials
    identity_files: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """``host:port``, for messages."""
        return host_port(self.hostname, self.port)


def servers_to(
    name: str, reach: Reach, look_up: Callable[[str], HostConfig], *, user: str | None, port: int | None
) -> tuple[SshServer, ...]:
    """Return the servers from here to the host ``name``, the host last.

    The given options take precedence over the ssh config, and that over the defaults. Raises ValueError if ``name`` is
    not a host name, or the jump hosts form a loop.
    """
    config = look_up(_host_name(name))
    jump = reach.jump if reach.jump is not None else config.jump
    last = _server(config, reach.credentials, user=user or config.user, port=port or config.port)
    seen = (name,) if reach.jump is None else ()
    return (*_jumps(jump, reach, look_up, user=reach.jump_user or user, seen=seen), last)


def _jumps(
    spec: str | None, reach: Reach, look_up: Callable[[str], HostConfig], *, user: str | None, seen: tuple[str, ...]
) -> list[SshServer]:
    """Read a ProxyJump value; in the ssh config, its first host may have a jump host of its own.

    ``seen`` are the names whose ProxyJump in the ssh config led here.
    """
    if spec is None or spec.lower() == "none":
        return []
    found: list[SshServer] = []
    for number, one in enumerate(spec.split(",")):
        match = _JUMP.fullmatch(one.strip())
        if match is None:
            raise ValueError(f"{one.strip()!r} is not a jump host: expected [user@]host[:port]")
        name = _host_name(match["host"] or match["v6"])
        config = look_up(name)
        if number == 0 and config.jump is not None:
            if name in seen:
                raise ValueError(f"jump hosts form a loop: {' -> '.join((*seen, name))}")
            found += _jumps(config.jump, reach, look_up, user=user, seen=(*seen, name))
        port = int(match["port"]) if match["port"] else config.port
        login = match["user"] or config.user or user
        found.append(_server(config, reach.jump_credentials or reach.credentials, user=login, port=port))
    return found


def _server(config: HostConfig, credentials: Credentials, *, user: str | None, port: int | None) -> SshServer:
    identities = config.identity_files
    if not (identities or credentials.key or credentials.password):
        identities = DEFAULT_IDENTITIES
    return SshServer(
        hostname=_host_name(config.hostname),
        port=port or SSH_PORT,
        user=user or getpass.getuser(),
        key_name=config.key_alias or config.hostname,
        credentials=credentials,
        identity_files=tuple(str(Path(path).expanduser()) for path in identities),
    )


def _host_name(name: str) -> str:
    if not _HOST.fullmatch(name):
        raise ValueError(f"{name!r} is not a host name or address")
    return name
