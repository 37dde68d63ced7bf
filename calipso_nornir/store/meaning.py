# SPDX-License-Identifier: Apache-2.0
"""Finds the objects that a text refers to: by ``type:id``, then id, MAC or IP address, name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.store.addresses import as_address, usual_form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import StoreView

Fits: TypeAlias = "Callable[[StoreView, InventoryObject], bool]"
"""Decides which objects are possible."""

MANY = 10_000
"""Maximum candidates per search term."""
_OWN_ADDRESSES = ("mac_address", "ip_address", "addresses", "fixed_ips", "floating_ips", "management_addresses")
"""Attributes with addresses of the object itself; other attributes contain addresses of other objects."""


def find_all(
    view: StoreView, text: str, *, type_: str | None = None, fits: Fits = lambda _view, _one: True
) -> list[InventoryObject]:
    """Return the objects of one environment that best match a text: by ``type:id``, then id, address, name."""
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


def _is(address: str, value: str) -> bool:
    """Return whether a value is the address, with or without a prefix length."""
    usual = usual_form(value)
    return usual == address or usual.startswith(f"{address}/")


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
    """Leave out references whose objects were found, too, and folders if anything else was found."""
    ids = {one.ref.document_id for one in objects}
    left = [one for one in objects if one.get("ref_id") not in ids]
    return [one for one in left if not one.get("create_object") and not one.on_demand] or left
