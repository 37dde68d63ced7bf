# SPDX-License-Identifier: Apache-2.0
"""Links: directed relations between two objects, and the names of their types."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias

from calipso_nornir.model.quickly_made import maker, quickly_made
from calipso_nornir.model.refs import link_document_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from calipso_nornir.model.evidence import Evidence
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.status import Status

LinkState: TypeAlias = Literal["up", "down"]


@dataclass(frozen=True, slots=True, order=True)
class LinkType:
    """``<type of source>-<type of target>``; object types contain no dash."""

    source: str
    target: str

    @classmethod
    def of(cls, name: str) -> Self:
        """Read a link type's name; raises ValueError when it is not two types and a dash."""
        source, dash, target = name.partition("-")
        if not (source and dash and target) or "-" in target:
            raise ValueError(f'"{name}" is not a link type: expected <source type>-<target type>')
        return cls(source, target)

    @property
    def reverse(self) -> LinkType:
        """The name of the opposite direction, from target to source."""
        return LinkType(self.target, self.source)

    def __str__(self) -> str:
        return f"{self.source}-{self.target}"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One relation between two objects of an environment.

    Its identity is environment, type, source and target; two relations of different type between the same objects are
    two links. ``attributes`` may contain ``network``: the id, or the ids, of the networks that use the link, by which
    cliques are constrained. A link whose networks are not known has no such attribute; one that is known to serve none
    has ``[]``. It may also have ``cut_off`` (True), ``ends`` (why its target passes no frames on: "standby", "control")
    and ``outward`` (the type of one end).
    """

    source: ObjectRef
    target: ObjectRef
    name: str | None = None
    state: LinkState = "up"
    weight: int = 0
    host: str | None = None
    switch: str | None = None
    source_label: str = ""
    target_label: str = ""
    implicit: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    scanned_at: datetime | None = None
    status: Status | None = None
    """Its status, joined when it is read; never written with the link."""
    _document_id: str = field(default="", init=False, repr=False, compare=False)

    @property
    def type(self) -> str:
        """Name of its link type, e.g. ``vnic-vedge``."""
        return f"{self.source.type}-{self.target.type}"

    @property
    def networks(self) -> tuple[str, ...] | None:
        """Ids of the networks that use it; None if they are not known."""
        value = self.attributes.get("network")
        if value is None:
            return None
        return (value,) if isinstance(value, str) else tuple(value)

    @property
    def cut_off(self) -> bool:
        """Whether paths end here: its source is plugged in but no frame passes, or its target passes none on."""
        return bool(self.attributes.get("cut_off") or self.attributes.get("ends"))

    @property
    def outward(self) -> str | None:
        """Type of the end nearer to the host's uplinks (the target's type if both are equal); None if not given."""
        value = self.attributes.get("outward")
        return value if isinstance(value, str) else None

    @property
    def environment(self) -> str:
        """The environment of both its ends."""
        return self.source.environment

    @property
    def document_id(self) -> str:
        """The ``_id`` of its document, in every store; computed once, because it is often needed."""
        if not self._document_id:
            made = link_document_id(self.type, self.source, self.target)
            object.__setattr__(self, "_document_id", made)
        return self._document_id


new_link: Final = maker(Link)
"""Makes a link, faster than the class: for finders that make hundreds of thousands."""

Ends: TypeAlias = "tuple[str, str, str, str]"
"""Type and id of source and target: a link's identity within an environment."""


def ends_of(link: Link) -> Ends:
    """Return the ends of a link, by which links are ordered, whether they were just found or come from the store."""
    source, target = link.source, link.target
    return source.type, source.id, target.type, target.id


types_of: Callable[[Link], tuple[str, str]] = attrgetter("source.type", "target.type")
"""Return the types of a link's source and target."""
