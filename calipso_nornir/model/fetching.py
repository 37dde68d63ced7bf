# SPDX-License-Identifier: Apache-2.0
"""What a fetcher finds (``Fetched``), and helpers that send queries one after another, or in parallel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from calipso_nornir.errors import CalipsoError, CommandFailed, CommandMissing, CommandTimedOut, ParseError, SudoRefused
from calipso_nornir.model.naming import in_one_style
from calipso_nornir.model.objects import RESERVED
from calipso_nornir.model.quickly_made import quickly_made
from calipso_nornir.model.refs import Folder, ObjectRef

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.objects import JSON
    from calipso_nornir.model.queries import Query


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An object as a fetcher found it; it names its place in the tree, which has not been looked up yet.

    Attributes:
        id: from ``calipso_nornir.model.ids``.
        name: label; any text.
        attributes: facts by name, JSON values; no name may be in ``RESERVED``. Names become snake_case (``naming``).
        under: its parent in the tree, if not the fetcher's own parent.
        folder: created on demand between ``under`` and the object.
        sources: queries whose answers prove this object; empty means all queries of the fetching.
        partial: missing attributes are unknown, not absent: the known values are kept.
        named: False keeps the previous name; ``name`` is then only for an object that had none.
        show_in_tree: false hides it from trees; otherwise it is an object like any other.
        object_name: last element of the name path, if that is not the name.
    """

    id: str
    name: str
    attributes: Mapping[str, JSON] = field(default_factory=dict)
    under: ObjectRef | None = None
    folder: Folder | None = None
    sources: tuple[Query, ...] = ()
    partial: bool = False
    named: bool = True
    show_in_tree: bool = True
    object_name: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not isinstance(self.name, str):
            raise TypeError(f"id and name of an object are text, not {self.id!r} and {self.name!r}")
        if self.under is not None and not isinstance(self.under, ObjectRef):
            raise TypeError(f"under is a reference (parent.ref, parent.sibling(type, id)), not {self.under!r:.200}")
        if self.folder is not None and not isinstance(self.folder, Folder):
            raise TypeError(f"folder is a Folder(type=…, types_name=…, text=…), not {self.folder!r:.200}")
        if not self.id or "/" in self.id:
            raise ValueError(f"{self.id!r} is not an id: make it with calipso_nornir.model.ids")
        object.__setattr__(self, "attributes", in_one_style(self.attributes, reserved=RESERVED))
        clash = RESERVED & self.attributes.keys()
        if clash:
            raise ValueError(f"attributes may not be called {', '.join(sorted(clash))} (object {self.id!r})")


Fetching: TypeAlias = "Generator[Sequence[Query], Answers, list[Fetched]]"


def first_of(*queries: Query) -> Generator[Sequence[Query], Answers, tuple[Query, Any]]:
    """Send queries in turn until one is answered; return that query and its value.

    For example, first a tool's JSON, then its text for old hosts (``yield from first_of(json, text)``). A host that
    cannot be reached is not asked again: only a command's own failure, or an answer that its parser cannot read, leads
    to the next query. The error of the last query ends the fetching.
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
    """Send one query and return its value."""
    answers = yield [query]
    return answers[query]


def asked(*queries: Query) -> Generator[Sequence[Query], Answers, Answers]:
    """Send several queries at once and return their answers, for ``together``."""
    return (yield list(queries))


def together(*parts: Generator[Sequence[Query], Answers, Any]) -> Generator[Sequence[Query], Answers, list[Any]]:
    """Run parts of a fetching in parallel, so that their queries share rounds; return all results."""
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
    """Return whether another form of the query may work: the tool failed, or its answer has an unknown form.

    A tool that hung did not reject its option: it would hang again, and its other form may provide less.
    """
    hopeless = (CommandMissing, CommandTimedOut, SudoRefused)
    return isinstance(error, (CommandFailed, ParseError)) and not isinstance(error, hopeless)
