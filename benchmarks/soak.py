# SPDX-License-Identifier: Apache-2.0
"""Kills writers, and mongod, with SIGKILL at random moments; after each, the store holds one whole generation.

``python -m benchmarks.soak [KILLS]``: so many of SQLite's writers, of MongoDB's writers, and of mongod itself.
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
from typing import TYPE_CHECKING, Any

from tests.contract.store_worker import check, write
from tests.fixtures.mongod import running
from tests.fixtures.places import LEASE_S, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZE = 300
LONGEST_S = 0.8
ROOT = Path(__file__).parents[1]


def main() -> None:
    """Run the three of them, and tell how it went; a fault ends it."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for name, soak in (("SQLite, writer", _sqlite), ("MongoDB, writer", _mongo), ("MongoDB, mongod", _mongod)):
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            generations = soak(Path(folder), kills)
        seconds = time.monotonic() - begun
        sys.stdout.write(
            f"{name}: killed {kills} times in {seconds:.0f} s, {generations} commits, nothing lost or mixed\n"
        )
        sys.stdout.flush()


def _sqlite(folder: Path, kills: int) -> int:
    place = Place("sqlite", str(folder / "soak.db"))
    write(place.open(), 1, SIZE)
    generation = 1
    for _ in range(kills):
        with _writer(place, generation + 1) as writer:
            generation = _checked(place, _killed(writer, writer.kill, generation))
    return generation


def _mongo(folder: Path, kills: int) -> int:
    with running(folder) as server:
        place = Place("mongo", server.uri("soak"))
        write(place.open(), 1, SIZE)
        generation = 1
        for _ in range(kills):
            with _writer(place, generation + 1) as writer:
                generation = _checked(place, _killed(writer, writer.kill, generation))
        return generation


def _mongod(folder: Path, kills: int) -> int:
    generation = 1
    with running(folder) as server:
        write(Place("mongo", server.uri("soak")).open(), 1, SIZE)
    for _ in range(kills):
        with running(folder) as server:
            place = Place("mongo", server.uri("soak"))
            generation = _checked(place, generation)
            with _writer(place, generation + 1) as writer:
                generation = _killed(writer, server.process.kill, generation)
    with running(folder) as server:
        return _checked(Place("mongo", server.uri("soak")), generation)


def _checked(place: Place, reported: int) -> int:
    """Return the generation that is there: the last one that was reported as written, or the one after it."""
    found = check(place.open_impatient(), SIZE, seen=reported + 1)
    place.close()
    if found not in (reported, reported + 1):
        raise RuntimeError(f"generation {reported} was written, {found} is there")
    return found


def _killed(writer: subprocess.Popen[str], kill: Callable[[], Any], generation: int) -> int:
    """Kill something after a random time, and then the writer; return the last generation that it reported as done."""
    timers = [threading.Timer(random.uniform(0, LONGEST_S), kill)]  # noqa: S311 - moments, no secrets
    timers.append(threading.Timer(LONGEST_S + LEASE_S / 4, writer.kill))
    done = generation
    for number, line in enumerate(writer.stdout or ()):
        if number == 0:
            for timer in timers:
                timer.start()
        if line.endswith("\n"):
            done = json.loads(line).get("done", done)
    for timer in timers:
        timer.join()
    return done


@contextmanager
def _writer(place: Place, generation: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.contract.store_worker", "write", place.kind, place.uri]
    with subprocess.Popen(  # noqa: S603 - a program of our own
        [*command, str(SIZE), str(generation)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what it says when its server is gone
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


if __name__ == "__main__":
    main()
