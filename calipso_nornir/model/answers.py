# SPDX-License-Identifier: Apache-2.0
"""How a fetcher reads the answers to its queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import CalipsoError

if TYPE_CHECKING:
    from calipso_nornir.model.evidence import Evidence
    from calipso_nornir.model.queries import Query


@dataclass(slots=True)
class Answer:
    """The answer to one query, read by its parser."""

    value: Any
    evidence: Evidence | None = None
    gap: CalipsoError | None = None
    """What the answer is known to lack."""
    remark: CalipsoError | None = None
    """A remark worth reporting; it does not mean that anything is left out."""
    _groups: dict[str, dict[Any, list[Any]]] = field(default_factory=dict)

    def grouped(self, key: str) -> dict[Any, list[Any]]:
        """Rows by the value of one column; computed once, however many fetchings read it."""
        if key not in self._groups:
            groups: defaultdict[Any, list[Any]] = defaultdict(list)
            for row in self.value:
                groups[row.get(key)].append(row)
            self._groups[key] = dict(groups)
        return self._groups[key]


class Answers(Mapping["Query", Any]):
    """The answers of one round, as one fetching reads them.

    Reading the answer to a failed query raises its error, which ends the fetching: do this if nothing can be found
    without the answer. If some objects can be found without it, use ``or_gap``, which returns a default and records a
    gap, so that objects that were not seen do not count as gone. If all objects can be found without it, and only
    attributes would be missing, use ``or_blank``. ``tell`` puts a notice into the report.
    """

    def __init__(  # noqa: PLR0913 - one callback for each thing that a fetching may note
        self,
        answers: Mapping[Query, Answer | CalipsoError],
        *,
        on_gap: Callable[[Query, CalipsoError], None] = lambda _query, _error: None,
        on_blank: Callable[[Query, CalipsoError], None] = lambda _query, _error: None,
        on_read: Callable[[Query, Answer], None] = lambda _query, _answer: None,
        on_tell: Callable[[CalipsoError], None] = lambda _error: None,
        on_keep: Callable[[Collection[str], CalipsoError], None] = lambda _ids, _error: None,
    ) -> None:
        self._answers = answers
        self._on_gap = on_gap
        self._on_blank = on_blank
        self._on_read = on_read
        self._on_tell = on_tell
        self._on_keep = on_keep

    def _read(self, query: Query, note: Callable[[Query, CalipsoError], None] | None = None) -> Answer:
        answer = self._answers[query]
        if isinstance(answer, CalipsoError):
            raise answer
        if answer.gap is not None:
            (note or self._on_gap)(query, answer.gap)
        if answer.remark is not None:
            self._on_tell(answer.remark)
        self._on_read(query, answer)
        return answer

    def __getitem__(self, query: Query) -> Any:  # noqa: ANN401 - parsers give values of any shape
        return self._read(query).value

    def __iter__(self) -> Iterator[Query]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    def grouped(self, query: Query, key: str) -> Mapping[Any, Sequence[Any]]:
        """Return the rows of an answer by the value of one column; ``{}`` if there are none."""
        return self._read(query).grouped(key)

    def or_gap(self, query: Query, default: Any = None) -> Any:  # noqa: ANN401 - as above
        """Return the answer; if there is none, record a gap and return ``default``."""
        try:
            return self[query]
        except CalipsoError as error:
            self._on_gap(query, error)
            return default

    def or_blank(self, query: Query, default: Any = None) -> Any:  # noqa: ANN401 - as above
        """Return the answer or ``default``; missing attributes keep their old values.

        Leave out the attributes that depend on the answer: objects that have the query among their sources (all
        objects, if none has) then keep their old values. Objects that are no longer found are still gone.
        """
        answer = self._blank(query)
        return default if answer is None else answer.value

    def grouped_or_blank(self, query: Query, key: str) -> Mapping[Any, Sequence[Any]] | None:
        """Return the rows of an answer by the value of one column; None if ``or_blank`` would return its default."""
        answer = self._blank(query)
        return None if answer is None else answer.grouped(key)

    def _blank(self, query: Query) -> Answer | None:
        try:
            return self._read(query, self._on_blank)
        except CalipsoError as error:
            self._on_blank(query, error)
            return None

    def lacks(self, query: Query, what: CalipsoError) -> None:
        """Record that an answer lacks objects that this fetching would find: they then do not count as gone."""
        self._on_gap(query, what)

    def keep(self, ids: Collection[str], why: CalipsoError) -> None:
        """Name, by their ids, objects found in earlier scans that may still exist.

        They are kept as they were, and ``why`` is reported as a failure. All others that are not found are gone.
        """
        self._on_keep(ids, why)

    def tell(self, notice: CalipsoError) -> None:
        """Put a notice into the report; this changes nothing else."""
        self._on_tell(notice)

    def whole(self, query: Query) -> bool:
        """Return whether there is an answer without known gaps."""
        answer = self._answers[query]
        return isinstance(answer, Answer) and answer.gap is None

    def failed(self, query: Query) -> CalipsoError | None:
        """Return the error of a query, or None if it was answered; this does not end the fetching."""
        answer = self._answers[query]
        return answer if isinstance(answer, CalipsoError) else None
