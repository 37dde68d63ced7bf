# SPDX-License-Identifier: Apache-2.0
"""The product's report about the lab in the oracle's terms, so that both can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.lab.oracle.model import Chain, End, Link, Thing, Truth

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView
    from calipso_nornir.store.freshness import Freshness
    from tests.lab.oracle.model import Value

ON_HOSTS = {
    "host": "name",
    "host_pnic": "local_name",
    "network_agent": "name",
    "otep": "name",
    "vconnector": "bridge_name",
    "vedge": "vedge_type",
    "vservice": "local_service_id",
}
"""Type of objects on a host -> the attribute with their name there."""


def told(view: StoreView) -> Truth:
    """Return the stored objects and links of an environment as a ``Truth``."""
    objects = _objects(view)
    ends = {one.ref: _end(view, one) for one in objects}
    links = {link.document_id: Link(_of(ends, link.source), _of(ends, link.target)) for link in view.links()}
    chains = [
        Chain(_of(ends, clique.focal_point), _of(ends, clique.focal_point), tuple(links[one] for one in clique.links))
        for clique in view.cliques()
        if clique.focal_point.type in ("instance", "vservice", "floating_ip")
    ]
    twice = [f"two objects are {end}" for end in set(ends.values()) if list(ends.values()).count(end) > 1]
    things = {ends[one.ref]: Thing(ends[one.ref], _facts(view, one)) for one in objects}
    down = frozenset(
        links[link.document_id]
        for link in view.links()
        if link.state == "down" and ("vnic" in (link.source.type, link.target.type) or link.type == "vconnector-vedge")
    )
    return Truth(things, frozenset(links.values()), tuple(chains), down, tuple(sorted(twice)))


def unconfirmed(view: StoreView, fresh: Freshness) -> set[End]:
    """Return the objects that, according to the product, could not be examined."""
    return {_end(view, one) for one in _objects(view) if fresh.unconfirmed_since(one)}


def _objects(view: StoreView) -> list[InventoryObject]:
    return [one for type_ in view.counts() if not type_.endswith("_folder") for one in view.of_type(type_)]


def _of(ends: dict[ObjectRef, End], ref: ObjectRef) -> End:
    return ends.get(ref) or End(ref.type, "", f"(unknown) {ref.id}")


def _end(view: StoreView, one: InventoryObject) -> End:
    if one.type == "host":
        return End("host", one.name, one.name)
    if one.type == "otep":
        return End("otep", one["host"], one.name.removeprefix(f"{one['host']}-otep-"))
    if one.type == "vnic":
        return _vnic_end(one)
    if one.type in ON_HOSTS and not (one.type == "vservice" and one.get("host") is None):
        attribute = ON_HOSTS[one.type]
        return End(one.type, one["host"], one.name if attribute == "name" else one[attribute])
    if one.type in ("switch_pnic", "host_ref"):
        parent = view.get(one.parent) if one.parent else None
        above = parent.name if parent is not None else "(nothing)"
        return End(one.type, above, one.name) if one.type == "switch_pnic" else End(one.type, one.name, above)
    named = one.type in ("region", "availability_zone", "aggregate", "switch", "router_port")
    return End(one.type, "", one.name if named else one.id)


def _vnic_end(one: InventoryObject) -> End:
    inside = f"{one['namespace']}/{one.name}" if one.get("namespace") else one.name
    owner = one.get("instance_id")
    return End("vnic", one["host"], inside if one.get("device") or not owner else f"{owner} {one['mac_address']}")


def _facts(view: StoreView, one: InventoryObject) -> dict[str, Value]:
    if one.type == "otep":
        return _otep(one, view.get(one.parent) if one.parent else None)
    known = FACTS.get(one.type)
    return known(one) if known is not None else {}


def _sorted(values: Any) -> tuple[Value, ...]:  # noqa: ANN401 - JSON
    return tuple(sorted(values or ()))


def _label(one: InventoryObject) -> str:
    """Return the cloud's own name; for an object without one, its id."""
    return "" if one.name == one.id else one.name


def _vnic(one: InventoryObject) -> dict[str, Value]:
    return {
        "owner": one.get("instance_id") or one.get("namespace"),
        "mac": one["mac_address"],
        "port": one.get("port_id"),
        "network": one.get("network"),
        "ips": _sorted(one.get("addresses")),
        "trunk": _sorted((row["segmentation_id"], row["port_id"], row["network"]) for row in one.get("sub_ports") or ())
        or None,
    }


def _router_port(one: InventoryObject) -> dict[str, Value]:
    names = {"owner": "vservice_id", "mac": "mac_address", "port": "port_id", "network": "network"}
    return {**{ours: one.get(theirs) for ours, theirs in names.items()}, "ips": _sorted(one["addresses"])}


def _network(one: InventoryObject) -> dict[str, Value]:
    in_project = one.parent is not None and one.parent.type == "networks_folder" and one.get("project") is not None
    return {
        "label": _label(one),
        "project": one["project_id"] if in_project else None,
        "kind": one["provider:network_type"],
        "physical": one["provider:physical_network"],
        "segment": one["provider:segmentation_id"],
        "key": one.get("ovn_tunnel_key"),
        "cidrs": _sorted(one["cidrs"]),
    }


def _otep(one: InventoryObject, parent: InventoryObject | None) -> dict[str, Value]:
    remotes = _sorted(tunnel["remote_ip"] for tunnel in one.get("ports") or ())
    bridge = (one.get("vconnector") or "").removeprefix(f"{one['host']}-")
    switch = parent["vedge_type"] if parent is not None and parent.type == "vedge" else None
    return {"ip": one.get("ip_address"), "remotes": remotes, "parent": switch or bridge}


def _gateways(one: InventoryObject) -> tuple[Value, ...] | None:
    """Return the gateways of a logical router: the host, and the hosts of the group with their priorities."""
    if "gateways" not in one:
        return None
    groups = (
        (row["host"] or "", [(each["host"], each["priority"]) for each in row["members"]]) for row in one["gateways"]
    )
    return tuple(sorted((host, tuple(members)) for host, members in groups))


def _vips(one: InventoryObject) -> tuple[Value, ...] | None:
    if "vips" not in one:
        return None
    return tuple(sorted((row["vip"], row["protocol"], ",".join(row["members"])) for row in one["vips"]))


def _security(one: InventoryObject) -> tuple[Value, ...] | None:
    found = one.get("ovn_security")
    return (_sorted(found["security_groups"]), found["default_drop"], found["as_in_neutron"]) if found else None


def _served(one: InventoryObject) -> tuple[Value, ...] | None:
    """Return the floating IPs of a distributed router's namespace, or of the outer one; else None."""
    in_namespace = one.get("local_service_id") is not None
    here = in_namespace and (one.get("distributed") or one["service_type"] == "floating_ip")
    return _sorted(one["floating_ips"]) if here else None


def _bonds(one: InventoryObject) -> tuple[Value, ...] | None:
    """Return the bonds of a switch, with whether each member carries frames; None if there are none."""
    rows = (
        (row["name"], row["mode"], _sorted((member["name"], member["role"] == "active") for member in row["members"]))
        for row in one.get("bonds") or ()
    )
    return tuple(sorted(rows)) or None


FACTS: dict[str, Callable[[InventoryObject], dict[str, Value]]] = {
    "project": lambda one: {"label": one.name, "enabled": one["enabled"]},
    "availability_zone": lambda one: {"hosts": _sorted(one["hosts"])},
    "host": lambda one: {"zone": one["zone"], "roles": _sorted(one["host_type"])},
    "aggregate": lambda one: {"hosts": _sorted(one["hosts"]), "zone": one["availability_zone"]},
    "host_ref": lambda one: {"there": one.get("ref_id") is not None},
    "instance": lambda one: {
        "label": one.name,
        "on": one.get("host"),
        "status": one["status"],
        "project": one["project_id"],
        "networks": _sorted(one["network"]),
    },
    "network": _network,
    "port": lambda one: {
        "network": one["network"],
        "mac": one["mac_address"],
        "device": one["device_id"],
        "bound": one["binding:host_id"],
        "status": one["status"],
        "ips": _sorted(ip["ip_address"] for ip in one["fixed_ips"]),
        "at": (one.get("ovn") or {}).get("host"),
        "security": _security(one),
    },
    "network_agent": lambda one: {"kind": one["agent_type"], "alive": one["alive"]},
    "vnic": _vnic,
    "vservice": lambda one: {
        "networks": _sorted(one["network"]),
        "label": one.name,
        "gateways": _gateways(one),
        "vips": _vips(one),
        "ha": one.get("ha_state"),
        "floating": _served(one),
    },
    "floating_ip": lambda one: {
        "address": one.name,
        "inside": one["fixed_ip_address"],
        "port": one["port_id"],
        "distributed": one["distributed"],
        "leaves": one.get("host") or "",
    },
    "router_port": _router_port,
    "vconnector": lambda one: {"members": _sorted(one["interfaces_names"]), "network": one.get("network")},
    "vedge": lambda one: {
        "ports": _sorted(
            (port["name"], port["bridge"], "" if port["tag"] is None else str(port["tag"]))
            for port in one.get("ports") or ()
        ),
        "bonds": _bonds(one),
    },
    "host_pnic": lambda one: {"mac": one["mac_address"], "addresses": _sorted(one["addresses"])},
    "switch": lambda one: {"chassis": one["chassis_id"]},
    "switch_pnic": lambda one: {
        "heard_by": _sorted((ear["host"], ear["interface"]) for ear in one.get("neighbours") or ())
    },
}
"""Type -> the facts that the oracle also has, from an object's attributes."""
