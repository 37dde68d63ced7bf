# SPDX-License-Identifier: Apache-2.0
"""A synthetic cloud: ML2/OVS with the hybrid firewall, a full mesh of VXLAN tunnels, two uplinks per host."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from calipso_nornir.model import ids
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.working import ObjectState, Working

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ENVIRONMENT = "synthetic"
SCANNED_AT = datetime(2026, 11, 28, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a cloud; every host has the same number of instances, every instance one port."""

    hosts: int = 400
    instances: int = 30_000
    networks: int = 300
    networks_per_host: int = 40


def cloud(size: Size) -> Working:
    """Return the inventory of a cloud as a scan would have gathered it, as far as links depend on it."""
    working = Working(ENVIRONMENT)
    for one in _objects(size):
        working.put(one, ObjectState.FOUND)
    return working


def _objects(size: Size) -> Iterator[InventoryObject]:
    for number in range(size.networks):
        network = _network_id(number)
        segment = {"provider_network_type": "vxlan", "provider_segmentation_id": number + 1}
        yield _thing("network", network, f"net-{number}", {"network": network, **segment, "subnets": []})
    switch = ids.switch("mac", "02:00:00:00:00:01")
    yield _thing("switch", switch, "tor1", {"switch": switch})
    for number in range(size.hosts):
        yield from _host(number, size, switch)


def _host(number: int, size: Size, switch: str) -> Iterator[InventoryObject]:
    host = f"compute-{number:04}"
    instances = range(number * size.instances // size.hosts, (number + 1) * size.instances // size.hosts)
    networks = {one: _network_id((number * 7 + one % size.networks_per_host) % size.networks) for one in instances}
    yield _thing("host", host, host, {"host": host, "host_type": ["Compute"]})
    for name in ("eth0", "eth1"):
        port = ids.switch_pnic(switch, f"{host}-{name}")
        pnic = {"host": host, "local_name": name, "link_detected": "yes", "mac_address": f"02:00:00:{number:06x}"[:17]}
        yield _thing("host_pnic", ids.host_pnic(host, name), name, {**pnic, "vlan_interfaces": []})
        heard = [{"host": host, "interface": name}]
        yield _thing("switch_pnic", port, f"{host}-{name}", {"switch": switch, "neighbours": heard})
    tunnels = [_tunnel(number, other) for other in range(size.hosts) if other != number]
    vedge = _thing("vedge", ids.vedge(host, "OVS"), f"{host}-OVS", _vedge(host, networks, tunnels))
    yield vedge
    otep = {
        "host": host,
        "overlay_type": "vxlan",
        "ip_address": _address(number),
        "interface": "eth1",
        "ports": tunnels,
    }
    yield _thing("otep", ids.otep(host, "vxlan"), f"{host}-otep", {**otep, "stack": ["eth1"]}, parent=vedge.ref)
    for instance, network in networks.items():
        yield from _instance(host, instance, network)


def _vedge(host: str, networks: Mapping[int, str], tunnels: list[dict[str, Any]]) -> dict[str, Any]:
    ports = [
        {
            "name": f"qvo{_port_id(one)[:11]}",
            "port": f"qvo{_port_id(one)[:11]}",
            "bridge": "br-int",
            "id": str(place),
            "tag": place,
            "type": "",
            "internal": False,
            "port_id": _port_id(one),
            "peer": f"qvb{_port_id(one)[:11]}",
            "network": network,
        }
        for place, (one, network) in enumerate(networks.items())
    ]
    noted = [
        {"network": one, "network_type": "vxlan", "physical_network": None} for one in sorted(set(networks.values()))
    ]
    return {"host": host, "vedge_type": "OVS", "ports": ports, "tunnel_ports": tunnels, "networks": noted}


def _instance(host: str, number: int, network: str) -> Iterator[InventoryObject]:
    uuid, port, suffix = f"{number:08x}-1111-4111-8111-111111111111", _port_id(number), _port_id(number)[:11]
    mac = f"fa:16:3e:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
    yield _thing("port", port, mac, _port(port, uuid, mac, host=host, network=network))
    info = [{"id": port, "devname": f"tap{suffix}", "address": mac, "network": {"id": network}, "active": True}]
    instance = {**NOVA, "host": host, "network": [network], "uuid": uuid, "network_info": info, "mac_addresses": [mac]}
    yield _thing("instance", uuid, f"vm-{number}", instance)
    yield _thing("vnics_folder", ids.folder(uuid, "vnics"), "vNICs", {"text": "vNICs", "host": host})
    vnic = {
        "vnic_type": "instance_vnic",
        "host": host,
        "device": f"tap{suffix}",
        "instance_id": uuid,
        "mac_address": mac,
        "port_id": port,
        "network": network,
        "state": "UP",
    }
    yield _thing("vnic", ids.vnic(host, f"tap{suffix}"), f"tap{suffix}", vnic)
    members = [
        {"name": f"qvb{suffix}", "kind": "veth", "port_id": port, "state": "UP"},
        {"name": f"tap{suffix}", "kind": "tun", "port_id": port, "state": "UP"},
    ]
    bridge = {"host": host, "bridge_name": f"qbr{suffix}", "network": network, "interfaces": members}
    names = [member["name"] for member in members]
    yield _thing(
        "vconnector", ids.vconnector(host, f"qbr{suffix}"), f"{host}-qbr{suffix}", {**bridge, "interfaces_names": names}
    )


def _port(port: str, device: str, mac: str, *, host: str, network: str) -> dict[str, Any]:
    """Return a port with as many fields as Neutron gives."""
    return {
        "network_id": network,
        "network": network,
        "mac_address": mac,
        "device_id": device,
        "device_owner": "compute:nova",
        "binding_host_id": host,
        "binding_vif_type": "ovs",
        "binding_vif_details": {"port_filter": True, "ovs_hybrid_plug": True, "bridge_name": "br-int"},
        "binding_vnic_type": "normal",
        "binding_profile": {},
        "fixed_ips": [{"subnet_id": network, "ip_address": "192.0.2.1"}],
        "security_groups": [network],
        "tap_suffix": port[:11],
        "port_name": "",
        "floating_ips": [],
        **NEUTRON,
    }


NEUTRON = {
    "admin_state_up": True,
    "status": "ACTIVE",
    "allowed_address_pairs": [],
    "extra_dhcp_opts": [],
    "description": "",
    "port_security_enabled": True,
    "tags": [],
    "created_at": "2026-11-22T14:42:44Z",
    "updated_at": "2026-11-22T14:42:58Z",
    "revision_number": 4,
    "tenant_id": "147e5e598e474ce3bd6f6f3c01cb678b",
    "project_id": "147e5e598e474ce3bd6f6f3c01cb678b",
}
NOVA = {
    "status": "ACTIVE",
    "vm_state": "active",
    "power_state": 1,
    "flavor": {"id": "1", "links": []},
    "created": "2026-11-22T14:42:33Z",
    "updated": "2026-11-22T14:43:06Z",
    "availability_zone": "nova",
    "local_name": "instance-00000001",
    "project_id": "147e5e598e474ce3bd6f6f3c01cb678b",
    "security_groups": ["default"],
}


def _tunnel(host: int, other: int) -> dict[str, Any]:
    return {
        "name": f"vxlan-{other:04x}",
        "overlay_type": "vxlan",
        "local_ip": _address(host),
        "remote_ip": _address(other),
    }


def _thing(
    type_: str, id_: str, name: str, attributes: Mapping[str, Any], *, parent: ObjectRef | None = None
) -> InventoryObject:
    return InventoryObject(
        ref=ObjectRef(ENVIRONMENT, type_, id_),
        name=name,
        parent=parent or ObjectRef(ENVIRONMENT, "environment", ENVIRONMENT),
        id_path=f"/{ENVIRONMENT}/{id_}",
        name_path=f"/{ENVIRONMENT}/{name}",
        attributes=attributes,
        scanned_at=SCANNED_AT,
        object_name=name,
    )


def _network_id(number: int) -> str:
    return f"{number:08x}-2222-4222-8222-222222222222"


def _port_id(number: int) -> str:
    return f"{number:08x}-{number & 0xFFFF:04x}-4333-8333-333333333333"


def _address(number: int) -> str:
    return f"10.78.{number // 250}.{number % 250 + 1}"
