# SPDX-License-Identifier: Apache-2.0
"""The operating system's name and version, from ``/etc/os-release``, and the machine's architecture."""

from __future__ import annotations

import re

from calipso_nornir.errors import ParseError

_PARSER = "os_release"
_ASSIGNMENT = re.compile(
    r"""([A-Za-z_][A-Za-z0-9_]*)=(?:'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s'"`$;&|<>()]*))"""
)
_MACHINE = re.compile(r"[A-Za-z0-9][\w.-]{0,63}\r?\n?", re.ASCII)
_ESCAPED = re.compile(r"\\(.)")
_ESCAPED_IN_QUOTES = re.compile(r'\\([$"\\`])')


def os_release(text: str) -> dict[str, str]:
    """Read os-release(5): assignments as a shell reads them, without expansion or string concatenation.

    Quotes and backslashes are removed as POSIX specifies (Shell Command Language, 2.2 Quoting). If a name is assigned
    twice, the last value counts, as in a shell.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        assignment = _ASSIGNMENT.fullmatch(stripped)
        if assignment is None:
            raise ParseError(_PARSER, "not an assignment; a value with blanks must be in quotes", number, line[:200])
        found[assignment[1]] = _value(assignment)
    if not found:
        raise ParseError(_PARSER, "it has no assignments")
    return found


def machine(text: str) -> str:
    """Read ``uname -m`` (POSIX, uname): one word on one line, e.g. ``x86_64``."""
    if _MACHINE.fullmatch(text) is None:
        raise ParseError("uname_machine", "the name of an architecture was expected", 1, text[:200])
    return text.strip()


def _value(assignment: re.Match[str]) -> str:
    if assignment["single"] is not None:
        return assignment["single"]
    if assignment["double"] is not None:
        return _ESCAPED_IN_QUOTES.sub(r"\1", assignment["double"])
    return _ESCAPED.sub(r"\1", assignment["bare"])
