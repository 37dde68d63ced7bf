# SPDX-License-Identifier: Apache-2.0
"""What a fetcher may ask, and how it reads the answers.

Queries are values: they can be compared, deduplicated, batched, recorded and replayed.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from calipso_nornir.errors import CalipsoError, CommandFailed, CommandMissing, CommandTimedOut, ParseError, SudoRefused

if TYPE_CHECKING:
    from calipso_nornir.model.evidence import Evidence
    from calipso_nornir.model.objects import Fetched

DEFAULT_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Command:
    """One command on one host.

    Build it with ``Command.of``: that is the only way a value enters a command's text.

    Attributes:
        host: id of the host, as in the inventory.
        text: the command, every value in it quoted; no pipelines, no redirections.
        parser: name of a parser that reads its output; None gives the text.
        timeout_s: seconds until it is stopped.
        root: run it through ``sudo -n`` when the login is not root.
        optional: the program is often not installed; that is worth a notice, not a failure.
    """

    host: str
    text: str
    parser: str | None = None
    timeout_s: int = DEFAULT_TIMEOUT_S
    root: bool = False
    optional: bool = False

    @classmethod
    def of(cls, host: str, template: str, *values: str, **options: Any) -> Self:  # noqa: ANN401 - the fields above
        """Put values into ``{}`` of a template, each quoted for the shell."""
        return cls(host, template.format(*(shlex.quote(value) for value in values)), **options)

    @property
    def request(self) -> Command:
        """The command without what concerns its reader only: equal requests are run once."""
        return replace(self, parser=None, optional=False)

    @property
    def source(self) -> str:
        """The kind of source that answers it."""
        return "cli"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class ApiGet:
    """One list or document of an OpenStack API; a list comes whole, all its pages joined.

    Attributes:
        service: type in the catalogue: "compute", "network", "identity".
        path: below the version, e.g. ``/servers/detail``.
        key: name of the collection in the answer's body, whose value is the answer.
        query: parameters of the request, sorted.
        region: of the catalogue; None for the environment's own.
        cloud_wide: the answer is only complete for a user that may see all projects.
        needed: the answer is a list of objects that have these members; anything else is no answer.
    """

    service: str
    path: str
    key: str
    query: tuple[tuple[str, str], ...] = ()
    region: str | None = None
    cloud_wide: bool = True
    needed: tuple[str, ...] = ()

    @property
    def request(self) -> ApiGet:
        """The request without what concerns its reader only: equal requests are made once."""
        return replace(self, needed=()) if self.needed else self

    @property
    def source(self) -> str:
        """The kind of source that answers it."""
        return "api"

    @property
    def host(self) -> None:
        """No host: the API answers."""
        return

    def __str__(self) -> str:
        parameters = "&".join(f"{name}={value}" for name, value in self.query)
        region = f" [{self.region}]" if self.region else ""
        return f"GET {self.service} {self.path}{'?' + parameters if parameters else ''}{region}"


@dataclass(frozen=True, slots=True)
class Select:
    """One statement to one of the cloud's databases; rows come as dictionaries.

    ``database`` is the logical name ("nova", "nova_api", "neutron"); the environment says which
    schema that is. ``sql`` holds ``%s`` for each of ``parameters`` and nothing pasted in.
    """

    database: str
    sql: str
    parameters: tuple[str | int, ...] = ()

    @property
    def request(self) -> Select:
        """Itself: nothing in it concerns the reader only."""
        return self

    @property
    def source(self) -> str:
        """The kind of source that answers it."""
        return "db"

    @property
    def host(self) -> None:
        """No host: the database answers."""
        return

    def __str__(self) -> str:
        values = f" {list(self.parameters)}" if self.parameters else ""
        return f"{self.database}: {self.sql}{values}"


@dataclass(frozen=True, slots=True)
class Lookup:
    """Objects of one type, found by this scan or kept from before, whose attributes have given values.

    It is answered when no fetching can add objects of that type any more: this is how a fetcher
    says what must come before it.
    """

    type: str
    equal: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, type_: str, equal: Mapping[str, str] | None = None) -> Self:
        """Look objects up by type and attributes; an empty value is refused, it would match the unknown."""
        wanted = tuple(sorted((equal or {}).items()))
        if not all(value for _, value in wanted):
            raise ValueError(f"look-up of {type_} by an empty value: {wanted}")
        return cls(type_, wanted)

    @property
    def request(self) -> Lookup:
        """Itself: nothing in it concerns the reader only."""
        return self

    @property
    def source(self) -> str:
        """The kind of source that answers it."""
        return "inventory"

    @property
    def host(self) -> None:
        """No host: the scan itself answers."""
        return

    def __str__(self) -> str:
        return f"{self.type} with {dict(self.equal)}" if self.equal else f"every {self.type}"


Query: TypeAlias = Command | ApiGet | Select | Lookup


@dataclass(slots=True)
class Answer:
    """What came back for one query, read by its parser."""

    value: Any
    evidence: Evidence | None = None
    gap: CalipsoError | None = None
    """What the answer is known to leave out."""
    _groups: dict[str, dict[Any, list[Any]]] = field(default_factory=dict)

    def grouped(self, key: str) -> dict[Any, list[Any]]:
        """Rows by the value of one column; made once however many fetchings read it."""
        if key not in self._groups:
            groups: defaultdict[Any, list[Any]] = defaultdict(list)
            for row in self.value:
                groups[row.get(key)].append(row)
            self._groups[key] = dict(groups)
        return self._groups[key]


class Answers(Mapping["Query", Any]):
    """The answers of one round, as one fetching reads them.

    Reading the answer to a failed query raises its error, which ends the fetching: right where
    nothing can be said without it. Where the rest still can, read with ``or_gap``: it gives a
    default, and notes the gap, so that nothing is taken for absent because it was not seen. Where
    every object is found without the answer, and only attributes are not, read with ``or_blank``.
    """

    def __init__(
        self,
        answers: Mapping[Query, Answer | CalipsoError],
        *,
        on_gap: Callable[[Query, CalipsoError], None] = lambda _query, _error: None,
        on_blank: Callable[[Query, CalipsoError], None] = lambda _query, _error: None,
        on_read: Callable[[Query, Answer], None] = lambda _query, _answer: None,
    ) -> None:
        self._answers = answers
        self._on_gap = on_gap
        self._on_blank = on_blank
        self._on_read = on_read

    def _read(self, query: Query, note: Callable[[Query, CalipsoError], None] | None = None) -> Answer:
        answer = self._answers[query]
        if isinstance(answer, CalipsoError):
            raise answer
        if answer.gap is not None:
            (note or self._on_gap)(query, answer.gap)
        self._on_read(query, answer)
        return answer

    def __getitem__(self, query: Query) -> Any:  # noqa: ANN401 - parsers give values of any shape
        return self._read(query).value

    def __iter__(self) -> Iterator[Query]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    def grouped(self, query: Query, key: str) -> Mapping[Any, Sequence[Any]]:
        """Return the rows of an answer by the value of one column, ``{}`` for none."""
        return self._read(query).grouped(key)

    def or_gap(self, query: Query, default: Any = None) -> Any:  # noqa: ANN401 - as above
        """Return the answer, or ``default`` when there is none; what was not seen is noted as a gap."""
        try:
            return self[query]
        except CalipsoError as error:
            self._on_gap(query, error)
            return default

    def or_blank(self, query: Query, default: Any = None) -> Any:  # noqa: ANN401 - as above
        """Return the answer, or ``default`` when there is none; what it tells are attributes only, no objects.

        Leave the attributes out that it would have told: objects that name the query among their sources (all, when
        none does) then keep what was known. What is not found any more is gone all the same.
        """
        answer = self._blank(query)
        return default if answer is None else answer.value

    def grouped_or_blank(self, query: Query, key: str) -> Mapping[Any, Sequence[Any]] | None:
        """Return the rows of an answer by the value of one column; None when ``or_blank`` would give its default."""
        answer = self._blank(query)
        return None if answer is None else answer.grouped(key)

    def _blank(self, query: Query) -> Answer | None:
        try:
            return self._read(query, self._on_blank)
        except CalipsoError as error:
            self._on_blank(query, error)
            return None

    def whole(self, query: Query) -> bool:
        """Tell whether there is an answer that is not known to lack anything."""
        answer = self._answers[query]
        return isinstance(answer, Answer) and answer.gap is None

    def failed(self, query: Query) -> CalipsoError | None:
        """Return the error that came in place of an answer, if any, without ending the fetching."""
        answer = self._answers[query]
        return answer if isinstance(answer, CalipsoError) else None


Fetching: TypeAlias = "Generator[Sequence[Query], Answers, list[Fetched]]"


def first_of(*queries: Query) -> Generator[Sequence[Query], Answers, tuple[Query, Any]]:
    """Ask one after the other until one is answered; give that query and its value.

    For a tool's JSON first and its text for old hosts (``yield from first_of(json, text)``). A host
    that cannot be reached is not asked twice: only a command's own failure, or an answer that its
    parser cannot read, leads to the next. The last one's error ends the fetching.
    """
    for query in queries[:-1]:
        answers = yield [query]
        error = answers.failed(query)
        if error is None:
            return query, answers[query]
        if not worth_another_way(error):
            raise error
    answers = yield [queries[-1]]
    return queries[-1], answers[queries[-1]]


def ask(query: Query) -> Generator[Sequence[Query], Answers, Any]:
    """Ask one query and give its value."""
    answers = yield [query]
    return answers[query]


def together(*parts: Generator[Sequence[Query], Answers, Any]) -> Generator[Sequence[Query], Answers, list[Any]]:
    """Run parts of a fetching side by side, so that their questions go out in the same rounds; give all results."""
    results: list[Any] = [None] * len(parts)
    asking: dict[int, Sequence[Query]] = {}
    for place, part in enumerate(parts):
        _step(place, part, None, asking=asking, results=results)
    while asking:
        answers = yield list(dict.fromkeys(query for queries in asking.values() for query in queries))
        for place in list(asking):
            _step(place, parts[place], answers, asking=asking, results=results)
    return results


def _step(
    place: int,
    part: Generator[Sequence[Query], Answers, Any],
    answers: Answers | None,
    *,
    asking: dict[int, Sequence[Query]],
    results: list[Any],
) -> None:
    try:
        asking[place] = part.send(answers)  # type: ignore[arg-type]  # None starts a generator
    except StopIteration as stop:
        asking.pop(place, None)
        results[place] = stop.value


def worth_another_way(error: CalipsoError) -> bool:
    """Tell whether a tool's own failure, or an answer of unknown shape, stopped a query: another form may do.

    A tool that hung was not refusing its option: it would hang again, and its other form may tell less.
    """
    hopeless = (CommandMissing, CommandTimedOut, SudoRefused)
    return isinstance(error, (CommandFailed, ParseError)) and not isinstance(error, hopeless)
