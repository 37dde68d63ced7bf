# SPDX-License-Identifier: Apache-2.0
"""Dead letters, as users handle them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.live.journal import AGAIN, DEAD_LETTERS

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Store


def redrive(store: Store, id_: str) -> bool:
    """Let a dead letter be tried once more; return whether it can be: what could never be read cannot."""
    letters = store.collection(DEAD_LETTERS)
    known = letters.get(id_)
    if known is None or not isinstance(known.get("notification"), dict):
        return False
    return letters.update_if(id_, {}, {"state": AGAIN}) is not None
