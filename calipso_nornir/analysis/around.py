# SPDX-License-Identifier: Apache-2.0
"""The clique of an object: read from the store, or built when its type is not stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import Store, StoreView

MOST_LINKS = 10_000
"""Default maximum number of links of a clique."""


@dataclass(frozen=True, slots=True)
class Around:
    """A clique, perhaps truncated; ``links`` and ``nodes`` are the full numbers."""

    clique: Clique
    links: int
    nodes: int

    @property
    def whole(self) -> bool:
        """Return whether no link was left out."""
        return len(self.clique.links) == self.links


def clique_around(
    store: Store, view: StoreView, ref: ObjectRef, *, catalog: Catalog | None = None, limit: int = MOST_LINKS
) -> Around | None:
    """Return the clique of an object as a scan builds it, with at most ``limit`` links; None if it has none.

    Args:
        store: where the environment is described.
        view: what is read.
        ref: the focal point.
        catalog: the metadata of the scans; by default what is installed.
        limit: maximum number of links; the first ones in the order in which they are reached.
    """
    stored = view.cliques(ref)
    found = stored[0] if stored else _unstored(store, view, ref, catalog)
    if found is None:
        return None
    links = found.links[:limit]
    if len(links) == len(found.links):
        return Around(found, len(found.links), len(found.nodes))
    ends = {ref}
    for link_id in links:
        document = view.get_by_id("links", link_id) or {}
        ends |= {
            replace(ref, type=document[f"{end}_type"], id=document[f"{end}_id"])
            for end in ("source", "target")
            if document
        }
    kept = tuple(node for node in found.nodes if node in ends)
    return Around(replace(found, links=links, nodes=kept), len(found.links), len(found.nodes))


def _unstored(store: Store, view: StoreView, ref: ObjectRef, catalog: Catalog | None) -> Clique | None:
    from calipso_nornir.analysis.unstored import unstored_clique  # noqa: PLC0415 - it brings pydantic's models along

    return unstored_clique(store, view, ref, catalog=catalog)
