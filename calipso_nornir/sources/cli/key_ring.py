# SPDX-License-Identifier: Apache-2.0
"""Loads the private keys of a scan from files and from the agent."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import asyncssh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.sources.cli.ssh_options import LazySecret

PrivateKey: TypeAlias = asyncssh.SSHKey | tuple[asyncssh.SSHKey, asyncssh.SSHCertificate]


class KeyRing:
    """Reads and decrypts each key once, not once per host: bcrypt takes 0.1 s or more. For one event loop."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, LazySecret | None], PrivateKey] = {}
        self._locks: defaultdict[object, asyncio.Lock] = defaultdict(asyncio.Lock)

    def forget(self) -> None:
        """Read all keys again when they are needed next."""
        self._keys = {}

    async def load(self, path: str, passphrase: LazySecret | None) -> PrivateKey:
        """Return a private key of any type, with its certificate if there is one. Raises ValueError with the reason."""
        async with self._locks[path, passphrase]:
            if (path, passphrase) not in self._keys:
                self._keys[path, passphrase] = await asyncio.to_thread(_private_key, path, passphrase)
            return self._keys[path, passphrase]

    async def reveal(self, secret: LazySecret) -> str:
        """Return a secret's text; fetching it may wait for a person, so it runs in a thread of its own."""
        async with self._locks[secret]:  # a hundred hosts may need it at once: one thread is enough
            return secret.reveal() if secret.fetched else await asyncio.to_thread(secret.reveal)


async def agent_keys() -> tuple[asyncssh.SSHAgentClient | None, Sequence[asyncssh.SSHKeyPair]]:
    """Return the agent of SSH_AUTH_SOCK, to be closed after the login, and its keys. Raises ValueError."""
    path = os.environ.get("SSH_AUTH_SOCK")
    if not path:
        return None, ()
    agent = asyncssh.SSHAgentClient(path)
    try:
        return agent, await agent.get_keys()
    except BaseException:
        agent.close()
        raise


def _private_key(path: str, passphrase: LazySecret | None) -> PrivateKey:
    file = Path(path).expanduser()
    secret = passphrase.reveal() if passphrase else None
    try:
        key = asyncssh.read_private_key(file, secret)
        certificate = Path(f"{file}-cert.pub")
        return (key, asyncssh.read_certificate(certificate)) if certificate.exists() else key
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        if secret is None and "assphrase" in str(error):
            raise ValueError(f"{path} is encrypted, and no passphrase is configured") from error
        reason = "the passphrase is wrong, or the file is damaged" if secret else "it is not a private key"
        raise ValueError(f"{path} cannot be used: {reason}") from error
