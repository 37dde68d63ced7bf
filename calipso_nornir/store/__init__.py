# SPDX-License-Identifier: Apache-2.0
"""Where environments are kept: one SQLite file, or MongoDB, behind one protocol."""

from __future__ import annotations

from calipso_nornir.store.clearing import clear, clear_all
from calipso_nornir.store.opening import default_uri, open_store, shown_uri

__all__ = ["clear", "clear_all", "default_uri", "open_store", "shown_uri"]
