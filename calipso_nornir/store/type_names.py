# SPDX-License-Identifier: Apache-2.0
"""The type names that scans have published in the store, and the error for an unknown name."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from calipso_nornir.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Collection

    from calipso_nornir.model.stores import Store

NEAR = 3


def declared(store: Store, constant: str) -> set[str]:
    """Return the names that scans have put into a constant of the store (``calipso_nornir.store.publishing``)."""
    document = store.collection("constants").get(constant) or {}
    return {str(row["value"]) for row in document.get("data", ()) if isinstance(row, dict) and "value" in row}


def unknown(what: str, text: str, known: Collection[str]) -> UnknownName:
    """Return the error for a name that is not one of the known names, with the nearest of them."""
    by_name = {name.casefold(): name for name in sorted(known)}
    near = get_close_matches(text.casefold(), by_name, n=NEAR, cutoff=0.6)
    return UnknownName(what, text, tuple(by_name[one] for one in near), tuple(sorted(known)))
