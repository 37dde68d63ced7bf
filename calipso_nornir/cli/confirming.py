# SPDX-License-Identifier: Apache-2.0
"""How what could not be looked at is told from what is known to be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.cli.output import Part
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.store.freshness import Freshness

UNCONFIRMED = "yellow"


def doubts(one: InventoryObject | Link, fresh: Freshness) -> Iterator[Part]:
    """Yield a warning for what the last scan of everything could not confirm."""
    since = fresh.unconfirmed_since(one)
    if since is not None:
        yield f"? not confirmed since {since.isoformat(sep=' ', timespec='seconds')}", UNCONFIRMED
