# SPDX-License-Identifier: Apache-2.0
"""What ``monitoring_checks.json`` says: which check watches objects and links of which type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View
    from calipso_nornir.model.when import When


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Where a parameter's value comes from (see ``schema.LookupSpec``)."""

    of: str
    attributes: tuple[str, ...]
    where: Mapping[str, Lookup] = field(default_factory=dict)
    take: str | None = None
    after: str | None = None

    def __str__(self) -> str:
        return f"{' or '.join(self.attributes)} of {self.of}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What a check needs and accepts."""

    needs: tuple[str, ...] = ()
    accepts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """One check that a planner wants: on which host, with which parameters; ``suffix`` tells several apart."""

    host: str
    parameters: Mapping[str, Any]
    suffix: str = ""


@runtime_checkable
class Planner(Protocol):
    """Says where a check of one object or link runs, where that takes more than attributes."""

    def plan(self, one: InventoryObject | Link, view: View) -> Iterable[Wanted]:
        """Yield the checks that are wanted; none if what is needed is not known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRule:
    """One row: which check watches objects, or links, of one type (see ``schema.MonitoringCheckSpec``)."""

    type: str
    of_links: bool
    check: str
    part: str = ""
    when: When | None = None
    when_target: When | None = None
    each: str | None = None
    suffix: Lookup | str = ""
    own: bool = False
    planner: Planner | None = None
    parameters: Mapping[str, Lookup] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitoring:
    """All rows by type, and what failures mean."""

    checks: Mapping[str, Arguments] = field(default_factory=dict)
    objects: Mapping[str, tuple[CheckRule, ...]] = field(default_factory=dict)
    links: Mapping[str, tuple[CheckRule, ...]] = field(default_factory=dict)
    bottom_up: tuple[frozenset[str], ...] = ()
    any_of: frozenset[str] = frozenset()
    own: frozenset[tuple[str, str]] = frozenset()
    """Type and check whose failure follows from no other."""

    def height(self, type_: str) -> int | None:
        """Return how far up a type stands; None if nothing is said about it."""
        return next((number for number, types in enumerate(self.bottom_up) if type_ in types), None)
