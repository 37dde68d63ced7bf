# SPDX-License-Identifier: Apache-2.0
"""Clouds of the lab that were recorded together with the truth: the truth test without a lab.

``recorded/VARIANT.calipso`` is a scan, ``recorded/VARIANT.json`` the oracle's truth at the same time;
``make record-truth`` writes both from the running lab.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir import run_scan
from calipso_nornir.sources.recording import ReplaySource
from calipso_nornir.store import open_store
from tests.lab.comparing import compare
from tests.lab.oracle.writing import read_written
from tests.lab.told import told

if TYPE_CHECKING:
    from tests.lab.comparing import Differences
    from tests.lab.mutants import Mutant
    from tests.lab.oracle import Truth

FOLDER = Path(__file__).with_name("recorded")
VARIANTS = tuple(sorted(path.stem for path in FOLDER.glob("*.calipso")))


def truth_of(variant: str) -> Truth:
    """Return the truth at the time of the recording."""
    return read_written((FOLDER / f"{variant}.json").read_text("utf-8"))


def compared(variant: str, mutant: Mutant | None = None) -> list[Differences]:
    """Scan the recording into a new store, with or without a mutant, and compare."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        if mutant is not None:
            stack.enter_context(mutant.applied())
        source = ReplaySource(FOLDER / f"{variant}.calipso")
        store = open_store(Path(folder) / "replayed.db")
        stack.callback(store.close)
        report = run_scan(source.environment, store=store, source=source)
        return compare(told(store.view(report.environment)), truth_of(variant))
