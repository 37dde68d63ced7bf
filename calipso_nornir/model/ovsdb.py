# SPDX-License-Identifier: Apache-2.0
"""Queries to OVSDB databases that belong to the cloud rather than to a host: OVN's two databases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from calipso_nornir.model.queries import HostlessQuery

SETTINGS = "ovs-vsctl -f json -- --columns=external_ids list Open_vSwitch"
"""Command that prints the configuration of a host's ovn-controller (ovn-controller(8))."""


@dataclass(frozen=True, slots=True)
class OvsdbTables(HostlessQuery):
    """Selected columns of tables of one OVSDB database, read in one transaction, so that they are consistent.

    Attributes:
        database: name of its schema: "OVN_Southbound".
        tables: the tables with the columns to read; ``_uuid`` is a column like any other.
        parser: name of the parser that reads the answer, which contains the tables in this order.
    """

    database: str
    tables: tuple[tuple[str, tuple[str, ...]], ...]
    parser: str = "ovsdb_rows"
    source: ClassVar[str] = "ovsdb"

    def __str__(self) -> str:
        return f"{self.database}: {', '.join(name for name, _ in self.tables)}"
