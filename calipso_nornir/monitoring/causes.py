# SPDX-License-Identifier: Apache-2.0
"""Tells causes from consequences: which of several failures causes the others. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calipso_nornir.model.status import ERROR, OK, SEVERITY, UNKNOWN, WARNING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HOST = "host"
LINK_ABOVE = 0.5
"""A link depends on both its ends; what depends on an end stands higher than the link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingThing:
    """One object or link that is not OK by its own checks.

    Attributes:
        of: ``_id`` of its document.
        type: of the object or link.
        height: how far up the stack it is; None if the metadata give its type no height.
        host: id of the host that it is, or is on.
        value: the result of its own checks.
        own: whether its checks examine only the thing itself, so that its failure cannot follow from something below.
        link: whether it is a link; it depends on its ends, whatever its checks examine.
    """

    of: str
    type: str
    height: float | None
    host: str | None
    value: int
    own: bool = False
    link: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of a condition: the value to show, and the ``_id`` of its cause if it has one."""

    value: int
    cause: str | None = None


def effects(
    conditions: Iterable[FailingThing], below: Mapping[str, frozenset[str]], beside: Mapping[str, frozenset[str]]
) -> dict[str, Effect]:
    """Return the effect of each condition.

    Args:
        conditions: of everything that is not OK, and of everything that is on a host that is dead.
        below: ``_id`` -> ``_id`` of things that it may depend on: neighbours, members of its clique, ends.
        beside: ``_id`` -> ``_id`` of things of the same type that it needs: of a bond its members, of a tunnel the
            endpoint at its other end.

    Everything on a dead host is unknown, and the host is the cause. Of the failures that something depends on, the
    lowest one is the cause; if that one has a cause itself, that cause counts. Things that need each other are not each
    other's cause, unless one of them has a cause, or is worse.
    """
    known = {one.of: one for one in conditions}
    dead = {one.host: one.of for one in known.values() if one.type == HOST and one.value == ERROR and one.host}
    found: dict[str, Effect] = {}
    for one in sorted(known.values(), key=_order):
        host = dead.get(one.host) if one.host is not None and one.type != HOST else None
        if host is not None:
            found[one.of] = Effect(UNKNOWN, host)
        elif one.value == OK:
            found[one.of] = Effect(OK)
        else:
            found[one.of] = Effect(one.value, _lowest(one, below.get(one.of, frozenset()), known, found))
    for one in sorted(known.values(), key=_order):
        if found[one.of].cause is None and one.value != OK:
            cause = _beside(one, beside, known, found)
            if cause is not None:
                found[one.of] = Effect(one.value, cause)
    return {of: Effect(one.value, _root(of, found)) for of, one in found.items()}


def _order(one: FailingThing) -> tuple[float, str]:
    return (float("inf") if one.height is None else one.height, one.of)


def _lowest(
    one: FailingThing, below: frozenset[str], known: Mapping[str, FailingThing], found: Mapping[str, Effect]
) -> str | None:
    if one.height is None or (one.own and not one.link):
        return None
    failing = [
        known[of]
        for of in below
        if of in known and of in found and known[of].value in (WARNING, ERROR) and _is_lower(known[of], one)
    ]
    first = min(failing, key=lambda other: (_order(other)[0], -SEVERITY[other.value], other.of), default=None)
    return None if first is None else found[first.of].cause or first.of


def _is_lower(one: FailingThing, other: FailingThing) -> bool:
    return one.height is not None and other.height is not None and one.height < other.height


def _beside(
    one: FailingThing,
    beside: Mapping[str, frozenset[str]],
    known: Mapping[str, FailingThing],
    found: Mapping[str, Effect],
) -> str | None:
    for of in sorted(beside.get(one.of, ())):
        other = known.get(of)
        if other is None or other.value not in (WARNING, ERROR):
            continue
        cause = found[of].cause
        if cause is not None and cause != one.of:
            return cause
        mutual = one.of in beside.get(of, ())
        if not mutual or SEVERITY[other.value] > SEVERITY[one.value]:
            return of
    return None


def _root(of: str, found: Mapping[str, Effect]) -> str | None:
    """Follow causes to the first one; on a cycle, each member counts as its own cause."""
    seen = {of}
    cause = found[of].cause
    while cause is not None and cause in found and (further := found[cause].cause) is not None:
        if further in seen:
            return cause
        seen.add(cause)
        cause = further
    return cause
