# SPDX-License-Identifier: Apache-2.0
"""known_hosts files (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"), read and matched by asyncssh, line by line."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from asyncssh import SSHKnownHosts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncssh import SSHKey

logger = logging.getLogger(__name__)


class Matching(NamedTuple):
    """The known keys for one name."""

    keys: Sequence[SSHKey]
    authorities: Sequence[SSHKey]
    revoked: Sequence[SSHKey]


class KnownKeys:
    """asyncssh's known hosts, with the line of each key; invalid lines are ignored."""

    def __init__(self) -> None:
        self._known = SSHKnownHosts()
        self._places: defaultdict[tuple[str, str], list[str]] = defaultdict(list)

    def read(self, content: bytes, where: str) -> None:
        """Add the lines of a file that can be used (sshd(8))."""
        for number, raw in enumerate(content.decode("utf-8", "surrogateescape").splitlines(), 1):
            words = raw.split()
            marker = words.pop(0) if words and words[0].startswith("@") else ""
            if len(words) < 3 or words[0].startswith("#"):  # noqa: PLR2004 - names, type, key
                continue
            names, kind, key = words[:3]
            if not names.startswith("|"):  # OpenSSH compares in lower case; for asyncssh an empty name matches any host
                names = ",".join(name for name in names.lower().split(",") if name) or "!"
            try:
                self._known.load(f"{marker} {names} {kind} {key}")
            except ValueError as error:
                logger.debug("%s:%d is not a line of a known_hosts file, left out: %s", where, number, error)
            else:
                self._places[marker, key].append(f"{where}:{number}")

    def of(self, name: str) -> Matching:
        """Return the keys in lines for exactly this name: ``host``, or ``[host]:port``."""
        return Matching(*self._known.match(name.lower(), "", None)[:3])

    def places(self, key: SSHKey, marker: str = "") -> str:
        """Return ``file:line`` of each line with a key."""
        return ", ".join(self._places[marker, encoded(key).split()[1]])


def encoded(key: SSHKey) -> str:
    """Return type and base64 of a public key, without its comment."""
    return " ".join(key.export_public_key().decode("ascii").split()[:2])
