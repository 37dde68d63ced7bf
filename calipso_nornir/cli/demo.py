# SPDX-License-Identifier: Apache-2.0
"""``calipso demo``: scans recordings of real clouds, and shows what comes of it."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from calipso_nornir.cli.running import FAILED, WITH_FAILURES, Run

STORE = "calipso-demo.db"
DEPTH = 5


def demo(
    run: Run,
    *,
    folder: Annotated[str, typer.Option("--dir", metavar="DIR", help="Where the demo's store is made.")] = ".",
) -> None:
    """Scan recorded clouds, and look around.

    The recordings come along with the product; the store is calipso-demo.db.
    """
    from calipso_nornir.cli.demoing import all_replayed, show_around  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.resources import data  # noqa: PLC0415 - as above

    bundles = sorted(data("demo").glob("*.calipso"))
    path = Path(folder) / STORE
    demo_run = replace(run, store_uri=str(path))
    with demo_run.store(make=True) as store:
        reports = all_replayed(demo_run, store, bundles)
        good = next((report for report in reports if report.status != "failed"), None)
        if good is not None:
            show_around(demo_run, store.view(good.environment), store, depth=DEPTH)
    if good is None:
        raise typer.Exit(FAILED)
    if any(report.failures for report in reports):
        raise typer.Exit(WITH_FAILURES)
