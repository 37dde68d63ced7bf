# SPDX-License-Identifier: Apache-2.0
"""Watches which agents of Neutron and services of Nova report: no notification says that one has died, or is new.

Their lists are read every 30 s, and compared with what was read before; the first time with the stored picture.
"""

from __future__ import annotations

import uuid
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import ApiFailed, CalipsoError, ListenerFailed
from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.api.census import names_of
from calipso_nornir.fetchers.api.services import NOT_ACCEPTABLE
from calipso_nornir.live.listener_base import ListenerBase
from calipso_nornir.model.notifications import Notification
from calipso_nornir.model.protocols import Reply
from calipso_nornir.sources.openstack import SECTION, OpenStackSource
from calipso_nornir.sources.secrets import Vault
from calipso_nornir.sources.shapes import check_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from calipso_nornir.live.listener_base import Post
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.queries import ApiGet

    Rows = Iterable[Mapping[str, Any]]

EVERY_S: Final = 30.0
"""Neutron counts an agent as dead after 75 s without a report, Nova a service after 60 s (both by default)."""


@dataclass(frozen=True, slots=True)
class Reported:
    """An agent or a service: where it is, for its notification, and the state that is compared."""

    payload: Mapping[str, Any]
    state: tuple[object, ...]


class ServiceWatch(ListenerBase):
    """Reads Neutron's agents and Nova's services, and reports each that is new, gone or changed."""

    def __init__(self, post: Post) -> None:
        super().__init__(post)
        self._before: dict[tuple[str, str], Mapping[str, Reported]] = {}
        """What was read last, by region and kind."""

    def listen(self) -> None:
        """Read the lists every 30 s until ``stopping`` is set.

        After a failure the next reading opens the API anew: it no longer asks a service that was too slow twice.
        """
        given = self.post.source
        while not self.stopping.is_set():
            with nullcontext(given) if given else closing(self._opened()) as source:
                self._read(source)
                self.connected()
                while not self.stopping.wait(EVERY_S) and not self.lacking:
                    self._read(source)

    def _opened(self) -> OpenStackSource:
        try:
            return OpenStackSource(self.post.environment.section(SECTION) or {}, Vault())
        except CalipsoError as error:
            raise ListenerFailed("services", str(error)) from error

    def _read(self, source: Source) -> None:
        """Read each list and report the differences; ``lacking`` says what could not be read."""
        hosts = self.post.store.view(self.post.environment.name).of_type("host")
        problems: list[str] = []
        for region in sorted({str(one["region"]) for one in hosts}):
            try:
                agents = _agents(_rows(source, questions.agents(region)))
                self._compare(region, "agent", agents, self._stored_agents)
                services = _services(_service_rows(source, region))
                self._compare(region, "service", services, lambda: _stored_services(hosts))
            except CalipsoError as error:
                problems.append(str(error))
        self.lacking = f"not watched: {'; '.join(problems)}" if problems else ""

    def _compare(
        self, region: str, kind: str, now: Mapping[str, Reported], stored: Callable[[], Mapping[str, Reported]]
    ) -> None:
        known = self._before.get((region, kind))
        before = {key: one for key, one in stored().items() if key in now} if known is None else known
        for key, one in before.items():
            if key not in now:
                self._tell(f"{kind}.listing.delete", one.payload)
        for key, one in now.items():
            if key not in before and known is not None:
                self._tell(f"{kind}.listing.create", one.payload)
            elif key in before and before[key].state != one.state:
                self._tell(f"{kind}.listing.update", one.payload)
        self._before[region, kind] = now

    def _tell(self, type_: str, payload: Mapping[str, Any]) -> None:
        told = Notification(id=uuid.uuid4().hex, source="services", type=type_, at=datetime.now(UTC), payload=payload)
        self.arrived(told, source="services", settle=lambda: None)

    def _stored_agents(self) -> dict[str, Reported]:
        stored = self.post.store.view(self.post.environment.name).of_type("network_agent")
        return _agents({**one.attributes, "id": one["agent_id"]} for one in stored if "agent_id" in one)


def _agents(rows: Rows) -> dict[str, Reported]:
    """Return Neutron's agents by id. ``started_at`` tells a restart."""
    return {
        str(row["id"]): Reported(
            {"agent": {"id": row["id"], "host": row["host"]}},
            (row.get("alive"), row.get("admin_state_up"), row.get("started_at")),
        )
        for row in rows
    }


def _services(rows: Rows) -> dict[str, Reported]:
    """Return Nova's services by host and binary."""
    return {
        f"{row['host']} {row['binary']}": Reported(
            {"host": row["host"]}, (row.get("status") == "enabled", row.get("state") == "up")
        )
        for row in rows
    }


def _stored_services(hosts: Iterable[InventoryObject]) -> dict[str, Reported]:
    return {
        f"{name} {one['service']}": Reported({"host": name}, (one.get("active"), one.get("available")))
        for host in hosts
        for name in names_of(host)
        for one in host.get("services", ())
    }


def _service_rows(source: Source, region: str) -> Rows:
    try:
        return _rows(source, questions.services(region))
    except ApiFailed as error:
        if error.status != NOT_ACCEPTABLE:
            raise
    return _rows(source, questions.services(region, telling_of_cells=False))


def _rows(source: Source, query: ApiGet) -> Rows:
    """Return a complete list. Raises CalipsoError if it cannot be had."""
    answer = source.answer([query])[query]
    if not isinstance(answer, Reply):
        raise answer
    if answer.gap is not None:
        raise answer.gap
    check_rows(answer.data, needed=query.needed)
    rows: Rows = answer.data
    return rows
