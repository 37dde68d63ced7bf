# SPDX-License-Identifier: Apache-2.0
"""Proving who we are to an SSH server whose own key has been checked."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from paramiko.pkey import UnknownKeyType
from paramiko.ssh_exception import AuthenticationException, BadAuthenticationType, SSHException

from calipso_nornir.errors import HostUnreachable, LoginRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calipso_nornir.sources.cli.options import Secret
    from calipso_nornir.sources.cli.route import Hop

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Try:
    """One way to log in: its name for messages, and the call."""

    name: str
    run: Callable[[paramiko.Transport], object]


def log_in(transport: paramiko.Transport, host: str, hop: Hop, *, ring: KeyRing) -> None:
    """Try the hop's credentials in turn; LoginRefused says what was tried and what the server wants."""
    said: list[str] = []
    for attempt in _tries(hop, ring, said):
        try:
            attempt.run(transport)
        except BadAuthenticationType as error:
            said.append(f"{attempt.name} is not offered (only {', '.join(error.allowed_types)})")
        except AuthenticationException as error:
            if "timeout" in str(error).lower():
                raise HostUnreachable(host, hop.address, f"no answer to the login with {attempt.name}") from error
            said.append(f"{attempt.name}: refused")
        except (SSHException, EOFError, OSError) as error:
            said.append(f"{attempt.name}: the server ended the session ({error or 'closed'})")
            break
        if transport.is_authenticated():
            logger.debug("%s: logged in to %s as %s with %s", host, hop.address, hop.user, attempt.name)
            return
        if not transport.is_active():
            said.append("the server ended the session")
            break
    raise LoginRefused(host, hop.address, hop.user, "; ".join(said) or "there is no key, agent or password to try")


class KeyRing:
    """The private keys of a scan: each is read and decrypted once, not once a host (bcrypt takes 0.1 s and more)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[tuple[str, Secret | None], paramiko.PKey] = {}

    def load(self, path: str, passphrase: Secret | None) -> paramiko.PKey:
        """Return a private key of any type, with its certificate when there is one; ValueError says why not."""
        with self._lock:
            if (path, passphrase) not in self._keys:
                self._keys[path, passphrase] = _private_key(path, passphrase)
            return self._keys[path, passphrase]


def _private_key(path: str, passphrase: Secret | None) -> paramiko.PKey:
    password = passphrase.reveal().encode() if passphrase else None
    try:
        try:
            return _read_key(path, password)
        except TypeError:  # a passphrase and no need of one; or the other way round, which the second call says
            return _read_key(path, None)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except TypeError as error:
        raise ValueError(f"{path} is encrypted and there is no passphrase") from error
    except (UnknownKeyType, UnsupportedAlgorithm) as error:
        raise ValueError(f"{path} holds a key of a type that cannot be used") from error
    except (SSHException, ValueError) as error:
        reason = "the passphrase is wrong, or the file is damaged" if passphrase else "it is no private key"
        raise ValueError(f"{path} cannot be used: {reason}") from error


def _read_key(path: str, password: bytes | None) -> paramiko.PKey:
    # The stub says str; paramiko 3 to 5 hand it to cryptography as it is, and that takes bytes only.
    return paramiko.PKey.from_path(Path(path).expanduser(), password)  # type: ignore[arg-type]


def _tries(hop: Hop, ring: KeyRing, said: list[str]) -> Iterator[_Try]:
    login = hop.credentials
    if login.key is not None:
        yield from _with_file(hop, login.key, ring, said)
    if login.agent:
        yield from _with_agent(hop, said)
    if login.key is None:
        for path in hop.identity_files:
            if Path(path).exists():
                yield from _with_file(hop, path, ring, said)
    if login.password is not None:
        secret = login.password  # read when its turn comes, and only then
        yield _Try("password", lambda transport: transport.auth_password(hop.user, secret.reveal()))


def _with_file(hop: Hop, path: str, ring: KeyRing, said: list[str]) -> Iterator[_Try]:
    try:
        key = ring.load(path, hop.credentials.passphrase)
    except ValueError as error:
        said.append(str(error))
    else:
        yield _Try(f"key {path}", lambda transport: transport.auth_publickey(hop.user, key))


def _with_agent(hop: Hop, said: list[str]) -> Iterator[_Try]:
    agent = paramiko.Agent()
    try:
        keys = agent.get_keys()
        if not keys:
            said.append("no agent with keys (SSH_AUTH_SOCK)")
        for key in keys:
            yield _with_key(hop, key)
    except (SSHException, OSError) as error:
        said.append(f"agent: {error}")
    finally:
        agent.close()


def _with_key(hop: Hop, key: paramiko.AgentKey) -> _Try:
    return _Try(
        f"agent key {getattr(key, 'comment', '') or key.get_name()}",
        lambda transport: transport.auth_publickey(hop.user, key),
    )
