# SPDX-License-Identifier: Apache-2.0
"""Look-ups in a store that several tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calipso_nornir.model.stores import StoreView


def objects(view: StoreView) -> dict[str, dict[str, Any]]:
    """Return all objects, by id, without what a scan's time changes."""
    left_out = {"last_scanned", "evidence", "digest"}
    return {
        document["_id"]: {key: value for key, value in document.items() if key not in left_out}
        for document in view.documents("inventory")
    }


def documents(view: StoreView) -> dict[str, str]:
    """Return the digest of every object, link and clique, by kind and id: of its content, not of its times."""
    return {
        f"{kind} {document['_id']}": document["digest"]
        for kind in ("inventory", "links", "cliques")
        for document in view.documents(kind)
    }
