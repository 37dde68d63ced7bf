# SPDX-License-Identifier: Apache-2.0
"""Clears environments with an ordinary commit: readers see everything or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.store.names import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.model.stores import Store


def clear(store: Store, environment: str) -> int:
    """Remove the objects, links and cliques of one environment; return the number of documents.

    Its configuration, scans and messages are kept.
    """
    removed = 0
    with store.write(environment) as writer:
        for kind in KINDS:
            there = list(writer.digests(kind))
            writer.remove(kind, there)
            removed += len(there)
    return removed


def clear_all(store: Store) -> Sequence[str]:
    """Clear every environment of the store's inventory; return their names."""
    names = store.environments()
    for name in names:
        clear(store, name)
    return names
