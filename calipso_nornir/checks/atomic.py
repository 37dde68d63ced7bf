# SPDX-License-Identifier: Apache-2.0
"""Writes files that are never incomplete: under another name first, then renamed."""

import contextlib
import os
import tempfile


def write_whole(path: str, content: bytes, mode: int = 0o644) -> None:
    """Replace a file atomically; if the process is killed, the old file stays.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder = os.path.dirname(os.path.abspath(path))
    # Not named *.prom: node exporter reads all of those
    descriptor, beside = tempfile.mkstemp(prefix=".calipso-", suffix=".part", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, mode)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
