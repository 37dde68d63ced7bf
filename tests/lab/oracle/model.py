# SPDX-License-Identifier: Apache-2.0
"""The truth as a value: objects, links between them, chains of links."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Value: TypeAlias = "str | int | bool | tuple[Value, ...] | None"


@dataclass(frozen=True, order=True, slots=True)
class End:
    """An end of links: its type, its host ("" if it has none), and its name there.

    Names are those that the cloud or the host itself uses, and that are unique there: UUIDs, device names, addresses.
    """

    type: str
    host: str
    name: str

    def __str__(self) -> str:
        return " ".join(part for part in (self.type, self.host, self.name) if part)


@dataclass(frozen=True, order=True, slots=True)
class Link:
    """A directed relation between two objects."""

    source: End
    target: End

    @property
    def type(self) -> str:
        """Name of its type, e.g. "vnic-vedge"."""
        return f"{self.source.type}-{self.target.type}"

    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"


@dataclass(frozen=True, slots=True)
class Thing:
    """An object that exists, with its facts by name; lists are sorted tuples."""

    end: End
    facts: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chain:
    """The connections of one interface: links in the order in which its frames pass them."""

    owner: End
    """The server, router or DHCP server."""
    interface: End
    links: tuple[Link, ...]
    stops: str = ""
    """Why it ends before the switch; "" if it does not."""

    @property
    def hops(self) -> tuple[End, ...]:
        """Everything that it passes, in order."""
        return tuple(dict.fromkeys(end for link in self.links for end in (link.source, link.target)))


@dataclass(frozen=True, slots=True)
class Truth:
    """All objects, links and chains that exist."""

    things: Mapping[End, Thing]
    links: frozenset[Link]
    chains: tuple[Chain, ...]
    down: frozenset[Link] = frozenset()
    """Links of virtual interfaces whose device is off or does not exist."""
    contradictions: tuple[str, ...] = ()
    """Contradictions between sources; empty for a healthy cloud."""

    def of_type(self, type_: str) -> list[Thing]:
        """Return the things of a type, ordered."""
        return sorted((one for end, one in self.things.items() if end.type == type_), key=lambda one: one.end)

    def ways(self) -> dict[End, frozenset[Link]]:
        """Return the links on all chains of every server, router and DHCP server that has an interface."""
        found: dict[End, frozenset[Link]] = {}
        for chain in self.chains:
            found[chain.owner] = found.get(chain.owner, frozenset()) | frozenset(chain.links)
        return found
