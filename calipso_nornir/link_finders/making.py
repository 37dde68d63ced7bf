# SPDX-License-Identifier: Apache-2.0
"""Makes links, and the indexes by host for matching: shared by all link finders."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from calipso_nornir.model.evidence import derived
from calipso_nornir.model.links import new_link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from calipso_nornir.model.links import Link, LinkState
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

T = TypeVar("T")


def make(  # noqa: PLR0913 - the parts of a link
    source: InventoryObject,
    target: InventoryObject,
    *,
    rule: str,
    name: str | None = None,
    up: bool = True,
    host: str | None = None,
    network: str | Iterable[str] | None = None,
    labels: tuple[str, str] = ("", ""),
    switch: str | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> Link:
    """Make a link; ``rule`` says in words why it exists, ``network`` which networks use it (None: not known)."""
    state: LinkState = "up" if up else "down"
    told = dict(attributes) if attributes else {}
    if network is not None:
        told["network"] = network if isinstance(network, str) else sorted(set(network))
    first, second = source.scanned_at, target.scanned_at
    return new_link(
        source=source.ref,
        target=target.ref,
        name=name,
        state=state,
        host=host or source.get("host") or target.get("host"),
        switch=switch,
        source_label=labels[0],
        target_label=labels[1],
        attributes=told,
        evidence=derived(rule),
        scanned_at=first if first is second or second is None or (first is not None and first < second) else second,
    )


def network_of(one: InventoryObject) -> str | list[str] | None:
    """Return the network, or networks, of an object; None if not known."""
    value: str | list[str] | None = one.get("network")
    below = one.get("sub_ports")
    if below and isinstance(value, str):
        return list(dict.fromkeys([value, *(row["network"] for row in below)]))
    return value or None


def on_hosts(view: View, type_: str, *needed: str) -> Sequence[InventoryObject]:
    """Return the objects of a type that are on a host and have all attributes that a finder needs.

    Objects that third parties or another release have stored may lack some.
    """
    view.of_type(type_)  # where a finder's names are checked; ``once`` asks the picture itself
    return once(view, _on_hosts(type_, needed))


@cache
def _on_hosts(type_: str, needed: tuple[str, ...]) -> Callable[[View], Sequence[InventoryObject]]:
    """Return the same function each time, so that ``once`` knows its result."""

    def chosen(view: View) -> Sequence[InventoryObject]:
        return tuple(one for one in view.of_type(type_) if one.get("host") and None not in map(one.get, needed))

    return chosen


def by_host(objects: Iterable[InventoryObject]) -> dict[str, list[InventoryObject]]:
    """Index objects by the host that they are on."""
    index: defaultdict[str, list[InventoryObject]] = defaultdict(list)
    for one in objects:
        index[one["host"]].append(one)
    return dict(index)


def once(view: View, make: Callable[[View], T]) -> T:
    """Return the result of a function of a view, computed once for all finders."""
    memory = getattr(view, "once", None)
    made: T = make(view) if memory is None else memory(make)
    return made


def vnics_by_host(view: View) -> dict[str, list[InventoryObject]]:
    """Return the virtual interfaces of each host; do not modify the result."""
    return once(view, _vnics_by_host)


def _vnics_by_host(view: View) -> dict[str, list[InventoryObject]]:
    return by_host(on_hosts(view, "vnic"))


def pnics_by_device(view: View) -> dict[tuple[str, str], InventoryObject]:
    """Index physical interfaces by host and device: their own devices and the VLAN devices on them."""
    index: dict[tuple[str, str], InventoryObject] = {}
    for pnic in on_hosts(view, "host_pnic", "local_name"):
        index[pnic["host"], pnic["local_name"]] = pnic
        for vlan in pnic.get("vlan_interfaces") or ():
            index[pnic["host"], vlan["name"]] = pnic
    return index


def link_detected(pnic: InventoryObject) -> bool:
    """Return whether a physical interface has a link, as far as known."""
    return bool(pnic.get("link_detected", "yes") == "yes")


def carries(role: str | None) -> bool:
    """Return whether a member of a bond carries frames, or could; True if that is not known."""
    return role not in {"down", "not aggregated"}


def in_words(role: str | None) -> str:
    """Return the role of a member of a bond, to append to the sentence that names it as a member."""
    return f" ({role})" if role else ""
