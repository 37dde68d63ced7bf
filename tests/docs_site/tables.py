# SPDX-License-Identifier: Apache-2.0
"""A page of tables that are made from the metadata: link types, cliques, events, and checks."""

from __future__ import annotations

from collections import defaultdict
from inspect import getdoc
from typing import TYPE_CHECKING

from calipso_nornir.metadata.loading import load_catalog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.cliques import CliqueType

CLIQUES = "A clique contains what can be reached from its focal point by these link types, in their order."


def page(catalog: Catalog | None = None) -> str:
    """Return the page, in Markdown."""
    catalog = load_catalog() if catalog is None else catalog
    parts = [
        "# Links, cliques, events and checks\n",
        "Made from the metadata of this release.\n",
        "## Link types\n",
        _table(("Link type", "Meaning", "Found by"), _links(catalog)),
        f"## Cliques\n\n{CLIQUES}\n",
        _table(("Focal point", "For", "Link types"), map(_clique, catalog.clique_types)),
        "## Events\n",
        _table(("Handler", "Event types", "What it touches"), _events(catalog)),
        "## Checks\n",
        _table(("Object or link", "Checks"), _checks(catalog)),
    ]
    return "\n".join(parts)


def _links(catalog: Catalog) -> Iterator[tuple[str, ...]]:
    finders: defaultdict[str, list[str]] = defaultdict(list)
    for name, finder in catalog.link_finders:
        for type_ in finder.link_types:
            finders[type_].append(f"`{name}`")
    for type_, meaning in sorted(catalog.link_types.items()):
        yield f"`{type_}`", meaning, ", ".join(finders[type_])


def _clique(one: CliqueType) -> tuple[str, ...]:
    wanted = (
        one.environment,
        one.environment_type,
        one.distribution,
        one.distribution_version,
        *one.mechanism_drivers,
        one.type_drivers,
    )
    chosen = ", ".join(dict.fromkeys(text for text in wanted if text and text != "ANY")) or "all environments"
    return f"`{one.focal_point_type}`", chosen, ", ".join(f"`{link.source}-{link.target}`" for link in one.link_types)


def _events(catalog: Catalog) -> Iterator[tuple[str, ...]]:
    types: defaultdict[str, list[str]] = defaultdict(list)
    says: dict[str, str] = {}
    for event, handler in sorted(catalog.event_handlers.items()):
        name = type(handler).__name__
        types[name].append(f"`{event}`")
        says[name] = (getdoc(type(handler)) or "").partition("\n\n")[0].replace("\n", " ")
    for name, events in sorted(types.items()):
        yield f"`{name}`", ", ".join(events), says[name]


def _checks(catalog: Catalog) -> Iterator[tuple[str, ...]]:
    rules = {**catalog.monitoring.objects, **catalog.monitoring.links}
    for type_, watched in sorted(rules.items()):
        yield f"`{type_}`", ", ".join(dict.fromkeys(f"`{one.check}`" for one in watched))


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [titles, tuple("---" for _ in titles), *rows]
    return "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines)
