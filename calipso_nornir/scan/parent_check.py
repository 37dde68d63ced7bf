# SPDX-License-Identifier: Apache-2.0
"""Checks that each object is below a parent that its type declares; only a scan sees where fetchers place objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.errors import Misplaced
from calipso_nornir.metadata.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.metadata.catalog import ObjectType
    from calipso_nornir.scan.placing import Origin
    from calipso_nornir.scan.report import Troubles


class PlaceCheck:
    """Reports an undeclared place once per step, type and parent type; the object is placed there nevertheless.

    A partial scan follows the declared places to know which steps to run, so a wrong one makes it miss objects.
    """

    def __init__(self, object_types: Mapping[str, ObjectType], troubles: Troubles) -> None:
        self._object_types = object_types
        self._troubles = troubles
        self._seen: set[tuple[str, str, str]] = set()

    def check(self, type_: str, parent_type: str, origin: Origin) -> None:
        """Report an object whose type may not be below its parent's type."""
        key = (origin.step.name, type_, parent_type)
        if key in self._seen:
            return
        self._seen.add(key)
        problem = self._problem(type_, parent_type)
        if problem:
            where = f"{origin.step.name}{f' ({origin.step.origin})' if origin.step.origin else ''}"
            self._troubles.of(origin.witness, Misplaced(type_, parent_type, where, problem))

    def undeclared(self, type_: str) -> str:
        """Return the problem with an undeclared type; "" for a declared one."""
        return (
            ""
            if type_ in self._object_types
            else f'"{type_}" is not an object type{nearest(type_, self._object_types)}'
        )

    def _problem(self, type_: str, parent_type: str) -> str:
        declared = self._object_types.get(type_)
        if declared is None:
            return self.undeclared(type_)
        if parent_type in declared.parents:
            return ""
        where = f" ({declared.origin})" if declared.origin else ""
        told = f"its parents are {', '.join(declared.parents)}{where}"
        missing = f'{{"type": "{type_}", "parents": ["{parent_type}"]}}'
        return f"{told}. Put it there, or declare in object_types.json {missing}"
