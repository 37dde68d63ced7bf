# SPDX-License-Identifier: Apache-2.0
"""Links and cliques of a cloud of 30,000 instances: making and writing them, compared with a bare insert of the same.

``CALIPSO_BENCH_TOPOLOGY=hosts/instances`` sets the size.
"""

from __future__ import annotations

import os
import resource
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.bare_insert import Taken, insert
from benchmarks.figures import Figure
from benchmarks.synthetic import ENVIRONMENT, SCANNED_AT, Size, cloud
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.model.environment import Environment
from calipso_nornir.scan.cliques import build_cliques, constraint_attributes
from calipso_nornir.scan.graph import Graph
from calipso_nornir.scan.links import find_links
from calipso_nornir.scan.memory import seldom_collected
from calipso_nornir.store import open_store
from calipso_nornir.store.documents import clique_document, link_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.links import Link
    from calipso_nornir.scan.working import Working

SIZE = os.environ.get("CALIPSO_BENCH_TOPOLOGY", "400/30000")
MEMORY_LIMIT_MIB = 2048


def run() -> list[Figure]:
    """Compute, write, and compare by CPU time, which other work on the machine affects least."""
    hosts, instances = map(int, SIZE.split("/"))
    working = cloud(Size(hosts=hosts, instances=instances))
    catalog = load_catalog()  # not measured: an open cloud already has it
    links: list[Link] = []
    cliques: list[Clique] = []
    with seldom_collected():  # as in a scan
        linked = Taken.by(lambda: links.extend(made_links(catalog, working)))
        grouped = Taken.by(lambda: cliques.extend(made_cliques(catalog, working, links)))
        written = Taken.by(lambda: _write(links, cliques))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bare = insert([*map(link_document, links), *map(clique_document, cliques)])
    of = f"{instances} instances, {hosts} hosts, {len(links)} links, {len(cliques)} cliques"
    against = f"bare insert {bare.cpu:.1f} s"
    return [
        Figure(
            "links and cliques: CPU of making them / bare insert",
            (linked.cpu + grouped.cpu) / bare.cpu,
            2.0,
            f"{of}: links {linked.cpu:.1f} s, cliques {grouped.cpu:.1f} s, {against}",
            goal=0.8,
        ),
        Figure(
            "links and cliques: CPU of writing them (SQLite) / bare insert",
            written.cpu / bare.cpu,
            3.0,
            f"{written.cpu:.1f} s (wall {written.wall:.1f} s), {against} (wall {bare.wall:.1f} s)",
            goal=2.0,
        ),
        Figure("links and cliques: memory / 2 GiB", memory / MEMORY_LIMIT_MIB, 1.0, f"{memory:.0f} MiB at most"),
    ]


def made_links(catalog: Catalog, working: Working) -> list[Link]:
    """Return the links that a scan would find."""
    return find_links(catalog.link_finders, working, before=lambda _type: (), at=SCANNED_AT, on_trouble=_raise)


def made_cliques(catalog: Catalog, working: Working, links: list[Link]) -> Iterator[Clique]:
    """Yield the cliques that a scan stores."""
    environment = Environment(name=ENVIRONMENT, mechanism_drivers=("OVS",), type_drivers="vxlan")
    graph = Graph(links, constraint_attributes(catalog.clique_constraints))
    for focal_type in catalog.focal_types():
        for _, chosen in catalog.clique_types_for(environment, focal_type):
            if chosen.stored:
                constraints = catalog.clique_constraints.get(focal_type, ())
                focal_points = working.of_type(focal_type)
                yield from build_cliques(graph, focal_points, chosen, constraints=constraints, at=SCANNED_AT)


def _write(links: list[Link], cliques: list[Clique]) -> None:
    """Write into an empty store in the temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "bench.db")
        with store.write(ENVIRONMENT) as writer:
            writer.put("links", (link_document(link) for link in links))
            writer.put("cliques", (clique_document(clique) for clique in cliques))
        store.close()


def _raise(error: Exception, _affected: str) -> None:
    raise error
