# SPDX-License-Identifier: Apache-2.0
"""Brings the names of attributes into one style: snake_case. The sources' own names still work for reading.

Sources use names such as "Link detected" (ethtool), "provider:network_type" (Neutron), "EtherChannel" (Calipso).
Objects have ``link_detected``, ``provider_network_type``, ``ether_channel``; ``one["Link detected"]`` reads the same
value.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN = re.compile(r"[a-z0-9_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^a-z0-9_]+")


@lru_cache(maxsize=4096)
def snake_case(name: str) -> str:
    """Return a name in snake_case; a name that would become empty is returned unchanged."""
    if _PLAIN.fullmatch(name):
        return name
    return _OTHER.sub("_", _HUMP.sub("_", name).lower()).strip("_") or name


def in_one_style(attributes: Mapping[str, Any], *, reserved: frozenset[str]) -> Mapping[str, Any]:
    """Return attributes with their names in snake_case; the same mapping if they already are.

    A name is not changed if its new form is taken, by another attribute or by a field of the document itself. If
    several would get the same name, the alphabetically first gets it: the order of attributes does not matter.
    """
    names = _styled(tuple(attributes), reserved)
    return attributes if names is None else dict(zip(names, attributes.values(), strict=True))


@lru_cache(maxsize=4096)
def _styled(names: tuple[str, ...], reserved: frozenset[str]) -> tuple[str, ...] | None:
    """Return names in snake_case, in their order; None if they are so already. Cached: many objects share them."""
    if all(snake_case(name) == name for name in names):
        return None
    first: dict[str, str] = {}
    for name in sorted(names):
        first.setdefault(snake_case(name), name)

    def styled(name: str) -> str:
        wanted = snake_case(name)
        return name if wanted in reserved or wanted in names or first[wanted] != name else wanted

    return tuple(map(styled, names))
