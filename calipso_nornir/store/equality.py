# SPDX-License-Identifier: Apache-2.0
"""Decides whether a plain document has given values: the same rule for every store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.store.encoding import fast_encoder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.stores import Document

_TEXT: Final = fast_encoder()


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


def surely_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether ``==`` and ``same_value`` both hold, in a tenth of the time for large equal values.

    Equal values with the same JSON text are the same: only true and 1 are equal without being the same, and their texts
    differ.
    """
    return one == other and (_same_text(one, other) or same_value(one, other))


def _same_text(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    try:
        return _TEXT is not None and _TEXT(one) == _TEXT(other)
    except TypeError:  # orjson cannot write one of the values
        return False
