# SPDX-License-Identifier: Apache-2.0
"""Listens to OVN's databases (RFC 7047, ``monitor``): port bindings, chassis, gateways, routers.

No message bus carries these changes. It needs direct connections to the databases (``nb`` and ``sb`` of the section
ovsdb, without ``host``).
"""

from __future__ import annotations

import time
import uuid
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import ListenerFailed
from calipso_nornir.live.listener_base import ListenerBase, ListenerKind, Post
from calipso_nornir.model.notifications import Notification
from calipso_nornir.sources.ovsdb_kind import OvsdbSection
from calipso_nornir.sources.ovsdb_wire import Conversation, RefusedError, addresses, connected, tls_context

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.environment import Environment

SECTION: Final = "ovsdb"
CHASSIS: Final = "Chassis"
WATCHED: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "OVN_Southbound": {
        CHASSIS: ("name", "hostname"),
        "Encap": ("chassis_name", "ip", "type"),
        "Port_Binding": ("logical_port", "type", "chassis", "up"),
        "HA_Chassis": ("chassis", "priority"),
    },
    "OVN_Northbound": {
        "Logical_Switch_Port": ("name", "up", "enabled"),
        "Logical_Router": ("name",),
        "Logical_Router_Port": ("name", "networks"),
        "Gateway_Chassis": ("chassis_name", "priority"),
        "NAT": ("external_ip", "logical_ip", "type"),
        "Load_Balancer": ("name", "vips"),
    },
}
"""Tables and columns that are monitored, by database."""
POLL_S: Final = 0.2
ALIVE_S: Final = 5.0
"""Seconds between two checks of whether a server still answers."""
SILENT_S: Final = 20.0
"""Seconds without an answer after which the connection counts as lost."""


class OvsdbListener(ListenerBase):
    """Listens to both databases, each on a connection of its own."""

    def listen(self) -> None:
        """Listen until ``stopping`` is set, or a connection is lost."""
        section = OvsdbSection.model_validate(dict(self.post.environment.section(SECTION) or {}))
        with ExitStack() as stack:
            watched = [_Watched(section, database, stack) for database in WATCHED]
            self.connected()
            self.missed("connected to OVN's databases")
            while not self.stopping.is_set():
                for one in watched:
                    for notification in one.told():
                        self.arrived(notification, source="ovn", settle=lambda: None)


class _Watched:
    """One monitored database."""

    def __init__(self, section: OvsdbSection, database: str, stack: ExitStack) -> None:
        self._database = database
        self._chassis: dict[str, str] = {}
        """UUID of a chassis's row -> its host's name."""
        self._server, connection = self._connected(section, stack)
        tables = {table: {"columns": list(columns)} for table, columns in WATCHED[database].items()}
        try:
            told = self._server.call("monitor", [database, database, tables])
        except (OSError, ValueError, RefusedError) as error:
            raise ListenerFailed(SECTION, f"{database}: {error}") from error
        connection.settimeout(POLL_S)
        list(self._rows(told, silent=True))
        self._asked_at = self._heard_at = time.monotonic()
        self._heard = self._server.received

    def told(self) -> Iterator[Notification]:
        """Yield changes, waiting briefly for them. Raises ListenerFailed when the connection is lost."""
        try:
            message = self._server.told()
            if message is not None and message[0] == "update":
                yield from self._rows(message[1][1], silent=False)
            self._see_whether_alive(time.monotonic())
        except (OSError, ValueError, LookupError) as error:
            raise ListenerFailed(SECTION, f"{self._database}: {error}") from error

    def _see_whether_alive(self, now: float) -> None:
        if self._server.received != self._heard:
            self._heard, self._heard_at = self._server.received, now
        elif now - self._heard_at > SILENT_S:
            raise ConnectionError(f"the server has said nothing for {SILENT_S:g} s")
        if now - self._asked_at > ALIVE_S:
            self._server.ask_whether_alive()
            self._asked_at = now

    def _connected(self, section: OvsdbSection, stack: ExitStack) -> tuple[Conversation, socket.socket]:
        problems = []
        for protocol, host, port in addresses(section.remote_of(self._database)):
            try:
                tls = None
                if protocol == "ssl":
                    tls = tls_context(
                        ca_cert=section.ca_cert or "", certificate=section.certificate, private_key=section.private_key
                    )
                connection = connected(protocol, host, port, timeout_s=section.timeout_s, tls=tls)
            except OSError as error:
                problems.append(f"{protocol}:{host}:{port}: {error}")
                continue
            stack.enter_context(closing(connection))
            return Conversation(connection), connection
        raise ListenerFailed(SECTION, f"{self._database}: {'; '.join(problems)}")

    def _rows(self, tables: Mapping[str, Any], *, silent: bool) -> Iterator[Notification]:
        for table, rows in sorted(tables.items(), key=lambda one: one[0] != CHASSIS):
            for id_, row in rows.items():
                old, new = row.get("old") or {}, row.get("new") or {}
                if table == CHASSIS and new.get("hostname"):
                    self._chassis[id_] = str(new["hostname"])
                if not silent:
                    operation = "update" if "old" in row and "new" in row else "insert" if new else "delete"
                    yield self._notification(table, operation, self._plain(old), self._plain(new))

    def _notification(self, table: str, operation: str, old: dict[str, Any], new: dict[str, Any]) -> Notification:
        return Notification(
            id=uuid.uuid4().hex,
            source="ovn",
            type=f"ovn.{table.lower()}.{operation}",
            at=datetime.now(UTC),
            payload={"old": old, "new": new},
            publisher=self._database,
        )

    def _plain(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row whose references to chassis are names of hosts."""
        found = dict(row)
        match found.get("chassis"):
            case ["uuid", str(id_)]:
                found["chassis"] = self._chassis.get(id_, "")
            case _:
                found.pop("chassis", None)
        return found


def _wanted(environment: Environment) -> bool:
    section = environment.section(SECTION)
    return section is not None and not section.get("host")


def _make(post: Post) -> ListenerBase:
    return OvsdbListener(post)


OVSDB: Final = ListenerKind(name="ovsdb", wanted=_wanted, make=_make)
