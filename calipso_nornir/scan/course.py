# SPDX-License-Identifier: Apache-2.0
"""One scan, from the plan to the report."""

from __future__ import annotations

import time
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calipso_nornir.errors import CalipsoError, Fatal, NothingSeen, ScanCancelled
from calipso_nornir.scan.before import Before
from calipso_nornir.scan.cliques import build_cliques, constraint_attributes
from calipso_nornir.scan.conditional import CliqueChoice
from calipso_nornir.scan.contract import STATES
from calipso_nornir.scan.events import SILENT, PhaseBegan, ScanEnded
from calipso_nornir.scan.gather import Gathering
from calipso_nornir.scan.graph import Graph
from calipso_nornir.scan.implicit import derive_links
from calipso_nornir.scan.links import find_links
from calipso_nornir.scan.plan import Steps, find_targets
from calipso_nornir.scan.records import ScanRecord
from calipso_nornir.scan.report import ScanReport, Troubles
from calipso_nornir.scan.sessions import finish
from calipso_nornir.scan.small import SmallScan
from calipso_nornir.scan.storing import Generation
from calipso_nornir.scan.working import State, Working

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.cliques import Clique, CliqueType
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import Source, Store
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.scan.events import Phase, Progress
    from calipso_nornir.scan.plan import ScanPlan
    from calipso_nornir.scan.report import Status
    from calipso_nornir.scan.stopping import Stop


class Scan:
    """The parts of one scan. Raises UnknownObject for one of an object that is not there."""

    def __init__(  # noqa: PLR0913 - everything a scan is made of comes together here
        self,
        environment: Environment,
        plan: ScanPlan,
        *,
        catalog: Catalog,
        store: Store,
        source: Source,
        stop: Stop,
        progress: Progress = SILENT,
        scan_id: str | None = None,
    ) -> None:
        self._environment = environment
        self._plan = plan
        self._catalog = catalog
        self._store = store
        self._source = source
        self._stop = stop
        self._progress = progress
        self._view = store.view(environment.name)
        self._before = Before(self._view, forget=plan.clear)
        self._targets = find_targets(plan, self._before, catalog)
        self._report = ScanReport(
            scan_id=scan_id or uuid.uuid4().hex, environment=environment.name, started_at=datetime.now(UTC)
        )
        self._troubles = Troubles(self._report, progress)
        self._record = ScanRecord(store, plan, self._report)

    def run(self) -> ScanReport:
        """Scan; raises the errors after which nothing is as the caller expects, and returns the report otherwise."""
        self._record.begin()
        try:
            self._phases()
        except ScanCancelled as error:
            self._ends("aborted", error)
        except CalipsoError as error:
            self._ends("failed", error)
            if not isinstance(error, Fatal):
                raise
        except KeyboardInterrupt:
            self._report.status = "aborted"
            raise
        except BaseException:
            self._report.status = "failed"
            raise
        else:
            self._report.status = "completed_with_errors" if self._report.failures else "completed"
        finally:
            self._note_outcome()
        self._progress(ScanEnded(self._report))
        return self._report

    def _ends(self, status: Status, error: CalipsoError) -> None:
        self._report.status = status
        self._troubles.fail(error, "the scan as a whole")

    def _note_outcome(self) -> None:
        self._report.ended_at = datetime.now(UTC)
        unnoted = self._record.end(whole=not self._targets)
        if unnoted is not None and self._report.status in ("completed", "completed_with_errors"):
            self._report.status = "completed_with_errors"
            self._troubles.fail(unnoted, "the scan's own record")

    def _phases(self) -> None:
        with self._phase("inventory"):
            working, gone = self._inventory()
        links: list[Link] = []
        with self._phase("links"):
            if self._plan.wants_links:
                links = self._links(working)
            elif self._plan.wants_cliques:
                links = list(self._view.links())
        with self._phase("cliques"):
            implicit, cliques = self._cliques(working, links) if self._plan.wants_cliques else ([], [])
        with self._phase("store"):
            self._store_all(working, gone, links, implicit, cliques)
        for one in working:
            self._report.counts[one.type] = self._report.counts.get(one.type, 0) + (one.parent is not None)
        self._report.counts.pop("environment", None)

    # --- inventory

    def _inventory(self) -> tuple[Working, frozenset[ObjectRef] | None]:
        """Return the picture, and what is gone (None: all that is not in it)."""
        if not self._plan.wants_inventory:
            working = Working(self._environment.name)
            self._complete(working, frozenset())
            return working, None
        steps = Steps(self._catalog, self._environment)
        gathering = Gathering(
            self._source,
            steps=steps,
            parsers=self._catalog.parsers,
            before=self._before,
            report=self._report,
            troubles=self._troubles,
            progress=self._progress,
            targets=self._targets,
        )
        gone = None
        if self._targets:
            small = SmallScan(gathering, steps=steps, before=self._before, targets=self._targets)
            small.run()
            gone = small.gone
        else:
            gathering.run()
        unrecorded = finish(self._source)
        if unrecorded is not None:
            self._troubles.fail(unrecorded, "the recording")
        if self._report.saw_nothing:
            raise NothingSeen(self._environment.name)
        if gone is not None:
            self._complete(gathering.working, gone)
        return gathering.working, gone

    def _complete(self, working: Working, gone: frozenset[ObjectRef]) -> None:
        """Bring in, as it was, what this scan was not about."""
        for type_ in self._catalog.object_types:
            for one in self._before.of_type(type_):
                if one.ref not in working and one.ref not in gone:
                    working.put(one, State.CONTEXT)

    # --- links and cliques

    def _links(self, working: Working) -> list[Link]:
        return find_links(
            self._catalog.link_finders,
            working,
            before=self._view.links,
            at=self._report.started_at,
            on_trouble=self._troubles.fail,
            states=self._catalog.constants.get("link_states") or STATES,
        )

    def _cliques(self, working: Working, links: Iterable[Link]) -> tuple[list[Link], Iterable[Clique]]:
        graph = Graph(sorted(links, key=_by_ends), constraint_attributes(self._catalog.clique_constraints))
        choice = CliqueChoice(self._catalog, self._environment, working, self._troubles)
        implicit = list(self._implicit(graph, working, choice.possible()))
        with_implicit = graph
        if implicit:
            with_implicit = Graph([*links, *implicit], graph.attributes)
        return implicit, self._clique_stream(graph, with_implicit, choice)

    def _clique_stream(self, graph: Graph, with_implicit: Graph, choice: CliqueChoice) -> Iterator[Clique]:
        for clique_type, objects in choice.groups():
            yield from build_cliques(
                with_implicit if clique_type.use_implicit_links else graph,
                objects,
                clique_type,
                constraints=self._catalog.clique_constraints.get(clique_type.focal_point_type, ()),
                at=self._report.started_at,
            )

    def _implicit(self, graph: Graph, working: Working, chosen: Iterable[CliqueType]) -> Iterator[Link]:
        wanted = {
            link_type
            for one in (self._catalog.clique_types if self._plan.implicit_links else chosen)
            if one.use_implicit_links
            for link_type in one.link_types
        }
        for link_type in sorted(wanted):
            sources: Iterable[InventoryObject] = working.of_type(link_type.source)
            yield from derive_links(graph, link_type, sources, at=self._report.started_at)

    # --- store

    def _store_all(
        self,
        working: Working,
        gone: frozenset[ObjectRef] | None,
        links: list[Link],
        implicit: list[Link],
        cliques: Iterable[Clique],
    ) -> None:
        with self._store.write(self._environment.name) as writer:
            generation = Generation(writer, at=self._report.started_at)
            if self._plan.wants_inventory:
                generation.put_objects(working, gone=gone)
            unconfirmed = self._unconfirmed(links, working)
            if self._plan.wants_links:
                generation.put_links(links, kept=unconfirmed)
            if self._plan.wants_cliques:
                generation.put_links(implicit, "implicit_links")
                generation.put_cliques(cliques, kept=unconfirmed)
            if self._plan.inventory_only:
                generation.prune(working, self._view)
        generation.tell(self._report)

    def _unconfirmed(self, links: Iterable[Link], working: Working) -> frozenset[str]:
        """Return the links that this scan was about and that nobody could confirm."""
        at = self._report.started_at
        return frozenset(
            link.document_id
            for link in links
            if (link.scanned_at is None or link.scanned_at < at)
            and not any(working.state(end) is State.CONTEXT for end in (link.source, link.target))
        )

    @contextmanager
    def _phase(self, phase: Phase) -> Iterator[None]:
        self._stop.check()
        self._progress(PhaseBegan(phase))
        begun = time.monotonic()
        try:
            yield
        finally:
            self._report.durations[phase] = self._report.durations.get(phase, 0.0) + time.monotonic() - begun


def _by_ends(link: Link) -> tuple[str, str, str, str]:
    """Order links the same whether they were found or come from the store: a clique tells its links in this order."""
    return link.source.type, link.source.id, link.target.type, link.target.id
