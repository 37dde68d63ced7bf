# SPDX-License-Identifier: Apache-2.0
"""Whether a server is the one it should be: strict, accept-new or insecure."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import threading
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from asyncssh import SSHKnownHosts

from calipso_nornir.errors import HostKeyChanged, HostKeyUnknown, HostUnreachable
from calipso_nornir.sources.cli.ssh_servers import SSH_PORT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from asyncssh import SSHKey

    from calipso_nornir.sources.cli.ssh_options import HostKeyMode
    from calipso_nornir.sources.cli.ssh_servers import SshServer

logger = logging.getLogger(__name__)

_NO_PATTERN = re.compile(r"[^\s,*?!|@#]+")


class HostKeys:
    """The known_hosts files of a scan, read once, and the rule for what is not in them.

    A line for another key of the host means that the key has changed, of whichever type it is, as with OpenSSH.
    ``@cert-authority`` lines vouch for host certificates, never for a plain key; a key that is ``@revoked`` is
    refused in every mode.
    """

    def __init__(self, files: Sequence[str] | None = None, mode: HostKeyMode = "strict") -> None:
        named = files is not None
        self._files = [Path(f).expanduser() for f in files or ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")]
        self._mode = mode
        self._lock = threading.Lock()
        self._known = SSHKnownHosts()
        self._lines: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for path in self._files:
            self._load(path, required=named and mode == "strict")
        if mode == "insecure":
            logger.warning("host keys are not checked (CLI.host_keys: insecure): anybody in between can read and forge")

    def types(self, server: SshServer) -> list[str]:
        """Return the types of the keys that are known for a server: those it is asked for first."""
        known = self._keys(server) or self._keys(server, without_port=True)
        return list(dict.fromkeys(key.get_algorithm() for key in known))

    def authorities(self, server: SshServer) -> list[SSHKey]:
        """Return the keys of those who may sign a certificate for a server."""
        name = _name_of(server)
        return list(self._match(name)[1] or self._match(server.key_name)[1])

    def revoked(self, server: SshServer) -> list[SSHKey]:
        """Return the keys that are refused, whoever has signed them."""
        return [*self._match(_name_of(server))[2], *self._match(server.key_name)[2]]

    def check(self, host: str, server: SshServer, key: SSHKey) -> None:
        """Raise HostKeyUnknown or HostKeyChanged unless the key is the server's; a new one may be taken for it."""
        if self.is_new(host, server, key):
            self.accept(host, server, key)

    def is_new(self, host: str, server: SshServer, key: SSHKey) -> bool:
        """Tell whether a key is to be accepted, once the server has proven that it is its own; raises as ``check``."""
        with self._lock:
            if key in self.revoked(server):
                places = self._places("@revoked", key, _name_of(server)) or self._places(
                    "@revoked", key, server.key_name
                )
                expected = f"any key but this one, which {places} revokes"
                raise HostKeyChanged(host, server.address, key.get_algorithm(), key.get_fingerprint(), expected)
            known = self._keys(server)
            if self._mode == "insecure" or key in known:
                return False
            # OpenSSH, too, takes a line without the port for a server on another port, when nothing else is known of it
            if not known and key in self._keys(server, without_port=True):
                return False
            if known:
                raise self._changed(host, server, key, known)
            if self._mode == "strict":
                raise HostKeyUnknown(host, server.address, key.get_algorithm(), key.get_fingerprint())
            return True

    def accept(self, host: str, server: SshServer, key: SSHKey) -> None:
        """Add a key that is seen for the first time; another connection or process may have been quicker."""
        path, name = self._files[0], _name_of(server)
        if not _NO_PATTERN.fullmatch(name):
            raise HostUnreachable(host, server.address, f"{name!r} cannot be a name in {path}")
        line = f"{name} {_encoded(key)}"
        with self._lock:
            try:
                rivals = _append(path, line, name)
            except OSError as error:
                cause = f"its host key is new and could not be kept in {path}: {error.strerror}"
                raise HostUnreachable(host, server.address, cause) from error
            if rivals and key not in rivals:
                raise self._changed(host, server, key, rivals)
            if not self._keys(server):
                shown = f"{key.get_algorithm()} {key.get_fingerprint()}"
                logger.warning("%s: host key of %s was new and is now in %s: %s", host, server.address, path, shown)
                self._add(f"{path} (new)", line)

    def _load(self, path: Path, *, required: bool) -> None:
        try:
            content = path.read_bytes()
        except OSError as error:
            logger.log(logging.WARNING if required else logging.DEBUG, "%s cannot be read: %s", path, error.strerror)
            return
        for number, line in _lines(content):
            self._add(f"{path}:{number}", line)

    def _add(self, where: str, line: str) -> None:
        """Add a line; one that cannot be used is no reason to refuse the others (sshd(8))."""
        try:
            self._known.load(line)
        except ValueError as error:
            logger.debug("%s is no line of a known_hosts file, left out: %s", where, error)
        else:
            self._lines[line.rsplit(maxsplit=1)[-1]].append((where, line))

    def _match(self, name: str) -> tuple[Sequence[SSHKey], Sequence[SSHKey], Sequence[SSHKey]]:
        return _match(self._known, name)

    def _keys(self, server: SshServer, *, without_port: bool = False) -> Sequence[SSHKey]:
        if without_port and server.port == SSH_PORT:
            return []
        return self._match(server.key_name if without_port else _name_of(server))[0]

    def _places(self, marker: str, key: SSHKey, name: str) -> str:
        """Return ``file:line`` of each line that has a key for a name."""
        which = {"": 0, "@revoked": 2}[marker]
        lines = self._lines[_encoded(key).split()[1]]
        return ", ".join(where for where, line in lines if _match(SSHKnownHosts(line), name)[which])

    def _changed(self, host: str, server: SshServer, key: SSHKey, known: Sequence[SSHKey]) -> HostKeyChanged:
        expected = ", ".join(
            f"{one.get_algorithm()} {one.get_fingerprint()} "
            f"({self._places('', one, _name_of(server)) or self._files[0]})"
            for one in dict.fromkeys(known)
        )
        return HostKeyChanged(host, server.address, key.get_algorithm(), key.get_fingerprint(), expected)


def _name_of(server: SshServer) -> str:
    """Return how known_hosts calls a server: with its port when that is not 22."""
    return server.key_name if server.port == SSH_PORT else f"[{server.key_name}]:{server.port}"


def _encoded(key: SSHKey) -> str:
    """Return type and base64 of a public key, without its comment."""
    return " ".join(key.export_public_key().decode("ascii").split()[:2])


def _match(known: SSHKnownHosts, name: str) -> tuple[Sequence[SSHKey], Sequence[SSHKey], Sequence[SSHKey]]:
    """Return the keys, authorities and revoked keys of the lines for exactly this name, its port included."""
    keys, authorities, revoked, *_ = known.match(name.lower(), "", None)
    return keys, authorities, revoked


def _lines(content: bytes) -> Iterator[tuple[int, str]]:
    """Yield the lines as asyncssh can take them: marker, names in lower case, type and key, without a comment."""
    for number, raw in enumerate(content.decode("utf-8", "surrogateescape").splitlines(), 1):
        words = raw.split()
        if not words or words[0].startswith("#"):
            continue
        marker = [words.pop(0)] if words[0].startswith("@") else []
        if len(words) < 3:  # noqa: PLR2004 - names, type, key
            continue
        names = words[0] if words[0].startswith("|") else ",".join(n for n in words[0].lower().split(",") if n)
        if names:
            yield number, " ".join([*marker, names, *words[1:3]])


def _append(path: Path, line: str, name: str) -> list[SSHKey]:
    """Add a line, unless the file has meanwhile got a key for the name: return those."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        content = file.read()
        rivals: list[SSHKey] = []
        for _, other in _lines(content):
            try:
                rivals += _match(SSHKnownHosts(other), name)[0]
            except ValueError:  # no line of a known_hosts file
                continue
        if not rivals:
            newline = b"" if content.endswith(b"\n") or not content else b"\n"
            file.write(newline + f"{line}\n".encode())
        return rivals
