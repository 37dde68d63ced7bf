# SPDX-License-Identifier: Apache-2.0
"""Leafs and spines of an ACI fabric."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from calipso_nornir.fetchers.aci.fabric import fabric
from calipso_nornir.fetchers.cli.switch_heard import LOCAL, KnowsPlatforms
from calipso_nornir.model.aci import NEIGHBOURS, NODES, SYSTEMS
from calipso_nornir.model.fetching import Fetched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.parsing.aci_rows import FabricNode, NodeSystem


class AciSwitches(KnowsPlatforms):
    """Leafs that hosts of the environment are connected to, and the leafs and spines above them.

    Source: APIC, classes fabricNode, topSystem, lldpAdjEp, fvCEp (only addresses of hosts' interfaces); ``lldpctl``
    of the hosts. Attributes: ``switch`` (its own id), ``chassis_id`` (the node's name), ``chassis_id_type``,
    ``fabric_node`` (its distinguished name), ``fabric_role`` ("leaf" or "spine"), ``fabric_node_type``
    ("tier-2-leaf" …), ``fabric_state`` ("active" …), ``hostname``, ``model``, ``serial``, ``version``, ``ip_address``
    (its tunnel endpoint), ``management_addresses``.
    """

    asked_by: ClassVar[Mapping[str, str]] = {"switch": "id"}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the used part of the fabric, and what its nodes report about themselves."""
        used = yield from fabric(self.platforms)
        answers = yield [SYSTEMS]
        systems: dict[str, NodeSystem] = {one.node: one for one in answers.or_blank(SYSTEMS, ())}
        return [
            Fetched(
                id=used.switch(node),
                name=used.nodes[node].name,
                attributes={
                    "switch": used.switch(node),
                    "chassis_id": used.nodes[node].name,
                    "chassis_id_type": LOCAL,
                    **_facts(used.nodes[node], systems.get(node)),
                },
                under=parent.ref,
                sources=(NODES, NEIGHBOURS, SYSTEMS),
            )
            for node in used.used
        ]


def _facts(node: FabricNode, system: NodeSystem | None) -> dict[str, Any]:
    told = {
        "fabric_node": node.node,
        "fabric_role": node.role,
        "fabric_node_type": node.kind,
        "fabric_state": node.state,
        "hostname": node.name,
        "model": node.model,
        "serial": node.serial,
        "ip_address": node.address,
        "version": system.version if system else None,
        "management_addresses": list(system.addresses) or None if system else None,
    }
    return {name: value for name, value in told.items() if value is not None}
