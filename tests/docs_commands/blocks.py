# SPDX-License-Identifier: Apache-2.0
"""Collects the blocks of every page, and tells shell commands from data. A block that is neither is an error."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = ("*.md", "docs/**/*.md", "inventory/*.md", "parsers/*.md", "playbooks/**/*.md", "tests/**/README.md")
SHELL: Final = frozenset({"sh", "bash", "shell", "console"})
DATA: Final = frozenset({"python", "yaml", "yml", "json", "toml", "text", "ini"})
PROGRAMS: Final = frozenset(
    {
        *("./lab", "alias", "ansible-playbook", "apt-get", "calipso", "calipso-probe", "cd", "curl", "docker"),
        *("export", "git", "install", "make", "mkdocs", "mypy", "pip", "pytest", "python", "python3", "ruff"),
        *("sudo", "systemctl", "visudo"),
    }
)
Kind: TypeAlias = Literal["shell", "data", "unknown"]
_FENCE: Final = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_INDENTED: Final = re.compile(r"(?<=\n\n)((?: {4,}\S.*\n|\n(?= {4,}\S))+)")
_ASSIGNED: Final = re.compile(r"[A-Z_]+=\S* ")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code.

    Attributes:
        page: its path from the root.
        language: that of its fence; "" without one.
    """

    page: str
    language: str
    text: str

    @property
    def kind(self) -> Kind:
        """What it is."""
        if self.language:
            return "shell" if self.language in SHELL else "data" if self.language in DATA else "unknown"
        first = next((line for line in self.text.splitlines() if not line.startswith("#")), "")
        word = _ASSIGNED.sub("", first).partition(" ")[0]
        if word in PROGRAMS and not first.startswith(f"{word} ALL="):
            return "shell"
        return "data" if _is_data(self.text) else "unknown"

    def commands(self) -> list[str]:
        """Return its commands, without comments; lines that end with a backslash are joined."""
        joined = re.sub(r"\\\n\s*", "", self.text)
        return [command for line in joined.splitlines() if (command := re.sub(r"(^|\s+)#.*", "", line).strip())]

    def __str__(self) -> str:
        return f"{self.page}: {self.text.partition(chr(10))[0]}"


def blocks() -> Iterator[Block]:
    """Yield the blocks of all pages."""
    paths = sorted({path.relative_to(ROOT) for pattern in PAGES for path in ROOT.glob(pattern)})
    for path in paths:
        text = (ROOT / path).read_text(encoding="utf-8")
        for _, language, body in _FENCE.findall(text):
            yield Block(str(path), language, textwrap.dedent(body))
        for body in _INDENTED.findall(_FENCE.sub("", text)):
            yield Block(str(path), "", textwrap.dedent(body).strip("\n") + "\n")


def _is_data(text: str) -> bool:
    """Return whether this is JSON or YAML with keys or a list, or Python with more than names."""
    try:
        if all(isinstance(one, (dict, list)) for one in yaml.safe_load_all(text)):
            return True
    except yaml.YAMLError:
        pass
    lines = text.splitlines()
    if all(line.startswith(("{", " ")) for line in lines):  # several documents of JSON
        return True
    if re.match(r"\[[\w.\"-]+\]\n", text):  # TOML
        return True
    try:
        return any(not isinstance(one, ast.Expr) for one in ast.parse(text).body)
    except SyntaxError:
        return False
