# SPDX-License-Identifier: Apache-2.0
"""``calipso demo``: scans recordings of real clouds, and shows the results."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calipso_nornir.analysis.clique_routes import routes_of
from calipso_nornir.cli.clique import print_clique
from calipso_nornir.cli.running import FAILED, WITH_FAILURES, Run
from calipso_nornir.cli.shared_options import Metadata
from calipso_nornir.cli.summary import next_steps, print_next, print_summary
from calipso_nornir.cli.tree import Tree
from calipso_nornir.model.objects import root_of
from calipso_nornir.model.stores import Store, StoreView
from calipso_nornir.store.freshness import Freshness

if TYPE_CHECKING:
    from calipso_nornir.scan.plan import ScanPlan
    from calipso_nornir.scan.report import ScanReport
    from calipso_nornir.sources.recording import ReplaySource

STORE = "calipso-demo.db"
DEPTH = 5


def demo(
    run: Run,
    *,
    folder: Annotated[str, typer.Option("--dir", metavar="DIR", help="Directory for the demo's store.")] = ".",
    metadata: Metadata = None,
) -> None:
    """Scan recordings of real clouds, and show the results.

    The recordings are part of the product; the store is calipso-demo.db. With --metadata, plug-ins in a folder of yours
    scan them, too.
    """
    from calipso_nornir.resources import data  # noqa: PLC0415 - what takes long comes when needed

    bundles = sorted(data("demo").glob("*.calipso"))
    path = Path(folder) / STORE
    demo_run = replace(run, store_uri=str(path))
    with demo_run.store(use="make") as store:
        reports = all_replayed(demo_run, store, bundles, metadata=metadata or ())
        good = next((report for report in reports if report.status != "failed"), None)
        if good is not None:
            show_around(demo_run, store.view(good.environment), store, depth=DEPTH)
    if good is None:
        raise typer.Exit(FAILED)
    if any(report.failures for report in reports):
        raise typer.Exit(WITH_FAILURES)


def all_replayed(
    run: Run, store: Store, bundles: Sequence[Path], *, metadata: Sequence[str] = ()
) -> "list[ScanReport]":
    """Scan from each recording. If several are of the same environment, each gets the name of its file."""
    from calipso_nornir.scan.plan import ScanPlan  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.sources.recording import ReplaySource  # noqa: PLC0415 - as above

    sources = {bundle: ReplaySource(bundle) for bundle in bundles}
    several = len({source.environment.name for source in sources.values()}) < len(sources)
    plan = ScanPlan(metadata=tuple(metadata))
    return [_replayed(run, store, bundle, source, plan, rename=several) for bundle, source in sources.items()]


def _replayed(  # noqa: PLR0913 - the parts of one scan
    run: Run, store: Store, bundle: Path, source: "ReplaySource", plan: "ScanPlan", *, rename: bool
) -> "ScanReport":
    from calipso_nornir.cli.meant import keep  # noqa: PLC0415 - as above
    from calipso_nornir.cli.scan_progress import showing  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.scan.engine import run_scan  # noqa: PLC0415 - as above

    environment = replace(source.environment, name=bundle.stem) if rename else source.environment
    run.out.say("")
    more = [word for folder in plan.metadata for word in ("--metadata", str(folder))]
    run.out.say((run.typed("replay", str(bundle), *more), "bold cyan"))
    keep(run, store, environment)
    with showing(run.err, environment.name) as progress:
        report = run_scan(environment, plan=plan, store=store, source=source, progress=progress)
    print_summary(run.out, report, everything=run.verbose)
    return report


def show_around(run: Run, view: StoreView, store: Store, *, depth: int) -> None:
    """Show the tree of an environment, the clique of one of its instances, and suggested commands."""
    run.out.say("")
    run.out.say((run.typed("tree", "--depth", str(depth), environment=view.environment), "bold cyan"))
    for parts in Tree(view, Freshness()).lines(root_of(view.environment), depth):
        run.out.say(*parts)
    focal_points = sorted(view.of_type("instance"), key=lambda one: (one.name, one.id))
    cliques = (found[0] for one in focal_points if (found := view.cliques(one.ref)))
    clique = max(cliques, key=lambda one: len(one.links), default=None)
    if clique is not None:
        name = next(one.name for one in focal_points if one.ref == clique.focal_point)
        run.out.say("")
        run.out.say((run.typed("clique", name, environment=view.environment), "bold cyan"))
        print_clique(run.out, routes_of(store, view, clique), fresh=Freshness())
    print_next(run.out, next_steps(run, view))
