# SPDX-License-Identifier: Apache-2.0
"""A cloud that stays open: catalog, logins and SSH sessions are kept from one scan to the next.

>>> with open_cloud("lab", store="calipso.db") as cloud:  # doctest: +SKIP
...     cloud.scan()
...     cloud.rescan([ObjectRef("lab", "instance", "5b7c…")])
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.environment import Environment
from calipso_nornir.preflight.sections import try_sections
from calipso_nornir.scan.building import opened_store
from calipso_nornir.scan.course import Scan
from calipso_nornir.scan.memory import seldom_collected
from calipso_nornir.scan.origin import BY_HAND
from calipso_nornir.scan.plan import ScanPlan, can_be_asked_for
from calipso_nornir.scan.progress_events import SILENT, guarded
from calipso_nornir.scan.readings import Readings
from calipso_nornir.scan.sessions import Sessions
from calipso_nornir.scan.stopping import Stop
from calipso_nornir.store.environments import load_environment, save_environment, stored_environment
from calipso_nornir.store.publishing import publish
from calipso_nornir.store.written import catalog_of, written_metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from nornir.core import Nornir

    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.source_kinds import Finding
    from calipso_nornir.model.stores import Store
    from calipso_nornir.scan.origin import ScanOrigin
    from calipso_nornir.scan.progress_events import Progress
    from calipso_nornir.scan.report import ScanReport


@contextmanager
def open_cloud(  # noqa: PLR0913 - all have defaults, except the environment
    environment: str | Environment,
    *,
    store: Store | str | Path | None = None,
    nornir: Nornir | None = None,
    source: Source | None = None,
    metadata: Sequence[Path | str] = (),
    progress: Progress = SILENT,
) -> Iterator[Cloud]:
    """Open an environment for scans; no source is asked before the first scan.

    Args:
        environment: its name in the store, or the environment itself.
        store: a store, its URI or path; by default ``CALIPSO_STORE`` or the user's own file.
        nornir: hosts and how to log in to them, instead of the environment's CLI section.
        source: answers in place of the environment's own sources, e.g. a recording; it is never closed here.
        metadata: folders with metadata in addition to what is installed.
        progress: called with every event of ``calipso_nornir.scan.progress_events``.

    Raises:
        MetadataError, UnknownEnvironment, EnvironmentInvalid, StoreError: continuing is pointless.
    """
    with opened_store(store, make=isinstance(environment, Environment)) as where:
        catalog = catalog_of(where, metadata)
        chosen = environment
        if not isinstance(chosen, Environment):
            chosen = load_environment(where, chosen, constants=catalog.constants, complete=False)
        _check_clique_types(catalog, chosen)
        cloud = Cloud(
            chosen,
            catalog=catalog,
            store=where,
            sessions=Sessions(chosen, catalog, nornir=nornir, source=source),
            metadata=tuple(metadata),
            progress=progress,
        )
        cloud.described_in_store = source is None and not isinstance(environment, Environment)
        try:
            yield cloud
        finally:
            cloud.close()


class Cloud:
    """One open environment. Scans of one cloud run one after the other; several clouds are independent."""

    def __init__(  # noqa: PLR0913 - everything that outlives a scan is combined here
        self,
        environment: Environment,
        *,
        catalog: Catalog,
        store: Store,
        sessions: Sessions,
        metadata: tuple[Path | str, ...] = (),
        progress: Progress = SILENT,
    ) -> None:
        self.environment = environment
        self.described_in_store = False
        """Whether the description comes from the store: it must then be complete before a source is asked."""
        self._catalog = catalog
        self._store = store
        self._sessions = sessions
        self._metadata = metadata
        self._progress = guarded(progress)
        self._published = False
        self._readings = Readings()
        self._one_at_a_time = threading.Lock()
        self._running: Stop | None = None

    def scan(
        self, plan: ScanPlan | None = None, *, scan_id: str | None = None, origin: ScanOrigin = BY_HAND
    ) -> ScanReport:
        """Scan what the plan says, by default everything, and store what was found.

        Args:
            plan: what to do. Its ``metadata`` is the cloud's, or empty.
            scan_id: identity of the scan's record; by default a new one is made.
            origin: who asked for it.

        Returns:
            The report. It lists what could not be examined; what was known there is kept.

        Raises:
            EnvironmentInvalid, UnknownObject, SecretUnavailable, StoreError, InvalidRequest: nothing was changed.
        """
        plan = plan or ScanPlan()
        if plan.metadata and tuple(plan.metadata) != self._metadata:
            raise InvalidRequest("a cloud's metadata is chosen when it is opened: open_cloud(…, metadata=…)")
        with self._one_at_a_time:
            self._read_what_was_written()
            self._running = stop = Stop(self.environment.name)
            try:
                with seldom_collected():  # while the scan's picture exists: the collector would examine all of it
                    return self._scan(plan, stop, scan_id=scan_id, origin=origin)
            finally:
                self._running = None

    def rescan(self, refs: Iterable[ObjectRef], *, scan_id: str | None = None) -> ScanReport:
        """Scan some objects again, with everything below them, everything that concerns them, and their next hop.

        Name every object that may have changed: the result then equals that of a full scan, as far as it depends on
        these objects. An object that is not known yet can be named if its id is enough to ask for it.
        """
        refs = tuple(refs)
        if not refs:
            raise InvalidRequest("rescan needs at least one object; to scan everything, use scan()")
        return self.scan(ScanPlan(refs=refs), scan_id=scan_id)

    def knows(self, ref: ObjectRef) -> bool:
        """Return whether ``rescan`` can examine an object: it is stored, or its id is enough to ask for it."""
        return can_be_asked_for(ref, self._catalog) or self._store.view(self.environment.name).get(ref) is not None

    def cancel(self) -> None:
        """End the running scan, from another thread; its report is "aborted", and nothing is changed."""
        running = self._running
        if running is not None:
            running.ask()

    def check(self) -> list[Finding]:
        """Check every section against the real cloud: logins, roles, services, schemas, host keys, commands."""
        hosts = [one.id for one in self._store.view(self.environment.name).of_type("host")]
        return list(try_sections(self.environment, known_hosts=hosts, metadata=[str(one) for one in self._metadata]))

    def close(self) -> None:
        """End logins and SSH sessions."""
        self._sessions.close()

    def _read_what_was_written(self) -> None:
        """Load metadata that was written to the store since the last scan. Raises MetadataError."""
        if written_metadata(self._store).number != self._catalog.written:
            catalog = catalog_of(self._store, self._metadata)
            _check_clique_types(catalog, self.environment)
            self._catalog, self._published = catalog, False

    def _scan(self, plan: ScanPlan, stop: Stop, *, scan_id: str | None, origin: ScanOrigin) -> ScanReport:
        if self.described_in_store and plan.wants_inventory:
            load_environment(self._store, self.environment.name, constants=self._catalog.constants, complete=True)
        with self._sessions.answering(plan, stop, progress=self._progress) as source:
            scan = Scan(
                self.environment,
                plan,
                catalog=self._catalog,
                store=self._store,
                source=source,
                stop=stop,
                progress=self._progress,
                scan_id=scan_id,
                readings=self._readings,
                origin=origin,
            )
            if not self._published:
                publish(self._catalog, self._store)
                if stored_environment(self._store, self.environment.name) is None:
                    save_environment(self._store, self.environment)
                self._published = True
            return scan.run()


def _check_clique_types(catalog: Catalog, environment: Environment) -> None:
    """Raise MetadataError, before any packet, when clique types fit the environment equally well."""
    for focal_type in catalog.focal_types():
        catalog.clique_types_for(environment, focal_type)
