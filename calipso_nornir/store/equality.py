# SPDX-License-Identifier: Apache-2.0
"""Decides whether a plain document has given values: the same rule for every store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.protocols import Document


def matches(document: Document, equal: Mapping[str, Any]) -> bool:
    """Return whether the document has each of these fields, with this value.

    A missing field equals nothing, not even None; true is not 1; a list equals a list with the
    same members, not one of its members.
    """
    return all(name in document and same_value(document[name], value) for name, value in equal.items())


def same_value(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Return whether two values are the same once stored: true is not 1, NaN is NaN."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_value(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_value, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other or (one != one and other != other))  # noqa: PLR0124 - only NaN differs from itself
