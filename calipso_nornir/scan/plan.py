# SPDX-License-Identifier: Apache-2.0
"""Determines which steps a scan runs, on what, and which types each may find."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from calipso_nornir.errors import InvalidRequest, UnknownObject
from calipso_nornir.metadata.catalog import ROOT_SCANNER
from calipso_nornir.metadata.folders import FolderFetcher
from calipso_nornir.model.links import LinkType
from calipso_nornir.model.objects import root_of
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.store.type_names import unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from calipso_nornir.metadata.catalog import Catalog, Step
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.scan.before import Before

HOST = "host"
"""The type of the objects that commands run on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlan:
    """What a scan is to do; the default scans the whole environment and builds all links and cliques.

    Attributes:
        object_id: scan only this object and what is below it (id as in the inventory).
        object_type: its type, if the id alone is ambiguous.
        refs: scan these objects again: themselves, what is below them, and what they are plugged into.
        scan_self: scan the object itself too, not only what is below it.
        inventory_only, links_only, cliques_only: at most one; do only that part.
        implicit_links: derive implicit links even if no clique type uses them.
        clear: ignore what was stored before; what cannot be examined is then lost, not kept.
        metadata: folders with metadata in addition to what is installed.
        record: write every query and answer to this bundle file.
        time_limit_s: stop the scan after this many seconds; nothing is then changed.
    """

    object_id: str | None = None
    object_type: str | None = None
    refs: tuple[ObjectRef, ...] = ()
    scan_self: bool = True
    inventory_only: bool = False
    links_only: bool = False
    cliques_only: bool = False
    implicit_links: bool = False
    clear: bool = False
    metadata: tuple[Path | str, ...] = ()
    record: Path | str | None = None
    time_limit_s: float | None = None

    def __post_init__(self) -> None:
        only = [name for name in ("inventory_only", "links_only", "cliques_only") if getattr(self, name)]
        if len(only) > 1:
            raise InvalidRequest(f"{' and '.join(only)} exclude each other")
        if self.object_type is not None and self.object_id is None:
            raise InvalidRequest(f"object_type {self.object_type} is the type of object_id, which is missing")
        if self.is_small and only and only != ["inventory_only"]:
            raise InvalidRequest(f"{only[0]} is for whole environments, not for one object")
        if self.is_small and self.clear:
            raise InvalidRequest("clear is for whole environments, not for one object")
        if self.time_limit_s is not None and not self.time_limit_s > 0:
            raise InvalidRequest(f"time_limit_s {self.time_limit_s!r}: expected more than 0 seconds")
        if self.record is not None and not self.wants_inventory:
            raise InvalidRequest(f"{only[0]} asks no source: there is nothing to record")

    @property
    def is_small(self) -> bool:
        """Whether it scans some objects, not the whole environment."""
        return self.object_id is not None or bool(self.refs)

    @property
    def wants_inventory(self) -> bool:
        """Whether sources are asked at all."""
        return not (self.links_only or self.cliques_only)

    @property
    def wants_links(self) -> bool:
        """Whether links are found."""
        return not (self.inventory_only or self.cliques_only)

    @property
    def wants_cliques(self) -> bool:
        """Whether cliques are built."""
        return not (self.inventory_only or self.links_only)


class Steps:
    """The steps that apply to one environment. Conditions on it alone are evaluated once, here."""

    def __init__(self, catalog: Catalog, environment: Environment) -> None:
        self.by_scanner: Mapping[str, tuple[Step, ...]] = {
            scanner: tuple(step for step in steps if step.applies_to(environment))
            for scanner, steps in catalog.scanners.items()
        }
        self.object_types = catalog.object_types
        self.environment = environment
        self._link_types = [LinkType.of(name) for name in catalog.link_types]
        self._outward: dict[str, tuple[Step, ...]] = {}
        self._within: dict[str, frozenset[str]] = {}

    def below(self, step: Step) -> tuple[Step, ...]:
        """Return the steps that run on each object that ``step`` finds."""
        return self.by_scanner[step.children_scanner] if step.children_scanner else ()

    @cached_property
    def root(self) -> tuple[Step, ...]:
        """The steps that run on the environment itself."""
        return self.by_scanner[ROOT_SCANNER]

    @cached_property
    def _by_name(self) -> dict[str, Step]:
        return {step.name: step for steps in self.by_scanner.values() for step in steps}

    def named(self, name: str) -> Step | None:
        """Return a step by its name; None if it no longer applies."""
        return self._by_name.get(name)

    @cached_property
    def yields(self) -> Mapping[str, frozenset[str]]:
        """Step name -> every type that it, or the steps on its objects, may find."""
        known: dict[str, frozenset[str]] = {}

        def types(step: Step) -> frozenset[str]:
            if step.name not in known:
                known[step.name] = frozenset({step.type}).union(*(types(child) for child in self.below(step)))
            return known[step.name]

        for step in self._by_name.values():
            types(step)
        return known

    @cached_property
    def run_on(self) -> Mapping[str, frozenset[str]]:
        """Step name -> types of the objects that it runs on."""
        found: dict[str, set[str]] = {step.name: {"environment"} for step in self.root}
        for step in self._by_name.values():
            for child in self.below(step):
                found.setdefault(child.name, set()).add(step.type)
        return {name: frozenset(types) for name, types in found.items()}

    def of_object_type(self, type_: str) -> tuple[Step, ...]:
        """Return the steps that run on objects of a type."""
        return tuple(step for name, step in self._by_name.items() if type_ in self.run_on.get(name, ()))

    def runs_on(self, step: Step, one: InventoryObject) -> bool:
        """Return whether a step runs on an object, which depends on the steps that found the object.

        A server without a host is an instance, too, but no step looks for its vNICs. Without a known witness the type
        decides; on-demand folders run no steps.
        """
        if one.type not in self.run_on.get(step.name, ()) or one.on_demand:
            return False
        return not one.found_by or self._leading_to(step, one) is not None

    def as_parent_of(self, step: Step, one: InventoryObject) -> InventoryObject:
        """Return an object as the step that runs on it receives it: with what the finding step hands down."""
        leading = self._leading_to(step, one)
        return leading.as_parent(one) if leading is not None else one

    def _leading_to(self, step: Step, one: InventoryObject) -> Step | None:
        """Return the step that found an object and leads to another step on it."""
        found_by = (self.named(name) for name in sorted({witness.step for witness in one.found_by}))
        return next((found for found in found_by if found is not None and step in self.below(found)), None)

    def finding(self, type_: str) -> tuple[Step, ...]:
        """Return the steps that find objects of a type, except those that only add to what they run on."""
        return tuple(
            step
            for name, step in self._by_name.items()
            if step.type == type_ and type_ not in self.run_on.get(name, ()) and name in self.run_on
        )

    def asked_by(self, type_: str) -> tuple[Step, ...]:
        """Return the steps whose objects concern one object of a type, as their fetchers declare (``asked_by``)."""
        return tuple(
            step for name, step in self._by_name.items() if type_ in (step.asked_by or {}) and name in self.run_on
        )

    @cached_property
    def on_hosts(self) -> frozenset[str]:
        """The types of objects that are on a host: found by steps on it, or below it, and placed there."""
        run = [step for name, step in self._by_name.items() if HOST in self.run_on.get(name, ())]
        found = frozenset().union(*(self.yields[step.name] for step in run))
        return found & self._types_within(HOST)

    def outward(self, type_: str) -> tuple[Step, ...]:
        """Return the steps on a host that find what objects of a type are plugged into, their next hop.

        These are only steps for objects on the host itself: its cabling does not change with what runs on it.
        """
        if type_ not in self._outward:
            targets = {one.target for one in self._link_types if one.source == type_}
            found = [
                step
                for name, step in self._by_name.items()
                if step.type in targets and HOST in self.run_on.get(name, ()) and self.may_stay(step)
            ]
            self._outward[type_] = tuple(found)
        return self._outward[type_]

    def placing_below(self, type_: str) -> Iterator[Step]:
        """Yield the steps that run elsewhere but whose objects may be below an object of ``type_``.

        Ports are found per region but are below their network; switch ports are found per host but are below their
        switch. A scan of one network, or switch, must run such steps, too.
        """
        within = self._types_within(type_)
        for name, step in self._by_name.items():
            run_on = self.run_on.get(name, frozenset())
            if isinstance(step.fetcher, FolderFetcher) or step.type in run_on:
                continue
            if step.type in within and run_on and not run_on & {type_, *within}:
                yield step

    def may_stay(self, step: Step) -> bool:
        """Return whether a step's objects may be below what it runs on, by their types."""
        return any(step.type in self._types_within(type_) for type_ in self.run_on.get(step.name, ()))

    def _types_within(self, type_: str) -> frozenset[str]:
        if type_ not in self._within:
            self._within[type_] = self._found_within(type_)
        return self._within[type_]

    def _found_within(self, type_: str) -> frozenset[str]:
        within: set[str] = set()
        grown = True
        while grown:
            more = {
                name
                for name, one in self.object_types.items()
                if name not in within and name != type_ and {type_, *within} & set(one.parents)
            }
            within |= more
            grown = bool(more)
        return frozenset(within)


@dataclass(frozen=True, slots=True)
class Target:
    """One object that a small scan examines again, with what is below it.

    ``known``: the stored object; None if it has not been found before. ``itself``: False for only what is below it.
    """

    ref: ObjectRef
    known: InventoryObject | None
    itself: bool = True


def find_targets(plan: ScanPlan, before: Before, catalog: Catalog) -> list[Target]:
    """Return the objects that a small scan examines; none for a full scan.

    Raises UnknownObject when an id, or id and type, are not known, and InvalidRequest when objects of several types
    have the id and no type was given. An object that is not known yet can be named if its id is enough to ask for it.
    """
    refs = list(plan.refs)
    if plan.object_id is not None and plan.object_id != root_of(before.environment).id:
        refs.append(_meant(plan, before, catalog))
    targets = [Target(ref, before.get(ref), plan.scan_self) for ref in dict.fromkeys(refs)]
    for target in targets:
        if target.known is None and not can_be_asked_for(target.ref, catalog):
            raise UnknownObject(before.environment, str(target.ref))
    return targets


def _meant(plan: ScanPlan, before: Before, catalog: Catalog) -> ObjectRef:
    assert plan.object_id is not None  # noqa: S101 - narrows the type; the caller has asked
    if plan.object_type is not None and plan.object_type not in catalog.object_types:
        raise unknown("object type", plan.object_type, catalog.object_types)
    types = [plan.object_type] if plan.object_type else list(catalog.object_types)
    refs = [ObjectRef(before.environment, type_, plan.object_id) for type_ in types]
    found = [one for one in (before.get(ref) for ref in refs) if one is not None]
    if not found:
        wanted = f"{plan.object_type} {plan.object_id}" if plan.object_type else plan.object_id
        raise UnknownObject(before.environment, wanted)
    if len(found) > 1:
        types_found = ", ".join(one.type for one in found)
        raise InvalidRequest(f'"{plan.object_id}" is the id of objects of several types ({types_found}): give the type')
    return found[0].ref


def can_be_asked_for(ref: ObjectRef, catalog: Catalog) -> bool:
    """Return whether an object that is not known yet can be named in a small scan."""
    steps = (step for steps in catalog.scanners.values() for step in steps if step.type == ref.type)
    return any((step.asked_by or {}).get(ref.type) == "id" for step in steps)
