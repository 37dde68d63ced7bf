# SPDX-License-Identifier: Apache-2.0
"""Links inside a fabric of switches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.link_finders.making import make

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.protocols import View

UPLINK = "uplink"


class FabricLinks:
    """One ``switch_pnic-switch_pnic`` link per cable between a leaf and a spine, from the end nearer to the hosts."""

    link_types = ("switch_pnic-switch_pnic",)
    reads = ("switch", "switch_pnic")

    def find(self, view: View) -> Iterator[Link]:
        """Match uplinks with the ports that they are connected to."""
        switches = {one.id: one for one in view.of_type("switch")}
        ports = {one.id: one for one in view.of_type("switch_pnic")}
        for port in ports.values():
            peer = ports.get(port.get("connected_to") or "")
            switch = switches.get(port.get("switch") or "")
            above = switches.get(peer.get("switch") or "") if peer is not None else None
            if port.get("role") == UPLINK and peer is not None and switch is not None and above is not None:
                yield make(
                    port,
                    peer,
                    rule=f"{port.name} of {switch.name} hears {peer.name} of {above.name} by LLDP",
                    name=f"{switch.name}/{port.name}-{above.name}/{peer.name}",
                    up="down" not in (port.get("state"), peer.get("state")),
                    switch=switch.id,
                )
