# SPDX-License-Identifier: Apache-2.0
"""The ``index`` of a folder of templates: which template reads the output of which command."""

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
        hostname, platform, command: regular expressions, completions (``sh[[ow]]``) written out.
        line_number: where it stands.
    """

    template: str
    hostname: re.Pattern[str]
    platform: re.Pattern[str]
    command: re.Pattern[str]
    line_number: int

    def serves(self, platform: str, command: str) -> bool:
        """Tell whether its template is meant for a command on a platform."""
        return bool(self.platform.fullmatch(platform) and self.command.match(command))


def read_index(path: Path) -> tuple[list[IndexEntry], list[Fault]]:
    """Read an index in the form that ntc-templates made common; return its entries and all its faults.

    Lines are ``Template, Hostname, Platform, Command``; ``#`` starts a comment. ``[[ ]]`` marks what a user may
    leave off the end of a word. A command has to end in ``$``: otherwise the entry for ``show vlan`` would
    serve ``show vlan brief`` as well, whose output is another.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return [], [Fault(str(path), f"cannot be read: {error}")]
    numbered = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")]
    if not numbered or _cells(numbered[0][1]) != HEADER:
        return [], [Fault(str(path), f"the first line has to be {', '.join(HEADER)}")]
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
        raise ValueError(f"{template!r} should end in {SUFFIX}")
    if not command.endswith("$"):
        raise ValueError(f"the command {command!r} has to end in $, or it serves every longer command as well")
    name = template.removesuffix(SUFFIX)
    return IndexEntry(name, _compiled(hostname), _compiled(platform), _compiled(command), number)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(_written_out(pattern))


def _written_out(pattern: str) -> str:
    return _COMPLETION.sub(lambda found: "".join(f"({c}" for c in found[1]) + ")?" * len(found[1]), pattern)
