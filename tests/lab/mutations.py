# SPDX-License-Identifier: Apache-2.0
"""Shows that the truth test fails when the product is wrong: python -m tests.lab.mutations.

Records a scan of the lab that is up, reads the truth, replays the recording with each mutant of mutants.py, and prints
which comparison caught it. Ends with 1 when one got away that the variant shows, or when the product is wrong as it is.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir import ScanPlan, run_scan
from calipso_nornir.sources.recording import ReplaySource
from calipso_nornir.store import open_store
from tests.fixtures import lab
from tests.lab import oracle
from tests.lab.comparing import compare
from tests.lab.mutants import MUTANTS, Mutant
from tests.lab.told import told

if TYPE_CHECKING:
    from tests.lab.comparing import Differences
    from tests.lab.oracle import Truth


def record(bundle: Path) -> None:
    """Scan the lab into a recording."""
    os.environ[lab.PASSWORD_VARIABLE] = lab.here().password
    environment = lab.environment(lab.write_known_hosts(bundle.with_name("known_hosts")))
    store = open_store(bundle.with_name("recorded.db"))
    report = run_scan(environment, store=store, plan=ScanPlan(record=bundle))
    store.close()
    assert report.ok, [str(one.error) for one in report.failures]


def replayed(bundle: Path, truth: Truth, mutant: Mutant | None = None) -> list[Differences]:
    """Scan the recording into a new store, and compare."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        if mutant is not None:
            stack.enter_context(mutant.applied())
        source = ReplaySource(bundle)
        store = open_store(Path(folder) / "replayed.db")
        stack.callback(store.close)
        report = run_scan(source.environment, store=store, source=source)
        return compare(told(store.view(report.environment)), truth)


def caught_by(found: list[Differences]) -> str:
    """Word what was found: comparison, and how many are missing, wrong and extra."""
    told_ = (f"{one.of} {len(one.missing)}/{len(one.wrong)}/{len(one.extra)}" for one in found if one)
    return ", ".join(told_)


def main() -> int:
    """Try all mutants that the variant shows, and print a table."""
    here = lab.here()
    escaped = 0
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "lab.calipso"
        record(bundle)
        truth = oracle.read()
        as_it_is = replayed(bundle, truth)
        if any(as_it_is):
            sys.stderr.write("\n".join(str(one) for one in as_it_is if one) + "\n")
            return 1
        print(f"{here.variant}, seed {here.seed}; comparison missing/wrong/extra\n")  # noqa: T201 - a script's output
        print("| mutant | caught by |\n|---|---|")  # noqa: T201
        for mutant in MUTANTS:
            if here.variant in mutant.variants:
                caught = caught_by(replayed(bundle, truth, mutant))
                escaped += not caught
                print(f"| {mutant.name} | {caught or '**nothing**'} |")  # noqa: T201
    return int(bool(escaped))


if __name__ == "__main__":
    sys.exit(main())
