# SPDX-License-Identifier: Apache-2.0
"""The embedded store: one SQLite file, the standard library only."""

from __future__ import annotations

from calipso_nornir.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
