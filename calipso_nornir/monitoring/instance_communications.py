# SPDX-License-Identifier: Apache-2.0
"""Checks whether an instance communicates, from the namespaces of its networks' services."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.metadata.monitoring import Wanted
from calipso_nornir.model.links import Link
from calipso_nornir.monitoring.activity import is_active

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

PREFERRED: Final = ("dhcp", "metadata", "router")
"""Types of services whose namespaces have neighbours in the network, the best first."""


class InstanceCommunications:
    """One check for each namespace with a service of an instance's networks, about the instance's NICs there."""

    def plan(self, one: InventoryObject | Link, view: View) -> Iterator[Wanted]:
        """Yield the checks: for each network the DHCP server's namespace, else that of another service.

        NICs that nobody expects to answer are left out.
        """
        if isinstance(one, Link):
            return
        found: defaultdict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for link in view.links("instance-vnic", source=one.ref):
            vnic = view.get(link.target)
            place = _place(vnic, view) if vnic is not None else None
            if vnic is not None and place is not None and vnic.get("mac_address") and is_active(vnic, view):
                found[place].append(_address(vnic))
        for (host, namespace), addresses in sorted(found.items()):
            yield Wanted(host, {"namespace": namespace, "addresses": addresses}, suffix=namespace)


def _place(vnic: InventoryObject, view: View) -> tuple[str, str] | None:
    """Return host and namespace of the service that sees a NIC."""
    services = [
        (PREFERRED.index(one["service_type"]), one["host"] != vnic.get("host"), one["host"], one["local_service_id"])
        for one in view.of_type("vservice")
        if one.get("service_type") in PREFERRED
        and one.get("host")
        and one.get("local_service_id")
        and vnic.get("network") in _networks(one)
    ]
    return min(services)[2:] if services else None


def _networks(service: InventoryObject) -> list[str]:
    value = service.get("network")
    return [value] if isinstance(value, str) else list(value or ())


def _address(vnic: InventoryObject) -> dict[str, Any]:
    found = {"mac": vnic["mac_address"]}
    for text in vnic.get("addresses") or ():
        address = ipaddress.ip_interface(text).ip
        if not address.is_link_local:
            return {**found, "ip": str(address)}
    return found
