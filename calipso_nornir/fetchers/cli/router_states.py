# SPDX-License-Identifier: Apache-2.0
"""Determines which host is active for a highly available router."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.fetchers import questions
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.parsing.common_values import canonical_ip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.parsing.rows import Interface

OF_KEEPALIVED = "network:router_ha_interface"
"""Device owner of the port through which the router's keepalived processes communicate (neutron_lib.constants)."""


class RouterStates:
    """The state on this host of a router that runs on several, added to the router itself.

    Source: ``ip -d address`` inside the namespace; ports of the inventory.
    Attributes: ``ha_state``: "active" if the namespace has an address of the router's ports, else "standby": keepalived
    sets the addresses on the master only (RFC 5798). Namespaces without keepalived's interface (a distributed router's)
    have no state.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the interfaces of the namespace, then look up their ports."""
        address, interfaces = yield from questions.interfaces(parent["host"], parent["local_service_id"])
        ports = yield from questions.ports_of_devices(one.name for one in interfaces)
        kept_alive = {name for name, port in ports.items() if port.get("device_owner") == OF_KEEPALIVED}
        if not kept_alive:
            return []
        own = [(one, ports[one.name]) for one in interfaces if one.name in ports and one.name not in kept_alive]
        state = "active" if any(_has(one, port) for one, port in own) else "standby"
        return [Fetched(id=parent.id, name=parent.name, attributes={"ha_state": state}, sources=(address,))]


def _has(one: Interface, port: InventoryObject) -> bool:
    return bool(_addresses(row.ip for row in one.addresses) & _addresses(_assigned(port)))


def _assigned(port: InventoryObject) -> Iterable[str]:
    return (row["ip_address"] for row in port.get("fixed_ips") or ())


def _addresses(texts: Iterable[str]) -> set[str]:
    return set(map(canonical_ip, texts))
