# SPDX-License-Identifier: Apache-2.0
"""Checks ``when``: it may name only facts that can be known about the objects to which it applies."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from calipso_nornir.metadata.catalog import CONDITION_CONSTANTS
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.model.naming import snake_case
from calipso_nornir.model.when import ENVIRONMENT, NOT, TYPES, clauses

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from calipso_nornir.metadata.check import MetadataCheck
    from calipso_nornir.metadata.forms import WhenSpec
from calipso_nornir.model.when import When

COMMENT = "_comment"
FRAME = frozenset({"id", "type", "name"})
"""Fields that every object has besides its attributes."""
SLIP = 0.85
"""Similarity to a known attribute above which an unknown one counts as a typing error; others may be a user's own."""


def when_of(spec: WhenSpec | None) -> When | None:
    """Return a condition as plain data."""
    if spec is None:
        return None
    listed = [_uncommented(one.model_dump(by_alias=True, exclude_none=True)) for one in _specs(spec)]
    return listed if isinstance(spec, list) else listed[0]


def _uncommented(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value without comments, which may stand at any depth."""
    if isinstance(value, dict):
        return {key: _uncommented(one) for key, one in value.items() if key != COMMENT}
    return [_uncommented(one) for one in value] if isinstance(value, list) else value


def check_when(
    check: MetadataCheck, when: When | None, where: str, *, on: Collection[str], finds: Collection[str] = ()
) -> None:
    """Check a condition on objects of the types ``on``; ``finds`` are the types that its step finds."""
    if when is None:
        return
    if not when or not all(clauses(when)):
        check.fault(where, "is empty: leave it out, or give a condition")
    seen: set[str] = set()
    for place, subject, wanted in _subjects(when, where):
        if subject == ENVIRONMENT:
            environment_condition(check, wanted, place)
        else:
            _known_attributes(check, wanted, place, types=[TYPES[subject]] if subject in TYPES else on)
        if subject not in TYPES or subject in seen:
            continue
        seen.add(subject)
        without = sorted(one for one in on if one in check.object_types and not check.is_on_host(one))
        if without:
            check.fault(place, f"{' and '.join(without)} is on no host, so this is never true")
        elif TYPES[subject] in finds:
            problem = f"the step itself, or what runs on its objects, finds {TYPES[subject]}: it would wait for itself"
            check.fault(place, f"{problem}. Put it into a step further down")


def environment_condition(check: MetadataCheck, condition: Mapping[str, Any], where: str) -> None:
    """Check attributes of an environment and the values that a condition expects."""
    for key, wanted in condition.items():
        if key not in CONDITION_CONSTANTS and (near := get_close_matches(key, CONDITION_CONSTANTS, 1, SLIP)):
            check.fault(f"{where}/{key}", f'unknown attribute. Did you mean "{near[0]}"?')
        for value in wanted if isinstance(wanted, list) else [wanted]:
            if not isinstance(value, dict):
                check.known_value(key, value, f"{where}/{key}")


def _known_attributes(check: MetadataCheck, wanted: Mapping[str, Any], where: str, *, types: Collection[str]) -> None:
    """Check names of attributes: for types that declare all of theirs, every name; for others, likely typing errors."""
    declared = [check.object_types[one] for one in types if one in check.object_types]
    known = {attribute.name for one in declared for attribute in one.attributes} | FRAME
    closed = bool(declared) and all(one.is_closed for one in declared)
    for key in wanted:
        name = snake_case(key)
        if name not in known and (closed or get_close_matches(name, known, 1, SLIP)):
            told = " or ".join(sorted(types))
            check.fault(f"{where}/{key}", f'{told} has no attribute "{key}"{nearest(name, known)}')


def _specs(spec: WhenSpec) -> list[Any]:
    return spec if isinstance(spec, list) else [spec]


def _subjects(when: When, where: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield place, subject and its conditions, also below ``not``."""
    for number, clause in enumerate(clauses(when)):
        place = f"{where}/{number}" if isinstance(when, list) else where
        for subject, wanted in clause.items():
            if subject == NOT:
                yield from _subjects(wanted, f"{place}/{NOT}")
            else:
                yield f"{place}/{subject}", subject, wanted
