# SPDX-License-Identifier: Apache-2.0
"""Copies the pages to a folder, at the paths that they have here, so that links between them stay as they are.

mkdocs wants all pages in one folder; ours are also beside what they describe (``playbooks``, ``tests/lab``). The
navigation of ``mkdocs.yml`` is completed: with the Python reference, every decision, and pages that it does not name.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from tests.docs_site import openapi, reference
from tests.docs_site.tables import page

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = ("*.md", "docs/**/*.md", "parsers/*.md", "playbooks/**/*.md", "tests/**/README.md")
LINKED: Final = ("LICENSE", "docs/**/*", "inventory/*", "playbooks/**/*", "tests/lab/**/*.py", "tests/lab/**/*.sh")
"""Files that pages link to."""
DECISIONS: Final = "docs/decisions"
TABLES: Final = "docs/tables.md"
"""A page of the site alone."""


def collect(folder: Path) -> None:
    """Write ``folder/pages`` and ``folder/mkdocs.yml``; what was in these places before is removed."""
    pages = folder / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    for path in _files(*PAGES, *LINKED):
        target = pages / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, target)
    for one in _files(*PAGES):  # a link to the folder of decisions becomes one to its list
        text = (pages / one).read_text(encoding="utf-8")
        (pages / one).write_text(re.sub(r"(\]\((?:docs/)?decisions)\)", r"\1/README.md)", text), encoding="utf-8")
    decisions = [one for one in _files(f"{DECISIONS}/*.md") if one.name[0].isdigit()]
    rows = "".join(f"- [{title(one)}]({one.name})\n" for one in decisions)
    (pages / DECISIONS / "README.md").write_text(f"# Decisions\n\n{rows}", encoding="utf-8")
    (pages / TABLES).write_text(page(), encoding="utf-8")
    openapi.write(pages)
    configuration = _configuration(decisions, reference.write(pages))
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(configuration, sort_keys=False), encoding="utf-8")


def title(path: Path) -> str:
    """Return the first heading of a page."""
    found = re.search(r"^# +(.+)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else path.stem


def _configuration(decisions: list[Path], modules: dict[str, str]) -> dict[str, Any]:
    known: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    named = set(_paths(known["nav"]))
    more = [{title(one): str(one)} for one in _files("docs/*.md") if str(one) not in named]
    overview = [f"{DECISIONS}/README.md", *({title(one): str(one)} for one in decisions)]
    python = [{one: page} for one, page in modules.items()]
    nav = [*known["nav"], *([{"More": more}] if more else []), {"Python reference": python}, {"Decisions": overview}]
    return {**known, "docs_dir": "pages", "site_dir": "site", "nav": nav}


def _paths(nav: Any) -> Iterator[str]:  # noqa: ANN401 - YAML
    if isinstance(nav, str):
        yield nav
    else:
        for one in nav.values() if isinstance(nav, dict) else nav:
            yield from _paths(one)


def _files(*patterns: str) -> list[Path]:
    found = {path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}
    hidden = {"__pycache__", ".venv", ".ansible"}
    return sorted(path.relative_to(ROOT) for path in found if not hidden & set(path.relative_to(ROOT).parts))
