# SPDX-License-Identifier: Apache-2.0
"""Which template reads what a command prints, by the platform of the host that printed it.

Linux has the strict templates of this product; network devices have those of ntc-templates, unless a third party brings
one of its own for the command.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textfsm.clitable import CliTable  # type: ignore[import-untyped]  # it ships no types

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.index import SUFFIX
from calipso_nornir.parsing.templates import Row, Template

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
    template = _of_ntc(named, command)
    return template.rows if template.strict else partial(_nothing_is_no_answer, template)


def _nothing_is_no_answer(template: Template, text: str) -> list[Row]:
    """Read with a template that passes over lines it does not know: that it has found nothing may mean anything."""
    rows = template.rows(text)
    if not rows and text.strip():
        problem = "none of its lines is known, and this template does not tell an empty table from an unknown one"
        raise ParseError(template.name, problem)
    return rows


@cache
def _index() -> CliTable:
    return CliTable("index", str(_folder()))


def _folder() -> Path:
    import ntc_templates  # type: ignore[import-untyped]  # noqa: PLC0415 - few scans ask network devices; it ships no types

    return Path(ntc_templates.__file__).parent / "templates"


@cache
def _of_ntc(platform: str, command: str) -> Template:
    """Return the template of ntc-templates for a command. Raises ParseError when there is none."""
    index = _index().index
    row = index.GetRowMatch({"Platform": platform, "Command": command})
    name = str(index.index[row]["Template"]) if row else ""
    if not name:
        raise ParseError("ntc-templates", f'no template reads "{command}" of platform {platform}; name a parser')
    if ":" in name:
        raise ParseError("ntc-templates", f'"{command}" of platform {platform} takes several templates; name a parser')
    return Template(name.removesuffix(SUFFIX), (_folder() / name).read_text(encoding="utf-8"))
