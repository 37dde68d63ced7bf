# SPDX-License-Identifier: Apache-2.0
"""A figure: a ratio, its limit, and its goal."""

from __future__ import annotations

import importlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured ratio.

    Attributes:
        limit: if it is exceeded, the run fails: something has become slower.
        detail: what was measured, in absolute terms.
        goal: the desired ratio if it is not reached yet; None if it is.
    """

    name: str
    ratio: float
    limit: float
    detail: str
    goal: float | None = None

    @property
    def ok(self) -> bool:
        """Whether it is within its limit."""
        return self.ratio <= self.limit

    @property
    def short_of_goal(self) -> bool:
        """Whether it is within its limit, but its goal is not reached."""
        return self.ok and self.goal is not None and self.ratio > self.goal


def run_one(name: str) -> list[Figure]:
    """Run the benchmark with a name."""
    figures: list[Figure] = importlib.import_module(f"benchmarks.{name}").run()
    return figures
