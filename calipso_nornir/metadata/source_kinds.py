# SPDX-License-Identifier: Apache-2.0
"""The installed kinds of sources, by name: those of the product, and those of third parties."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING

from calipso_nornir.errors import Fault, MetadataError
from calipso_nornir.metadata.environment_section import Section
from calipso_nornir.metadata.environment_sections import OTHER_SECTIONS
from calipso_nornir.model.source_kinds import GROUP, ORDERS, SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.metadata import EntryPoint


@cache
def source_kinds() -> Mapping[str, SourceKind]:
    """Return the installed kinds in the order in which they are asked. Raises MetadataError with all faults."""
    points = entry_points(group=GROUP)
    if not any(_is_own(point) for point in points):
        problem = "does not list calipso_nornir's own sources: the installation is older than its code; "
        problem += "install it again (in a checkout: pip install --no-deps --editable .)"
        raise MetadataError((Fault(f"entry points {GROUP}", problem),))
    return MappingProxyType(load_source_kinds(points))


def sections() -> dict[str, type[Section]]:
    """Return every section that an environment may have: those of the kinds, and those that no source reads."""
    return {kind.section: kind.schema for kind in source_kinds().values()} | OTHER_SECTIONS


def load_source_kinds(points: Iterable[EntryPoint]) -> dict[str, SourceKind]:
    """Read kinds of sources from entry points. Raises MetadataError with all faults."""
    found: dict[str, SourceKind] = {}
    origins: dict[str, str] = {}
    faults: list[Fault] = []
    # The product's own first, so that others cannot take their names.
    for point in sorted(points, key=lambda one: (not _is_own(one), one.name)):
        where = f"entry point {GROUP}: {point.name} = {point.value}"
        try:
            kind = point.load()
        except Exception as error:  # noqa: BLE001 - importing a stranger's module may raise anything
            faults.append(Fault(where, f"cannot be loaded: {type(error).__name__}: {error}"))
            continue
        wrong = list(_faults(kind, origins, found))
        faults += [Fault(where, problem) for problem in wrong]
        if not wrong:
            found[kind.name], origins[kind.name] = kind, where
    if faults:
        raise MetadataError(tuple(faults))
    return dict(sorted(found.items(), key=lambda one: ORDERS.index(one[1].order)))


def _is_own(point: EntryPoint) -> bool:
    return point.value.startswith("calipso_nornir.")


def _faults(kind: object, origins: Mapping[str, str], found: Mapping[str, SourceKind]) -> Iterator[str]:
    if not isinstance(kind, SourceKind):
        yield f"a SourceKind was expected, found {type(kind).__name__}"
        return
    if kind.name in found:
        yield f'the name "{kind.name}" is taken by {origins[kind.name]}; choose another'
    taken = next((one for one in found.values() if one.section == kind.section), None)
    if taken is not None or kind.section in OTHER_SECTIONS:
        yield f'the section "{kind.section}" is taken; choose another name'
    if kind.order not in ORDERS:
        yield f'order is "{kind.order}", not one of {", ".join(ORDERS)}'
    if not (isinstance(kind.schema, type) and issubclass(kind.schema, Section)):
        yield f"schema is {kind.schema!r}, not a subclass of calipso_nornir.metadata.environment_section.Section"
    if not kind.queries:
        yield "queries is empty: the source could not be asked anything"
    yield from filter(None, (_query_fault(query, kind.name) for query in kind.queries))


def _query_fault(query: object, name: str) -> str:
    if not (isinstance(query, type) and is_dataclass(query) and query.__dataclass_params__.frozen):  # type: ignore[attr-defined]  # of dataclasses
        return f"{query!r} is not a frozen dataclass, which a query must be"
    own = {one.name for one in fields(query)}
    missing = [one for one in ("source", "host", "request") if one not in own and not hasattr(query, one)]
    if missing:
        return f"{query.__name__} has no {', '.join(missing)}, which a query must have"
    if getattr(query, "source", None) != name:
        expected = f'source: ClassVar[str] = "{name}"'
        return f"{query.__name__} does not name this source; a class variable is expected: {expected}"
    return ""
