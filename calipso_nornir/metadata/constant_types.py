# SPDX-License-Identifier: Apache-2.0
"""Types that are declared as in the developer guide: as values of the constants ``object_types`` and ``link_types``.

``object_types.json`` and ``link_types.json`` declare more (parents, attributes, a description) and take precedence. The
parents of a type that only the constants name are the types on which the scanners that find it run.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import Fault
from calipso_nornir.metadata import forms
from calipso_nornir.metadata.catalog import ROOT_SCANNER
from calipso_nornir.metadata.layers import Layer, files_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

OBJECTS: Final = ("object_types", "scan_object_types", "object_types_for_links")
LINKS: Final = "link_types"
_TYPE: Final = re.compile(r"[a-z][a-z0-9_]*")
_LINK_TYPE: Final = re.compile(r"[a-z][a-z0-9_]*-[a-z][a-z0-9_]*")


def object_types_in(
    layers: list[Layer], declared: Collection[str]
) -> Iterator[tuple[str, forms.ObjectTypeSpec] | Fault]:
    """Yield the declarations of object types that only constants declare."""
    run_on = _run_on(layers)
    seen = set(declared)
    for constant in OBJECTS:
        for where, value, label in _values(layers, constant):
            if value in seen:
                continue
            seen.add(value)
            if not _TYPE.fullmatch(value):
                yield Fault(where, f'"{value}" cannot be an object type: lower-case letters, digits and _ are expected')
            elif not run_on.get(value):
                yield Fault(
                    where,
                    f'no step of scanners.json finds objects of type "{value}", so their parents are not known: '
                    f'add the step, or declare the type in object_types.json with its "parents"',
                )
            else:
                yield where, forms.ObjectTypeSpec(type=value, label=label, parents=sorted(run_on[value]))


def link_types_in(layers: list[Layer], declared: Collection[str]) -> Iterator[tuple[str, forms.LinkTypeSpec] | Fault]:
    """Yield the declarations of link types that only constants declare."""
    seen = set(declared)
    for where, value, _ in _values(layers, LINKS):
        source, _, target = value.partition("-")
        if value in seen or f"{target}-{source}" in seen:
            continue
        seen.add(value)
        if _LINK_TYPE.fullmatch(value):
            yield where, forms.LinkTypeSpec(type=value)
        else:
            yield Fault(where, f'"{value}" cannot be a link type: <source type>-<target type> is expected')


def _values(layers: list[Layer], constant: str) -> Iterator[tuple[str, str, str]]:
    """Yield the values of a constant: the place of each, the value, its label."""
    for layer, file in files_of(layers, "constants", forms.ConstantsFile):
        labels = file.labels.get(constant, {})
        for number, value in enumerate(file.constants.get(constant, ())):
            yield layer.where("constants", "constants", constant, number), value, labels.get(value) or value


def _run_on(layers: list[Layer]) -> dict[str, set[str]]:
    """Object type -> the types of the objects on which the scanners that find it run."""
    files = [file for _, file in files_of(layers, "scanners", forms.ScannersFile)]
    runs: defaultdict[str, set[str]] = defaultdict(set, {ROOT_SCANNER: {"environment"}})
    steps = [(scanner, one) for file in files for scanner, of in file.scanners.items() for one in of]
    for _, one in steps:
        if one.children_scanner:
            runs[one.children_scanner].add(one.type)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for scanner, one in steps:
        found[one.type] |= runs.get(scanner, set()) - {one.type}
    return found
