# SPDX-License-Identifier: Apache-2.0
"""Finds what somebody means: an environment by name; an object by id, name, MAC or IP address, or ``type:id``."""

from __future__ import annotations

import ipaddress
import re
import shlex
from typing import TYPE_CHECKING, Any, TypeAlias

from calipso_nornir.analysis.naming import meant_type
from calipso_nornir.errors import AmbiguousObject, InvalidRequest, UnknownEnvironment, UnknownObject
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.model.text import pasteable, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import Store, StoreView

Fits: TypeAlias = "Callable[[StoreView, InventoryObject], bool]"
"""Which objects may be meant at all."""

MANY = 10_000
"""Objects of an environment that one text is looked for in: who means one of so many has to say more."""
LISTED = 20
_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}")
_OWN_ADDRESSES = ("mac_address", "ip_address", "addresses", "fixed_ips", "floating_ips", "management_addresses")
"""Attributes with addresses of the object itself; elsewhere in it they are those of something that it knows of."""


def known_environments(store: Store) -> list[str]:
    """Return the names of all environments, described or scanned, ordered."""
    from calipso_nornir.store.environments import COLLECTION  # noqa: PLC0415 - it brings pydantic's models along

    described = {str(document.get("name")) for document in store.collection(COLLECTION).find()}
    return sorted(described | set(store.environments()))


def one_environment(store: Store, name: str | None) -> str:
    """Return the environment of that name, or the only one that there is. Raises UsageError."""
    known = known_environments(store)
    if name is not None:
        if name not in known:
            raise UnknownEnvironment(name, tuple(known))
        return name
    if len(known) == 1:
        return known[0]
    if not known:
        raise InvalidRequest(f"{store.uri} holds no environment yet: calipso scan FILE.yaml, or calipso env add")
    raise InvalidRequest(
        f"which environment? The store holds {', '.join(known)}: name one with -e NAME, or in CALIPSO_ENV"
    )


def environments_meant(store: Store, name: str | None) -> list[str]:
    """Return the one that is named, or all of them."""
    return [one_environment(store, name)] if name is not None else known_environments(store)


def views_meant(store: Store, name: str | None) -> list[StoreView]:
    """Return the view of the environment that is named, or of each that there is; raises UsageError for none."""
    names = environments_meant(store, name) or [one_environment(store, name)]
    return [store.view(one) for one in names]


def find_one(
    store: Store,
    text: str,
    *,
    environment: str | None = None,
    type_: str | None = None,
    fits: Fits = lambda _view, _one: True,
) -> tuple[StoreView, InventoryObject]:
    """Return the one object that answers to a text, with the view of its environment.

    ``fits`` says which objects may be meant at all. Raises UnknownObject, or AmbiguousObject with the candidates.
    """
    views = views_meant(store, environment)
    type_ = meant_type(store, views, type_) if type_ is not None else None
    found = [(view, one) for view in views for one in find_all(view, text, type_=type_, fits=fits)]
    if not found:
        raise UnknownObject(" or ".join(view.environment for view in views), plain(text), _near(views, text))
    if len(found) > 1:
        raise AmbiguousObject(plain(text), tuple(_candidates(found, several=len(views) > 1)))
    return found[0]


def find_all(
    view: StoreView, text: str, *, type_: str | None = None, fits: Fits = lambda _view, _one: True
) -> list[InventoryObject]:
    """Return the objects of one environment that a text names best: by ``type:id``, then id, address, name."""
    types = list(view.counts())
    prefix, colon, rest = text.partition(":")
    if colon and prefix in types and rest and type_ in (None, prefix):
        exact = find_all(view, rest, type_=prefix, fits=fits)
        if exact:
            return exact
    wanted = [type_] if type_ is not None else types
    by_id = (view.get(ObjectRef(view.environment, each, text)) for each in wanted)
    found = [one for one in by_id if one is not None and fits(view, one)]
    return _without_references(found or _best(view, text, wanted, fits=fits))


def _best(view: StoreView, text: str, types: Sequence[str], *, fits: Fits) -> list[InventoryObject]:
    address = as_address(text)
    hits = [one for one in view.search(address or text, limit=MANY) if one.type in types]
    for is_meant in _ways(text, address):
        meant = [one for one in hits if is_meant(one) and fits(view, one)]
        if meant:
            return meant
    return []


def _ways(text: str, address: str | None) -> Iterator[Callable[[InventoryObject], bool]]:
    if address is not None:
        yield lambda one: any(_is(address, value) for key in _OWN_ADDRESSES for value in _texts(one.get(key)))
        yield lambda one: any(_is(address, value) for value in _texts(dict(one.attributes)))
    lower = text.casefold()
    yield lambda one: text in (one.name, one.object_name)
    yield lambda one: lower in (one.name.casefold(), one.object_name.casefold())
    yield lambda one: lower in (other.casefold() for other in _texts(one.get("also_called")))


def as_address(text: str) -> str | None:
    """Return a MAC or IP address as the inventory writes it; None when the text is neither."""
    if _MAC.fullmatch(text):
        digits = re.sub(r"[^0-9a-f]", "", text.lower())
        return ":".join(digits[place : place + 2] for place in range(0, 12, 2))
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _is(address: str, value: str) -> bool:
    """Tell whether a value is the address, with or without the length of a prefix."""
    return value == address or value.startswith(f"{address}/")


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - attributes are JSON of any shape
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, (list, tuple)):
        for member in value:
            yield from _texts(member)


def _without_references(objects: list[InventoryObject]) -> list[InventoryObject]:
    """Leave out references to objects that are there themselves, and folders when there is something else."""
    ids = {one.ref.document_id for one in objects}
    left = [one for one in objects if one.get("ref_id") not in ids]
    return [one for one in left if not one.get("create_object") and not one.on_demand] or left


def _near(views: Sequence[StoreView], text: str) -> tuple[str, ...]:
    hits = (one for view in views for one in view.search(text, limit=3))
    return tuple(f"{pasteable(one.type, one.id)} ({plain(one.name)})" for one, _ in zip(hits, range(3), strict=False))


def _candidates(found: list[tuple[StoreView, InventoryObject]], *, several: bool) -> Iterator[str]:
    for view, one in found[:LISTED]:
        where = f" -e {shlex.quote(plain(view.environment))}" if several else ""
        yield f"{pasteable(one.type, one.id)}{where}  {plain(one.name_path)}"
    if len(found) > LISTED:
        yield f"… and {len(found) - LISTED} more"
