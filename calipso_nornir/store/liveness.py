# SPDX-License-Identifier: Apache-2.0
"""Determines whether a scan with the status "running" is still alive, on any machine, by its heartbeats.

On the same machine the process itself is looked up. For other machines, the last heartbeat is compared with the
reader's clock. If clocks differ by more than ``LOST_AFTER_S``, a living scan may be shown as lost; nothing else depends
on this.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LOST_AFTER_S: Final = 90.0
LOST: Final = "lost"
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES: Final = Path("/proc/self/ns/pid")


def sign_of_life() -> dict[str, Any]:
    """Return the fields that say which process runs a scan, and when it was last alive."""
    return {
        "process": {"id": os.getpid(), "machine": _machine(), "started": _started(os.getpid())},
        "alive_timestamp": datetime.now(UTC).isoformat(),
    }


def status_of(scan: Mapping[str, Any], *, now: datetime | None = None) -> str:
    """Return the status in a scan's document, but "lost" instead of "running" if its process is gone."""
    status = str(scan.get("status"))
    return LOST if status == "running" and _is_lost(scan, now or datetime.now(UTC)) else status


def _is_lost(scan: Mapping[str, Any], now: datetime) -> bool:
    process = scan.get("process") or {}
    if process.get("machine") and process["machine"] == _machine():
        return _started(int(process.get("id", 0))) != process.get("started")
    try:
        alive = datetime.fromisoformat(str(scan.get("alive_timestamp")))
    except ValueError:  # written by a release without heartbeats
        return True
    return (now - alive).total_seconds() > LOST_AFTER_S


def _machine() -> str:
    """Return a name for the scope in which a process id is unique: boot and PID namespace (pid_namespaces(7)).

    It is empty if the system has no such names; then only the time counts.
    """
    try:
        return f"{_BOOT.read_text(encoding='ascii').strip()} {_PROCESSES.readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str | None:
    """Return a process's start time in clock ticks after boot (proc_pid_stat(5), field 22); None if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()  # the name before it may contain anything
    return None if state in ("Z", "X") else fields[18]
