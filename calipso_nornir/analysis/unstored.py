# SPDX-License-Identifier: Apache-2.0
"""Builds cliques that are not stored because they would grow with the cloud."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calipso_nornir.model.environment import Environment
from calipso_nornir.scan.before import Before
from calipso_nornir.scan.cliques import build_clique, constraint_attributes
from calipso_nornir.scan.conditional import CliqueChoice
from calipso_nornir.scan.graph import values_of
from calipso_nornir.scan.neighbourhood import Neighbourhood
from calipso_nornir.scan.progress_events import SILENT
from calipso_nornir.scan.report import ScanReport, Troubles
from calipso_nornir.scan.small_cliques import LinksAround
from calipso_nornir.scan.working import Working
from calipso_nornir.store.environments import load_environment, stored_environment
from calipso_nornir.store.written import catalog_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import Store, StoreView


def unstored_clique(store: Store, view: StoreView, ref: ObjectRef, *, catalog: Catalog | None = None) -> Clique | None:
    """Build the clique of an object whose clique type is not stored; None if it is stored, or there is none."""
    focal_point = view.get(ref)
    if focal_point is None:
        return None
    building = _Building(store, view, catalog or catalog_of(store))
    return building.clique(focal_point) if ref.type in building.types() else None


def unstored_cliques(store: Store, view: StoreView, *, catalog: Catalog | None = None) -> Iterator[Clique]:
    """Yield every clique that is not stored, one after the other as each is built."""
    building = _Building(store, view, catalog or catalog_of(store))
    for type_ in building.types():
        for focal_point in view.of_type(type_):
            clique = building.clique(focal_point)
            if clique is not None:
                yield clique


class _Building:
    """Builds cliques from a view; each link is read once, when it is reached."""

    def __init__(self, store: Store, view: StoreView, catalog: Catalog) -> None:
        environment = Environment(name=view.environment)
        if stored_environment(store, view.environment) is not None:
            environment = load_environment(store, view.environment, constants=catalog.constants, complete=False)
        before = Before(view, by_index=True)
        picture = Neighbourhood(Working(view.environment), before, gone=())
        self._view = view
        self._at = datetime.now(UTC)
        report = ScanReport(scan_id="", environment=view.environment, started_at=self._at)
        self._catalog = catalog
        self._environment = environment
        self._choice = CliqueChoice(catalog, environment, picture, Troubles(report, SILENT))
        self._around = LinksAround(before, (), (), constraint_attributes(catalog.clique_constraints))

    def types(self) -> list[str]:
        """Return the types of focal points that may have such a clique."""
        return sorted(
            type_
            for type_ in self._catalog.focal_types()
            if not all(one.clique_type.stored for one in self._catalog.clique_types_for(self._environment, type_))
        )

    def clique(self, focal_point: InventoryObject) -> Clique | None:
        """Build the clique of an object, unless it is stored."""
        clique_type = self._choice.of(focal_point)
        if clique_type is None or clique_type.stored:
            return None
        constraints = self._catalog.clique_constraints.get(focal_point.type, ())
        focal_point = self._limited(focal_point, constraints)
        return build_clique(self._around, focal_point, clique_type, constraints=constraints, at=self._at)

    def _limited(self, focal_point: InventoryObject, constraints: Sequence[str]) -> InventoryObject:
        """Return a focal point with the constraint values of its links: a card carries the networks of its links."""
        missing = [name for name in constraints if focal_point.get(name) is None]
        links = self._view.links_of(focal_point.ref) if missing else ()
        told = {name: [values_of(one.attributes[name]) for one in links if name in one.attributes] for name in missing}
        own = {name: sorted(frozenset().union(*values)) for name, values in told.items()}
        return focal_point.with_attributes({**focal_point.attributes, **own}) if own else focal_point
