# SPDX-License-Identifier: Apache-2.0
"""A figure: a ratio, and the most that it may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured ratio; ``detail`` tells what was measured, in absolute terms."""

    name: str
    ratio: float
    limit: float
    detail: str

    @property
    def ok(self) -> bool:
        """Whether it is within its limit."""
        return self.ratio <= self.limit
