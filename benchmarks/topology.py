# SPDX-License-Identifier: Apache-2.0
"""Links and cliques of a cloud of 30,000 instances: in-memory work against the bulk writes of the same results."""

from __future__ import annotations

import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Figure
from benchmarks.synthetic import ENVIRONMENT, Size, cloud
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.model.environment import Environment
from calipso_nornir.scan.cliques import build_cliques, constraint_attributes
from calipso_nornir.scan.graph import Graph
from calipso_nornir.scan.links import find_links
from calipso_nornir.store import open_store
from calipso_nornir.store.documents import clique_document, link_document

if TYPE_CHECKING:
    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.links import Link

MEMORY_LIMIT_MIB = 2048


def run() -> list[Figure]:
    """Compute, write, and compare."""
    size, at = Size(), datetime.now(UTC)
    catalog = load_catalog()
    environment = Environment(name=ENVIRONMENT, mechanism_drivers=("OVS",), type_drivers="vxlan")
    working = cloud(size)
    begun = time.perf_counter()
    links = find_links(catalog.link_finders, working, before=lambda _type: (), at=at, on_trouble=_raise)
    linked = time.perf_counter()
    graph = Graph(links, constraint_attributes(catalog.clique_constraints))
    cliques: list[Clique] = []
    for focal_type in catalog.focal_types():
        for _, chosen in catalog.clique_types_for(environment, focal_type):
            constraints = catalog.clique_constraints.get(focal_type, ())
            cliques += build_cliques(graph, working.of_type(focal_type), chosen, constraints=constraints, at=at)
    computed = time.perf_counter()
    written = _write(links, cliques)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    detail = (
        f"{size.instances} instances, {size.hosts} hosts: {len(links)} links in {linked - begun:.1f} s, "
        f"{len(cliques)} cliques in {computed - linked:.1f} s; writing them to SQLite {written:.1f} s"
    )
    return [
        Figure("links and cliques: computing / writing", (computed - begun) / written, 1.0, detail),
        Figure("links and cliques: memory / 2 GiB", memory / MEMORY_LIMIT_MIB, 1.0, f"{memory:.0f} MiB at most"),
    ]


def _write(links: list[Link], cliques: list[Clique]) -> float:
    """Return the seconds that the bulk writes take, on an empty store in the temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "bench.db")
        begun = time.perf_counter()
        with store.write(ENVIRONMENT) as writer:
            writer.put("links", (link_document(link) for link in links))
            writer.put("cliques", (clique_document(clique) for clique in cliques))
        seconds = time.perf_counter() - begun
        store.close()
    return seconds


def _raise(error: Exception, _affected: str) -> None:
    raise error
