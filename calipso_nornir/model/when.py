# SPDX-License-Identifier: Apache-2.0
"""``when``: a condition, as JSON, on an environment, an object, its host and that host's agents.

A clause is ``{subject: {attribute: wanted, …}, …}``: all its conditions must be true; ``"not"`` negates a clause, or a
list of them. A list of clauses is true if one of them is. If something about a subject is not known, a clause is
neither true nor false: the caller decides what to do then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.objects import InventoryObject

When: TypeAlias = "Mapping[str, Any] | Sequence[Mapping[str, Any]]"
Read: TypeAlias = Callable[[str], Any]
"""Attribute -> its value; None if it has none."""

ENVIRONMENT, OBJECT, HOST, AGENTS = "environment", "object", "host", "agents"
SUBJECTS = (ENVIRONMENT, OBJECT, HOST, AGENTS)
TYPES = {HOST: "host", AGENTS: "network_agent"}
"""Subjects that other fetchings find -> the type of their objects."""
NOT, EXISTS = "not", "exists"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about one subject: candidates, one of which must match; ``whole``: whether the list is complete."""

    things: tuple[Read, ...] = ()
    whole: bool = True


UNKNOWN = Known(whole=False)
Facts: TypeAlias = Mapping[str, Known]


def holds(when: When | None, facts: Facts) -> bool | None:
    """Return whether a condition is true; None if that depends on something that is not known."""
    if not when:
        return True
    return _any(_clause(one, facts) for one in clauses(when))


def clauses(when: When) -> list[Mapping[str, Any]]:
    """Return the alternatives of a condition."""
    return [when] if isinstance(when, Mapping) else list(when)


def told(when: When | None) -> Iterator[tuple[str, str, Any]]:
    """Yield subject, attribute and expected value of everything that a condition names, also below ``not``."""
    for clause in clauses(when or ()):
        for subject, wanted in clause.items():
            if subject == NOT:
                yield from told(wanted)
            else:
                yield from ((subject, attribute, value) for attribute, value in wanted.items())


def about(environment: Environment) -> Known:
    """Return what is known about an environment."""
    return Known((environment.value,))


def about_objects(objects: Iterable[InventoryObject], *, whole: bool = True) -> Known:
    """Return what is known about objects; besides their attributes they have ``id``, ``type`` and ``name``."""
    return Known(tuple(_reading(one) for one in objects), whole)


def host_of(one: InventoryObject) -> str | None:
    """Return the id of the host that an object is, or is on; None if it is on none."""
    return one.id if one.type == TYPES[HOST] else one.get("host") or None


def _reading(one: InventoryObject) -> Read:
    frame = {"id": one.id, "type": one.type, "name": one.name}
    return lambda attribute: frame[attribute] if attribute in frame else one.get(attribute)


def _clause(clause: Mapping[str, Any], facts: Facts) -> bool | None:
    return _all(
        _not(holds(wanted, facts)) if subject == NOT else _subject(facts.get(subject, UNKNOWN), wanted)
        for subject, wanted in clause.items()
    )


def _subject(known: Known, wanted: Mapping[str, Any]) -> bool | None:
    if any(all(_fits(read(attribute), value) for attribute, value in wanted.items()) for read in known.things):
        return True
    return False if known.whole else None


def _fits(value: Any, wanted: Any) -> bool:  # noqa: ANN401 - any JSON value
    if isinstance(wanted, Mapping):
        return (value not in (None, "", [])) is wanted[EXISTS]
    values = value if isinstance(value, (list, tuple)) else (value,)
    allowed = wanted if isinstance(wanted, (list, tuple)) else (wanted,)
    return any(one in allowed for one in values)


def _any(parts: Iterable[bool | None]) -> bool | None:
    seen = set(parts)
    return True if True in seen else None if None in seen else False


def _all(parts: Iterable[bool | None]) -> bool | None:
    seen = set(parts)
    return False if False in seen else None if None in seen else True


def _not(part: bool | None) -> bool | None:  # noqa: FBT001 - what is negated
    return None if part is None else not part
