# SPDX-License-Identifier: Apache-2.0
"""What ~/.ssh/config says about a host: HostName, Port, User, IdentityFile, ProxyJump, HostKeyAlias."""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from pathlib import Path

import paramiko

MAX_INCLUDE_DEPTH = 16
"""As OpenSSH's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostConfig:
    """The settings for one name; None or empty where the file says nothing."""

    hostname: str
    port: int | None = None
    user: str | None = None
    identity_files: tuple[str, ...] = ()
    jump: str | None = None
    key_alias: str | None = None


class SshConfig:
    """One configuration file, read once; ``Include`` is followed, nothing in it is run."""

    def __init__(self, path: str | None) -> None:
        """Read a file; None reads none, a file that cannot be read or parsed raises ValueError."""
        self._where = path or ""
        self._config = paramiko.SSHConfig()
        if path is None:
            return
        try:
            lines = _lines(Path(path).expanduser(), Path(path).expanduser().parent)
            self._config = paramiko.SSHConfig.from_text("\n".join(lines))
        except OSError as error:
            raise ValueError(f"{error.filename} cannot be read: {error.strerror}") from error
        except (paramiko.SSHException, UnicodeDecodeError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from error

    def of(self, name: str) -> HostConfig:
        """Look a name up; raises ValueError for settings that cannot be followed."""
        try:
            found = self._config.lookup(name)
            port = int(found["port"]) if "port" in found else None
        except (paramiko.SSHException, ValueError) as error:
            raise ValueError(f"{self._where}: {error}") from error
        jump = found.get("proxyjump")
        if found.get("proxycommand") and not jump:
            raise ValueError(f"{self._where}: ProxyCommand is not run; say it with ProxyJump")
        return HostConfig(
            hostname=found["hostname"],
            port=port,
            user=found.get("user"),
            identity_files=tuple(found.get("identityfile", ())),
            jump=jump,
            key_alias=found.get("hostkeyalias"),
        )


_KEYWORD = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+)(.*?)\s*$")


def _lines(path: Path, base: Path, *, context: str = "Host *", depth: int = 0) -> list[str]:
    """Return a file's lines with those of its Includes in place (paramiko knows no Include).

    After an included file the block that it was included from goes on, as ssh_config(5) has it.
    ``Match exec`` would run a program: such a block is an error, not one to be passed over.
    """
    if depth > MAX_INCLUDE_DEPTH:
        raise ValueError(f"{path}: Include goes deeper than {MAX_INCLUDE_DEPTH} files")
    lines: list[str] = []
    for line in path.read_text("utf-8").splitlines():
        keyword, value = match.groups() if (match := _KEYWORD.match(line)) else ("", "")
        if keyword.lower() == "include":
            for pattern in value.split():
                for found in sorted(glob.glob(str(base / Path(pattern.strip('"')).expanduser()))):  # noqa: PTH207 - absolute patterns
                    lines += [*_lines(Path(found), base, context=context, depth=depth + 1), context]
            continue
        if keyword.lower() in ("host", "match"):
            context = line
            if keyword.lower() == "match" and re.search(r"\bexec\b", value):
                raise ValueError(f"{path}: {line.strip()!r} would run a program, which is not done")
        lines.append(line)
    return lines
