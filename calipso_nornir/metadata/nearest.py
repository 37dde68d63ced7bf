# SPDX-License-Identifier: Apache-2.0
"""Suggests the nearest known name for a misspelt one."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `. Did you mean "…"?` for the end of a message; "" if no other known name is similar."""
    close = get_close_matches(name, sorted({*known} - {name}), n=1, cutoff=0.6)
    return f'. Did you mean "{close[0]}"?' if close else ""
