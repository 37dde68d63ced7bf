# SPDX-License-Identifier: Apache-2.0
"""TextFSM templates, in sets by name; each is compiled once and may be used by any thread."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from io import StringIO
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

import textfsm  # type: ignore[import-untyped]  # it ships no types

from calipso_nornir.errors import Fault, MetadataError, ParseError
from calipso_nornir.parsing.index import SUFFIX, IndexEntry, read_index
from calipso_nornir.resources import data

if TYPE_CHECKING:
    from pathlib import Path

Row: TypeAlias = "dict[str, str | list[str]]"
SHOWN = 500
"""Maximum number of characters of a rejected line that an error quotes."""

_RULE_LINE = re.compile(r"\bLine:? (\d+)")


class _Machine(textfsm.TextFSM):  # type: ignore[misc]  # it ships no types
    """TextFSM that can also reject lines which the template would skip."""

    tolerant = True

    def _CheckLine(self, line: str) -> None:  # noqa: N802 - TextFSM's name
        if not self.tolerant and line.strip() and not any(self._CheckRule(rule, line) for rule in self._cur_state):
            raise textfsm.TextFSMError("unexpected line")
        super()._CheckLine(line)


class Template:
    """One compiled template.

    A ``textfsm.TextFSM`` holds the state of its run, so it reads one text at a time. Waiting for it costs no more
    than waiting for the interpreter's lock; compiling per call would cost 18 ms for a large template.
    """

    def __init__(self, name: str, source: str) -> None:
        """Compile ``source``; raises ``textfsm.Error`` or ``re.error`` when it is broken."""
        self.name = name
        self.entries: tuple[IndexEntry, ...] = ()
        """The index lines that name this template."""
        self._machine = _Machine(StringIO(source))
        self._lock = Lock()
        self.columns: tuple[str, ...] = tuple(column.lower() for column in self._machine.header)

    @property
    def strict(self) -> bool:
        """Whether it rejects unknown lines in every state."""
        states = [rules for rules in self._machine.states.values() if rules]
        return all(any(rule.line_op == "Error" for rule in rules) for rules in states)

    def serves(self, platform: str, command: str) -> bool:
        """Return whether the index names this template for a command on a platform."""
        return any(entry.serves(platform, command) for entry in self.entries)

    def rows(self, text: str) -> list[Row]:
        """Return the rows that the template records; keys in lower case, ``List`` values as lists."""
        return self._rows(text, tolerant=True)

    def rows_of_known_lines(self, text: str) -> list[Row]:
        """Return the rows, as ``rows``; a line that no rule knows is an error, even if the template would skip it."""
        return self._rows(text, tolerant=False)

    def _rows(self, text: str, *, tolerant: bool) -> list[Row]:
        with self._lock:
            self._machine.tolerant = tolerant
            self._machine.Reset()
            try:
                found = self._machine.ParseText(text)
            except textfsm.TextFSMError as error:
                raise self._located(text, error) from None
        return [dict(zip(self.columns, row, strict=True)) for row in found]

    def _located(self, text: str, error: Exception) -> ParseError:
        # TextFSM does not say which line it rejected: run again line by line, for rejected texts only
        self._machine.Reset()
        for number, line in enumerate(text.split("\n"), 1):
            try:
                self._machine.ParseText(f"{line}\n", eof=False)
            except textfsm.TextFSMError as again:
                return ParseError(self.name, _problem(again), number, line[:SHOWN])
        return ParseError(self.name, _problem(error))


def _problem(error: Exception) -> str:
    rule = _RULE_LINE.search(str(error))
    of_rule = f" (rule in line {rule[1]} of the template)" if rule else ""
    message = re.match(r"Error: (.*)\. Rule Line: ", str(error), re.DOTALL)
    return f"{message[1] if message else 'unexpected line'}{of_rule}"


class TemplateSet(Mapping[str, Template]):
    """The templates of one folder, by file name without ``.textfsm``.

    The folder holds ``index`` and the ``<platform>_<command>.textfsm`` files that it lists. All are compiled
    immediately, so that every fault is found, and reported with all others, before the first text is read.
    """

    def __init__(self, folder: Path) -> None:
        """Read and compile a folder; raises ``MetadataError`` with every fault in it."""
        self.folder = folder
        self._entries, faults = read_index(folder / "index")
        self._templates: dict[str, Template] = {}
        files = {path.name.removesuffix(SUFFIX): path for path in sorted(folder.glob(f"*{SUFFIX}"))}
        faults += _unmatched(folder, self._entries, files)
        for name, path in files.items():
            try:
                self._templates[name] = Template(name, path.read_text(encoding="utf-8"))
            except (textfsm.Error, re.error, OSError, UnicodeDecodeError) as error:
                line = _RULE_LINE.search(str(error))
                faults.append(Fault(f"{path}: line {line[1]}" if line else str(path), str(error)))
        if faults:
            raise MetadataError(tuple(faults))
        for name, template in self._templates.items():
            template.entries = tuple(entry for entry in self._entries if entry.template == name)

    def __getitem__(self, name: str) -> Template:
        return self._templates[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._templates)

    def __len__(self) -> int:
        return len(self._templates)

    def find(self, platform: str, command: str) -> Template | None:
        """Return the template of the first matching index line, as ntc-templates does; None when none matches."""
        fitting = (entry.template for entry in self._entries if entry.serves(platform, command))
        name = next(fitting, None)
        return None if name is None else self._templates[name]


def _unmatched(folder: Path, entries: list[IndexEntry], files: Mapping[str, Path]) -> list[Fault]:
    listed = {entry.template for entry in entries}
    missing = [
        Fault(f"{folder / 'index'}: line {entry.line_number}", f"there is no file {entry.template}{SUFFIX} beside it")
        for entry in entries
        if entry.template not in files
    ]
    unlisted = [
        Fault(str(path), "is not listed in the index beside it") for n, path in files.items() if n not in listed
    ]
    return missing + unlisted


@cache
def shipped() -> TemplateSet:
    """Return the product's own templates (``parsers/templates``), which are read on first use."""
    return TemplateSet(data("parsers") / "templates")


def tool_rows(name: str, text: str) -> list[Row]:
    """Read the output of a Linux tool with one of the product's own templates.

    These tools terminate every line, so an unterminated last line was truncated. The rest may look complete but be
    wrong (``master br1`` of ``master br10``).
    """
    if text and not text.endswith("\n"):
        lines = text.split("\n")
        raise ParseError(name, "cut short: the last line is not terminated", len(lines), lines[-1][:SHOWN])
    return shipped()[name].rows(text)


def one(row: Row, column: str) -> str:
    """Return a column as one string; the items of a list are joined by blanks."""
    value = row[column]
    return value if isinstance(value, str) else " ".join(value)


def many(row: Row, column: str) -> list[str]:
    """Return a column as a list of strings; a single string becomes a list of one."""
    value = row[column]
    return [value] if isinstance(value, str) else value
