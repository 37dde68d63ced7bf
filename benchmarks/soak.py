# SPDX-License-Identifier: Apache-2.0
"""Kills writers, and mongod, with SIGKILL at random moments; after each kill, the store has whole commits, all of them.

``python -m benchmarks.soak [KILLS]``: this many kills of SQLite's writers, of MongoDB's writers, and of mongod. Then
half as many kills of two scan managers, which run five times as many requests meanwhile; each request must have exactly
one outcome.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.contract.manager_process import check as check_requests
from tests.contract.manager_process import fill, kill_until_done
from tests.contract.store_worker import check, check_small, write
from tests.fixtures.mongod import running
from tests.fixtures.places import LEASE_S, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZE = 300
LONGEST_S = 0.8
ROOT = Path(__file__).parents[1]


def main() -> None:
    """Run the three tests, and print the results; a fault ends the program."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for name, soak in (("SQLite, writer", _sqlite), ("MongoDB, writer", _mongo), ("MongoDB, mongod", _mongod)):
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            reached = soak(Path(folder), kills)
        seconds = time.monotonic() - begun
        sys.stdout.write(
            f"{name}: killed {kills} times in {seconds:.0f} s, {reached.generation} generations and "
            f"{reached.small} small commits, nothing lost or mixed\n"
        )
        sys.stdout.flush()
    _managers(kills * 5)


def _managers(requests: int) -> None:
    """Kill scan managers on both stores."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        for place in (Place("sqlite", str(Path(folder) / "managers.db")), Place("mongo", server.uri("managers"))):
            begun = time.monotonic()
            store = place.open()
            ids = fill(store, requests)
            kill_until_done(place, ids, kills=requests // 10, seed=requests)
            attempts = sorted(check_requests(store, ids).items())
            place.close()
            sys.stdout.write(
                f"{place.kind}, scan managers: killed {requests // 10} times in {time.monotonic() - begun:.0f} s, "
                f"{requests} requests each run to one end: "
                f"{', '.join(f'{count} in {number} attempts' for number, count in attempts)}\n"
            )
            sys.stdout.flush()


class _Reached(NamedTuple):
    """The last generation and the last small commit."""

    generation: int = 1
    small: int = 0


def _sqlite(folder: Path, kills: int) -> _Reached:
    return _writers(Place("sqlite", str(folder / "soak.db")), kills)


def _mongo(folder: Path, kills: int) -> _Reached:
    with running(folder) as server:
        return _writers(Place("mongo", server.uri("soak")), kills)


def _writers(place: Place, kills: int) -> _Reached:
    write(place.open(), 1, SIZE)
    reached = _Reached()
    for _ in range(kills):
        with _writer(place, reached.generation + 1) as writer:
            reached = _checked(place, _killed(writer, writer.kill, reached))
    return reached


def _mongod(folder: Path, kills: int) -> _Reached:
    reached = _Reached()
    with running(folder) as server:
        write(Place("mongo", server.uri("soak")).open(), 1, SIZE)
    for _ in range(kills):
        with running(folder) as server:
            place = Place("mongo", server.uri("soak"))
            reached = _checked(place, reached)
            with _writer(place, reached.generation + 1) as writer:
                reached = _killed(writer, server.process.kill, reached)
    with running(folder) as server:
        return _checked(Place("mongo", server.uri("soak")), reached)


def _checked(place: Place, reported: _Reached) -> _Reached:
    """Return what is stored: what was reported as written last, or one more."""
    store = place.open_impatient()
    found = _Reached(check(store, SIZE, seen=reported.generation + 1), check_small(store))
    place.close()
    if any(there - said not in (0, 1) for there, said in zip(found, reported, strict=True)):
        raise RuntimeError(f"{reported} was written, {found} is there")
    return found


def _killed(writer: subprocess.Popen[str], kill: Callable[[], Any], before: _Reached) -> _Reached:
    """Kill something after a random time, and then the writer; return what it last reported as done."""
    timers = [threading.Timer(random.uniform(0, LONGEST_S), kill)]  # noqa: S311 - moments, no secrets
    timers.append(threading.Timer(LONGEST_S + LEASE_S / 4, writer.kill))
    done, small = before
    for number, line in enumerate(writer.stdout or ()):
        if number == 0:
            for timer in timers:
                timer.start()
        if line.endswith("\n"):
            told = json.loads(line)
            done, small = told.get("done", done), told.get("small", small)
    for timer in timers:
        timer.join()
    return _Reached(done, small)


@contextmanager
def _writer(place: Place, generation: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.contract.store_worker", "mix", place.kind, place.uri]
    with subprocess.Popen(  # noqa: S603 - a program of our own
        [*command, str(SIZE), str(generation)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # its errors when its server is gone
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


if __name__ == "__main__":
    main()
