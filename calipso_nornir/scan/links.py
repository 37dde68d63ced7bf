# SPDX-License-Identifier: Apache-2.0
"""Runs the link finders over the scan's picture."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import FetcherRaised, FetchError, PromiseBroken
from calipso_nornir.model.links import Link
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.checked_view import CheckedView
from calipso_nornir.scan.contract import STATES, end_missing, finder_named, link_problem, links_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import datetime

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import LinkFinder
    from calipso_nornir.scan.checked_view import DeclaredTypes
    from calipso_nornir.scan.working import Working

logger = logging.getLogger(__name__)

MAX_TOLD = 5
"""Maximum number of mistakes that are reported for one link finder."""


def find_links(  # noqa: PLR0913 - the picture, and what of it a link may be and was
    finders: Sequence[tuple[str, LinkFinder]],
    working: Working,
    *,
    before: Callable[[str], Iterable[Link]],
    at: datetime,
    on_trouble: Callable[[FetchError, str], None],
    states: Collection[str] = STATES,
    declared: DeclaredTypes | None = None,
) -> list[Link]:
    """Run the finders in order; later ones see the links of earlier ones.

    A finder that raises, or yields something invalid, is a failure of its own link types only. ``before(type)`` returns
    their known links: those that were not found again are kept as they were, if both ends still exist. ``states`` are
    those that a link may have; ``declared`` are the types that finders may ask for, any if not given.
    """
    found: dict[str, Link] = {}
    types: set[str] = set()
    for name, finder in finders:
        links, sound = _yielded(name, finder, working, at=at, states=states, declared=declared, on_trouble=on_trouble)
        own = _by_id(links)
        others = found if types.intersection(finder.link_types) else {}
        types.update(finder.link_types)
        if others:
            own.update([(id_, joined(others[id_], link)) for id_, link in own.items() if id_ in others])
        if not sound:
            for link in (link for type_ in finder.link_types for link in before(type_)):
                if link.source in working and link.target in working and link.document_id not in others:
                    own.setdefault(link.document_id, link)
        new = [own[id_] for id_ in own if id_ not in others] if others else own.values()
        working.put_links(new, type_=finder.link_types[0] if len(finder.link_types) == 1 else None)
        found.update(own)
    return list(found.values())


def _by_id(links: Sequence[Link]) -> dict[str, Link]:
    """Index links by their ids; those with the same ends, which have the same id, are joined."""
    index = {link.document_id: link for link in links}
    if len(index) < len(links):
        index.clear()
        for link in links:
            known = index.setdefault(link.document_id, link)
            if known is not link:
                index[link.document_id] = joined(known, link)
    return index


def _yielded(  # noqa: PLR0913 - as find_links
    name: str,
    finder: LinkFinder,
    working: Working,
    *,
    at: datetime,
    states: Collection[str],
    declared: DeclaredTypes | None,
    on_trouble: Callable[[FetchError, str], None],
) -> tuple[list[Link], bool]:
    """Return the links that one finder finds, each with its time of confirmation, and whether there was no error.

    A finder that raises yields no links.
    """
    links: list[Link] = []
    problems: dict[str, None] = {}
    affected = f"links {', '.join(finder.link_types)}"
    named = finder_named(name, finder)
    view = working if declared is None else CheckedView(working, declared, plugin=named)
    get, types = working.getter(), {tuple(type_.split("-")) for type_ in finder.link_types}
    start: ObjectRef | None = None
    source: InventoryObject | None = None
    try:
        for link in links_of(name, finder, finder.find(view)):
            if not _is_usual(link, types, states) and (problem := link_problem(link, finder, states=states)):
                problems[problem] = None
                continue
            if link.source is not start:  # consecutive links often have the same source: all tunnels of a host
                start, source = link.source, get(link.source)
            target = get(link.target)
            if source is None or target is None:
                problems[end_missing(link, "target" if source is not None else "source")] = None
                continue
            usual = link.scanned_at is at and source.scanned_at is at and target.scanned_at is at
            links.append(link if usual else _confirmed(link, source, target, at))
    except PromiseBroken as error:
        on_trouble(error, affected)
        return [], False
    except Exception as error:
        logger.exception("link finder %s raised", name)
        on_trouble(FetcherRaised(f"link finder {name}", repr(error)), affected)
        return [], False
    for number, problem in enumerate(list(problems)[:MAX_TOLD], 1):
        more = f" (and {len(problems) - MAX_TOLD} more)" if number == MAX_TOLD < len(problems) else ""
        on_trouble(PromiseBroken(named, problem + more), affected)
    return links, not problems


def _is_usual(link: Any, types: Collection[tuple[str, ...]], states: Collection[str]) -> bool:  # noqa: ANN401 - whatever was yielded
    """Tell quickly whether a link is one that a finder may yield; if not, ``link_problem`` decides, and words it."""
    return (
        type(link) is Link
        and type(link.source) is ObjectRef
        and type(link.target) is ObjectRef
        and (link.source.type, link.target.type) in types
        and link.state in states
    )


def _confirmed(link: Link, source: InventoryObject, target: InventoryObject, at: datetime) -> Link:
    """Return a link with the time of its confirmation: no later than either of its ends, because it depends on both."""
    at = min(at, source.scanned_at or at, target.scanned_at or at)
    return link if link.scanned_at == at else replace(link, scanned_at=at)


def joined(first: Link, second: Link) -> Link:
    """Join two links of one type between the same objects: up if one is, for the networks of both."""
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
