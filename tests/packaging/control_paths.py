# SPDX-License-Identifier: Apache-2.0
"""Short folders for the sockets of Ansible's SSH connections: a socket's path has at most 108 characters (unix(7))."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@cache
def control_paths(folder: Path) -> dict[str, str]:  # noqa: ARG001 - the key: each test has its own
    """Return Ansible's setting for one test, whose own folder pytest gives a long name."""
    made = tempfile.mkdtemp(prefix="cp-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return {"ANSIBLE_SSH_CONTROL_PATH_DIR": made}
