# SPDX-License-Identifier: Apache-2.0
"""One scan, from the plan to the report."""

from __future__ import annotations

import logging
import time
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calipso_nornir.errors import CalipsoError, Fatal, NothingSeen, Overtaken, ScanCancelled, StoreError
from calipso_nornir.scan.before import Before
from calipso_nornir.scan.deriving import Ground, derivation, derives_all, needs_all
from calipso_nornir.scan.gather import Gathering
from calipso_nornir.scan.lineage import Lineage
from calipso_nornir.scan.origin import BY_HAND
from calipso_nornir.scan.plan import Steps, find_targets
from calipso_nornir.scan.progress_events import SILENT, PhaseBegan, ScanEnded, all_of
from calipso_nornir.scan.readings import Readings, parsed
from calipso_nornir.scan.records import ScanRecord
from calipso_nornir.scan.report import ScanReport, Troubles
from calipso_nornir.scan.scan_messages import ScanMessages
from calipso_nornir.scan.sessions import finish
from calipso_nornir.scan.small import SmallScan
from calipso_nornir.scan.storing import Generation
from calipso_nornir.scan.supervising import Watch
from calipso_nornir.scan.working import ObjectState, Working
from calipso_nornir.store.documents import object_of
from calipso_nornir.store.values import utc_ms
from calipso_nornir.store.written import cliques_are_of, note_cliques

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import Store
    from calipso_nornir.scan.origin import ScanOrigin
    from calipso_nornir.scan.plan import ScanPlan
    from calipso_nornir.scan.progress_events import Phase, Progress
    from calipso_nornir.scan.report import Status
    from calipso_nornir.scan.stopping import Stop

logger = logging.getLogger(__name__)

ATTEMPTS = 8
"""Maximum attempts to commit; after each failed one, the scan takes over what others have written meanwhile."""


class Scan:
    """The phases of one scan. Raises UnknownObject if the object to scan does not exist."""

    def __init__(  # noqa: PLR0913 - all parts of a scan are combined here
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
        origin: ScanOrigin = BY_HAND,
        readings: Readings | None = None,
    ) -> None:
        self._environment = environment
        self._plan = plan
        self._catalog = catalog
        self._store = store
        self._source = source
        self._stop = stop
        self._read = readings.read if readings is not None else parsed
        self._view = store.view(environment.name)
        self._base = self._view.revision
        self._before = Before(self._view, forget=plan.clear, by_index=plan.is_small)
        self._targets = find_targets(plan, self._before, catalog)
        self._report = ScanReport(
            scan_id=scan_id or uuid.uuid4().hex,
            environment=environment.name,
            started_at=utc_ms(datetime.now(UTC)),  # as precise as stores are
        )
        self._cause = origin.cause or f"scan {self._report.scan_id}"
        self._progress = all_of(progress, ScanMessages(store, self._report, origin))
        self._troubles = Troubles(self._report, self._progress)
        self._record = ScanRecord(store, plan, self._report, owner=origin.owner)
        self._watch = Watch(self._record, stop, time_limit_s=plan.time_limit_s)

    def run(self) -> ScanReport:
        """Scan; raises the errors that prevent any result, and returns the report otherwise."""
        self._record.begin()
        self._watch.start()
        try:
            self._phases()
        except ScanCancelled as error:
            self._ends(error.status, error)
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
        self._watch.end()
        self._report.ended_at = datetime.now(UTC)
        unnoted = self._record.end(whole=not self._targets)
        if unnoted is not None and self._report.stored:
            self._report.status = "completed_with_errors"
            self._troubles.fail(unnoted, "the scan's own record")

    def _phases(self) -> None:
        with self._phase("inventory"):
            self._steps = Steps(self._catalog, self._environment)
            self._working, self._gone = self._inventory()
        base = self._base
        for attempt in range(ATTEMPTS):
            try:
                self._derive_and_store(base, first=attempt == 0)
            except Overtaken as error:
                if attempt == ATTEMPTS - 1:
                    raise
                base = max(base, error.revision)
                self._take_over(error)
            else:
                break
        for one in self._working:
            counted = one.parent is not None and (
                not self._targets or self._working.state(one.ref) is not ObjectState.CONTEXT
            )
            if counted:
                self._report.counts[one.type] = self._report.counts.get(one.type, 0) + 1

    def _derive_and_store(self, base: int, *, first: bool) -> None:
        lineage = Lineage(self._store, self._environment, self._catalog, notes=self._record.notes)
        as_stored = first and lineage.holds(base)
        failures = len(self._report.failures)
        ground = Ground(
            catalog=self._catalog,
            environment=self._environment,
            plan=self._plan,
            view=self._view,
            before=self._before,
            working=self._working,
            gone=self._gone,
            on_hosts=self._steps.on_hosts,
            troubles=self._troubles,
            at=self._report.started_at,
            cliques_are_of=cliques_are_of(self._store, self._environment.name),
        )
        derived = derivation(ground, as_stored=as_stored)
        if needs_all(derived) and (self._targets or not self._plan.wants_inventory):
            self._complete(self._working, self._gone)
        with self._phase("links"):
            derived.links()
        with self._phase("cliques"):
            derived.cliques()
        with self._phase("store"):
            cause = self._cause
            with self._store.write(self._environment.name, base=base, cause=cause) as writer:
                generation = Generation(
                    writer, environment=self._environment.name, base=base, at=self._report.started_at
                )
                derived.write(generation)
            generation.tell(self._report)
        matches = derives_all(self._plan) or (as_stored and not needs_all(derived))
        try:
            if needs_all(derived) and self._plan.wants_cliques:
                note_cliques(self._store, self._environment.name, self._catalog)
            if matches and first and len(self._report.failures) == failures:
                self._record.derivation = lineage.note(base, cause)
        except StoreError as error:  # the results are committed; the next scan derives everything again
            logger.warning("the next scan will derive all links and cliques again: %s", error)

    def _take_over(self, overtaken: Overtaken) -> None:
        """Take over what others have written since this scan began: their information is newer.

        Objects that they removed are gone, with everything that was found below them.
        """
        self._before = Before(self._view, forget=self._plan.clear, by_index=self._plan.is_small)
        if not self._plan.wants_inventory:
            self._working = Working(self._environment.name)
            return
        known = {one.ref.document_id: one.ref for one in self._working}
        known.update({ref.document_id: ref for ref in self._gone})
        theirs: set[ObjectRef] = set()
        for document_id in overtaken.by_kind().get("inventory", ()):
            document = self._view.get_by_id("inventory", document_id)
            if document is not None:
                one = object_of(document)
                self._working.put(one, ObjectState.CONTEXT)
                theirs.add(one.ref)
            elif document_id in known:
                self._working.remove(known[document_id])
        self._gone -= theirs
        lost = [one.ref for one in self._working if one.parent is not None and one.parent not in self._working]
        while lost and not self._targets:
            for ref in lost:
                self._working.remove(ref)
            lost = [one.ref for one in self._working if one.parent is not None and one.parent not in self._working]

    # --- inventory

    def _inventory(self) -> tuple[Working, frozenset[ObjectRef]]:
        """Return the picture, and what a small scan found to be gone."""
        if not self._plan.wants_inventory:
            return Working(self._environment.name), frozenset()
        gathering = Gathering(
            self._source,
            steps=self._steps,
            parsers=self._catalog.parsers,
            read=self._read,
            before=self._before,
            report=self._report,
            troubles=self._troubles,
            progress=self._progress,
            targets=self._targets,
        )
        gone: frozenset[ObjectRef] = frozenset()
        if self._targets:
            small = SmallScan(gathering, steps=self._steps, before=self._before, targets=self._targets)
            small.run()
            gone = small.gone
        else:
            gathering.run()
        unrecorded = finish(self._source)
        if unrecorded is not None:
            self._troubles.fail(unrecorded, "the recording")
        if self._report.saw_nothing:
            raise NothingSeen(self._environment.name)
        return gathering.working, gone

    def _complete(self, working: Working, gone: frozenset[ObjectRef]) -> None:
        """Add the objects that this scan did not examine, unchanged."""
        for type_ in self._catalog.object_types:
            for one in self._before.of_type(type_):
                if one.ref not in working and one.ref not in gone:
                    working.put(one, ObjectState.CONTEXT)

    @contextmanager
    def _phase(self, phase: Phase) -> Iterator[None]:
        self._stop.check()
        self._report.phase = phase
        self._progress(PhaseBegan(phase))
        begun = time.monotonic()
        try:
            yield
        finally:
            self._report.durations[phase] = self._report.durations.get(phase, 0.0) + time.monotonic() - begun
