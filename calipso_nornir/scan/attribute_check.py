# SPDX-License-Identifier: Apache-2.0
"""Checks attributes against the declaration of their object's type, and removes secret values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import PromiseBroken
from calipso_nornir.metadata.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.metadata.catalog import Attribute, ObjectType
    from calipso_nornir.model.fetching import Fetched
    from calipso_nornir.scan.placing import Origin
    from calipso_nornir.scan.report import Troubles

KINDS: Mapping[str, Any] = {
    "text": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "list": (list, tuple),
    "object": dict,
    "any": object,
}
"""Declared type -> the Python types of its values; null, for unknown, is always allowed."""
HIDDEN = "(secret)"


class Facts:
    """Reports, once per step and attribute, what is not declared. Types that declare no attributes are not checked."""

    def __init__(self, object_types: Mapping[str, ObjectType], troubles: Troubles) -> None:
        self._object_types = object_types
        self._kinds = {
            name: {one.name: KINDS[one.type] for one in type_.attributes}
            for name, type_ in object_types.items()
            if type_.attributes
        }
        self._secret = {
            name: secret
            for name, type_ in object_types.items()
            if (secret := {one.name for one in type_.attributes if one.secret})
        }
        self._troubles = troubles
        self._seen: set[tuple[str, str]] = set()
        self._right: set[tuple[object, ...]] = set()
        """Combinations of type, attribute names and value types that are as declared: many objects share one."""

    def checked(self, fetched: Fetched, origin: Origin) -> Mapping[str, Any]:
        """Check each attribute; return those that may be stored."""
        type_, attributes = origin.step.type, fetched.attributes
        kinds = self._kinds.get(type_)
        if kinds is None:
            return attributes
        shape = (type_, *attributes, *map(type, attributes.values()))
        if shape not in self._right:
            self._check(kinds, attributes, origin, shape)
        secret = self._secret.get(type_)
        if secret and not secret.isdisjoint(attributes):
            return {name: HIDDEN if name in secret and value else value for name, value in attributes.items()}
        return attributes

    def _check(
        self, kinds: Mapping[str, Any], attributes: Mapping[str, Any], origin: Origin, shape: tuple[object, ...]
    ) -> None:
        right = True
        for name, value in attributes.items():
            kind = kinds.get(name)
            if kind is None or (value is not None and not isinstance(value, kind)):
                right = False
                self._note(name, value, origin)
        if right:
            self._right.add(shape)

    def _note(self, name: str, value: Any, origin: Origin) -> None:  # noqa: ANN401 - attributes are JSON of any shape
        if (origin.step.name, name) in self._seen:
            return
        self._seen.add((origin.step.name, name))
        type_ = self._object_types[origin.step.type]
        declared = next((one for one in type_.attributes if one.name == name), None)
        if declared is None and not type_.is_closed:
            return
        problem = _wrong(declared, value) if declared else _undeclared(type_, name)
        where = f"{origin.step.name}{f' ({origin.step.origin})' if origin.step.origin else ''}"
        error = PromiseBroken(where, f'{type_.name} with the attribute "{name}": {problem}')
        self._troubles.note(error, "notice", f"{origin.witness.step} of {origin.witness.parent}")


def _wrong(declared: Attribute, value: Any) -> str:  # noqa: ANN401 - as above
    shown = "a secret" if declared.secret else f"{type(value).__name__} {value!r:.100}"
    return f"found {shown}, but it is declared as {declared.type}"


def _undeclared(type_: ObjectType, name: str) -> str:
    near = nearest(name, (one.name for one in type_.attributes))
    return f"it is not declared{f' ({type_.origin})' if type_.origin else ''}{near}"
