# SPDX-License-Identifier: Apache-2.0
"""Links of switches and their ports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.link_finders.cabling import cables
from calipso_nornir.link_finders.making import link_detected, make
from calipso_nornir.link_finders.port_conflicts import PortConflicts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.protocols import View


class Switches:
    """Links of switches, as they and hosts report them.

    ``switch-switch_pnic``: the port belongs to the switch. ``host_pnic-switch_pnic``: the physical interface is cabled
    to the port; if the switch itself reports a port, to that one. Attributes: ``told_by`` ("host", "switch",
    "endpoints") if the switch was asked for its LLDP neighbours, and ``contradictions``, a list of texts, if host and
    switch disagree.
    """

    link_types = ("switch-switch_pnic", "host_pnic-switch_pnic")
    contradicts = ("host_pnic-switch_pnic",)
    reads = ("switch", "switch_pnic", "host_pnic", "host", "network", "host_pnic-network")

    def find(self, view: View) -> Iterator[Link]:
        """Match ports by their switch, and interfaces by the LLDP neighbours of either end."""
        switches = {one.id: one for one in view.of_type("switch")}
        for port in view.of_type("switch_pnic"):
            switch = switches.get(port.get("switch") or "")
            if switch is not None:
                yield make(
                    switch,
                    port,
                    rule=f"{switch.name} {'has' if port.get('state') else 'announces'} the port {port.name}",
                    name=f"{switch.object_name}={port.object_name}",
                    up=port.get("state") != "down",
                    switch=switch.id,
                )
        conflicts = PortConflicts(view)
        for cable in cables(view):
            contradictions = [*cable.contradictions, *conflicts.of(cable.pnic, cable.port)]
            asked = cable.port.get("hears") is not None or cable.port.get("endpoints") is not None
            attributes: dict[str, Any] = {"told_by": list(cable.told_by)} if asked else {}
            if contradictions:
                attributes["contradictions"] = contradictions
            yield make(
                cable.pnic,
                cable.port,
                rule=cable.rule,
                name=f"{cable.pnic['host']}-{cable.port.get('switch')}",
                up=link_detected(cable.pnic) and cable.port.get("state") != "down",
                switch=cable.port.get("switch"),
                attributes=attributes,
            )
