# SPDX-License-Identifier: Apache-2.0
"""The settings for a host in ~/.ssh/config: HostName, Port, User, IdentityFile, ProxyJump, HostKeyAlias."""

from __future__ import annotations

import getpass
import glob
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from asyncssh.config import SSHClientConfig

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_INCLUDE_DEPTH = 16
"""As OpenSSH's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostConfig:
    """The settings for one name; None or empty if the file has none."""

    hostname: str
    port: int | None = None
    user: str | None = None
    identity_files: tuple[str, ...] = ()
    jump: str | None = None
    key_alias: str | None = None


class SshConfig:
    """One configuration file; ``Include`` is followed, but no program in it is run."""

    def __init__(self, path: str | None) -> None:
        """Check a file; None stands for no file. Raises ValueError if it cannot be read or parsed."""
        self._path = path
        self.of = cache(self._of)
        if path is not None:
            self.of("")

    def _of(self, name: str) -> HostConfig:
        """Look a name up; raises ValueError for settings that are not supported."""
        if self._path is None:
            return HostConfig(hostname=name)
        try:
            found = _read(Path(self._path).expanduser(), name)
        except OSError as error:
            raise ValueError(f"{error.filename} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise ValueError(f"{self._path}: {error}") from error
        if found.get("ProxyCommand") and not found.get("ProxyJump"):
            raise ValueError(f"{self._path}: ProxyCommand is not supported; use ProxyJump")
        return HostConfig(
            hostname=found.get("Hostname", name),
            port=found.get("Port"),
            user=found.get("User"),
            identity_files=tuple(found.get("IdentityFile", ())),
            jump=found.get("ProxyJump"),
            key_alias=found.get("HostKeyAlias"),
        )


class _Config(SSHClientConfig):
    """asyncssh's reader with three changes.

    asyncssh runs the program in ``Match exec``; this class does not. It reads the files of an ``Include`` in the
    folder's order, although ssh_config(5) requires lexical order, which decides whose value counts. And it does not
    limit their depth.
    """

    def _match_val(self, match: str) -> object:
        if match == "exec":
            self._error("Match exec would run a program, which is not allowed")
        return super()._match_val(match)

    def _include_in_order(self, _option: str, patterns: list[str]) -> None:
        self._depth = getattr(self, "_depth", 0) + 1
        if self._depth == 1:
            self._default_path = self._path.parent  # ~/.ssh for the usual file
        elif self._depth > MAX_INCLUDE_DEPTH:
            self._error(f"Include goes deeper than {MAX_INCLUDE_DEPTH} files")
        here = self._path, self._line_no
        for pattern in patterns:
            for found in sorted(glob.glob(str(self._default_path / Path(pattern).expanduser()))):  # noqa: PTH207 - absolute patterns
                if Path(found).is_file():
                    self.parse(Path(found))
        self._path, self._line_no = here
        self._matching = True  # this Include was reached, so its block matches, and continues after it
        self._depth -= 1
        patterns.clear()

    _handlers: ClassVar[dict[str, tuple[str, Callable[..., None]]]] = {  # type: ignore[misc] # there it is one, too
        **SSHClientConfig._handlers,  # noqa: SLF001 - there is no other way in
        "include": ("Include", _include_in_order),
    }


def _read(path: Path, name: str) -> Any:  # noqa: ANN401 - asyncssh's values have no types
    """Read the settings of a name; those of ``Match final`` once more, as ssh(1) does."""
    who = getpass.getuser(), (), name, ()
    found = _Config.load(None, [path], False, False, False, *who)  # noqa: FBT003 - asyncssh's signature
    if found.has_match_final():
        found = _Config.load(found, [path], True, False, True, *who)  # noqa: FBT003 - as above
    return found
