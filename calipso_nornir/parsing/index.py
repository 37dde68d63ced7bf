# SPDX-License-Identifier: Apache-2.0
"""The ``index`` of a template folder: maps commands to the templates that read their output."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calipso_nornir.errors import Fault

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ("Template", "Hostname", "Platform", "Command")
SUFFIX = ".textfsm"
_COMPLETION = re.compile(r"\[\[(.+?)\]\]")


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One line of an index.

    Attributes:
        template: file name without ``.textfsm``.
        hostname, platform, command: regular expressions with completions (``sh[[ow]]``) expanded.
        line_number: line number in the index.
    """

    template: str
    hostname: re.Pattern[str]
    platform: re.Pattern[str]
    command: re.Pattern[str]
    line_number: int

    def serves(self, platform: str, command: str) -> bool:
        """Return whether the entry's template reads a command's output on a platform."""
        return bool(self.platform.fullmatch(platform) and self.command.match(command))


def read_index(path: Path) -> tuple[list[IndexEntry], list[Fault]]:
    """Read an index in the format of ntc-templates; return its entries and all its faults.

    Lines are ``Template, Hostname, Platform, Command``; ``#`` starts a comment. ``[[ ]]`` encloses the part of a word
    that users may omit. A command must end in ``$``: otherwise the entry for ``show vlan`` would also match
    ``show vlan brief``, whose output differs.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return [], [Fault(str(path), f"cannot be read: {error}")]
    numbered = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")]
    if not numbered or _cells(numbered[0][1]) != HEADER:
        return [], [Fault(str(path), f"the first line must be {', '.join(HEADER)}")]
    entries: list[IndexEntry] = []
    faults: list[Fault] = []
    for number, line in numbered[1:]:
        try:
            entries.append(_entry(number, line))
        except (ValueError, re.error) as error:
            faults.append(Fault(f"{path}: line {number}", str(error)))
    return entries, faults


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.split(",", len(HEADER) - 1))


def _entry(number: int, line: str) -> IndexEntry:
    cells = _cells(line)
    if len(cells) != len(HEADER) or not all(cells):
        raise ValueError(f"four cells are expected ({', '.join(HEADER)}), found {line!r}")
    template, hostname, platform, command = cells
    if not template.endswith(SUFFIX):
        raise ValueError(f"{template!r} must end in {SUFFIX}")
    if not command.endswith("$"):
        raise ValueError(f"the command {command!r} must end in $, or it matches every longer command, too")
    name = template.removesuffix(SUFFIX)
    return IndexEntry(name, _compiled(hostname), _compiled(platform), _compiled(command), number)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(_written_out(pattern))


def _written_out(pattern: str) -> str:
    return _COMPLETION.sub(lambda found: "".join(f"({c}" for c in found[1]) + ")?" * len(found[1]), pattern)
