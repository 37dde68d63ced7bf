# SPDX-License-Identifier: Apache-2.0
"""The sources of a cloud that stays open: logins and SSH sessions are kept after the scan that first needed them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.metadata.environment_check import NOT_SCANNABLE, RECORDED
from calipso_nornir.scan.building import environment_source
from calipso_nornir.scan.stopping import Stoppable, close_soon
from calipso_nornir.sources.recording import RecordingSource
from calipso_nornir.sources.secrets import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nornir.core import Nornir

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Source
    from calipso_nornir.scan.plan import ScanPlan
    from calipso_nornir.scan.progress_events import Progress
    from calipso_nornir.scan.stopping import Stop


class Sessions:
    """The source for the scans of one cloud; opened when first needed. The caller's own source is never closed."""

    def __init__(
        self, environment: Environment, catalog: Catalog, *, nornir: Nornir | None, source: Source | None
    ) -> None:
        self._environment = environment
        self._catalog = catalog
        self._nornir = nornir
        self._given = source
        self._made: Source | None = None
        self._vault = Vault()
        self._progress: Progress | None = None

    @contextmanager
    def answering(self, plan: ScanPlan, stop: Stop, *, progress: Progress) -> Iterator[Source]:
        """Return the source for the queries of one scan, with recording if the plan says so."""
        if self._given is None and plan.wants_inventory and RECORDED in self._environment.extra:
            raise InvalidRequest(f"{self._environment.name} {NOT_SCANNABLE}")
        self._progress = progress
        answering = Stoppable(self._given or self._made or self._make(), stop)
        try:
            if plan.record is None:
                yield answering
            else:
                yield from self._recorded(plan, answering)
        finally:
            self._progress = None
            if answering.left:
                self.close(busy=True)

    def close(self, *, busy: bool = False) -> None:
        """End the sessions; the next scan opens new ones."""
        made, self._made = self._made, None
        if made is not None:
            close_soon(made, busy=busy)

    def _make(self) -> Source:
        self._made = environment_source(
            self._environment, self._vault, catalog=self._catalog, nornir=self._nornir, progress=self._tell
        )
        return self._made

    def _tell(self, event: object) -> None:
        if self._progress is not None:
            self._progress(event)  # type: ignore[arg-type]  # an event; sources know no other

    def _recorded(self, plan: ScanPlan, inner: Source) -> Iterator[Source]:
        assert plan.record is not None  # noqa: S101 - narrows the type; the caller has asked
        self._vault.learn(self._environment.secrets())
        recording = RecordingSource(inner, plan.record, environment=self._environment, scrub=self._vault.scrub)
        try:
            yield recording
        finally:
            recording.close()


def finish(source: Source) -> CalipsoError | None:
    """Complete the recording, if there is one; return the error if that fails."""
    if not isinstance(source, RecordingSource):
        return None
    source.complete()
    source.close()
    return source.failure
