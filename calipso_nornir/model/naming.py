# SPDX-License-Identifier: Apache-2.0
"""One style for the names of attributes: snake_case. As sources write them, they stay readable.

Sources call things "Link detected" (ethtool), "provider:network_type" (Neutron), "EtherChannel" (Calipso). Objects have
``link_detected``, ``provider_network_type``, ``ether_channel``; ``one["Link detected"]`` reads the same.
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
    """Return a name in snake_case; one of which nothing would be left stays as it is."""
    if _PLAIN.fullmatch(name):
        return name
    return _OTHER.sub("_", _HUMP.sub("_", name).lower()).strip("_") or name


def in_one_style(attributes: Mapping[str, Any], *, reserved: frozenset[str]) -> Mapping[str, Any]:
    """Return attributes by their names in snake_case; the same mapping where all of them are.

    A name stays as it is where the other one is taken, by another attribute or by the frame of a document. Of several
    that would get the same name, the alphabetically first gets it: the order of attributes decides nothing.
    """
    if all(snake_case(name) == name for name in attributes):
        return attributes
    first: dict[str, str] = {}
    for name in sorted(attributes):
        first.setdefault(snake_case(name), name)

    def styled(name: str) -> str:
        wanted = snake_case(name)
        return name if wanted in reserved or wanted in attributes or first[wanted] != name else wanted

    return {styled(name): value for name, value in attributes.items()}
