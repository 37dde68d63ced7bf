# SPDX-License-Identifier: Apache-2.0
"""Links of virtual interfaces that bypass the virtual switch: virtual functions of a network card, macvtap devices."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from calipso_nornir.link_finders.making import by_host, link_detected, make, network_of, on_hosts
from calipso_nornir.link_finders.plugs import plugged
from calipso_nornir.wiring.host import PNIC, HostWires, wires_of_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

    Function = tuple[InventoryObject, Mapping[str, Any]]


class VnicPnics:
    """One ``vnic-host_pnic`` link per virtual interface whose frames leave by a network card without a virtual switch.

    A virtual function is matched by its PCI address, else by the MAC that the card lists for it; a macvtap device by
    its lower device. A function whose representor is a port of Open vSwitch belongs to that switch.
    """

    link_types = ("vnic-host_pnic",)
    reads = ("vnic", "host_pnic", "vedge", "vconnector")
    scope = "host"

    def find(self, view: View) -> Iterator[Link]:
        """Match the interfaces host by host."""
        here = by_host(on_hosts(view, "vnic"))
        if not any(map(_past_switches, (vnic for vnics in here.values() for vnic in vnics))):
            return
        functions = _functions(view)
        wires = wires_of_hosts(view)
        for host, vnics in here.items():
            candidates = [vnic for vnic in vnics if _past_switches(vnic)]
            switched = {vnic.ref for vnic, _ in plugged(wires.get(host, HostWires()), vnics)} if candidates else set()
            for vnic in candidates:
                if vnic.ref not in switched:
                    yield from _of_function(vnic, functions.get(host, {}))
                    yield from _of_stack(vnic, wires.get(host, HostWires()))


def _past_switches(vnic: InventoryObject) -> bool:
    return bool(vnic.get("pci_address") or vnic.get("stack"))


def _functions(view: View) -> dict[str, dict[str, Function]]:
    """Index the virtual functions of each host by PCI address, and by MAC where only one function has it."""
    found: defaultdict[str, list[Function]] = defaultdict(list)
    for pnic in on_hosts(view, "host_pnic"):
        found[pnic["host"]].extend((pnic, row) for row in pnic.get("functions") or ())
    return {host: {**_by_mac(rows), **_by_pci(rows)} for host, rows in found.items()}


def _by_pci(rows: list[Function]) -> dict[str, Function]:
    return {row["pci_address"]: (pnic, row) for pnic, row in rows if row.get("pci_address")}


def _by_mac(rows: list[Function]) -> dict[str, Function]:
    count = Counter(row.get("mac_address") for _, row in rows)
    told = [(pnic, row) for pnic, row in rows if row.get("mac_address") and not row.get("pci_address")]
    return {row["mac_address"]: (pnic, row) for pnic, row in told if count[row["mac_address"]] == 1}


def _of_function(vnic: InventoryObject, functions: Mapping[str, Function]) -> Iterator[Link]:
    if not vnic.get("pci_address"):
        return
    pnic, row = functions.get(vnic["pci_address"]) or functions.get(vnic.get("mac_address") or "") or (None, {})
    if pnic is not None:
        forced = {"enable": True, "disable": False}.get(row.get("link_state") or "")
        yield make(
            vnic,
            pnic,
            rule=f"{vnic['pci_address']} is the virtual function {row['number']} of {pnic.name}",
            name=f"{pnic.name} vf {row['number']}",
            up=link_detected(pnic) if forced is None else forced,
            network=network_of(vnic),
            attributes={"function": row["number"], "vlan_id": row.get("vlan_id")},
        )


def _of_stack(vnic: InventoryObject, wires: HostWires) -> Iterator[Link]:
    found = wires.end(vnic.get("stack") or (), None)
    if found is not None and found[0].kind == PNIC:
        pnic = wires.pnics[found[0].name]
        yield make(
            vnic,
            pnic,
            rule=f"{vnic.name} stands on {found[1]}",
            name=f"{pnic.name} {vnic.name}",
            up=link_detected(pnic) and vnic.get("state", "UP") == "UP",
            network=network_of(vnic),
        )
