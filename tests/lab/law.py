# SPDX-License-Identifier: Apache-2.0
"""Checks the law of small scans in the lab: after a small scan of what an act changed, all is as after a full scan.

The full scan starts with an empty store. If the two differ, both are repeated when the cloud has settled: two full
scans in a row must agree. If a source does not answer, the small scan is compared with a full scan of a copy of its
store.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from calipso_nornir import ScanPlan, run_scan
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.store import open_store
from tests.lab import oracle
from tests.lab.comparing import explain
from tests.lab.told import told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.stores import Store, StoreView
    from calipso_nornir.scan.report import ScanReport

logger = logging.getLogger(__name__)

Picture: TypeAlias = "dict[str, dict[str, Any]]"
KINDS = ("inventory", "links", "cliques")
TIMES = frozenset({"last_scanned", "evidence", "revision"})
"""Fields that give the time of an observation, not its content."""
NOTES = frozenset({"network_info", "digest"})
LIMIT_S = 180
ATTEMPTS = 4
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Check:
    """The cost of one small scan, and of a full scan at the same moment."""

    what: str
    refs: int
    small_s: float
    whole_s: float
    small_queries: int
    whole_queries: int


class Law:
    """A store that only small scans update, after one full scan; and full scans in other stores."""

    def __init__(self, environment: Environment, folder: Path) -> None:
        self.checks: list[Check] = []
        self.broken: list[str] = []
        self._environment = environment
        self._folder = folder
        self._open = ExitStack()
        self._small_store, self._whole_store = self._opened("small.db"), self._opened("whole.db")
        self._small = self._open.enter_context(open_cloud(environment, store=self._small_store))
        self._whole = self._open.enter_context(open_cloud(environment, store=self._whole_store))

    def __enter__(self) -> Self:
        """Scan the cloud as a whole."""
        self.begins_anew()
        return self

    def __exit__(self, *_: object) -> None:
        """Close everything."""
        self._open.close()

    @property
    def view(self) -> StoreView:
        """The picture of the cloud from the small scans."""
        return self._small_store.view(self._environment.name)

    def begins_anew(self) -> None:
        """Scan the cloud as a whole into the store of small scans."""
        report = self._small.scan()
        assert report.ok, [str(one.error) for one in report.failures]

    @contextmanager
    def judged(self) -> Iterator[None]:
        """Fail only at the end if the law was broken, so that later acts are still checked."""
        self.broken.clear()
        yield
        assert not self.broken, "\n".join(self.broken)

    def told(self) -> str:
        """Return the cost of all checks."""
        small, whole = sum(one.small_s for one in self.checks), sum(one.whole_s for one in self.checks)
        questions = [sum(one.small_queries for one in self.checks), sum(one.whole_queries for one in self.checks)]
        told = f"{len(self.checks)} small scans: {small:.1f} s, {questions[0]} questions"
        return f"{told}; as whole ones {whole:.1f} s, {questions[1]} questions"

    def holds(self, what: str, refs: Sequence[ObjectRef], monitored: Callable[[], Sequence[ObjectRef]]) -> None:
        """Scan what has changed, and compare with a full scan; if they differ, repeat it when the cloud is at rest.

        ``monitored`` returns what monitors of the hosts have reported since its last call. These are scanned
        afterwards, only if ``refs`` do not suffice.
        """
        report = self._rescanned(refs)
        truth, whole = self._looked()
        if not self._compared(truth):
            monitored()  # not needed
        else:  # perhaps the cloud has changed meanwhile
            report, whole = self._holds_at_rest(what, refs, monitored)
        self._note(what, refs, report, whole)

    def _holds_at_rest(
        self, what: str, refs: Sequence[ObjectRef], monitored: Callable[[], Sequence[ObjectRef]]
    ) -> tuple[ScanReport, ScanReport]:
        later: list[ObjectRef] = []
        for _ in range(ATTEMPTS):
            truth, whole = self._at_rest()
            later += monitored()
            report = self._rescanned(refs)
            differences = self._compared(truth)
            if differences and (more := [*later, *_noted_later(self._known(), truth, self._environment.name)]):
                self._small.rescan(more)
                differences = self._compared(truth)
            if not differences:
                return report, whole
            again, _ = self._looked()
            if again == truth:
                self.is_broken(f"{what}: after a scan of {_worded([*refs, *later])}\n{differences}")
                return report, whole
        raise AssertionError(f"{what}: the cloud does not come to rest")

    def _rescanned(self, refs: Sequence[ObjectRef]) -> ScanReport:
        report = self._small.rescan(refs)
        assert report.ok, [str(one.error) for one in report.failures]
        return report

    def holds_without_answers(self, what: str, refs: Sequence[ObjectRef]) -> None:
        """Scan what has changed, and compare with a full scan of a copy: both keep what they cannot examine."""
        with closing(open_store(self._copied())) as store:
            whole = run_scan(self._environment, store=store)
            assert not whole.ok, f"{what}: every source answered"
            with open_cloud(self._environment, store=self._small_store) as cloud:  # a new login, as for the full scan
                report = cloud.rescan(refs)
            kept = picture(store, self._environment.name)
            found = differences(self._known(), kept)
            if found:
                self.is_broken(f"{what}: after a scan of {_worded(refs)}\n{found}")
        self._note(what, refs, report, whole)

    def tells_the_truth(self, what: str) -> None:
        """Compare the picture from the small scans with the oracle."""
        for _ in range(ATTEMPTS):
            truth = oracle.read()
            differences = explain(told(self.view), truth)
            if not differences:
                return
            if oracle.read() == truth:
                self.is_broken(f"{what}: the oracle disagrees\n{differences}")
                return
        raise AssertionError(f"{what}: the cloud does not come to rest")

    def is_broken(self, how: str) -> None:
        """Record a violation, and scan everything, so that the next act is judged separately."""
        logger.error("%s", how)
        self.broken.append(how)
        self._small.scan()  # if nothing can be examined, it keeps everything

    def _known(self) -> Picture:
        return picture(self._small_store, self._environment.name)

    def _compared(self, truth: Picture) -> str:
        return differences(self._known(), truth)

    def _at_rest(self) -> tuple[Picture, ScanReport]:
        end = time.monotonic() + LIMIT_S
        (before, _), (now, report) = self._looked(), self._looked()
        while before != now:
            assert time.monotonic() < end, f"after {LIMIT_S} s not yet at rest:\n{differences(before, now)}"
            time.sleep(1)
            before, (now, report) = now, self._looked()
        return now, report

    def _looked(self) -> tuple[Picture, ScanReport]:
        report = self._whole.scan(ScanPlan(clear=True))
        assert report.ok, [str(one.error) for one in report.failures]
        return picture(self._whole_store, self._environment.name), report

    def _opened(self, name: str) -> Store:
        return self._open.enter_context(closing(open_store(self._folder / name)))

    def _copied(self) -> Path:
        path = self._folder / "copy.db"
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(self._folder / "small.db")) as known, closing(sqlite3.connect(path)) as copy:
            known.backup(copy)
        return path

    def _note(self, what: str, refs: Sequence[ObjectRef], small: ScanReport, whole: ScanReport) -> None:
        check = Check(what, len(refs), _seconds(small), _seconds(whole), small.queries.total(), whole.queries.total())
        self.checks.append(check)
        logger.info(
            "%s: %d objects named; small %.2f s, %d questions; whole %.2f s, %d questions",
            what, check.refs, check.small_s, check.small_queries, check.whole_s, check.whole_queries,
        )  # fmt: skip


def picture(store: Store, environment: str) -> Picture:
    """Return every document by kind and id, without the time when it was seen."""
    view = store.view(environment)
    return {
        f"{kind} {document['_id']}": {key: value for key, value in document.items() if key not in TIMES}
        for kind in KINDS
        for document in view.documents(kind)  # type: ignore[arg-type]  # one of them
    }


def _noted_later(small: Picture, whole: Picture, environment: str) -> list[ObjectRef]:
    """Return the servers that differ only in Nova's cached information on their ports.

    Nova rewrites these gradually (heal_instance_info_cache_interval, one server per minute), without an event.
    """
    noted = [here for id_, here in small.items() if id_ in whole and _is_noted_later(here, whole[id_])]
    return [ObjectRef(environment, "instance", one["id"]) for one in noted]


def differences_but_notes(here: Picture, whole: Picture) -> str:
    """Return differences, without those in Nova's cached information on ports, which changes without an event."""
    noted = {id_ for id_ in here.keys() & whole.keys() if _is_noted_later(here[id_], whole[id_])}
    return differences({**here, **{id_: whole[id_] for id_ in noted}}, whole)


def _is_noted_later(here: dict[str, Any], there: dict[str, Any]) -> bool:
    keys = {key for key in here.keys() | there.keys() if here.get(key) != there.get(key)}
    return bool(keys) and here.get("type") == "instance" and keys <= NOTES


def differences(small: Picture, whole: Picture) -> str:
    """Return what is missing, extra or different, one per line; "" if nothing is."""
    rows = [f"missing: {_told(id_, whole[id_])}" for id_ in whole.keys() - small.keys()]
    rows += [f"extra: {_told(id_, small[id_])}" for id_ in small.keys() - whole.keys()]
    for id_ in small.keys() & whole.keys():
        here, there = small[id_], whole[id_]
        keys = sorted(key for key in here.keys() | there.keys() if here.get(key) != there.get(key))
        if keys:
            values = "; ".join(f"{key}: {here.get(key)!r:.300}, whole {there.get(key)!r:.300}" for key in keys[:4])
            rows.append(f"differs: {_told(id_, here)}: {values}")
    return "\n".join([*sorted(rows)[:SHOWN], f"({len(rows)} in all)"] if rows else [])


def _told(id_: str, document: dict[str, Any]) -> str:
    ends = [str(document[key]) for key in ("type", "id", "link_type", "source_id", "target_id") if key in document]
    return f"{id_.partition(' ')[0]} {' '.join(ends)}"


def _worded(refs: Sequence[ObjectRef]) -> str:
    return ", ".join(f"{one.type} {one.id}" for one in refs)


def _seconds(report: ScanReport) -> float:
    return sum(report.durations.values())
