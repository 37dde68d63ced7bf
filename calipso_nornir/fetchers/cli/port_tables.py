# SPDX-License-Identifier: Apache-2.0
"""What a switch's tables say about each of its ports, by the switch's name of the port."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from calipso_nornir.parsing.port_names import PortNames
from calipso_nornir.parsing.vlan_ranges import EVERY, ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calipso_nornir.model.switch_platforms import SwitchPlatform
    from calipso_nornir.parsing.switch_rows import (
        LagMember,
        LearnedMac,
        PortVlans,
        SwitchBridge,
        SwitchNeighbour,
        SwitchPort,
    )

Facts = dict[str, Any]
ERRORS = {
    "input": "input_errors",
    "output": "output_errors",
    "crc": "crc_errors",
    "input_discards": "input_discards",
    "output_discards": "output_discards",
}
UNAWARE = "unaware"
"""Mode of a port whose bridge is not VLAN-aware: every frame passes unchanged."""


class PortTables:
    """The ports of one switch, and facts about them; a missing table adds no facts."""

    def __init__(self, platform: SwitchPlatform, ports: Iterable[SwitchPort]) -> None:
        self.ports = {one.name: one for one in ports if platform.ports.fullmatch(one.name)}
        self.names = PortNames(self.ports)
        self._platform = platform
        self._facts: defaultdict[str, Facts] = defaultdict(dict)
        for name, port in self.ports.items():
            self._facts[name] = self._of_port(port)

    def facts(self, name: str) -> Facts:
        """Return the attributes of a port."""
        return self._facts[name]

    def add_vlans(self, rows: Sequence[PortVlans], bridges: Iterable[SwitchBridge]) -> None:
        """Add ``vlan_mode``, ``native_vlan`` and ``allowed_vlans``."""
        unaware = {one.name for one in bridges if not one.vlan_aware}
        grouped: defaultdict[str, list[PortVlans]] = defaultdict(list)
        for row in rows:
            if (name := self.names.find(row.port)) is not None:
                grouped[name].append(row)
        for name, own in grouped.items():
            self._facts[name] |= _vlans_of(own)
        for name, port in self.ports.items():
            if port.bridge in unaware:
                self._facts[name] |= {"vlan_mode": UNAWARE, "allowed_vlans": EVERY}
                self._facts[name].pop("native_vlan", None)

    def add_macs(self, rows: Iterable[LearnedMac]) -> None:
        """Add ``macs``: the MAC addresses that each port has learned."""
        found: dict[str, set[tuple[str, int]]] = {name: set() for name in self.ports}
        for row in rows:
            if (name := self.names.find(row.port)) is not None:
                found[name].add((row.mac_address, row.vlan or 0))
        for name, macs in found.items():
            self._facts[name]["macs"] = [
                {"mac_address": mac, **({"vlan": vlan} if vlan else {})} for mac, vlan in sorted(macs)
            ]

    def add_lags(self, rows: Iterable[LagMember]) -> None:
        """Add ``lag``, ``lag_active`` and ``lag_protocol`` to members, and ``members`` to LAGs."""
        members: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            lag, port = self.names.find(row.lag), self.names.find(row.port)
            if lag is None or port is None:  # a port of the other switch of a pair (MLAG, vPC)
                continue
            protocol = {"lag_protocol": row.protocol} if row.protocol else {}
            self._facts[port] |= {"lag": lag, "lag_active": row.active, **protocol}
            members[lag].append({"port": port, "active": row.active})
        for lag, own in members.items():
            self._facts[lag]["members"] = sorted(own, key=lambda one: str(one["port"]))

    def add_neighbours(self, rows: Iterable[SwitchNeighbour]) -> None:
        """Add ``hears``: the neighbours whose LLDP announcements each port receives."""
        found: dict[str, list[dict[str, str]]] = {name: [] for name in self.ports}
        for row in rows:
            if (name := self.names.find(row.port)) is not None:
                told = {
                    "chassis_id": row.chassis_id,
                    "system_name": row.system_name,
                    "port_id": row.port_id,
                    "port_description": row.port_description,
                }
                found[name].append({key: value for key, value in told.items() if value is not None})
        for name, heard in found.items():
            self._facts[name]["hears"] = sorted(heard, key=lambda one: sorted(one.items()))

    def _of_port(self, port: SwitchPort) -> Facts:
        counters = {ours: getattr(port, column) for ours, column in ERRORS.items()}
        told = {
            "state": "up" if port.up else "down",
            "state_reason": port.reason,
            "mtu": None if port.mtu is None else port.mtu - self._platform.mtu_overhead,
            "configured_description": port.description,
            "bridge": port.bridge,
            "errors": {name: count for name, count in counters.items() if count is not None} or None,
        }
        return {name: value for name, value in told.items() if value is not None}


def _vlans_of(rows: Sequence[PortVlans]) -> Facts:
    """Return the VLANs of a port, from one row with all of them, or from one row for each."""
    first = rows[0]
    if first.vlan is None:
        return _of_all(first)
    untagged = {row.vlan for row in rows if row.tagged is False and row.vlan is not None}
    carried = {vlan for row in rows if row.vlan is not None for vlan in range(row.vlan, (row.vlan_end or row.vlan) + 1)}
    mode = first.mode or ("access" if carried == untagged and len(carried) == 1 else "trunk")
    native = {"native_vlan": min(untagged)} if untagged else {}
    return {"vlan_mode": mode, "allowed_vlans": ranges(carried), **native}


def _of_all(row: PortVlans) -> Facts:
    mode = row.mode or "unknown"
    native = row.access if mode == "access" else row.native
    facts: Facts = {"vlan_mode": mode} if native is None else {"vlan_mode": mode, "native_vlan": native}
    if mode == "access" and row.access is not None:
        return {**facts, "allowed_vlans": str(row.access)}
    return facts if row.allowed is None else {**facts, "allowed_vlans": row.allowed}


def by_mac(ports: Mapping[str, SwitchPort]) -> dict[str, str]:
    """Return the ports with a unique MAC address, by that address."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, port in ports.items():
        if port.mac_address is not None:
            found[port.mac_address].append(name)
    return {mac: names[0] for mac, names in found.items() if len(names) == 1}
