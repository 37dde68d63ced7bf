# SPDX-License-Identifier: Apache-2.0
"""Checks the names in ``clique_types.json`` and ``clique_constraints.json``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from calipso_nornir.metadata import forms
from calipso_nornir.metadata.catalog import CONDITION_CONSTANTS
from calipso_nornir.metadata.layers import files_of
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.metadata.when_promises import check_when, when_of
from calipso_nornir.model.cliques import ANY, CliqueType
from calipso_nornir.model.links import LinkType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calipso_nornir.metadata.check import MetadataCheck


def clique_types(check: MetadataCheck) -> list[CliqueType]:
    """Check and return the clique types of all layers."""
    found: list[CliqueType] = []
    for layer, file in files_of(check.layers, "clique_types", forms.CliqueTypesFile):
        for number, spec in enumerate(file.clique_types):
            where = layer.where("clique_types", "clique_types", number)
            check.known_type(spec.focal_point_type, f"{where}/focal_point_type")
            known = [
                check.known_link_type(name, f"{where}/link_types/{place}") for place, name in enumerate(spec.link_types)
            ]
            if all(known) and spec.focal_point_type in check.object_types:
                _walkable(check, spec, where)
            _selection(check, spec, where)
            _known_values(check, spec, where)
            check_when(check, when_of(spec.when), f"{where}/when", on=[spec.focal_point_type])
            found.append(_clique_type(spec, where))
    _no_ties(check, found)
    return found


def _walkable(check: MetadataCheck, spec: forms.CliqueTypeSpec, where: str) -> None:
    """Check that every link type starts at a type that an earlier one leads to: cliques are built in this order."""
    walked = [LinkType.of(name) for name in spec.link_types]
    reached = {spec.focal_point_type}
    for place, one in enumerate(walked):
        if one.source not in reached:
            problem = _never_walked(one, reached, walked[place + 1 :], spec.focal_point_type)
            check.fault(f"{where}/link_types/{place}", f'"{one}" {problem}')
            reached.add(one.source)  # report a cause once, not its consequences
        reached.add(one.target)


def _never_walked(one: LinkType, reached: set[str], later: Sequence[LinkType], focal_type: str) -> str:
    if one.target in reached:
        return f'begins at {one.source}, but the path from  {focal_type} comes from {one.target}. Write "{one.reverse}"'
    leading = next((other for other in later if other.target == one.source), None)
    if leading is not None:
        return f'comes before anything leads to {one.source}: put it after "{leading}"'
    return f"cannot be followed: no link type before it leads from {focal_type} to {one.source}"


def _selection(check: MetadataCheck, spec: forms.CliqueTypeSpec, where: str) -> None:
    configured = (spec.environment_type, spec.distribution, spec.mechanism_drivers, spec.type_drivers)
    if spec.environment and (any(configured) or spec.distribution_version):
        check.fault(where, "names both an environment and a configuration: give only one of them")
    if not spec.environment and not any(configured):
        check.fault(where, f'names neither an environment nor a configuration; for all environments write "{ANY}"')
    if spec.distribution_version and not spec.distribution:
        check.fault(f"{where}/distribution_version", "needs distribution")


def _known_values(check: MetadataCheck, spec: forms.CliqueTypeSpec, where: str) -> None:
    for attribute in CONDITION_CONSTANTS:
        given = getattr(spec, attribute)
        for value in [given] if isinstance(given, str) else given:
            if value:
                check.known_value(attribute, value, f"{where}/{attribute}")


def _no_ties(check: MetadataCheck, found: Iterable[CliqueType]) -> None:
    seen: dict[tuple[Any, ...], CliqueType] = {}
    for one in found:
        key = (
            one.focal_point_type,
            one.environment,
            one.environment_type,
            one.distribution,
            one.distribution_version,
            frozenset(one.mechanism_drivers),
            one.type_drivers,
            json.dumps(one.when, sort_keys=True),
        )
        if key in seen:
            check.fault(one.origin, f'is for the same environments as "{seen[key].name}" ({seen[key].origin})')
        seen.setdefault(key, one)


def clique_constraints(check: MetadataCheck) -> dict[str, tuple[str, ...]]:
    """Check and return the constraint attributes by focal point type."""
    found: dict[str, tuple[str, ...]] = {}
    for layer, file in files_of(check.layers, "clique_constraints", forms.CliqueConstraintsFile):
        for number, spec in enumerate(file.clique_constraints):
            where = layer.where("clique_constraints", "clique_constraints", number)
            check.known_type(spec.focal_point_type, f"{where}/focal_point_type")
            for place, name in enumerate(spec.constraints):
                if name not in check.constants.get("constraints", ()):
                    near = nearest(name, check.constants.get("constraints", ()))
                    check.fault(
                        f"{where}/constraints/{place}", f'"{name}" is not among the constants constraints{near}'
                    )
            if spec.environment not in ("", ANY):
                check.fault(
                    f"{where}/environment", f'constraints are for all environments: "{ANY}", or leave the key out'
                )
            if spec.focal_point_type in found:
                check.fault(
                    where, f"{spec.focal_point_type} already has constraints; files only add, they never replace"
                )
            found[spec.focal_point_type] = tuple(spec.constraints)
    return found


def _clique_type(spec: forms.CliqueTypeSpec, origin: str) -> CliqueType:
    drivers = spec.mechanism_drivers
    return CliqueType(
        name=spec.name,
        focal_point_type=spec.focal_point_type,
        link_types=tuple(LinkType.of(name) for name in spec.link_types),
        environment=spec.environment,
        environment_type=spec.environment_type,
        distribution=spec.distribution,
        distribution_version=spec.distribution_version,
        mechanism_drivers=(drivers,) if isinstance(drivers, str) and drivers else tuple(drivers),
        type_drivers=spec.type_drivers,
        use_implicit_links=spec.use_implicit_links,
        stored=spec.stored,
        when=when_of(spec.when),
        origin=origin,
    )
