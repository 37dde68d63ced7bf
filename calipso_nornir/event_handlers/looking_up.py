# SPDX-License-Identifier: Apache-2.0
"""Where in the stored picture to look: questions that several handlers ask. Most are answered by indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.event_handlers.payloads import part, text
from calipso_nornir.model import ids
from calipso_nornir.model.agent_types import OVN_METADATA_AGENT
from calipso_nornir.model.finding import Equal, Find, Holds, OneOf
from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import StoreView

FOLDER: Final = "vservices_folder"
SERVICE_AGENTS: Final = ("DHCP agent", "L3 agent")
MOST_GATEWAYS: Final = 50
"""Maximum number of chassis for gateways that are scanned; more are left to scans and to OVN's own events."""
COMPUTE: Final = "compute:"
NETWORK: Final = "network:"


def ref(view: StoreView, type_: str, name: str) -> ObjectRef:
    """Return the reference of an object that one fact identifies: a UUID, the name of a host."""
    return ObjectRef(view.environment, type_, ids.plain(name))


def of(view: StoreView, type_: str, **attributes: object) -> Sequence[InventoryObject]:
    """Return the objects of a type whose attributes have these values."""
    return view.find(Find(where=(Equal("type", type_), *(Equal(key, value) for key, value in attributes.items()))))


def host_of(view: StoreView, name: str) -> InventoryObject | None:
    """Return the host that a service calls so; a machine may have several names."""
    if not name:
        return None
    known = view.get(ref(view, "host", name))
    if known is not None:
        return known
    return next(iter(view.find(Find(where=(Equal("type", "host"), Holds("also_called", name)), limit=1))), None)


def chassis_told(notification: Notification, view: StoreView) -> Iterator[InventoryObject]:
    """Yield the hosts whose chassis a row of OVN names, and named before."""
    for side in ("old", "new"):
        host = host_of(view, text(part(notification.payload, side), "chassis"))
        if host is not None:
            yield host


def gateway_chassis(view: StoreView) -> Iterator[ObjectRef]:
    """Yield the switches of the chassis that may host gateways under OVN."""
    found = of(view, "vedge", vedge_type="OVN", gateway=True)
    if len(found) <= MOST_GATEWAYS:
        yield from (one.ref for one in found)


def folders(view: StoreView, type_: str) -> Iterator[ObjectRef]:
    """Yield all folders of a type."""
    yield from (one.ref for one in view.of_type(type_))


def sub_ports_of(view: StoreView, port: InventoryObject) -> Iterator[ObjectRef]:
    """Yield the sub-ports of a port's trunk. Neutron binds them where their parent is, and sends no event."""
    rows = (port.get("trunk_details") or {}).get("sub_ports") or ()
    yield from (ref(view, "port", str(row["port_id"])) for row in rows)


def floating_at(view: StoreView, port: InventoryObject) -> Iterator[ObjectRef]:
    """Yield where the floating IPs of a port are. They leave their routers with the port, and no event says so."""
    floating = port.get("floating_ips") or ()
    for router in sorted({str(row.get("router_id") or "") for row in floating} - {""}):
        yield from services_of(view, router=router)
    if floating:
        yield from folders(view, "floating_ips_folder")


def services_of(view: StoreView, *, router: str = "", network: str = "") -> Iterator[ObjectRef]:
    """Yield the services of a router, or of a network, that are known; else the places where they may be created."""
    where = Equal("router_id", router) if router else Holds("network", network)
    known = view.find(Find(where=(Equal("type", "vservice"), where)))
    yield from (one.ref for one in known)
    if not any(router or one.get("service_type") == "dhcp" for one in known):
        yield from places_of_services(view)


def places_of_services(view: StoreView) -> Iterator[ObjectRef]:
    """Yield the folders of services: of hosts that an agent makes services on, and of regions (OVN)."""
    where = (Equal("type", "network_agent"), OneOf("agent_type", SERVICE_AGENTS))
    hosts = {one.get("host") for one in view.find(Find(where=where))}
    for folder in view.of_type(FOLDER):
        if folder.parent is not None and (folder.parent.type != "host" or folder.parent.id in hosts):
            yield folder.ref


def ports_on(view: StoreView, host: str) -> Iterator[ObjectRef]:
    """Yield the ports that are bound to a host. Its agent reports all of them when it starts; no message says so."""
    where = (Equal("type", "port"), Equal("binding_host_id", host))
    rows = view.find_documents(Find(where=where, fields=("id",))) if host else ()
    yield from (ref(view, "port", str(row["id"])) for row in rows)


def services_on(view: StoreView, name: str) -> Iterator[ObjectRef]:
    """Yield the folder of a host's services, if an agent makes services on it, be it for its servers' metadata only."""
    host = host_of(view, name)
    if host is None:
        return
    makers = OneOf("agent_type", (*SERVICE_AGENTS, OVN_METADATA_AGENT))
    where = (Equal("type", "network_agent"), Equal("host", host.id), makers)
    folder = ObjectRef(view.environment, FOLDER, ids.folder(host.id, "vservices"))
    if view.find(Find(where=where, limit=1)) and view.get(folder) is not None:
        yield folder


def owner_of(view: StoreView, *, owner: str, device: str, host: str, network: str = "") -> Iterator[ObjectRef]:
    """Yield what has a port: its server; the router or DHCP server that it belongs to."""
    if not device:
        return
    if owner.startswith(COMPUTE):
        yield ref(view, "instance", device)
        yield from services_on(view, host)  # a distributed router is created on a host with the first server there
    elif owner.startswith(f"{NETWORK}dhcp"):
        yield from services_of(view, network=network)
        yield from services_on(view, host)
    elif owner.startswith(NETWORK):
        yield from services_of(view, router=device)


def who_shows(view: StoreView, network: str) -> Iterator[ObjectRef]:
    """Yield what shows the name of a network: its servers and services."""
    servers = view.find(Find(where=(Equal("type", "instance"), Holds("network", network))))
    yield from (one.ref for one in servers)
    yield from services_of(view, network=network)
