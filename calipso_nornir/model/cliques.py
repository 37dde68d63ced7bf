# SPDX-License-Identifier: Apache-2.0
"""Cliques: everything that is connected to one focal point, along the link types of a clique type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model.quickly_made import maker, quickly_made
from calipso_nornir.model.refs import clique_document_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from calipso_nornir.model.links import LinkType
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.when import When

OUTSIDE = frozenset({"host_pnic", "network", "switch", "switch_pnic"})
"""Types of focal points whose cliques lead into hosts; the cliques of all others lead out of them."""
ANY = "ANY"
"""Value of a clique type's ``environment``: for every environment without a more specific clique type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CliqueType:
    """Which link types, in which order, make up the clique of objects of one type.

    ``environment`` names one environment, or is ``ANY``, or is empty if the clique type is for a configuration
    (``environment_type`` … ``type_drivers``; empty means any).
    """

    name: str
    focal_point_type: str
    link_types: tuple[LinkType, ...]
    environment: str = ""
    environment_type: str = ""
    distribution: str = ""
    distribution_version: str = ""
    mechanism_drivers: tuple[str, ...] = ()
    type_drivers: str = ""
    use_implicit_links: bool = False
    when: When | None = None
    """Condition on the focal point, its host and the host's agents."""
    stored: bool = True
    """Whether its cliques are stored; if not, they could grow without bound, and are built when they are read."""
    origin: str = ""
    """The file that declares it."""

    @property
    def outward(self) -> bool:
        """Whether its cliques lead out of hosts, as frames do."""
        return self.focal_point_type not in OUTSIDE

    @property
    def both_ways(self) -> frozenset[LinkType]:
        """Link types that it names in both directions."""
        return frozenset(one for one in self.link_types if one.reverse in self.link_types)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Clique:
    """The links and objects around one focal point, in the order in which they were reached."""

    focal_point: ObjectRef
    clique_type: str
    links: tuple[str, ...]
    """Document ids of the links."""
    nodes: tuple[ObjectRef, ...]
    constraints: Mapping[str, Any] = field(default_factory=dict)
    scanned_at: datetime | None = None

    @property
    def document_id(self) -> str:
        """The ``_id`` of its document, in every store."""
        return clique_document_id(self.focal_point)


new_clique: Final = maker(Clique)
"""Makes a clique, faster than the class."""
