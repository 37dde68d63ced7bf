# SPDX-License-Identifier: Apache-2.0
"""Determines which interface of a host is cabled to which port of a switch, from the reports of both ends."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calipso_nornir.link_finders.making import on_hosts, pnics_by_device

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

HOST, SWITCH, ENDPOINTS = "host", "switch", "endpoints"
"""Who reports a cable: LLDP of the host, that of the switch, or the addresses that a fabric has learned."""


@dataclass(slots=True)
class Cable:
    """An interface of a host, a port of a switch, who reports the cable between them, and what contradicts it."""

    pnic: InventoryObject
    port: InventoryObject
    told_by: tuple[str, ...]
    interface: str
    contradictions: list[str] = field(default_factory=list)

    @property
    def rule(self) -> str:
        """Why the link exists, in words."""
        if ENDPOINTS in self.told_by:
            mac = self.pnic["mac_address"]
            return f"the fabric has learned {mac} of {self.interface} of {self.pnic['host']} at {self.port.name}"
        said = (
            [f"{self.interface} of {self.pnic['host']} hears {self.port.name} by LLDP"] if HOST in self.told_by else []
        )
        if SWITCH in self.told_by:
            said.append(f"{self.port.name} hears {self.interface} of {self.pnic['host']} by LLDP")
        return ", and ".join(said)


class Admitted:
    """The neighbours that switches report, matched with interfaces of hosts."""

    def __init__(self, view: View) -> None:
        self._interfaces: dict[tuple[str, str], InventoryObject] = {}
        """Host and its name of the interface, or the interface's MAC address -> the interface."""
        names = {one.id: {one.name, *one.get("also_called", ())} for one in view.of_type("host")}
        for pnic in on_hosts(view, "host_pnic", "local_name"):
            for name in names.get(pnic["host"], {pnic["host"]}):
                for called in (pnic["local_name"], pnic.get("mac_address")):
                    if called and not (called == pnic.get("mac_address") and pnic.get("ether_channel")):
                        self._interfaces.setdefault((_label(name), called), pnic)
        self.ports: defaultdict[tuple[str | None, str], list[InventoryObject]] = defaultdict(list)
        """Switch and interface's id -> the switch's ports with that interface as LLDP neighbour."""
        self.pairs: list[tuple[InventoryObject, InventoryObject]] = []
        """Every interface that is an LLDP neighbour of a switch, with the port."""
        self._on: defaultdict[str, set[str]] = defaultdict(set)
        for port in view.of_type("switch_pnic"):
            for one in port.get("hears") or ():
                hearing = self._pnic(one)
                if hearing is None:
                    self._on[port.id].add(_told(one))
                else:
                    self._on[port.id].add(f"{hearing['local_name']} of {hearing['host']}")
                    self.ports[port.get("switch"), hearing.id].append(port)
                    self.pairs.append((hearing, port))

    def on(self, port: InventoryObject) -> list[str]:
        """Return the LLDP neighbours of a port, in words; none if it has none or the switch was not asked."""
        return sorted(self._on.get(port.id, ()))

    def _pnic(self, heard: Mapping[str, str]) -> InventoryObject | None:
        name = _label(heard.get("system_name") or "")
        for called in (heard.get("port_id"), heard.get("port_description")):
            if name and called and (pnic := self._interfaces.get((name, called))) is not None:
                return pnic
        return None


def cables(view: View) -> Iterator[Cable]:
    """Yield one cable per interface and port. If the switch itself reports a port for the interface, it ends there.

    If neither end has the other as LLDP neighbour, the addresses that a fabric has learned show the host at a port.
    """
    pnics = pnics_by_device(view)
    admitted = Admitted(view)
    by_host: dict[str, InventoryObject] = {}
    found: dict[tuple[str, str], Cable] = {}
    for port in view.of_type("switch_pnic"):
        for heard in port.get("neighbours") or ():
            pnic = pnics.get((heard["host"], heard["interface"]))
            if pnic is not None:
                for cable in _as_both_say(pnic, port, heard["interface"], admitted):
                    found.setdefault((cable.pnic.id, cable.port.id), cable)
                by_host[pnic.id] = port
    for pnic, port in admitted.pairs:
        if (pnic.id, port.id) not in found:
            cable = found[pnic.id, port.id] = Cable(pnic, port, (SWITCH,), pnic["local_name"])
            if (other := by_host.get(pnic.id)) is not None and other.get("switch") != port.get("switch"):
                cable.contradictions.append(
                    f"{port.name} of {port.get('switch')} hears {cable.interface} of {pnic['host']}; "
                    f"{pnic['host']} says that {cable.interface} hears {other.name} of {other.get('switch')}"
                )
    yield from found.values()
    yield from _learned(view)


def _learned(view: View) -> Iterator[Cable]:
    """Yield cables by learned addresses; none for a port with those of several hosts: a switch is in between."""
    by_mac: defaultdict[str, list[InventoryObject]] = defaultdict(list)
    for pnic in on_hosts(view, "host_pnic", "local_name", "mac_address"):
        by_mac[pnic["mac_address"]].append(pnic)
    for port in view.of_type("switch_pnic"):
        if not port.get("endpoints") or port.get("hears") or port.get("neighbours"):
            continue
        there = [by_mac[one["mac_address"]] for one in port["endpoints"]]
        if len({pnic["host"] for pnics in there for pnic in pnics}) == 1:
            pnics = {one.id: one for one in map(_bond_of, there) if one is not None}
            yield from (Cable(pnic, port, (ENDPOINTS,), pnic["local_name"]) for pnic in pnics.values())


def _bond_of(pnics: Sequence[InventoryObject]) -> InventoryObject | None:
    """Return the interface with an address: the only one, or the bond whose members have it, too; else None."""
    bonds = [one for one in pnics if one.get("ether_channel")]
    chosen = bonds or pnics
    return chosen[0] if len(chosen) == 1 else None


def _as_both_say(pnic: InventoryObject, port: InventoryObject, interface: str, admitted: Admitted) -> Iterator[Cable]:
    told = admitted.ports.get((port.get("switch"), pnic.id), [])
    if any(one.id == port.id for one in told):
        yield Cable(pnic, port, (HOST, SWITCH), interface)
        return
    says = f"{pnic['host']} says that {interface} hears {port.name}"
    if told:
        others = ", ".join(sorted(one.name for one in told))
        for one in told:
            conflict = f"{says}; the switch says that {others} hears {interface} of {pnic['host']}"
            yield Cable(pnic, one, (SWITCH,), interface, [conflict])
        return
    there = admitted.on(port)
    heard = f"{says}; the switch says that {port.name} hears {' and '.join(there)}"
    yield Cable(pnic, port, (HOST,), interface, [heard] if there else [])


def _label(name: str) -> str:
    return name.partition(".")[0]


def _told(heard: Mapping[str, str]) -> str:
    what = heard.get("port_description") or heard.get("port_id") or "a port"
    return f"{what} of {heard.get('system_name') or heard.get('chassis_id')}"
