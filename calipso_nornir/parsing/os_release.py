# SPDX-License-Identifier: Apache-2.0
"""The operating system's name and version, from ``/etc/os-release``."""

from __future__ import annotations

import re
import shlex

from calipso_nornir.errors import ParseError

_PARSER = "os_release"
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)")


def os_release(text: str) -> dict[str, str]:
    """Read os-release(5): assignments that a shell could read, quotes and backslashes taken off.

    A name that is there twice has its last value, as in a shell.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        assignment = _ASSIGNMENT.fullmatch(stripped)
        if assignment is None:
            raise ParseError(_PARSER, "no assignment", number, line[:200])
        try:
            words = shlex.split(assignment[2])
        except ValueError as error:
            raise ParseError(_PARSER, str(error), number, line[:200]) from None
        if len(words) > 1:
            raise ParseError(_PARSER, "a value with blanks has to stand in quotes", number, line[:200])
        found[assignment[1]] = words[0] if words else ""
    if not found:
        raise ParseError(_PARSER, "nothing is assigned")
    return found
