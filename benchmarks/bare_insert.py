# SPDX-License-Identifier: Apache-2.0
"""The baseline for everything that makes documents: JSON text of the same documents, one ``executemany``, one table."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calipso_nornir.model.stores import Document


@dataclass(frozen=True, slots=True)
class Taken:
    """The time of some work in seconds; ``cpu`` is that of this process only."""

    cpu: float
    wall: float

    @classmethod
    def by(cls, work: Callable[[], object]) -> Taken:
        """Do some work, and measure it."""
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        return cls(time.process_time() - cpu, time.perf_counter() - wall)


def insert(documents: Sequence[Document]) -> Taken:
    """Insert documents into a new database in the temporary folder."""

    def write(connection: sqlite3.Connection) -> None:
        rows = ((document["_id"], json.dumps(document, default=str)) for document in documents)
        connection.executemany("INSERT INTO documents VALUES (?, ?)", rows)
        connection.commit()

    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(sqlite3.connect(Path(folder) / "bare.db")) as connection,
    ):
        connection.execute("CREATE TABLE documents (_id TEXT PRIMARY KEY, document TEXT)")
        return Taken.by(lambda: write(connection))
