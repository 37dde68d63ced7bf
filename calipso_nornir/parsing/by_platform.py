# SPDX-License-Identifier: Apache-2.0
"""Which template reads what a command prints, by the platform of the host that printed it.

Linux has the strict templates of this product; network devices have those of ntc-templates, unless a third party brings
one of its own for the command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.templates import Template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LINUX = "linux"
_NETMIKO = {
    "eos": "arista_eos",
    "ios": "cisco_ios",
    "iosxr": "cisco_xr",
    "junos": "juniper_junos",
    "nxos": "cisco_nxos",
    "nxos_ssh": "cisco_nxos",
}
"""NAPALM's names of platforms, which Nornir inventories use as well -> netmiko's, which templates use."""


def parser_for(platform: str | None, command: str, parsers: Mapping[str, Callable[[str], Any]]) -> Callable[[str], Any]:
    """Return what reads a command's output on a platform (None: Linux). Raises ParseError when nothing does."""
    named = _NETMIKO.get(platform or LINUX, platform or LINUX)
    for parser in parsers.values():
        template = getattr(parser, "__self__", None)
        if isinstance(template, Template) and template.serves(named, command):
            return parser
    if named == LINUX:
        raise ParseError(LINUX, f'no template reads "{command}"; name a parser')
    return lambda text: _ntc_rows(named, command, text)


def _ntc_rows(platform: str, command: str, text: str) -> list[dict[str, Any]]:
    """Read an output with ntc-templates. Output of which nothing is recorded gives no rows, as an empty table does."""
    from ntc_templates.parse import ParsingException, parse_output  # type: ignore[import-untyped]  # noqa: PLC0415 - few scans ask network devices; it ships no types

    try:
        rows: list[dict[str, Any]] = parse_output(platform=platform, command=command, data=text)
    except ParsingException as error:
        problem = str(error.__cause__ or error).split("\n", 1)[0]
        raise ParseError(f"ntc-templates {platform}", problem[:300]) from None
    return rows
