# SPDX-License-Identifier: Apache-2.0
"""The contents of ``monitoring_checks.json``: which check watches objects and links of which type."""

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
class ParameterLookup:
    """Where a parameter's value comes from (see ``forms.LookupSpec``)."""

    of: str
    attributes: tuple[str, ...]
    where: Mapping[str, ParameterLookup] = field(default_factory=dict)
    take: str | None = None
    after: str | None = None

    def __str__(self) -> str:
        return f"{' or '.join(self.attributes)} of {self.of}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """The parameters that a check needs and accepts."""

    needs: tuple[str, ...] = ()
    accepts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """One check that a planner wants: its host and parameters; ``suffix`` distinguishes several checks."""

    host: str
    parameters: Mapping[str, Any]
    suffix: str = ""


@runtime_checkable
class Planner(Protocol):
    """Decides where a check of one object or link runs, if attributes alone do not say it."""

    def plan(self, one: InventoryObject | Link, view: View) -> Iterable[Wanted]:
        """Yield the checks to run; none if a value that they need is not known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRule:
    """One row: which check watches objects, or links, of one type (see ``forms.MonitoringCheckSpec``)."""

    type: str
    of_links: bool
    check: str
    part: str = ""
    when: When | None = None
    when_target: When | None = None
    each: str | None = None
    suffix: ParameterLookup | str = ""
    own: bool = False
    planner: Planner | None = None
    parameters: Mapping[str, ParameterLookup] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitoring:
    """All rows by type, and how failures depend on each other."""

    checks: Mapping[str, Arguments] = field(default_factory=dict)
    objects: Mapping[str, tuple[CheckRule, ...]] = field(default_factory=dict)
    links: Mapping[str, tuple[CheckRule, ...]] = field(default_factory=dict)
    bottom_up: tuple[frozenset[str], ...] = ()
    any_of: frozenset[str] = frozenset()
    own: frozenset[tuple[str, str]] = frozenset()
    """Pairs of type and check whose failure follows from no other."""

    def height(self, type_: str) -> int | None:
        """Return the height of a type in ``bottom_up``; None if it is not listed."""
        return next((number for number, types in enumerate(self.bottom_up) if type_ in types), None)
