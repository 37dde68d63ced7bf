# SPDX-License-Identifier: Apache-2.0
"""OVN's Southbound database (ovn-sb(5)): chassis, their tunnel endpoints, and where every logical port is bound."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calipso_nornir.parsing.common_values import canonical_ip
from calipso_nornir.parsing.ovn_rows import Columns, Tables, by_table, neutron_id, pairs

if TYPE_CHECKING:
    from collections.abc import Mapping

PARSER = "ovn_southbound"
TABLES: Tables = (
    ("Chassis", ("_uuid", "name", "hostname", "other_config", "external_ids", "transport_zones")),
    ("Encap", ("type", "ip", "chassis_name")),
    ("Datapath_Binding", ("_uuid", "tunnel_key", "external_ids")),
    (
        "Port_Binding",
        (
            *("logical_port", "type", "chassis", "additional_chassis", "requested_chassis", "ha_chassis_group"),
            "requested_additional_chassis",
            *("datapath", "tunnel_key", "up", "parent_port", "tag"),
        ),
    ),
    ("HA_Chassis_Group", ("_uuid", "name", "ha_chassis")),
    ("HA_Chassis", ("_uuid", "chassis", "priority", "external_ids")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chassis:
    """One host as OVN knows it. ``encaps``: type and address of each of its tunnel endpoints.

    ``remote``: it belongs to another zone, whose databases have what is on it (ovn-sb(5), Chassis, ``is-remote``).
    """

    name: str
    hostname: str
    bridge_mappings: Mapping[str, str]
    cms_options: tuple[str, ...]
    transport_zones: tuple[str, ...]
    encaps: tuple[tuple[str, str], ...]
    remote: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """One chassis of a group, with its priority (at most 32767; the highest wins)."""

    chassis: str
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Where a logical port is bound. Chassis are given by name; packets carry ``datapath_key`` and ``tunnel_key``."""

    logical_port: str
    type: str
    chassis: str | None
    additional_chassis: tuple[str, ...]
    requested_chassis: str | None
    requested_additional: tuple[str, ...]
    datapath_key: int | None
    tunnel_key: int | None
    up: bool | None
    parent_port: str | None
    tag: int | None
    group: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Southbound:
    """A snapshot of the database."""

    chassis: Mapping[str, Chassis]
    """Chassis by name, which is the ``system-id`` of the host's Open vSwitch."""
    keys: Mapping[str, int]
    """Neutron id of a network or router -> tunnel key of its datapath."""
    bindings: Mapping[str, Binding]
    """Bindings by logical port."""
    datapaths: Mapping[str, int] = field(default_factory=dict)
    """UUID of a switch or router in Northbound -> tunnel key of its datapath."""

    def hostname(self, chassis: str | None) -> str | None:
        """Return the host of a chassis; None when no chassis has that name."""
        found = self.chassis.get(chassis or "")
        return found.hostname if found is not None else None


def southbound(text: str) -> Southbound:
    """Read the tables."""
    rows = by_table(text, TABLES, parser=PARSER)
    names = {row.text("_uuid"): row.text("name") for row in rows["Chassis"]}
    encaps: dict[str, list[tuple[str, str]]] = {}
    for row in rows["Encap"]:
        encaps.setdefault(row.text("chassis_name"), []).append((row.text("type"), canonical_ip(row.text("ip"))))
    groups = _groups(rows["HA_Chassis_Group"], rows["HA_Chassis"], names)
    keys = {row.text("_uuid"): row.number("tunnel_key") for row in rows["Datapath_Binding"]}
    found = [_binding(row, names, groups, keys) for row in rows["Port_Binding"]]
    return Southbound(
        chassis={names[row.text("_uuid")]: _chassis(row, encaps) for row in rows["Chassis"]},
        keys={
            id_: key
            for row in rows["Datapath_Binding"]
            if (id_ := neutron_id(row.table_of("external_ids").get("name", ""))) is not None
            and (key := row.number("tunnel_key")) is not None
        },
        bindings={one.logical_port: one for one in found},
        datapaths={
            about[kind]: key
            for row in rows["Datapath_Binding"]
            for about in (row.table_of("external_ids"),)
            for kind in ("logical-switch", "logical-router")
            if kind in about and (key := row.number("tunnel_key")) is not None
        },
    )


def _chassis(row: Columns, encaps: Mapping[str, list[tuple[str, str]]]) -> Chassis:
    """Build a chassis; until 20.06 a host's configuration was only in external_ids."""
    config = {**row.table_of("external_ids"), **row.table_of("other_config")}
    name = row.text("name")
    return Chassis(
        name=name,
        hostname=row.text("hostname"),
        bridge_mappings=dict(pairs(config.get("ovn-bridge-mappings", ""))),
        cms_options=tuple(filter(None, config.get("ovn-cms-options", "").split(","))),
        transport_zones=row.many("transport_zones"),
        encaps=tuple(sorted(encaps.get(name, ()))),
        remote=config.get("is-remote", "").lower() == "true",
    )


def _groups(groups: list[Columns], members: list[Columns], names: Mapping[str, str]) -> dict[str, tuple[Member, ...]]:
    """Return the chassis of each group, highest priority first.

    For a chassis that does not exist (any more), northd records the name beside the reference.
    """
    known = {
        row.text("_uuid"): Member(
            names.get(row.one("chassis") or "") or row.table_of("external_ids").get("chassis-name", ""),
            row.number("priority") or 0,
        )
        for row in members
    }
    return {
        row.text("_uuid"): tuple(
            sorted(
                (known[uuid] for uuid in row.many("ha_chassis") if uuid in known),
                key=lambda one: (-one.priority, one.chassis),
            )
        )
        for row in groups
    }


def _binding(
    row: Columns,
    names: Mapping[str, str],
    groups: Mapping[str, tuple[Member, ...]],
    keys: Mapping[str, int | None],
) -> Binding:
    return Binding(
        logical_port=row.text("logical_port"),
        type=row.text("type"),
        chassis=names.get(row.one("chassis") or ""),
        additional_chassis=tuple(sorted(names[one] for one in row.many("additional_chassis") if one in names)),
        requested_chassis=names.get(row.one("requested_chassis") or ""),
        requested_additional=tuple(
            sorted(names[one] for one in row.many("requested_additional_chassis") if one in names)
        ),
        datapath_key=keys.get(row.one("datapath") or ""),
        tunnel_key=row.number("tunnel_key"),
        up=row.flag("up"),
        parent_port=row.one("parent_port") or None,
        tag=row.number("tag"),
        group=groups.get(row.one("ha_chassis_group") or "", ()),
    )
