# SPDX-License-Identifier: Apache-2.0
"""Derives all links and cliques from the objects of a scan, or those around what has changed; writes the results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from calipso_nornir.scan.checked_view import DeclaredTypes
from calipso_nornir.scan.cliques import build_cliques, constraint_attributes
from calipso_nornir.scan.conditional import CliqueChoice
from calipso_nornir.scan.contract import STATES
from calipso_nornir.scan.contradictions import tell_contradictions
from calipso_nornir.scan.deriving_again import cliques_again, links_again
from calipso_nornir.scan.differences import DifferencesDerivation, differences
from calipso_nornir.scan.graph import Graph
from calipso_nornir.scan.implicit import derive_links
from calipso_nornir.scan.links import find_links
from calipso_nornir.scan.small_links import changed_objects, is_as_before
from calipso_nornir.scan.storing import doubted
from calipso_nornir.scan.working import ObjectState
from calipso_nornir.store.documents import object_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.cliques import Clique, CliqueType
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView
    from calipso_nornir.scan.before import Before
    from calipso_nornir.scan.plan import ScanPlan
    from calipso_nornir.scan.report import Troubles
    from calipso_nornir.scan.storing import Generation
    from calipso_nornir.scan.working import Working


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What links and cliques are derived from: the objects of this scan, and the stored state before it."""

    catalog: Catalog
    environment: Environment
    plan: ScanPlan
    view: StoreView
    before: Before
    working: Working
    gone: frozenset[ObjectRef]
    on_hosts: frozenset[str]
    """Types of objects that belong to a host."""
    troubles: Troubles
    at: datetime
    cliques_are_of: int = 0
    """Version of the written metadata with which the stored cliques were built."""

    @property
    def all_cliques(self) -> bool:
        """Whether all cliques have to be built again, because clique types or constraints were written since."""
        return self.plan.wants_cliques and self.cliques_are_of != self.catalog.written

    def unconfirmed(self, links: Iterable[Link]) -> frozenset[str]:
        """Return the ``_id``s of links that this scan examined but could not confirm."""
        return frozenset(
            link.document_id
            for link in links
            if (link.scanned_at is None or link.scanned_at < self.at)
            and not any(self.working.state(end) in (ObjectState.CONTEXT, None) for end in (link.source, link.target))
        )


class Derivation(Protocol):
    """Finds links, then builds cliques, then writes all results of a scan."""

    def links(self) -> None:
        """Find the links."""
        ...

    def cliques(self) -> None:
        """Build the cliques, and the implicit links."""
        ...

    def write(self, generation: Generation) -> None:
        """Write objects, links and cliques."""
        ...


class WholeDerivation:
    """Derives all links and cliques. The scan's picture must contain the whole environment."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._links: list[Link] = []
        self._implicit: list[Link] = []
        self._cliques: Iterable[Clique] = ()

    def links(self) -> None:
        """Find the links."""
        ground = self._ground
        if ground.plan.wants_links:
            self._links = find_links(
                ground.catalog.link_finders,
                ground.working,
                before=ground.view.links,
                at=ground.at,
                on_trouble=ground.troubles.fail,
                states=ground.catalog.constants.get("link_states") or STATES,
                declared=DeclaredTypes(ground.catalog.object_types, ground.catalog.link_types),
            )
            tell_contradictions(self._links, ground.troubles)
        elif ground.plan.wants_cliques:
            self._links = list(ground.view.links())

    def cliques(self) -> None:
        """Build the cliques, and the implicit links."""
        ground = self._ground
        if not ground.plan.wants_cliques:
            return
        graph = Graph(self._links, constraint_attributes(ground.catalog.clique_constraints))
        choice = CliqueChoice(ground.catalog, ground.environment, ground.working, ground.troubles)
        self._implicit = list(_implicit(ground, graph, choice.possible()))
        with_implicit = Graph([*self._links, *self._implicit], graph.attributes) if self._implicit else graph
        self._cliques = _stream(ground, graph, with_implicit, choice)

    def write(self, generation: Generation) -> None:
        """Write objects, links and cliques."""
        ground = self._ground
        if ground.plan.wants_inventory and ground.plan.is_small:
            scanned = (one for one in ground.working if ground.working.state(one.ref) is not ObjectState.CONTEXT)
            generation.put_some_objects(
                [object_document(one) for one in scanned], ground.gone, kept=doubted(ground.working)
            )
        elif ground.plan.wants_inventory:
            generation.put_objects(ground.working)
        generation.depends_on(one.ref for one in ground.working.in_state(ObjectState.CONTEXT) if one.parent is not None)
        unconfirmed = ground.unconfirmed(self._links)
        if ground.plan.wants_links:
            generation.put_links(self._links, kept=unconfirmed)
        if ground.plan.wants_cliques:
            generation.put_links(self._implicit, "implicit_links")
            generation.put_cliques(self._cliques, kept=unconfirmed)
        if ground.plan.inventory_only:
            generation.prune(ground.working, ground.view)


class SmallDerivation:
    """Derives only the links and cliques that may differ from the stored ones, after a small scan."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        scanned = [one for one in ground.working if ground.working.state(one.ref) is not ObjectState.CONTEXT]
        self._as_before = [one for one in scanned if is_as_before(one, ground.before.get(one.ref))]
        same = {one.ref for one in self._as_before}
        self._documents = {one.ref: object_document(one) for one in scanned if one.ref not in same}
        self._changed = changed_objects(ground.working, ground.before, ground.gone, self._documents)
        self._built: list[Clique] = []
        self._without: list[ObjectRef] = []
        self._again = links_again(ground, ground.before, gone=ground.gone)

    def links(self) -> None:
        """Find the links."""
        self._again.run(self._changed)
        tell_contradictions(self._again.found.values(), self._ground.troubles)

    def cliques(self) -> None:
        """Build the cliques."""
        ground = self._ground
        around = cliques_again(ground, ground.before, self._again, gone=ground.gone)
        self._built, self._without = around.build(self._changed, ground.at)

    def write(self, generation: Generation) -> None:
        """Write the differences."""
        ground = self._ground
        links = list(self._again.found.values())
        unconfirmed = ground.unconfirmed(links)
        kept = doubted(ground.working)
        generation.put_some_objects(list(self._documents.values()), ground.gone, kept=kept)
        generation.see_objects(self._as_before, kept=kept)
        generation.depends_on(ground.before.read() - {one.ref for one in ground.working} - ground.gone)
        generation.put_some_links(links, self._again.gone, kept=unconfirmed)
        generation.put_some_cliques(self._built, self._without, kept=unconfirmed)


def derivation(ground: Ground, *, as_stored: bool) -> Derivation:
    """Choose what to derive: all links and cliques, unless it is certain which ones may have changed.

    ``as_stored``: the stored links and cliques follow from the stored objects (see ``lineage``).
    """
    plan = ground.plan
    types = [
        one.clique_type
        for type_ in ground.catalog.focal_types()
        for one in ground.catalog.clique_types_for(ground.environment, type_)
    ]
    implicit = plan.implicit_links or any(one.use_implicit_links for one in types)
    if plan.is_small and not plan.inventory_only and not implicit and not ground.all_cliques:
        return SmallDerivation(ground)
    may_differ_little = as_stored and derives_all(plan) and not (implicit or plan.clear or ground.all_cliques)
    found = differences(ground) if may_differ_little else None
    return WholeDerivation(ground) if found is None else DifferencesDerivation(ground, found)


def derives_all(plan: ScanPlan) -> bool:
    """Tell whether a scan examines everything, and derives links and cliques from it."""
    return not plan.is_small and plan.wants_inventory and plan.wants_links and plan.wants_cliques


def needs_all(derived: Derivation) -> bool:
    """Return whether the picture must contain the whole environment."""
    return isinstance(derived, WholeDerivation)


def _implicit(ground: Ground, graph: Graph, chosen: Iterable[CliqueType]) -> Iterator[Link]:
    wanted = {
        link_type
        for one in (ground.catalog.clique_types if ground.plan.implicit_links else chosen)
        if one.use_implicit_links
        for link_type in one.link_types
    }
    for link_type in sorted(wanted):
        yield from derive_links(graph, link_type, ground.working.of_type(link_type.source), at=ground.at)


def _stream(ground: Ground, graph: Graph, with_implicit: Graph, choice: CliqueChoice) -> Iterator[Clique]:
    for clique_type, objects in choice.groups():
        if clique_type.stored:
            yield from build_cliques(
                with_implicit if clique_type.use_implicit_links else graph,
                objects,
                clique_type,
                constraints=ground.catalog.clique_constraints.get(clique_type.focal_point_type, ()),
                at=ground.at,
            )
