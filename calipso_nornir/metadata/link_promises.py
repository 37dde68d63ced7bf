# SPDX-License-Identifier: Apache-2.0
"""Checks ``link_finders.json`` and ``link_types.json``: each finder has link types, each link type has a finder."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from calipso_nornir.metadata import forms
from calipso_nornir.metadata.class_names import Older, Registry, Unresolved
from calipso_nornir.metadata.layers import files_of
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.metadata.older_names import OLDER_BASE, OLDER_FINDERS
from calipso_nornir.model.links import LinkType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calipso_nornir.metadata.check import MetadataCheck
    from calipso_nornir.metadata.layers import Layer
    from calipso_nornir.model.cliques import CliqueType
    from calipso_nornir.model.protocols import LinkFinder

HOST_SCOPE = "host"


def link_finders(check: MetadataCheck) -> list[tuple[str, LinkFinder]]:
    """Resolve the link finders, in the order in which they run."""
    registry = Registry("calipso_nornir.link_finders", "link finder", older=OLDER_FINDERS)
    found: list[tuple[str, LinkFinder]] = []
    places: dict[str, str] = {}
    for layer, file in files_of(check.layers, "link_finders", forms.LinkFindersFile):
        base = _base(check, file, layer, registry)
        for number, name in enumerate(file.link_finders):
            where = layer.where("link_finders", "link_finders", number)
            try:
                finder = registry.resolve(name, package=file.finders_package, folder=layer.folder, method="find")
            except Unresolved as error:
                check.fault(where, str(error))
                check.unknown_finders = True
                continue
            if finder is Older:  # the shipped finders find its links
                continue
            _based(check, finder, base, f"{where} ({name})")
            _told_types(check, finder)
            _link_types(check, finder, f"{where} ({name}.link_types)")
            _small_scans(check, finder, f"{where} ({name}")
            if name in places:
                check.fault(where, f'"{name}" is listed already ({places[name]})')
            places.setdefault(name, where)
            found.append((name, finder))
    return found


def _base(check: MetadataCheck, file: forms.LinkFindersFile, layer: Layer, registry: Registry) -> type | None:
    """Return the class from which a file's finders must be derived, if it names one other than the guide's."""
    if file.base_finder in (None, OLDER_BASE):
        return None
    where = layer.where("link_finders", "base_finder")
    try:
        base = registry.load(file.base_finder, package=file.finders_package, folder=layer.folder)
    except Unresolved as error:
        check.fault(where, str(error))
        return None
    if not isinstance(base, type):
        check.fault(where, f'"{file.base_finder}" is {base!r}; a class is expected')
        return None
    return base


def _based(check: MetadataCheck, finder: LinkFinder, base: type | None, where: str) -> None:
    if base is not None and not isinstance(finder, base):
        bases = ", ".join(one.__name__ for one in type(finder).__bases__)
        check.fault(where, f"is based on {bases}; this file's base_finder is {base.__name__}")


def _told_types(check: MetadataCheck, finder: LinkFinder) -> None:
    """Pass the declared types to a finder that has a method for them."""
    told = getattr(finder, "told_types", None)
    if callable(told):
        told(check.object_types, check.link_types)


def _link_types(check: MetadataCheck, finder: LinkFinder, where: str) -> None:
    """Check that a finder declares its link types, in the direction in which they are declared."""
    declared = getattr(finder, "link_types", None)
    shape = 'a tuple of link types is expected: link_types = ("vnic-vedge",)'
    if isinstance(declared, str):
        check.fault(where, f'is the text "{declared}"; {shape}')
    elif not isinstance(declared, (tuple, list)) or not all(isinstance(one, str) for one in declared):
        check.fault(where, f"is {'missing' if declared is None else repr(declared)}; {shape}")
    elif not declared:
        check.fault(where, f"is empty; {shape}")
    else:
        for name in declared:
            _declared(check, name, where)
        return
    check.unknown_finders = True


def _small_scans(check: MetadataCheck, finder: LinkFinder, where: str) -> None:
    """Check what a finder declares for small scans: a mistake would keep outdated links after changes."""
    reads = getattr(finder, "reads", ())
    if isinstance(reads, str) or not isinstance(reads, Collection) or not all(isinstance(one, str) for one in reads):
        check.fault(f"{where}.reads)", f'is {reads!r}; names of types are expected: reads = frozenset({{"vnic"}})')
    else:
        known = {*check.object_types, *check.link_types}
        for name in sorted({*reads} - known):
            check.fault(f"{where}.reads)", f'"{name}" is not an object type or link type{nearest(name, known)}')
    scope = getattr(finder, "scope", "")
    if scope not in ("", HOST_SCOPE):
        check.fault(f"{where}.scope)", f'is {scope!r}; "{HOST_SCOPE}" is expected, or no scope')


def _declared(check: MetadataCheck, name: str, where: str) -> None:
    if name in check.link_types:
        return
    try:
        reverse = str(LinkType.of(name).reverse)
    except ValueError:
        check.fault(where, f'"{name}" is not a link type{nearest(name, check.link_types)}')
        return
    if reverse in check.link_types:
        check.fault(where, f'links are found in the direction in which they are declared: write "{reverse}"')
    else:
        check.fault(where, f'"{name}" is not a link type{nearest(name, check.link_types)}')


def every_link_type_is_found(
    check: MetadataCheck, finders: Iterable[tuple[str, LinkFinder]], clique_types: Iterable[CliqueType]
) -> None:
    """Check that each declared link type has a finder, or is derived for a clique type."""
    if check.unknown_finders:  # one of those may be the finder that is missing
        return
    found = {name for _, finder in finders for name in finder.link_types}
    for one in clique_types:
        if one.use_implicit_links:
            found |= {str(name) for link_type in one.link_types for name in (link_type, link_type.reverse)}
    for name, where in check.link_type_places.items():
        if name not in found:
            near = nearest(name, found)
            check.fault(where, f'no link finder lists "{name}" in its link_types, so no such link is ever found{near}')
