# SPDX-License-Identifier: Apache-2.0
"""Output of commands: lines and tables for people, JSON and YAML for programs.

Tables are folded to the width of a terminal; otherwise each row stays on one line.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.text import Text

from calipso_nornir.model.text import needs_escapes, plain, safe_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Part: TypeAlias = "str | tuple[str, str]"
"""Text, or text and its style ("bold", "dim", "red" …)."""


class Format(StrEnum):
    """How data is shown."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


_ASCII = str.maketrans({"├": "|", "└": "`", "│": "|", "─": "-", "→": "->", "✗": "x", "…": "..."})
"""Replacements of our own characters for ASCII terminals; those in names are escaped (cli/main.py)."""
_NARROW = 10
"""Minimum width of a column."""


class Terminal(Console):
    """A console that prints text as it is: no markup, no emoji codes, no wrapping, no automatic colours."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=True)

    def on_broken_pipe(self) -> None:
        """Pass the error on to the caller; rich would end the process with status 1."""
        raise BrokenPipeError

    def say(self, *parts: Part) -> None:
        """Print one line; its parts are printed as they are, never interpreted."""
        pairs = ((part, "") if isinstance(part, str) else part for part in parts)
        self.print(joined(*((self.signs(words), style) for words, style in pairs)))

    def signs(self, text: str) -> str:
        """Return text with characters that the terminal can show."""
        return text if self.is_utf8 else text.translate(_ASCII)

    @property
    def is_utf8(self) -> bool:
        """Whether it can show more than ASCII."""
        return self.encoding.replace("-", "").startswith("utf")


def joined(*parts: Part) -> Text:
    """Return one line of text without control characters."""
    text = Text()
    for part in parts:
        words, style = (part, "") if isinstance(part, str) else part
        text.append(plain(words), style=style or None)
    return text


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its title, and the style of its cells."""

    title: str
    style: str = ""


def table(terminal: Terminal, columns: Sequence[Column | str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows as columns. Nothing is cut off: text that is too wide for the terminal continues on further lines.

    A cell is any value, or a ``(value, style)`` pair.
    """
    heads = [column if isinstance(column, Column) else Column(column) for column in columns]
    cells = [[_cell(terminal, value, head) for value, head in zip(row, heads, strict=True)] for row in rows]
    titles = [(head.title.upper(), "bold") for head in heads]
    widths = [max(cell_len(text) for text, _ in column) for column in zip(titles, *cells, strict=True)]
    if terminal.is_terminal:
        widths = _fitted(widths, [cell_len(title) for title, _ in titles], terminal.width)
    for row in (titles, *cells):
        folded = [_folded(words, width) for (words, _), width in zip(row, widths, strict=True)]
        for line in range(max(map(len, folded))):
            text = Text()
            for place, lines in enumerate(folded):
                words = lines[line] if line < len(lines) else ""
                text.append(words, style=row[place][1] or None)
                text.append("" if place == len(row) - 1 else " " * (widths[place] - cell_len(words) + len(_GAP)))
            text.rstrip()
            terminal.print(text)


_GAP = "  "


def _fitted(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Return widths that fit: the widest column shrinks first, none gets narrower than its title."""
    fitted = list(widths)
    while sum(fitted) + len(_GAP) * (len(fitted) - 1) > room:
        can_give = [place for place, width in enumerate(fitted) if width > max(_NARROW, least[place])]
        if not can_give:
            break
        fitted[max(can_give, key=fitted.__getitem__)] -= 1
    return fitted


def _folded(words: str, width: int) -> list[str]:
    """Return text in lines of a width, broken between words if possible."""
    lines: list[str] = []
    for word in words.split(" "):
        if lines and cell_len(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines += chop_cells(word, width) or [""]
    return lines


def _cell(terminal: Terminal, value: object, column: Column) -> tuple[str, str]:
    given, style = value if isinstance(value, tuple) else (value, column.style)
    return terminal.signs(plain("-" if given is None or given == "" else given)), style


def emit(value: Any, output: Format) -> None:  # noqa: ANN401 - any JSON value
    """Print data, exactly, on standard output. Not for ``Format.TABLE``."""
    sys.stdout.write(as_json(value) if output is Format.JSON else as_yaml(value))


def as_json(value: Any, *, indent: int | None = 2) -> str:  # noqa: ANN401 - as above
    """Return JSON; times are ISO 8601."""
    text = json.dumps(value, indent=indent, ensure_ascii=not _unicode_out(), default=written)
    return safe_json(text) + "\n"


def as_yaml(value: Any) -> str:  # noqa: ANN401 - as above
    """Return YAML."""
    import yaml  # noqa: PLC0415 - most commands print none

    tidy = json.loads(json.dumps(value, default=written))
    text: str = yaml.safe_dump(tidy, sort_keys=False, allow_unicode=True, width=120)
    if needs_escapes(text) or not _unicode_out():
        text = yaml.safe_dump(tidy, sort_keys=False, allow_unicode=False, width=120)
    return text


def written(value: object) -> str:
    """Return as text a value that JSON cannot represent."""
    return value.isoformat() if isinstance(value, date) else str(value)


def _unicode_out() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
