# SPDX-License-Identifier: Apache-2.0
"""Checks that only a scan can make: what fetchers yield and return, and what link finders yield.

Every mistake of an author is an error that names the plug-in, what was found and what is expected; none is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import PromiseBroken
from calipso_nornir.metadata.folder_code import file_of
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.links import Link
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.queries import BY_PLATFORM, Lookup, Query
from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Collection, Container

    from calipso_nornir.metadata.catalog import Step
    from calipso_nornir.model.protocols import LinkFinder

SHOWN = 200
"""Characters of a wrong value that a message shows."""
STATES = ("up", "down")


# --- fetchers


def queries_of(
    step: Step,
    asked: Any,  # noqa: ANN401 - a plug-in may yield anything
    parsers: Container[str],
    object_types: Collection[str],
) -> tuple[Query, ...]:
    """Check what a fetcher yields; raises PromiseBroken if it is not a list of valid queries."""
    if type(asked) not in (list, tuple) and (  # checking a protocol is slow
        isinstance(asked, (Query, Fetched, str)) or not isinstance(asked, Iterable)
    ):
        raise PromiseBroken(_named(step), f"yielded {_shown(asked)}; a list of queries is expected: {_hint(asked)}")
    queries = tuple(asked)
    for query in queries:
        if type(query) not in _RESTING and not isinstance(query, Query):
            problem = f"yielded {_shown(query)} in a list; queries are expected (Command, ApiGet, Select, Lookup)"
            raise PromiseBroken(_named(step), f"{problem}: {_hint(query)}" if isinstance(query, Fetched) else problem)
        try:
            hash(query)
        except TypeError as error:
            problem = f"yielded {_shown(query)}; a query of values is expected, tuples in place of lists ({error})"
            raise PromiseBroken(_named(step), problem) from None
        if _is_restless(query):
            problem = f"yielded {_shown(query)}, whose request differs each time, so its answer is never found"
            raise PromiseBroken(_named(step), f"{problem}; make it a frozen dataclass")
        if problem := parser_problem(query, parsers):
            raise PromiseBroken(_named(step), problem)
        if type(query) is Lookup and query.type not in object_types:
            problem = f'looks up "{query.type}", which is not an object type{nearest(query.type, object_types)}'
            raise PromiseBroken(_named(step), problem)
    return queries


_RESTING: set[type] = set()
"""Classes of queries that were checked: once per class is enough, and cheaper than checking each query."""


def _is_restless(query: Query) -> bool:
    """Return whether a query differs each time it is read: it would be asked forever."""
    if type(query) in _RESTING:
        return False
    if query.request != query.request or query.request.request != query.request:
        return True
    _RESTING.add(type(query))
    return False


def parser_problem(query: Query, parsers: Any) -> str:  # noqa: ANN401 - names of parsers, or parsers by name
    """Return what is wrong with the parser that a query names; nothing if it exists, or none is named."""
    name = getattr(query, "parser", None)
    if name in (None, BY_PLATFORM) or (isinstance(name, str) and name in parsers):
        return ""
    return f'"{query}" names the parser {name!r}, which does not exist{nearest(str(name), parsers)}'


def found_of(step: Step, returned: Any) -> tuple[Fetched, ...]:  # noqa: ANN401 - a plug-in may return anything
    """Check what a fetcher returns; raises PromiseBroken if it is not a list of what was found."""
    expected = "a list of Fetched is expected: return [Fetched(id=…, name=…, attributes={…})]"
    if returned is None:
        raise PromiseBroken(_named(step), f"returned nothing; {expected}, or []")
    if not isinstance(returned, (list, tuple)):
        raise PromiseBroken(_named(step), f"returned {_shown(returned)}; {expected}")
    for number, one in enumerate(returned):
        if not isinstance(one, Fetched):
            raise PromiseBroken(_named(step), f"returned {_shown(one)} at position {number} of a list; {expected}")
    return tuple(returned)


def _hint(asked: object) -> str:
    if isinstance(asked, Fetched):
        return "what was found is returned, in one list"
    return "yield [query]" if isinstance(asked, Query) else "yield [Command(…)]"


def _named(step: Step) -> str:
    places = [place for place in (place_of(step.fetcher), step.origin) if place and not step.name.endswith(place)]
    return f"fetcher {step.name} ({'; '.join(places)})" if places else f"fetcher {step.name}"


# --- link finders


def links_of(name: str, finder: LinkFinder, yielded: Any) -> Iterable[Any]:  # noqa: ANN401 - a plug-in may return anything
    """Return what a link finder's ``find`` returns; raises PromiseBroken if that is not iterable."""
    if isinstance(yielded, (str, Mapping, Link)) or not isinstance(yielded, Iterable):
        told = "nothing" if yielded is None else _shown(yielded)
        raise PromiseBroken(finder_named(name, finder), f"find() gave {told}; links are expected, yielded or in a list")
    return yielded


def link_problem(link: Any, finder: LinkFinder, *, states: Collection[str]) -> str:  # noqa: ANN401 - as above
    """Return what is wrong with a link that a finder yields, or nothing."""
    if not isinstance(link, Link):
        return f"yielded {_shown(link)}; a Link is expected: Link(source=one.ref, target=other.ref, …)"
    source, target = link.source, link.target
    if type(source) is not ObjectRef or type(target) is not ObjectRef:
        return _no_reference(link)
    if link.type not in finder.link_types:
        turned = f"{link.target.type}-{link.source.type}"
        near = nearest(link.type, finder.link_types)
        if turned in finder.link_types:
            near = f'. Did you mean "{turned}", source and target the other way round?'
        return f'yielded a link of type "{link.type}"; its link_types are {", ".join(finder.link_types)}{near}'
    if link.state not in states:
        near = nearest(str(link.state), states)
        return f"yielded a link in state {link.state!r}; {' or '.join(states)} is expected{near}"
    return ""


def end_missing(link: Link, end: str) -> str:
    """Return what is wrong with a link of which one end ("source", "target") is not in the picture."""
    ref: ObjectRef = getattr(link, end)
    return f'yielded a "{link.type}" whose {end} is not an object of the view: {ref} of {ref.environment}'


def _no_reference(link: Link) -> str:
    ends: tuple[tuple[str, Any], ...] = (("source", link.source), ("target", link.target))
    end, ref = next(pair for pair in ends if not isinstance(pair[1], ObjectRef))
    told = f"the object {ref.ref} itself" if isinstance(ref, InventoryObject) else _shown(ref)
    return f"yielded a link whose {end} is {told}; a reference is expected: {end}=one.ref"


def finder_named(name: str, finder: LinkFinder) -> str:
    """Return a link finder's name with its class."""
    place = place_of(finder)
    return f"link finder {name}" if name == place else f"link finder {name} ({place})"


# --- both


def place_of(plugin: object) -> str:
    """Return ``module:Class`` of a plug-in; ``file:Class`` of one that a folder brings."""
    kind = plugin if isinstance(plugin, type) else type(plugin)
    return f"{file_of(kind.__module__) or kind.__module__}:{kind.__qualname__}"


def _shown(value: object) -> str:
    if isinstance(value, Query):  # another host would give another text for the same mistake
        return f'{type(value).__name__} "{value}"'
    if isinstance(value, Mapping):  # likewise: show the keys only
        return f"a dict of {', '.join(map(str, value)) or 'nothing'}"
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
