# SPDX-License-Identifier: Apache-2.0
"""What users can do with dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.live.journal import AGAIN, DEAD_LETTERS

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Store


def redrive(store: Store, id_: str) -> bool:
    """Mark a dead letter to be tried again; return False for one that could never be read."""
    letters = store.collection(DEAD_LETTERS)
    known = letters.get(id_)
    if known is None or not isinstance(known.get("notification"), dict):
        return False
    return letters.update_if(id_, {}, {"state": AGAIN}) is not None
