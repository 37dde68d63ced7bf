# SPDX-License-Identifier: Apache-2.0
"""The catalog: all metadata, with every name resolved. The engines work from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from calipso_nornir.errors import Fault, MetadataError
from calipso_nornir.metadata.monitoring import Monitoring
from calipso_nornir.model.cliques import ANY, CliqueType
from calipso_nornir.model.naming import snake_case
from calipso_nornir.model.switch_platforms import SwitchPlatforms
from calipso_nornir.model.when import ENVIRONMENT, about, holds, told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import EventHandler, Fetcher, LinkFinder
    from calipso_nornir.model.when import When

ROOT_SCANNER = "ScanEnvironment"

CONDITION_CONSTANTS = {
    "mechanism_drivers": "mechanism_drivers",
    "type_drivers": "type_drivers",
    "distribution": "distributions",
    "distribution_version": "distribution_versions",
    "environment_type": "environment_types",
}
"""Attributes of an environment -> the constant that lists the values that a condition may name."""


@dataclass(frozen=True, slots=True)
class Step:
    """One fetch step of a scanner, its fetcher resolved.

    Attributes:
        name: ``<scanner>/<type>/<fetcher>``; objects record it as the step that found them.
        children_scanner: scanner that runs on every object found, if any.
        when: condition on the object, its host and the host's agents (``model.when``).
        hand_down: the field that the children's fetchers get as ``parent.handed_down``.
    """

    name: str
    scanner: str
    type: str
    fetcher: Fetcher
    children_scanner: str | None = None
    condition: Any = None
    restriction: Any = None
    when: When | None = None
    hand_down: str = "id"
    show_in_tree: bool = True
    origin: str = ""

    def applies_to(self, environment: Environment) -> bool:
        """Return whether the conditions on the environment allow the step; ``when`` is evaluated for each object."""
        if holds(self.when, {ENVIRONMENT: about(environment)}) is False:
            return False
        return environment.applies(self.condition) and not environment.restricted(self.restriction)

    @property
    def asked_by(self) -> Mapping[str, str] | None:
        """What its fetcher declares for small scans (see ``model.protocols.Fetcher``); None if nothing."""
        declared: Mapping[str, str] | None = getattr(self.fetcher, "asked_by", None)
        return declared

    def handed_down(self, id_: str, name: str, attributes: Mapping[str, Any]) -> str:
        """Return the value of an object that this step's children get; its id if the object lacks the field."""
        value = name if self.hand_down == "name" else attributes.get(snake_case(self.hand_down))
        return str(id_ if value in (None, "") else value)

    def as_parent(self, one: InventoryObject) -> InventoryObject:
        """Return an object as this step's children get it; another step that found it may hand down another field."""
        handed_down = self.handed_down(one.id, one.name, one.attributes)
        return one if one.handed_down == handed_down else replace(one, handed_down=handed_down)


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of an object type: its name, its type, its source."""

    name: str
    type: str
    unit: str = ""
    source: str = ""
    description: str = ""
    first: bool = False
    indexed: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A type of objects: its label, the types it may be below, and its attributes.

    ``further_attributes`` says in words which undeclared attributes it may have; empty means none.
    """

    name: str
    label: str
    parents: tuple[str, ...]
    folder: bool = False
    description: str = ""
    origin: str = ""
    """Where it is declared."""
    attributes: tuple[Attribute, ...] = ()
    further_attributes: str = ""

    @property
    def is_closed(self) -> bool:
        """Whether objects of the type have the declared attributes and no others."""
        return bool(self.attributes) and not self.further_attributes and not self.folder

    @property
    def shown_first(self) -> list[str]:
        """Fields that a user interface shows first for an object, including the status of a monitored one."""
        status = ("status", "status_timestamp", "status_text")
        own = [one.name for one in self.attributes if one.first]
        return list(dict.fromkeys(["object_name", *own, *status]))


class Queue(NamedTuple):
    """An exchange of a message bus, and the routing keys that listeners bind."""

    name: str
    exchange: str
    topics: tuple[str, ...]


class Candidate(NamedTuple):
    """A clique type and its rank for an environment: how well it matches, and how many conditions its ``when`` has."""

    rank: tuple[int, int]
    clique_type: CliqueType


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All metadata, checked. Only ``clique_types_for`` depends on the environment."""

    object_types: Mapping[str, ObjectType]
    link_types: Mapping[str, str]
    """Link type -> description; reverse names are not in it."""
    scanners: Mapping[str, Sequence[Step]]
    link_finders: Sequence[tuple[str, LinkFinder]]
    clique_types: Sequence[CliqueType]
    clique_constraints: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, tuple[str, ...]]
    parsers: Mapping[str, Callable[[str], Any]]
    documents: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """Data for other packages and programs: supported environments, agent types, hover attributes, command prefixes."""
    event_handlers: Mapping[str, EventHandler] = field(default_factory=dict)
    """Event type -> its handler."""
    queues: Sequence[Queue] = ()
    monitoring: Monitoring = field(default_factory=Monitoring)
    """Which check watches objects and links of which type."""
    switch_platforms: SwitchPlatforms = field(default_factory=SwitchPlatforms)
    """The commands for switches of each platform."""
    written: int = 0
    """Version of the written metadata that is part of it; 0: there is none."""

    def focal_types(self) -> list[str]:
        """Return the object types that have a clique type, sorted."""
        return sorted({one.focal_point_type for one in self.clique_types})

    def clique_types_for(self, environment: Environment, focal_type: str) -> tuple[Candidate, ...]:
        """Return the clique types that objects of a type may have in an environment, the most specific first.

        Clique types for the environment's name come first, then those for its configuration, then ``ANY``. Of clique
        types that fit equally well, the one whose ``when`` has more conditions comes first. The result ends with the
        first clique type without ``when``, because it always applies. Raises MetadataError when two without ``when``
        fit equally well: the choice must not be arbitrary.
        """
        known = [one for one in self.clique_types if one.focal_point_type == focal_type]
        fits = [Candidate((_score(one, environment), len(list(told(one.when)))), one) for one in known]
        ranked = sorted((one for one in fits if one.rank[0] > 0), key=lambda one: one.rank, reverse=True)
        last = next((one for one in ranked if not one.clique_type.when), None)
        if last is None:
            return tuple(ranked)
        equal = [one.clique_type for one in ranked if one.rank == last.rank and not one.clique_type.when]
        if len(equal) > 1:
            rows = " and ".join(f'"{one.name}" ({one.origin})' for one in equal)
            fit = f"fit environment {environment.name} equally well (score {last.rank[0]})"
            raise MetadataError((Fault(f"clique types of {focal_type}", f"{rows} {fit}; make one more specific"),))
        return tuple(ranked[: ranked.index(last) + 1])


def _score(clique_type: CliqueType, environment: Environment) -> int:
    """Return how well a clique type fits: name 64, configuration 2 to 62, ANY 1, not at all 0 (discovery.md 5.2)."""
    if clique_type.environment:
        return 64 if clique_type.environment == environment.name else int(clique_type.environment == ANY)
    if clique_type.environment_type not in ("", environment.environment_type):
        return 0
    wanted = (
        (32, clique_type.distribution, clique_type.distribution == environment.distribution),
        (16, clique_type.distribution_version, clique_type.distribution_version == environment.distribution_version),
        (8, clique_type.mechanism_drivers, set(clique_type.mechanism_drivers) <= set(environment.mechanism_drivers)),
        (4, clique_type.type_drivers, clique_type.type_drivers == environment.type_drivers),
    )
    if not all(equal for _, given, equal in wanted if given):
        return 0
    return sum(points for points, given, _ in wanted if given) or 2
