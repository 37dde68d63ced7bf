# SPDX-License-Identifier: Apache-2.0
"""What commands print: lines and tables for people, JSON and YAML for programs."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from calipso_nornir.model.text import needs_escapes, plain, safe_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Part: TypeAlias = "str | tuple[str, str]"
"""Text, or text and how it looks ("bold", "dim", "red" …)."""


class Format(StrEnum):
    """How data is shown."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


class Terminal(Console):
    """A console that takes text as it is: no markup, no emoji codes, no wrapping, no guessing at what to colour."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=True)

    def on_broken_pipe(self) -> None:
        """Let the caller know; rich would end the process with status 1."""
        raise BrokenPipeError

    def say(self, *parts: Part) -> None:
        """Print one line; whatever is in the parts does nothing but show."""
        self.print(joined(*parts))


def joined(*parts: Part) -> Text:
    """Return one line of text, made harmless."""
    text = Text()
    for part in parts:
        words, style = (part, "") if isinstance(part, str) else part
        text.append(plain(words), style=style or None)
    return text


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its title, and how its cells look."""

    title: str
    style: str = ""


def table(terminal: Terminal, columns: Sequence[Column | str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as columns, as wide as they need to be: nothing is cut off, whoever reads it.

    A cell is any value, or a ``(value, style)`` pair.
    """
    heads = [column if isinstance(column, Column) else Column(column) for column in columns]
    cells = [[_cell(value, head) for value, head in zip(row, heads, strict=True)] for row in rows]
    titles = [(head.title.upper(), "bold") for head in heads]
    widths = [max(cell_len(text) for text, _ in column) for column in zip(titles, *cells, strict=True)]
    for row in (titles, *cells):
        text = Text()
        for place, (words, style) in enumerate(row):
            last = place == len(row) - 1
            text.append(words, style=style or None)
            text.append("" if last else " " * (widths[place] - cell_len(words) + 2))
        text.rstrip()
        terminal.print(text)


def _cell(value: object, column: Column) -> tuple[str, str]:
    given, style = value if isinstance(value, tuple) else (value, column.style)
    return plain("-" if given is None or given == "" else given), style


def emit(value: Any, output: Format) -> None:  # noqa: ANN401 - any JSON value
    """Print data, exactly, on standard output. Not for ``Format.TABLE``."""
    sys.stdout.write(as_json(value) if output is Format.JSON else as_yaml(value))


def as_json(value: Any, *, indent: int | None = 2) -> str:  # noqa: ANN401 - as above
    """Return JSON; times are ISO 8601."""
    text = json.dumps(value, indent=indent, ensure_ascii=not _unicode_out(), default=written)
    return safe_json(text) + "\n"


def as_yaml(value: Any) -> str:  # noqa: ANN401 - as above
    """Return YAML."""
    tidy = json.loads(json.dumps(value, default=written))
    text: str = yaml.safe_dump(tidy, sort_keys=False, allow_unicode=True, width=120)
    if needs_escapes(text) or not _unicode_out():
        text = yaml.safe_dump(tidy, sort_keys=False, allow_unicode=False, width=120)
    return text


def written(value: object) -> str:
    """Return a value that JSON does not know as text."""
    return value.isoformat() if isinstance(value, date) else str(value)


def _unicode_out() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
