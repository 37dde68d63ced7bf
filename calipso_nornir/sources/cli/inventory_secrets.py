# SPDX-License-Identifier: Apache-2.0
"""Collects the plain-text secrets of a Nornir inventory, so that they can be masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nornir.core import Nornir
    from nornir.core.inventory import Defaults, Group, Host

_SECRET_EXTRAS = ("password", "passphrase", "secret")
"""Arguments of netmiko and of our own connection; ``secret`` is what netmiko's ``enable()`` sends."""


def inventory_secrets(nornir: Nornir | None) -> Iterator[str]:
    """Yield the passwords of all hosts, groups and defaults, those of single connections included."""
    if nornir is None:
        return
    inventory = nornir.inventory
    holders: list[Host | Group | Defaults] = [*inventory.hosts.values(), *inventory.groups.values(), inventory.defaults]
    for element in holders:
        found: list[Any] = [element.password]
        for options in element.connection_options.values():
            found.append(options.password)
            found += [(options.extras or {}).get(key) for key in _SECRET_EXTRAS]
        yield from dict.fromkeys(one for one in found if isinstance(one, str) and one)
