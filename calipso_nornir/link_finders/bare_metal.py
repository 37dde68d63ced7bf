# SPDX-License-Identifier: Apache-2.0
"""Links of bare-metal servers to the switch ports to which they are cabled according to Ironic."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from calipso_nornir.link_finders.making import make

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

    Ports = Mapping[tuple[str, str], list[InventoryObject]]


class BareMetal:
    """One ``instance-switch_pnic`` link per switch port in ``local_link_information`` of an instance's ports.

    Ironic identifies the switch by its MAC address (``switch_id``), else by its name (``switch_info``), and the port by
    the switch's own name of it. A switch port that neither a host nor the switch reports gets no link; if two ports
    match, neither gets one.
    """

    link_types = ("instance-switch_pnic",)
    reads = ("instance", "switch", "switch_pnic")

    def find(self, view: View) -> Iterator[Link]:
        """Match the ports of such servers by switch and port."""
        cabled = [(one, row) for one in view.of_type("instance") for row in one.get("network_info") or ()]
        cabled = [(one, row) for one, row in cabled if row.get("local_link_information")]
        ports = _ports(view) if cabled else {}
        for instance, row in cabled:
            for wire in row["local_link_information"]:
                for port in _at(wire, ports):
                    yield make(
                        instance,
                        port,
                        rule=f"Ironic says that {instance.name}'s port {row['id']} is cabled to {port.name}",
                        name=(row.get("network") or {}).get("label") or port.name,
                        up=bool(row.get("active")) and port.get("state") != "down",
                        network=(row.get("network") or {}).get("id"),
                        switch=port.get("switch"),
                    )


def _ports(view: View) -> Ports:
    """Return the switch ports by each name of their switch and each name of their own, in lower case."""
    switches = {one.id: one for one in view.of_type("switch")}
    found: defaultdict[tuple[str, str], list[InventoryObject]] = defaultdict(list)
    for port in view.of_type("switch_pnic"):
        switch = switches.get(port.get("switch") or "")
        if switch is not None:
            names = {port.name, port.get("port_id"), port.get("local_name")}
            known_as = (switch.get("chassis_id"), switch.name, *switch.get("announced_ids", ()))
            for pair in {(of, own) for of in known_as for own in names if of and own}:
                found[_lower(pair)].append(port)
    return found


def _at(wire: Mapping[str, Any], ports: Ports) -> list[InventoryObject]:
    for switch in (wire.get("switch_id"), wire.get("switch_info")):
        fitting = ports.get(_lower((switch, wire.get("port_id"))), [])
        if len(fitting) == 1:
            return fitting
    return []


def _lower(pair: tuple[object, object]) -> tuple[str, str]:
    return str(pair[0]).lower(), str(pair[1]).lower()
