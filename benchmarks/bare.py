# SPDX-License-Identifier: Apache-2.0
"""The baseline for everything over SSH: nothing but paramiko's client and one script per round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import paramiko

from calipso_nornir.sources.cli.framing import SHELL, ScriptStep, end_of, frames, new_mark, script
from tests.fixtures.sshd import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from calipso_nornir.sources.cli.framing import Frame

READ_BYTES = 65536


def connect(*, port: int, user: str, key: Path | str, known_hosts: Path | str) -> paramiko.SSHClient:
    """Log in to one server on loopback; its key is checked."""
    client = paramiko.SSHClient()
    client.load_host_keys(str(known_hosts))
    client.connect(
        LOOPBACK,
        port=port,
        username=user,
        key_filename=str(key),
        allow_agent=False,
        look_for_keys=False,
    )
    return client


def run_script(transport: paramiko.Transport | None, commands: Sequence[str]) -> list[Frame | None]:
    """Run commands as one framed script in one exec channel, and read the whole output."""
    if transport is None:
        raise RuntimeError("not connected")
    mark = new_mark()
    channel = transport.open_session()
    channel.exec_command(SHELL)
    channel.sendall(script([ScriptStep((command,), 30) for command in commands], mark).encode())
    channel.shutdown_write()
    out = bytearray()
    while end_of(mark) not in out[-200:]:
        out += channel.recv(READ_BYTES)
    channel.close()
    return frames(bytes(out), b"", mark, len(commands))
