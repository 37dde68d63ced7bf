# SPDX-License-Identifier: Apache-2.0
"""Pages of the Python reference: mkdocstrings writes them from docstrings when the site is built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER: Final = "docs/reference"
REFERENCE: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "program": ("A program of your own", ("calipso_nornir",)),
    "plugins": (
        "What plug-ins are made of",
        (
            "calipso_nornir.model.fetching",
            "calipso_nornir.model.objects",
            "calipso_nornir.model.ids",
            "calipso_nornir.model.refs",
            "calipso_nornir.model.links",
            "calipso_nornir.model.evidence",
            "calipso_nornir.model.finding",
            "calipso_nornir.model.source_kinds",
            "calipso_nornir.model.protocols",
            "calipso_nornir.metadata.environment_section",
            "calipso_nornir.metadata.environment_fields",
            "calipso_nornir.sources.bounded_http",
            "calipso_nornir.sources.shapes",
        ),
    ),
    "queries": (
        "Questions and answers",
        (
            "calipso_nornir.model.queries",
            "calipso_nornir.model.answers",
            "calipso_nornir.model.kubernetes",
            "calipso_nornir.model.aci",
        ),
    ),
    "stores": (
        "Pictures and stores",
        (
            "calipso_nornir.model.stores",
            "calipso_nornir.model.cliques",
            "calipso_nornir.metadata.loading",
            "calipso_nornir.store",
        ),
    ),
    "guide": ("Bases of the developer guide", ("calipso_nornir.guide",)),
    "client": ("The client of the REST API", ("calipso_nornir.client",)),
    "nornir": ("Nornir", ("calipso_nornir.tasks", "calipso_nornir.nornir_inventory")),
    "testing": ("Tests of plug-ins", ("calipso_nornir.testing", "calipso_nornir.testing.parser_cases")),
    "errors": ("Errors", ("calipso_nornir.errors",)),
}
"""Page -> its title, and the modules on it."""


def write(pages: Path) -> dict[str, str]:
    """Write the pages below a folder; return title -> page, for the navigation."""
    (pages / FOLDER).mkdir(parents=True, exist_ok=True)
    for name, (title, modules) in REFERENCE.items():
        parts = "".join(f"\n## {one}\n\n::: {one}\n" for one in modules)
        (pages / FOLDER / f"{name}.md").write_text(f"# {title}\n{parts}", encoding="utf-8")
    return {title: f"{FOLDER}/{name}.md" for name, (title, _) in REFERENCE.items()}
