# SPDX-License-Identifier: Apache-2.0
"""Edits answers in recordings, and writes these as the product does: complete, with a valid digest."""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calipso_nornir.sources import bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from calipso_nornir.sources.bundle import Exchange

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""When an error came that takes the place of an answer."""


def edited(path: Path, target: Path, change: Callable[[Exchange], Exchange]) -> Path:
    """Write a recording with every exchange passed through ``change``, and return where."""
    reader = bundle.Reader(path)
    lines = [bundle.line_of(reader.header)]
    changed = [change(exchange) for _, exchange in reader]
    lines += [bundle.line_of(bundle.exchange_to_json(one, AT, scrub=lambda value: value)) for one in changed]
    digest = hashlib.sha256(b"".join(lines)).hexdigest()
    lines.append(bundle.line_of({"count": len(changed), "sha256": digest}))
    target.write_bytes(gzip.compress(b"".join(lines), mtime=0))
    return target
