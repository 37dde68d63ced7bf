# SPDX-License-Identifier: Apache-2.0
"""The format of known_hosts files (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): reading and matching."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

Marker: TypeAlias = Literal["", "@revoked", "@cert-authority"]

SSH_PORT = 22


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public key: its type's name and its encoding (RFC 4253 section 6.6)."""

    type: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """``SHA256:`` and base64 without padding, as ssh-keygen(1) prints it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    def __str__(self) -> str:
        return f"{self.type} {self.fingerprint}"


@dataclass(frozen=True, slots=True)
class KnownHost:
    """One line of a known_hosts file.

    Attributes:
        names: patterns with ``*``, ``?`` and ``!``, or one hashed name (``|1|salt|hash``).
        where: ``file:line``.
    """

    marker: Marker
    names: tuple[str, ...]
    key: HostKey
    where: str

    def is_for(self, name: str) -> bool:
        """Tell whether the line is for a name: ``host``, or ``[host]:port``; a negated match wins."""
        found = False
        for pattern in self.names:
            negated, plain = pattern.startswith("!"), pattern.removeprefix("!")
            if _matches(plain, name):
                if negated:
                    return False
                found = True
        return found


class KnownHosts:
    """Lines of any number of files, found by name without going over all of them."""

    def __init__(self) -> None:
        self._by_name: defaultdict[str, list[KnownHost]] = defaultdict(list)
        self._others: list[KnownHost] = []

    def add(self, entry: KnownHost) -> None:
        """Add one line."""
        if any(name[0] in "!|" or "*" in name or "?" in name for name in entry.names if name):
            self._others.append(entry)  # patterns and hashes have to be tried one by one
            return
        for name in entry.names:
            self._by_name[name.lower()].append(entry)

    def of(self, name: str) -> list[KnownHost]:
        """Return the lines for a name."""
        return [*self._by_name.get(name, ()), *(entry for entry in self._others if entry.is_for(name))]


def name_of(hostname: str, port: int) -> str:
    """Return how known_hosts calls a server: with its port when that is not 22."""
    return hostname.lower() if port == SSH_PORT else f"[{hostname.lower()}]:{port}"


def read_known_hosts(content: bytes, where: str) -> Iterator[KnownHost]:
    """Yield the lines that can be used; the others are no reason to refuse those (sshd(8))."""
    for number, raw in enumerate(content.decode("utf-8", "surrogateescape").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        entry = _entry(line, f"{where}:{number}")
        if entry is None:
            logger.debug("%s:%d is no line of a known_hosts file, left out", where, number)
        else:
            yield entry


def _entry(line: str, where: str) -> KnownHost | None:
    words = line.split()
    marker: Marker = ""
    if words[0] == "@revoked" or words[0] == "@cert-authority":
        marker, words = ("@revoked" if words[0] == "@revoked" else "@cert-authority"), words[1:]
    if len(words) < 3 or words[0].startswith("@"):  # noqa: PLR2004 - names, type, key
        return None
    try:
        blob = base64.b64decode(words[2], validate=True)
    except (binascii.Error, ValueError):
        return None
    kind = words[1].encode("utf-8", "surrogateescape")
    if blob[: 4 + len(kind)] != len(kind).to_bytes(4, "big") + kind:
        return None  # the key says another type than the line, or is one of SSH version 1
    return KnownHost(marker, tuple(words[0].split(",")), HostKey(words[1], blob), where)


def _matches(pattern: str, name: str) -> bool:
    if pattern.startswith("|1|"):
        return _hash_matches(pattern, name)
    if "*" not in pattern and "?" not in pattern:
        return pattern.lower() == name
    # not fnmatch: the brackets of [host]:port are no character class here
    wildcards = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern.lower())
    return re.fullmatch(wildcards, name, re.DOTALL) is not None


def _hash_matches(pattern: str, name: str) -> bool:
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in pattern.split("|")[2:])
    except (binascii.Error, ValueError):
        return False
    # HMAC-SHA1 is the format, not a choice of ours
    return hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), digest)
