# SPDX-License-Identifier: Apache-2.0
"""Checks the identity of a server by its host key: strict, accept-new or insecure."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir.errors import HostKeyChanged, HostKeyUnknown, HostUnreachable
from calipso_nornir.sources.cli.known_keys import KnownKeys, encoded
from calipso_nornir.sources.cli.ssh_servers import SSH_PORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncssh import SSHKey

    from calipso_nornir.sources.cli.ssh_options import HostKeyMode
    from calipso_nornir.sources.cli.ssh_servers import SshServer

logger = logging.getLogger(__name__)

_NO_PATTERN = re.compile(r"[^\s,*?!|@#]+")


class HostKeys:
    """The known_hosts files of a scan, read once, and the rule for hosts that they lack.

    As in OpenSSH, a line with another key of the host, of any type, means that the key has changed.
    ``@cert-authority`` lines apply to host certificates, never to a plain key; a key that is ``@revoked`` is
    refused in every mode.
    """

    def __init__(self, files: Sequence[str] | None = None, mode: HostKeyMode = "strict") -> None:
        self._files = [Path(f).expanduser() for f in files or ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")]
        self._mode = mode
        self._lock = threading.Lock()
        self._known = KnownKeys()
        for path in self._files:
            try:
                self._known.read(path.read_bytes(), str(path))
            except OSError as error:
                level = logging.WARNING if files is not None and mode == "strict" else logging.DEBUG
                logger.log(level, "%s cannot be read: %s", path, error.strerror)
        if mode == "insecure":
            logger.warning("host keys are not checked (CLI.host_keys: insecure): others can read and change all data")

    def types(self, server: SshServer) -> list[str]:
        """Return the types of the known keys of a server: these are requested first."""
        known = self._known.of(_name_of(server)).keys or self._known.of(server.key_name).keys
        return list(dict.fromkeys(key.get_algorithm() for key in known))

    def authorities(self, server: SshServer) -> Sequence[SSHKey]:
        """Return the keys of authorities that may sign a certificate for a server."""
        return self._known.of(_name_of(server)).authorities or self._known.of(server.key_name).authorities

    def revoked(self, server: SshServer) -> Sequence[SSHKey]:
        """Return the revoked keys, including keys that an authority has signed."""
        return [*self._known.of(_name_of(server)).revoked, *self._known.of(server.key_name).revoked]

    def check(self, host: str, server: SshServer, key: SSHKey) -> None:
        """Raise HostKeyUnknown or HostKeyChanged unless the key is the server's, or a new one is acceptable."""
        if self.is_new(host, server, key):
            self.accept(host, server, key)

    def is_new(self, host: str, server: SshServer, key: SSHKey) -> bool:
        """Return whether a key must be stored, once the server has proven that it owns it; raises as ``check``."""
        with self._lock:
            if key in self.revoked(server):
                expected = f"any key but this one, which {self._known.places(key, '@revoked')} revokes"
                raise HostKeyChanged(host, server.address, key.get_algorithm(), key.get_fingerprint(), expected)
            known = self._known.of(_name_of(server)).keys
            if self._mode == "insecure" or key in known:
                return False
            # as in OpenSSH: a line without a port also counts for other ports, if there is no line with the port
            if not known and key in self._known.of(server.key_name).keys:
                return False
            if known:
                raise self._changed(host, server, key, known)
            if self._mode == "strict":
                raise HostKeyUnknown(host, server.address, key.get_algorithm(), key.get_fingerprint())
            return True

    def accept(self, host: str, server: SshServer, key: SSHKey) -> None:
        """Store a new key, unless another connection or process has stored it already."""
        path, name = self._files[0], _name_of(server)
        if not _NO_PATTERN.fullmatch(name):
            raise HostUnreachable(host, server.address, f"{name!r} cannot be written to {path} as a name")
        line = f"{name} {encoded(key)}\n".encode()
        with self._lock:
            try:
                rivals = _append(path, line, name)
            except OSError as error:
                cause = f"its host key is new and could not be stored in {path}: {error.strerror}"
                raise HostUnreachable(host, server.address, cause) from error
            if rivals and key not in rivals:
                raise self._changed(host, server, key, rivals)
            if not self._known.of(name).keys:
                shown = f"{key.get_algorithm()} {key.get_fingerprint()}"
                logger.warning("%s: stored the new host key of %s in %s: %s", host, server.address, path, shown)
                self._known.read(line, str(path))

    def _changed(self, host: str, server: SshServer, key: SSHKey, known: Sequence[SSHKey]) -> HostKeyChanged:
        expected = ", ".join(
            f"{one.get_algorithm()} {one.get_fingerprint()} ({self._known.places(one) or self._files[0]})"
            for one in dict.fromkeys(known)
        )
        return HostKeyChanged(host, server.address, key.get_algorithm(), key.get_fingerprint(), expected)


def _name_of(server: SshServer) -> str:
    """Return a server's name in known_hosts: with its port if that is not 22."""
    name = server.key_name.lower()
    return name if server.port == SSH_PORT else f"[{name}]:{server.port}"


def _append(path: Path, line: bytes, name: str) -> Sequence[SSHKey]:
    """Add a line, unless the file now has keys for the name: return these keys."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        content, now = file.read(), KnownKeys()
        now.read(content, str(path))
        rivals = now.of(name).keys
        if not rivals:
            file.write((b"" if content.endswith(b"\n") or not content else b"\n") + line)
        return rivals
