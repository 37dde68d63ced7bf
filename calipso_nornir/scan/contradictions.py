# SPDX-License-Identifier: Apache-2.0
"""Reports links whose two ends contradict each other: such a link has the attribute ``contradictions``, a text list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.errors import LinkContradicted
from calipso_nornir.model.finding import Find, OneOf

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.protocols import LinkFinder
    from calipso_nornir.model.stores import StoreView
    from calipso_nornir.scan.report import Troubles

ATTRIBUTE = "contradictions"


def tell_contradictions(links: Iterable[Link], troubles: Troubles) -> None:
    """Put a notice into the report for each contradiction."""
    for link in links:
        told = link.attributes.get(ATTRIBUTE) or ()
        for text in [told] if isinstance(told, str) else told:
            troubles.note(
                LinkContradicted(link.host, str(link.source), str(link.target), str(text)), "notice", link.type
            )


def tell_stored_contradictions(
    finders: Iterable[tuple[str, LinkFinder]], view: StoreView, troubles: Troubles, *, but: Collection[str]
) -> None:
    """Report contradictions of stored links, except those in ``but``: ``_id``s of links that the scan found again."""
    types = tuple({type_ for _, finder in finders for type_ in getattr(finder, "contradicts", ())})
    if types:
        links = view.find_links(Find(kind="links", where=(OneOf("link_type", types),)))
        tell_contradictions((link for link in links if link.document_id not in but), troubles)
