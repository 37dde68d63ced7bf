# SPDX-License-Identifier: Apache-2.0
"""Whether a server is the one it should be: strict, accept-new or insecure."""

from __future__ import annotations

import base64
import fcntl
import logging
import os
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir.errors import HostKeyChanged, HostKeyUnknown, HostUnreachable
from calipso_nornir.sources.cli.known_hosts import SSH_PORT, HostKey, KnownHost, KnownHosts, name_of, read_known_hosts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.sources.cli.options import HostKeyMode
    from calipso_nornir.sources.cli.route import Hop

logger = logging.getLogger(__name__)

_NO_PATTERN = re.compile(r"[^\s,*?!|@#]+")


class HostKeys:
    """The known_hosts files of a scan, read once, and the rule for what is not in them.

    A line for another key of the host means that the key has changed, of whichever type it is,
    as with OpenSSH. ``@cert-authority`` lines never match a plain key; a key that is ``@revoked``
    is refused in every mode.
    """

    def __init__(self, files: Sequence[str] | None = None, mode: HostKeyMode = "strict") -> None:
        named = files is not None
        self._files = [Path(f).expanduser() for f in files or ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")]
        self._mode = mode
        self._lock = threading.Lock()
        self._known_hosts = KnownHosts()
        for path in self._files:
            for entry in _read(path, required=named and mode == "strict"):
                self._known_hosts.add(entry)
        if mode == "insecure":
            logger.warning("host keys are not checked (CLI.host_keys: insecure): anybody in between can read and forge")

    def types(self, hop: Hop) -> list[str]:
        """Return the types of the keys that are known for a server: those it is asked for first."""
        known = self._known(hop) or self._known(hop, without_port=True)
        return list(dict.fromkeys(host.key.type for host in known if not host.marker))

    def check(self, host: str, hop: Hop, key: HostKey) -> None:
        """Raise HostKeyUnknown or HostKeyChanged unless the key is the server's."""
        with self._lock:  # the first of two connections to one new server decides, the other compares
            known = self._known(hop)
            self._refuse_revoked(host, hop, key, known + self._known(hop, without_port=True))
            if self._mode == "insecure" or self._is_known(hop, key, known):
                return
            plain = [entry for entry in known if not entry.marker]
            if plain:
                raise _changed(host, hop, key, plain)
            if self._mode == "strict":
                raise HostKeyUnknown(host, hop.address, key.type, key.fingerprint)
            self._accept(host, hop, key)

    def _is_known(self, hop: Hop, key: HostKey, known: Sequence[KnownHost]) -> bool:
        if any(entry.key == key for entry in known if not entry.marker):
            return True
        # OpenSSH, too, takes a line without the port for a server on another port, when nothing else is known of it
        without = self._known(hop, without_port=True) if not any(not entry.marker for entry in known) else []
        return any(entry.key == key for entry in without if not entry.marker)

    @staticmethod
    def _refuse_revoked(host: str, hop: Hop, key: HostKey, known: Sequence[KnownHost]) -> None:
        for entry in known:
            if entry.marker == "@revoked" and entry.key == key:
                expected = f"any key but this one, which {entry.where} revokes"
                raise HostKeyChanged(host, hop.address, key.type, key.fingerprint, expected)

    def _known(self, hop: Hop, *, without_port: bool = False) -> list[KnownHost]:
        if without_port and hop.port == SSH_PORT:
            return []
        return self._known_hosts.of(name_of(hop.key_name, SSH_PORT if without_port else hop.port))

    def _accept(self, host: str, hop: Hop, key: HostKey) -> None:
        """Add a key that is seen for the first time; another process may have been quicker."""
        path, name = self._files[0], name_of(hop.key_name, hop.port)
        if not _NO_PATTERN.fullmatch(name):
            raise HostUnreachable(host, hop.address, f"{name!r} cannot be a name in {path}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                content = file.read()
                rivals = [e for e in read_known_hosts(content, str(path)) if e.is_for(name) and not e.marker]
                if not rivals:
                    newline = b"" if content.endswith(b"\n") or not content else b"\n"
                    file.write(newline + f"{name} {key.type} {base64.b64encode(key.blob).decode()}\n".encode())
        except OSError as error:
            cause = f"its host key is new and could not be kept in {path}: {error.strerror}"
            raise HostUnreachable(host, hop.address, cause) from error
        if rivals and not any(entry.key == key for entry in rivals):
            raise _changed(host, hop, key, rivals)
        logger.warning("%s: host key of %s was new and is now in %s: %s", host, hop.address, path, key)
        self._known_hosts.add(KnownHost("", (name,), key, f"{path} (new)"))


def _changed(host: str, hop: Hop, key: HostKey, known: Sequence[KnownHost]) -> HostKeyChanged:
    expected = ", ".join(f"{entry.key} ({entry.where})" for entry in known)
    return HostKeyChanged(host, hop.address, key.type, key.fingerprint, expected)


def _read(path: Path, *, required: bool) -> list[KnownHost]:
    try:
        return list(read_known_hosts(path.read_bytes(), str(path)))
    except OSError as error:
        logger.log(logging.WARNING if required else logging.DEBUG, "%s cannot be read: %s", path, error.strerror)
        return []
