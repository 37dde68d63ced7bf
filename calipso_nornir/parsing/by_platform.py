# SPDX-License-Identifier: Apache-2.0
"""Selects the template that reads a command's output, by the platform of the host that printed it.

Output of Linux hosts is read with this product's own strict templates, output of network devices with those of
ntc-templates, unless a third party provides a template for the command.
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
"""NAPALM's platform names, which Nornir inventories also use -> netmiko's, which the templates use."""


def parser_for(platform: str | None, command: str, parsers: Mapping[str, Callable[[str], Any]]) -> Callable[[str], Any]:
    """Return the parser of a command's output on a platform (None: Linux). Raises ParseError when there is none."""
    template = template_for(platform, command, parsers)
    return template.rows if template.strict or template.entries else partial(_nothing_is_no_answer, template)


def template_for(platform: str | None, command: str, parsers: Mapping[str, Callable[[str], Any]]) -> Template:
    """Return the template that reads a command's output on a platform. Raises ParseError when there is none."""
    named = _NETMIKO.get(platform or LINUX, platform or LINUX)
    for parser in parsers.values():
        template = getattr(parser, "__self__", None)
        if isinstance(template, Template) and template.serves(named, command):
            return template
    if named == LINUX:
        raise ParseError(LINUX, f'no template reads "{command}"; name a parser')
    return _of_ntc(named, command)


def _nothing_is_no_answer(template: Template, text: str) -> list[Row]:
    """Read with a template that skips unknown lines; if a non-empty text gives no rows, that is an error."""
    rows = template.rows(text)
    if not rows and text.strip():
        problem = "the template knows none of its lines, so an empty table cannot be told from an unknown format"
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
    """Return the ntc-templates template of a command. Raises ParseError unless there is exactly one."""
    index = _index().index
    row = index.GetRowMatch({"Platform": platform, "Command": command})
    name = str(index.index[row]["Template"]) if row else ""
    if not name:
        raise ParseError("ntc-templates", f'no template reads "{command}" of platform {platform}; name a parser')
    if ":" in name:
        raise ParseError("ntc-templates", f'"{command}" of platform {platform} needs several templates; name a parser')
    return Template(name.removesuffix(SUFFIX), (_folder() / name).read_text(encoding="utf-8"))
