# SPDX-License-Identifier: Apache-2.0
"""Builds cliques that are not stored, because they would grow with the cloud."""

from __future__ import annotations

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


def unstored_clique(store: Store, view: StoreView, ref: ObjectRef, *, catalog: Catalog | None = None) -> Clique | None:
    """Build the clique of an object whose clique type is not stored; None when it is stored, or has none."""
    catalog = catalog or load_catalog()
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
