# SPDX-License-Identifier: Apache-2.0
"""The options that say how one host is reached: ``extras`` of a Nornir connection."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, cast, get_args

from calipso_nornir.errors import CalipsoError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HostKeyMode: TypeAlias = Literal["strict", "accept-new", "insecure"]

DEFAULT_CONNECT_TIMEOUT_S = 10.0

REMEMBERED_S = 300.0
"""Seconds before a failure that does not resolve by itself (a refused login, a missing secret) is tried again."""


class LazySecret:
    """A password or passphrase that is fetched once, when it is first used, and never shown."""

    __slots__ = ("_at", "_lock", "_read", "_result")

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._result: str | CalipsoError | None = None
        self._at = 0.0

    @classmethod
    def of(cls, value: str | LazySecret | None) -> LazySecret | None:
        """Wrap a text; None and "" are not secrets."""
        if value is None or isinstance(value, LazySecret):
            return value
        return cls(lambda: value) if value else None

    def reveal(self) -> str:
        """Return the secret itself; raises SecretUnavailable, again for each host that needs it."""
        with self._lock:  # many hosts may need it at once, and fetching it may run a program that prompts a person
            if not self.fetched:
                try:
                    self._result = self._read()
                except CalipsoError as error:
                    self._result = error
                self._at = time.monotonic()
            result = self._result
        if isinstance(result, str):
            return result
        assert result is not None  # noqa: S101 - narrows the type
        raise result

    @property
    def fetched(self) -> bool:
        """Whether ``reveal`` returns immediately; a failure is remembered for some minutes."""
        if isinstance(self._result, CalipsoError):
            return time.monotonic() < self._at + REMEMBERED_S
        return self._result is not None

    def __repr__(self) -> str:
        return "LazySecret(***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The credentials of a login, tried in this order: key, agent, identity files, password.

    Attributes:
        key: path of a private key of any type; with it no other key file is tried.
        agent: ask the agent of SSH_AUTH_SOCK.
    """

    key: str | None = None
    passphrase: LazySecret | None = field(default=None, repr=False)
    password: LazySecret | None = field(default=None, repr=False)
    agent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How a host is reached: the ``extras`` of connection ``calipso_ssh``, with their defaults.

    Attributes:
        known_hosts: files; "accept-new" adds to the first. None: OpenSSH's own two.
        ssh_config: path; None: ``~/.ssh/config`` if there is one; False: none is read.
        jump: as in OpenSSH's ProxyJump: ``[user@]host[:port]``, several separated by commas, or "none".
        jump_credentials: credentials for jump hosts; None: those of the host.
        jump_user: user name on jump hosts for which neither ``jump`` nor the ssh config has one.
    """

    credentials: Credentials = Credentials()
    host_keys: HostKeyMode = "strict"
    known_hosts: tuple[str, ...] | None = None
    ssh_config: str | Literal[False] | None = None
    connect_timeout_s: float = DEFAULT_CONNECT_TIMEOUT_S
    jump: str | None = None
    jump_user: str | None = None
    jump_credentials: Credentials | None = None

    @classmethod
    def of(cls, extras: Mapping[str, Any], *, password: str | LazySecret | None = None) -> Self:
        """Read them; raises a ValueError that names the key, its value and what is expected."""
        login = {f.name for f in fields(Credentials)}
        known = login | {f.name for f in fields(cls)} - {"credentials"}
        for key in extras:
            if key not in known:
                near = get_close_matches(key, sorted(known), n=1)
                raise ValueError(f"unknown option {key!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        given = {key: _checked(key, value) for key, value in extras.items() if value is not None}
        own: dict[str, Any] = {key: given.pop(key) for key in ("key", "agent") if key in given}
        own["password"] = LazySecret.of(given.pop("password", password))
        own["passphrase"] = LazySecret.of(given.pop("passphrase", None))
        return cls(credentials=Credentials(**own), **given)


def _checked(key: str, value: Any) -> Any:  # noqa: ANN401 - what a YAML file may hold
    if key in ("password", "passphrase"):
        if not isinstance(value, (str, LazySecret)):
            raise ValueError(f"{key}: not a text")  # no message may repeat the value, which may be a secret
        return value
    if key == "known_hosts":
        return _paths(value)
    if key == "host_keys":
        return _mode(value)
    if key == "ssh_config" and value is False:
        return False
    kinds: dict[str, tuple[type, ...]] = {
        "agent": (bool,),
        "connect_timeout_s": (int, float),
        "jump_credentials": (Credentials,),
    }
    wanted = kinds.get(key, (str,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise ValueError(f"{key}: {value!r} is not {' or '.join(kind.__name__ for kind in wanted)}")
    return value


def _paths(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - as above
    paths = (value,) if isinstance(value, str) else value
    if not paths or not isinstance(paths, (list, tuple)) or not all(isinstance(path, str) and path for path in paths):
        raise ValueError(f"known_hosts: {value!r} is not a path or a list of paths")
    return tuple(paths)


def _mode(value: Any) -> HostKeyMode:  # noqa: ANN401 - as above
    if value not in get_args(HostKeyMode):
        raise ValueError(f"host_keys: {value!r} is not one of {', '.join(get_args(HostKeyMode))}")
    return cast("HostKeyMode", value)
