# SPDX-License-Identifier: Apache-2.0
"""The clique of an object, whether it is stored or not: one that fans out without bound is built when it is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.model.environment import Environment
from calipso_nornir.scan.before import Before
from calipso_nornir.scan.cliques import build_clique, constraint_attributes
from calipso_nornir.scan.conditional import CliqueChoice
from calipso_nornir.scan.events import SILENT
from calipso_nornir.scan.neighbourhood import Neighbourhood
from calipso_nornir.scan.report import ScanReport, Troubles
from calipso_nornir.scan.small_cliques import LinksAround
from calipso_nornir.scan.working import Working
from calipso_nornir.store.environments import load_environment, stored_environment

if TYPE_CHECKING:
    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.protocols import Store, StoreView
    from calipso_nornir.model.refs import ObjectRef

MOST_LINKS = 10_000
"""Links of a clique that are given when nobody says how many."""


@dataclass(frozen=True, slots=True)
class Around:
    """A clique, perhaps cut off; ``links`` and ``nodes`` are how many there are."""

    clique: Clique
    links: int
    nodes: int

    @property
    def whole(self) -> bool:
        """Whether nothing was cut off."""
        return len(self.clique.links) == self.links


def clique_around(
    store: Store, view: StoreView, ref: ObjectRef, *, catalog: Catalog | None = None, limit: int = MOST_LINKS
) -> Around | None:
    """Return the clique of an object as a scan builds it, with at most so many links; None when it has none.

    Args:
        store: where the environment is described.
        view: what is read.
        ref: the focal point.
        catalog: the metadata of the scans; what is installed when it is not given.
        limit: the most links to give. The first ones are given, in the order in which they are reached.
    """
    stored = view.cliques(ref)
    found = stored[0] if stored else _built(store, view, ref, catalog or load_catalog())
    if found is None:
        return None
    links = found.links[:limit]
    if len(links) == len(found.links):
        return Around(found, len(found.links), len(found.nodes))
    ends = {ref}
    for link_id in links:
        document = view.get_by_id("links", link_id) or {}
        ends |= {
            replace(ref, type=document[f"{end}_type"], id=document[f"{end}_id"])
            for end in ("source", "target")
            if document
        }
    kept = tuple(node for node in found.nodes if node in ends)
    return Around(replace(found, links=links, nodes=kept), len(found.links), len(found.nodes))


def _built(store: Store, view: StoreView, ref: ObjectRef, catalog: Catalog) -> Clique | None:
    """Build a clique of a type that is not stored."""
    focal_point = view.get(ref)
    if focal_point is None:
        return None
    environment = Environment(name=view.environment)
    if stored_environment(store, view.environment) is not None:
        environment = load_environment(store, view.environment, constants=catalog.constants, complete=False)
    candidates = catalog.clique_types_for(environment, ref.type)
    if all(one.clique_type.stored for one in candidates):
        return None
    before = Before(view, by_index=True)
    picture = Neighbourhood(Working(view.environment), before, gone=())
    report = ScanReport(scan_id="", environment=view.environment, started_at=datetime.now(UTC))
    choice = CliqueChoice(catalog, environment, picture, Troubles(report, SILENT))
    clique_type = choice.of(focal_point)
    if clique_type is None or clique_type.stored:
        return None
    around = LinksAround(before, (), (), constraint_attributes(catalog.clique_constraints))
    constraints = catalog.clique_constraints.get(ref.type, ())
    return build_clique(around, focal_point, clique_type, constraints=constraints, at=datetime.now(UTC))
