# SPDX-License-Identifier: Apache-2.0
"""Which objects their agents have not finished yet, as the picture shows them.

Neutron announces what it was asked for, not what its agents have done: that a port has become active, or that a network
has its DHCP server, no message tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.model.agent_types import OVN_METADATA_AGENT
from calipso_nornir.model.finding import Equal, Find

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView

COMING: Final = frozenset({"DOWN", "BUILD"})
"""States of a port, and of a floating IP, that an agent changes."""
FAILED: Final = "binding_failed"
"""Type of the interface of a port that no agent could bind."""
DHCP: Final = "network:dhcp"
BY_AGENTS: Final = ("network:dhcp", "network:router_")
"""Owners of the ports that Neutron's agents make or bind; OVN's router ports are bound nowhere, and ACTIVE."""
RESERVED: Final = "reserved_dhcp_port"
"""Device of a DHCP server's port that is kept for the next agent (Neutron, DEVICE_ID_RESERVED_DHCP_PORT)."""
DHCP_AGENT: Final = "DHCP agent"
FOLDER: Final = "vservices_folder"
ONE_ADDRESS: Final = "32"
"""Length of the prefix with which an agent adds a floating IP to a gateway."""
BUILD: Final = "BUILD"
"""State of a server that is being made."""
RUNNING: Final = "ACTIVE"
"""State of a server that runs, and of a port that is plugged."""


def has_unfinished(view: StoreView, refs: Iterable[ObjectRef]) -> bool:
    """Return whether a port, network, server, service or folder of services is not yet what it was asked to be."""
    return any(_is_unfinished(view, known) for ref in refs if (known := view.get(ref)) is not None)


def _is_unfinished(view: StoreView, one: InventoryObject) -> bool:
    if one.type == "port":
        return _port(one)
    if one.type == "network":
        return _lacks_dhcp(view, one)
    if one.type == "instance":
        return one.get("status") == BUILD or (one.get("status") == RUNNING and _has_port(view, one.id))
    if one.type == "vservice":  # a namespace is deleted some time after its router or network
        router = str(one.get("router_id") or "")
        return bool(one.get("orphaned")) or (bool(router) and (_has_port(view, router) or _serves_others(view, one)))
    return one.type == FOLDER and _metadata_differs(view, one)


def _has_port(view: StoreView, device: str) -> bool:
    """Return whether a port of a server or router is unfinished."""
    return any(map(_port, view.find(Find(where=(Equal("type", "port"), Equal("device_id", device))))))


def _serves_others(view: StoreView, router: InventoryObject) -> bool:
    """Return whether a router's gateway has other floating IPs than Neutron says.

    The agent plugs the gateway first, then adds them one by one. A distributed router has them elsewhere, and a standby
    with high availability has no address at all.
    """
    if router.get("distributed") is not False:
        return False
    fixed = (router.get("external_gateway_info") or {}).get("external_fixed_ips") or ()
    own = {str(row.get("ip_address")) for row in fixed}
    where = (Equal("type", "vnic"), Equal("vservice_id", router.id))
    for vnic in view.find(Find(where=where)):
        found = [str(one).partition("/")[::2] for one in vnic.get("addresses") or ()]
        if own & {address for address, _ in found}:
            return {address for address, length in found if length == ONE_ADDRESS} != set(
                router.get("floating_ips") or ()
            )
    return False


def _port(one: InventoryObject) -> bool:
    """Return whether an agent has still to plug or unplug a port, or a router to serve its floating IP."""
    if any(row.get("status") in COMING and row.get("router_id") for row in one.get("floating_ips") or ()):
        return True  # whatever the port's own state
    if one.get("binding_vif_type") == FAILED:
        return False
    if not one.get("binding_host_id"):
        return _will_be_bound(one)
    if one.get("admin_state_up") is False:
        return bool(one.get("status") == RUNNING)
    return one.get("status") in COMING


def _will_be_bound(one: InventoryObject) -> bool:
    """Return whether an agent binds a port to its host when it plugs it: those of routers and DHCP servers."""
    of_agent = str(one.get("device_owner") or "").startswith(BY_AGENTS) and one.get("device_id") not in ("", RESERVED)
    return of_agent and one.get("admin_state_up") is not False and one.get("status") in COMING


def _metadata_differs(view: StoreView, folder: InventoryObject) -> bool:
    """Return whether OVN's metadata agent of a host serves other networks than those of the servers there.

    It makes a namespace when the first port of a network is bound to the host, and deletes it after the last one.
    """
    host = folder.parent.id if folder.parent is not None and folder.parent.type == "host" else ""
    agents = (Equal("type", "network_agent"), Equal("host", host), Equal("agent_type", OVN_METADATA_AGENT))
    if not host or not view.find(Find(where=agents, limit=1)):
        return False
    bound = view.find(Find(where=(Equal("type", "port"), Equal("binding_host_id", host))))
    plugged = (one for one in bound if one.get("status") == RUNNING)
    here = {str(one["network"]) for one in plugged if str(one.get("device_owner")).startswith("compute:")}
    wanted = {network for network in here if _has_metadata(view, network)}
    made = view.find(Find(where=(Equal("type", "vservice"), Equal("host", host), Equal("service_type", "metadata"))))
    return wanted != {str(network) for one in made for network in one.get("network") or ()}


def _has_metadata(view: StoreView, network: str) -> bool:
    """Return whether a network has the port, with an address, from which metadata is served."""
    where = (Equal("type", "port"), Equal("network", network), Equal("device_owner", "network:distributed"))
    return any(one.get("fixed_ips") for one in view.find(Find(where=where)))


def _lacks_dhcp(view: StoreView, network: InventoryObject) -> bool:
    """Return whether a subnet wants a DHCP server, which an agent could run, and no active one has an address of it."""
    wanted = {str(row["id"]) for row in network.get("subnets") or () if row.get("enable_dhcp")}
    if not wanted:
        return False
    agents = Find(where=(Equal("type", "network_agent"), Equal("agent_type", DHCP_AGENT)), limit=1)
    if not view.find(agents):
        return False
    ports = Find(where=(Equal("type", "port"), Equal("network", network.id), Equal("device_owner", DHCP)))
    served = {str(ip["subnet_id"]) for one in view.find(ports) if not _port(one) for ip in one.get("fixed_ips") or ()}
    return not wanted <= served
