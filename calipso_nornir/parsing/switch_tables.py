# SPDX-License-Identifier: Apache-2.0
"""Makes parsers of switches' answers from declarations: where in an answer the rows are, and what the columns mean.

An answer is JSON (``format`` json), Junos's form of it (``junos``, in which each value is ``[{"data": …}]``), or text,
which a TextFSM template reads. A line that the template does not know is an error, unless a declared pattern skips it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.column_values import value_of
from calipso_nornir.parsing.json_paths import OPTIONAL, Unlike, rows
from calipso_nornir.parsing.json_paths import Row as Place
from calipso_nornir.parsing.json_shapes import document
from calipso_nornir.parsing.switch_rows import KINDS, Row, columns_of, needed_columns

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Sequence

Words = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Where rows of one kind are in an answer.

    Attributes:
        rows: path of the rows (``json_paths``); empty: the whole document.
        columns: column -> its path, or several paths, of which the first with a value counts.
        words: column -> the device's word -> its value.
        constants: column -> its value in every row.
        where: path -> the values that a row must have there; "" for no value.
        unless: path -> values of rows to leave out.
        each: paths of lists of equal length; each item makes one row.
    """

    rows: str = ""
    columns: Mapping[str, tuple[str, ...]]
    words: Mapping[str, Words] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    each: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SwitchParser:
    """Reads the answer to one question of one platform.

    Attributes:
        name: the platform and the kind, for errors.
        reads: turns the text into a document: JSON values, or rows of a template.
        skip: patterns for lines without meaning; they are emptied before a template reads the text.
        nothing: patterns for texts that mean "no rows".
    """

    name: str
    kind: str
    reads: Callable[[str], object]
    tables: Sequence[Table]
    skip: tuple[re.Pattern[str], ...] = ()
    nothing: tuple[re.Pattern[str], ...] = ()

    def __call__(self, text: str) -> tuple[Row, ...]:
        """Return the rows; raises ParseError, which names the place, what was expected and what was found."""
        if any(one.fullmatch(text.strip()) for one in self.nothing):
            return ()
        found = self.reads(self._without_noise(text) if self.skip else text)
        try:
            return tuple(one for table in self.tables for one in self._rows(found, table))
        except Unlike as error:
            raise ParseError(self.name, str(error)) from None

    def _without_noise(self, text: str) -> str:
        """Empty the lines without meaning, so that the others keep their line numbers."""
        return "\n".join("" if any(one.search(line) for one in self.skip) else line for line in text.splitlines())

    def _rows(self, found: object, table: Table) -> Iterator[Row]:
        for place in rows(found, table.rows):
            for one in _each(place, table.each):
                if _wanted(one, table):
                    yield self._row(one, table)

    def _row(self, place: Place, table: Table) -> Row:
        values: dict[str, Any] = dict(table.constants)
        types = columns_of(self.kind)
        for name, paths in table.columns.items():
            told = next((value for path in paths if (value := place.get(path)) not in (None, "")), None)
            try:
                value = value_of(name, types[name], told, table.words.get(name))
            except ValueError as error:
                raise Unlike(f"{place.where} {' or '.join(paths)}", str(error)) from None
            if value is not None:
                values[name] = value
        lacking = [name for name in needed_columns(self.kind) if name not in values]
        if lacking:
            paths = table.columns.get(lacking[0], ())
            raise Unlike(place.where, f'"{lacking[0]}" has no value ({" or ".join(paths) or "no column is declared"})')
        made: Row = KINDS[self.kind](**values)
        return made


def _each(place: Place, paths: tuple[str, ...]) -> Iterator[Place]:
    """Yield one row for each item of parallel lists; without such lists, the row itself."""
    if not paths:
        yield place
        return
    lists = [place.get(path) for path in paths]
    sizes = {len(one) for one in lists if isinstance(one, list)}
    if len(sizes) != 1 or not isinstance(place.value, dict) or not all(isinstance(one, list) for one in lists):
        raise Unlike(place.where, f"expected lists of one length in {', '.join(paths)}, found {lists!r:.160}")
    for number in range(sizes.pop()):
        items = {path.removesuffix(OPTIONAL): one[number] for path, one in zip(paths, lists, strict=True)}  # type: ignore[index]  # lists, as checked
        yield Place({**place.value, **items}, place.key, f"{place.where}[{number}]", place.above)


def _wanted(place: Place, table: Table) -> bool:
    told = {path: _plain(place.get(path)) for path in (*table.where, *table.unless)}
    return all(told[path] in values for path, values in table.where.items()) and not any(
        told[path] in values for path, values in table.unless.items()
    )


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def json_of(name: str) -> Callable[[str], object]:
    """Return a function that reads JSON."""
    return lambda text: document(text, parser=name)


def junos_of(name: str) -> Callable[[str], object]:
    """Return a function that reads Junos's JSON; ``[{"data": x}]`` becomes x, attributes beside it are left out."""
    return lambda text: _unwrapped(document(text, parser=name))


def _unwrapped(value: object) -> object:
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], dict) and "data" in value[0]:
            return _unwrapped(value[0]["data"])
        return [_unwrapped(item) for item in value]
    if isinstance(value, dict):
        return {name: _unwrapped(item) for name, item in value.items() if name != "attributes"}
    return value
