# SPDX-License-Identifier: Apache-2.0
"""Compares the cost of one small piece of work in a small and in a large cloud: it should be the same.

Both are done in turns, so that other work on the machine affects both equally.
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

MOST_S = 1.0


@dataclass(slots=True)
class Cost:
    """The cost of one piece of work; ``cpu_s`` is that of this process only."""

    wall_s: float = 0.0
    cpu_s: float = 0.0


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure the block; the cost is known at its end."""
    cost, wall, cpu = Cost(), time.perf_counter(), time.process_time()
    yield cost
    cost.wall_s, cost.cpu_s = time.perf_counter() - wall, time.process_time() - cpu


def compared(  # noqa: PLR0913 - the work, what it is done on, and how it is judged
    what: str,
    cloud: Callable[[Path, int, int], AbstractContextManager[Callable[[int], Cost]]],
    *,
    sizes: str,
    variable: str,
    limit: float,
    times: int,
    goal: float | None = None,
) -> list[Figure]:
    """Return two figures: the seconds in the large cloud, and its CPU time / that in the small cloud.

    Args:
        what: the work, in the names of the figures.
        cloud: makes a cloud with a number of hosts and instances in a store's file; provides a function that does the
            work once.
        sizes: hosts and instances of both clouds, as ``25/750,100/3000``.
        variable: name of the environment variable that can set other sizes.
        limit: limit of the ratio of CPU times.
        goal: goal for this ratio, if it is not reached yet.
        times: how many times the work is done in each cloud; the medians count.
    """
    both = [tuple(map(int, size.split("/"))) for size in os.environ.get(variable, sizes).split(",")]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as clouds:
        works = [clouds.enter_context(cloud(Path(folder) / f"{size[0]}.db", *size)) for size in both]
        taken = [[work(number) for work in works] for number in range(times)]
    costs = [
        Cost(median(one.wall_s for one in of_one), median(one.cpu_s for one in of_one))
        for of_one in zip(*taken, strict=True)
    ]
    told = [
        f"{hosts} hosts, {servers} instances: {one.wall_s:.3f} s, CPU {one.cpu_s:.3f} s"
        for (hosts, servers), one in zip(both, costs, strict=True)
    ]
    return [
        Figure(f"{what}: seconds / 1 s", costs[-1].wall_s / MOST_S, 1.0, told[-1]),
        Figure(
            f"{what}: CPU, large cloud / small cloud",
            costs[-1].cpu_s / costs[0].cpu_s,
            limit,
            "; ".join(told),
            goal=goal,
        ),
    ]
