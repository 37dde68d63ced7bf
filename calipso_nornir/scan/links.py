# SPDX-License-Identifier: Apache-2.0
"""Runs the link finders over the scan's picture."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import FetcherRaised, FetchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.protocols import LinkFinder
    from calipso_nornir.scan.working import Working

logger = logging.getLogger(__name__)


def find_links(
    finders: Sequence[tuple[str, LinkFinder]],
    working: Working,
    *,
    before: Callable[[str], Iterable[Link]],
    at: datetime,
    on_trouble: Callable[[FetchError, str], None],
) -> list[Link]:
    """Run the finders in order; later ones see the links of earlier ones.

    A finder that raises is a failure of its own link types only: ``before(type)`` gives the links of
    these that were known, which are kept, as they were, where both their ends still are.
    """
    found: dict[str, Link] = {}
    for name, finder in finders:
        try:
            links = [replace(link, scanned_at=_confirmed_at(link, working, at)) for link in finder.find(working)]
        except Exception as error:
            logger.exception("link finder %s raised", name)
            on_trouble(FetcherRaised(f"link finder {name}", repr(error)), f"links {', '.join(finder.link_types)}")
            links = [link for type_ in finder.link_types for link in before(type_)]
        own: dict[str, Link] = {}
        for link in links:
            if link.source in working and link.target in working:
                known = own.get(link.document_id) or found.get(link.document_id)
                own[link.document_id] = link if known is None else _joined(known, link)
        working.put_links(own[key] for key in own if key not in found)
        found.update(own)
    return list(found.values())


def _confirmed_at(link: Link, working: Working, at: datetime) -> datetime:
    """Return when a link was confirmed last: it follows from what its ends say, so not after one of them was."""
    ends = (working.get(link.source), working.get(link.target))
    return min([at, *(end.scanned_at for end in ends if end is not None and end.scanned_at is not None)])


def _joined(first: Link, second: Link) -> Link:
    """Join two relations of one type between the same objects: up when one is, for the networks of both."""
    attributes = {**second.attributes, **first.attributes}
    if "network" in first.attributes and "network" in second.attributes:
        attributes["network"] = sorted(
            {*_as_list(first.attributes["network"]), *_as_list(second.attributes["network"])}
        )
    else:
        attributes.pop("network", None)
    return replace(first if first.state == "up" else second, attributes=attributes)


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401 - one id or a list of them
    return list(value) if isinstance(value, (list, tuple)) else [value]
