# SPDX-License-Identifier: Apache-2.0
"""Stores results of checks: statuses in one commit per environment and batch, and a message for each change."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import Overtaken
from calipso_nornir.model.finding import Find, OneOf
from calipso_nornir.model.status import ERROR, OK
from calipso_nornir.monitoring.guide_handlers import named
from calipso_nornir.monitoring.handlers import BASIC, handled
from calipso_nornir.monitoring.judging import checks_of, with_result
from calipso_nornir.monitoring.results import Refused
from calipso_nornir.store.documents import status_document, status_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calipso_nornir.metadata.monitoring import Monitoring
    from calipso_nornir.model.status import Status
    from calipso_nornir.model.stores import Document, Store, StoreView
    from calipso_nornir.monitoring.handlers import ResultHandler
    from calipso_nornir.monitoring.results import Result

logger = logging.getLogger(__name__)

ATTEMPTS: Final = 8
REFRESH: Final = timedelta(minutes=5)
"""A result that changes nothing is stored only if the last one was stored at least this long ago."""
TOO_MUCH_AHEAD: Final = timedelta(minutes=5)
"""A result further in the future is refused: until then, all others would count as older."""
KINDS: Final = ("inventory", "links")
FIELDS: Final = {
    "inventory": ("type", "id", "network"),
    "links": ("link_type", "source_id", "target_id"),
}
LEVELS: Final = {OK: "info", ERROR: "error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Counts of what was done with results.

    Attributes:
        changed: statuses that were stored.
        unchanged: results that changed nothing.
        outdated: results that came after a newer one of the same check.
        refused: results about unknown objects, or that cannot be read.
        touched: environment -> ``_id`` of everything whose status changed.
    """

    changed: int = 0
    unchanged: int = 0
    outdated: int = 0
    refused: tuple[Refused, ...] = ()
    touched: Mapping[str, frozenset[str]] = field(default_factory=dict)


class Recorder:
    """Stores results, as ``handlers`` (by type) see them.

    Several may work on one store; each remembers the newest result that it saw of each check.
    """

    def __init__(
        self,
        store: Store,
        rules: Monitoring,
        *,
        source_system: str = "Monitoring",
        handlers: Mapping[str, ResultHandler] | None = None,
    ) -> None:
        self._store = store
        self._handlers = handlers or {}
        self._rules = rules
        self._source_system = source_system
        self._newest: dict[tuple[str, str, str], datetime] = {}

    def record(self, results: Sequence[Result]) -> Recorded:
        """Store a batch of results, in the order of their times."""
        by_environment: defaultdict[str, list[Result]] = defaultdict(list)
        counted: Counter[str] = Counter()
        refused: list[Refused] = []
        latest = datetime.now(UTC) + TOO_MUCH_AHEAD
        for one in sorted(results, key=lambda one: one.checked_at):
            key = (one.environment, one.of, one.name)
            if (newest := self._newest.get(key)) is not None and one.checked_at < newest:
                counted["outdated"] += 1
                continue
            if one.checked_at > latest:
                refused.append(Refused(one.name, f"{one.checked_at.isoformat()} is in the future: check the clocks"))
                continue
            by_environment[one.environment].append(one)
        touched: dict[str, frozenset[str]] = {}
        for name, rows in by_environment.items():
            work = self._recorded(name, rows)
            counted += work.counted
            refused += work.refused
            touched[name] = frozenset(work.statuses)
            self._tell(work)
            self._newest |= {(one.environment, one.of, one.name): one.checked_at for one in rows}
        for problem in refused:
            logger.warning("%s", problem)
        return Recorded(
            changed=counted["changed"],
            unchanged=counted["unchanged"],
            outdated=counted["outdated"],
            refused=tuple(refused),
            touched={name: ids for name, ids in touched.items() if ids},
        )

    def _recorded(self, environment: str, results: Sequence[Result]) -> _Batch:
        for attempt in range(ATTEMPTS):
            with self._store.snapshot(environment) as view:
                work = _Batch(view, results, self._rules, self._handlers)
            if not work.statuses and not work.seen:
                return work
            try:
                with self._store.write(environment, base=work.base, cause=work.cause) as writer:
                    for kind in KINDS:
                        writer.depends_on(kind, work.depends[kind])
                    writer.put("status", [status_document(one) for one in work.statuses.values()])
                    writer.seen("status", sorted(work.seen), max(one.checked_at for one in results))
            except Overtaken:
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                break
        return work

    def _tell(self, work: _Batch) -> None:
        messages: dict[str, Document] = {}
        for result, known in work.changes:
            key = _message_key(result)
            link = result.kind == "links"
            related = f"link_{known['source_id']}_{known['target_id']}" if link else known["id"]
            messages[key] = {
                "id": key,
                "environment": result.environment,
                "source_system": self._source_system,
                "level": LEVELS.get(result.status, "warning"),
                "message": f"{result.name}: {result.text}",
                "related_object": related,
                "related_object_type": f"link_{known['link_type']}" if link else known["type"],
                "display_context": known.get("network") if known.get("type") == "port" else related,
                "host": result.host,
                "check": result.check,
                "status": result.status,
                "timestamp": result.checked_at.isoformat(),
                "viewed": False,
                "origin_type": "monitoring",
            }
        if messages:
            self._store.collection("messages").put_all(messages)


class _Batch:
    """The changes that some results of one environment make, at one revision."""

    def __init__(
        self,
        view: StoreView,
        results: Sequence[Result],
        rules: Monitoring,
        handlers: Mapping[str, ResultHandler],
    ) -> None:
        self._handlers = handlers
        results = named(view, results)
        self.base = view.revision
        self.counted: Counter[str] = Counter()
        self.refused: list[Refused] = []
        self.statuses: dict[str, Status] = {}
        self.seen: set[str] = set()
        self.depends: dict[str, list[str]] = {}
        self.changes: list[tuple[Result, Document]] = []
        known = {
            kind: _found(view, kind, {one.of for one in results if one.kind == kind}, () if handlers else FIELDS[kind])
            for kind in KINDS
        }
        ids = {one for rows in known.values() for one in rows}
        before = {id_: status_of(one) for id_, one in _found(view, "status", ids, ()).items()}
        for received in results:
            about = known[received.kind].get(received.of)
            one = self._handled(received, about)
            if about is None or one is None:
                continue
            status = self.statuses.get(one.of, before.get(one.of))
            if status is not None and _is_outdated(status, one):
                self.counted["outdated"] += 1
                continue
            now = with_result(status, one, any_of=about.get("type") in rules.any_of)
            if now is not None:
                self.statuses[one.of] = now
                self.changes.append((one, about))
                self.counted["changed"] += 1
                continue
            self.counted["unchanged"] += 1
            if status is not None and (status.checked_at is None or one.checked_at - status.checked_at >= REFRESH):
                self.seen.add(one.of)
        self.seen -= self.statuses.keys()
        written = self.statuses.keys() | self.seen
        self.depends = {kind: sorted(written & rows.keys()) for kind, rows in known.items()}

    @property
    def cause(self) -> str:
        """Why the commit is made."""
        return f"monitoring: {len(self.statuses)} changed"

    def _handled(self, one: Result, about: Document | None) -> Result | None:
        """Return what the handler of its type makes of a result; None if it is refused, or ignored."""
        what = "object" if one.kind == "inventory" else "link"
        if about is None:
            problem = f"environment {one.environment} has no {what} with _id {one.of}"
            if not one.of:
                problem = f"environment {one.environment} has no object or link that its name says"
            self.refused.append(Refused(one.name, f"{problem}; its checks may be older than the picture"))
            return None
        type_ = about["type"] if one.kind == "inventory" else about["link_type"]
        if one.type not in ("", type_):
            self.refused.append(Refused(one.name, f"says that {one.of} is a {one.type}, but the {what} is a {type_}"))
            return None
        handler = self._handlers.get(type_ if one.kind == "inventory" else f"link_{type_}", BASIC)
        made = handled(handler, one, about)
        if isinstance(made, Refused):
            self.refused.append(made)
            return None
        return made


def _found(view: StoreView, kind: Any, ids: Iterable[str], fields: tuple[str, ...]) -> dict[str, Document]:  # noqa: ANN401 - a kind
    wanted = tuple(sorted(ids))
    if not wanted:
        return {}
    return {
        one["_id"]: one for one in view.find_documents(Find(kind=kind, where=(OneOf("_id", wanted),), fields=fields))
    }


def _is_outdated(status: Status, result: Result) -> bool:
    known = next((one for one in checks_of(status) if one["name"] == result.name), None)
    return known is not None and result.checked_at < datetime.fromisoformat(known["since"])


def _message_key(one: Result) -> str:
    what = "\0".join([one.environment, one.of, one.name, str(one.status), one.checked_at.isoformat()])
    return f"check-{hashlib.sha256(what.encode(errors='backslashreplace')).hexdigest()[:32]}"
