# SPDX-License-Identifier: Apache-2.0
"""Determines which machines a region consists of, from every list that names hosts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import NoMachine
from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.api.machine_names import one_host_each
from calipso_nornir.fetchers.api.mentions import NO_ZONE, mentions, why_no_machine
from calipso_nornir.fetchers.api.services import nova_services
from calipso_nornir.model.fetching import asked, together

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from calipso_nornir.fetchers.api.mentions import Mention
    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query

    Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """The machines of a region.

    Attributes:
        machines: name -> what the lists say about the machine; a machine with several names has one entry.
        also_called: name -> the machine's other names, if it has any.
        strange: names that certainly do not belong to a machine.
        zones: Nova's own rows.
        agents_told: whether Neutron listed its agents.
        silent: whether a cell of Nova does not answer; a compute host without a known zone then has an unknown zone.
        cells_told: whether Nova can say which of its cells do not answer (2.69, Stein).
        complete: whether the lists are complete, as far as known.
    """

    machines: Mapping[str, Mention]
    also_called: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    strange: frozenset[str] = frozenset()
    zones: Rows = ()
    agents_told: bool = True
    silent: bool = False
    cells_told: bool = True
    complete: bool = True

    def zone_of(self, one: Mention) -> str | None:
        """Return the zone of a machine; None if its zone is currently unknown."""
        return one.zone or (None if self.silent else NO_ZONE)

    @property
    def names(self) -> set[str]:
        """Every name of every machine."""
        return {*self.machines, *(other for others in self.also_called.values() for other in others)}


def census(region: str) -> Generator[Sequence[Query], Answers, Census]:
    """Ask Nova and Neutron for every list that names hosts; if two names may be one machine's, ask that machine.

    Names that certainly do not belong to a machine are reported. A cell that does not answer is a gap.
    """
    zones, nodes, agents = questions.zones(region), questions.hypervisors(region), questions.agents(region)
    answers, services = yield from together(asked(zones, nodes, agents), nova_services(region))
    zone_rows: Rows = answers[zones]
    agent_rows: Rows | None = answers.or_gap(agents)
    said = mentions(zone_rows, services.rows, answers.or_blank(nodes, ()), agent_rows or ())
    if services.silent is not None:
        answers.lacks(services.query, services.silent)
    strange = {name: why for name, one in said.items() if (why := why_no_machine(name, one)) is not None}
    for name, why in sorted(strange.items()):
        answers.tell(NoMachine(name, region, why))
    machines = {name: one for name, one in said.items() if name not in strange}
    machines, also_called = yield from one_host_each(machines)
    return Census(
        machines=machines,
        also_called=also_called,
        strange=frozenset(strange),
        zones=zone_rows,
        agents_told=agent_rows is not None,
        silent=services.silent is not None,
        cells_told=services.query == questions.services(region),
        complete=services.complete and agent_rows is not None,
    )


def names_of(host: InventoryObject) -> list[str]:
    """Return all names of a host, its own name first."""
    return [host.name, *host.get("also_called", ())]
