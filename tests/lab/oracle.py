# SPDX-License-Identifier: Apache-2.0
"""What the hosts' own tools say of the way from a server to the switch, found without any code of the product.

Other sources than the product's are used where there are any: sysfs instead of ip, ``virsh domiflist`` instead of
the domain's XML, ``ovs-vsctl port-to-br`` instead of its tables, ``lldpcli -f keyvalue`` instead of JSON, and Nova's
list of a server's interfaces instead of Neutron's ports.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from tests.fixtures import lab

if TYPE_CHECKING:
    from collections.abc import Mapping

FACTS = Path(__file__).with_name("facts.sh")


@dataclass
class Host:
    """The facts of one host, by kind."""

    name: str
    devices: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    """Name -> ifindex, iflink, master ("-" for none)."""
    addresses: dict[str, str] = field(default_factory=dict)
    vxlans: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Device -> VNI, local address, device below."""
    remotes: set[tuple[str, str]] = field(default_factory=set)
    domains: list[tuple[str, str, str]] = field(default_factory=list)
    """Domain's UUID, device, MAC."""
    ovs: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Port -> bridge, tag, type."""
    tunnels: dict[str, tuple[str, str]] = field(default_factory=dict)
    neighbours: dict[str, dict[str, str]] = field(default_factory=dict)
    inside: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Namespace, device, MAC, ifindex of a veth's other end."""
    mappings: dict[str, str] = field(default_factory=dict)

    def members(self, bridge: str) -> set[str]:
        """Return the members of a Linux bridge."""
        return {name for name, (_, _, master) in self.devices.items() if master == bridge}

    def peer(self, name: str) -> str | None:
        """Return the other end of a veth in the host's own namespace."""
        index, link, _ = self.devices[name]
        return next((n for n, (i, back, _) in self.devices.items() if i == link and back == index and n != name), None)


def _read(name: str) -> Host:  # noqa: C901 - one case a kind of line
    host = Host(name)
    for line in lab.ssh(name, FACTS.read_text()).splitlines():
        match line.split(" "):
            case ["device", device, index, link, master]:
                host.devices[device] = (int(index), int(link), master)
            case ["address", device, ip]:
                host.addresses[ip] = device
            case ["vxlan", device, vni, local, below]:
                host.vxlans[device] = (vni, local, below)
            case ["remote", device, ip]:
                host.remotes.add((device, ip))
            case ["domain", uuid, device, mac]:
                host.domains.append((uuid, device, mac))
            case ["ovs", port, bridge, tag, kind]:
                host.ovs[port] = (bridge, tag, kind.strip('"'))
            case ["tunnel", device, local, remote]:
                host.tunnels[device] = (local, remote)
            case ["lldp", device, key, *value]:
                host.neighbours.setdefault(device, {})[key] = " ".join(value)
            case ["inside", namespace, device, mac, *other]:
                host.inside.append((namespace, device, mac, "".join(other)))
            case ["mapping", physical, bridge]:
                host.mappings[physical] = bridge
            case _:
                raise AssertionError(f"{name}: {line!r}")
    return host


@cache
def hosts() -> dict[str, Host]:
    """Return the facts of all hosts of the lab, read once."""
    return {name: _read(name) for name in lab.here().hosts}


class Cloud:
    """The lab's APIs, asked with plain HTTP."""

    def __init__(self) -> None:
        here = lab.here()
        self.nova = f"http://{here.controller}:8774/v2.1"
        self.neutron = f"http://{here.controller}:9696/v2.0"
        domain = {"id": "default"}
        user = {"name": "admin", "domain": domain, "password": here.password}
        identity = {"methods": ["password"], "password": {"user": user}}
        scope = {"project": {"name": "admin", "domain": domain}}
        answer = requests.post(
            f"http://{here.controller}:5000/v3/auth/tokens",
            json={"auth": {"identity": identity, "scope": scope}},
            timeout=30,
        )
        answer.raise_for_status()
        self._headers = {"X-Auth-Token": answer.headers["X-Subject-Token"]}

    def get(self, url: str) -> Any:  # noqa: ANN401 - JSON
        """Return the one collection or document in the body of an answer; None when it is not there (404)."""
        answer = requests.get(url, headers=self._headers, timeout=60)
        if answer.status_code == requests.codes.not_found:
            return None
        answer.raise_for_status()
        return next(iter(answer.json().values()))

    def delete(self, url: str) -> None:
        """Delete a resource."""
        requests.delete(url, headers=self._headers, timeout=60).raise_for_status()

    def servers(self) -> list[dict[str, Any]]:
        """Return the servers of all projects."""
        return list(self.get(f"{self.nova}/servers/detail?all_tenants=1"))

    def interfaces(self, server_id: str) -> list[dict[str, Any]]:
        """Return what Nova says of a server's interfaces."""
        return list(self.get(f"{self.nova}/servers/{server_id}/os-interface"))

    def ports(self) -> dict[str, dict[str, Any]]:
        """Return Neutron's ports by id."""
        return {port["id"]: port for port in self.get(f"{self.neutron}/ports")}

    def networks(self) -> dict[str, dict[str, Any]]:
        """Return Neutron's networks by id."""
        return {network["id"]: network for network in self.get(f"{self.neutron}/networks")}


@cache
def cloud() -> Cloud:
    """Return the one client of the lab's cloud."""
    return Cloud()


Way = set[tuple[str, str, str]]
"""Links as (type, source, target), ends named as ``end`` names them."""


def server_ways() -> dict[str, Way]:
    """Return, by id of every server that runs, each link on the ways of all its NICs."""
    found: dict[str, Way] = {}
    networks = cloud().networks()
    for server in cloud().servers():
        if server["status"] != "ACTIVE":
            continue
        way: Way = set()
        host = hosts()[server["OS-EXT-SRV-ATTR:host"]]
        for nic in cloud().interfaces(server["id"]):
            device = next(d for uuid, d, mac in host.domains if uuid == server["id"] and mac == nic["mac_addr"])
            assert device[3:] == nic["port_id"][:11]
            way.add(("instance-vnic", f"instance {server['id']}", f"vnic {device}"))
            way |= _from_device(host, f"vnic {device}", device, networks[nic["net_id"]])
        found[server["id"]] = way
    return found


def vservice_ways() -> dict[str, Way]:
    """Return, for every namespace of a router or DHCP server, each link on the ways of all its interfaces."""
    found: dict[str, Way] = {}
    networks = cloud().networks()
    ports = {id_[:11]: port for id_, port in cloud().ports().items()}
    for host in hosts().values():
        for namespace, device, mac, other in host.inside:
            port = ports[device[3:]]
            assert port["mac_address"] == mac
            way = found.setdefault(namespace, set())
            way.add(("vservice-vnic", f"vservice {namespace}", f"vnic {device}"))
            outside = next((n for n, (i, _, _) in host.devices.items() if str(i) == other), device)
            way |= _from_device(host, f"vnic {device}", outside, networks[port["network_id"]])
    return found


def _from_device(host: Host, vnic: str, device: str, network: Mapping[str, Any]) -> Way:
    bridge = host.devices[device][2] if device in host.devices else "-"
    if bridge == "-":
        assert host.ovs[device][0] == "br-int"
        return {("vnic-vedge", vnic, f"vedge {host.name}-OVS")} | _from_ovs(host, network)
    way: Way = {("vnic-vconnector", vnic, f"vconnector {host.name}-{bridge}")}
    if bridge.startswith("qbr"):
        (inner,) = host.members(bridge) - {device}
        outer = host.peer(inner)
        assert outer is not None
        assert host.ovs[outer][0] == "br-int"
        way.add(("vconnector-vedge", f"vconnector {host.name}-{bridge}", f"vedge {host.name}-OVS"))
        return way | _from_ovs(host, network)
    assert bridge == f"brq{network['id'][:11]}"
    way.add(("vconnector-vedge", f"vconnector {host.name}-{bridge}", f"vedge {host.name}-LXB"))
    for member in host.members(bridge):
        if member in host.vxlans:
            vni, local, below = host.vxlans[member]
            assert vni == str(network["provider:segmentation_id"])
            assert host.addresses[local] == below
            otep = f"otep {host.name}-otep-{member}"
            way.add(("otep-vconnector", otep, f"vconnector {host.name}-{bridge}"))
            way.add(("otep-host_pnic", otep, f"host_pnic {host.name} {below}"))
            way |= _from_pnic(host, below, network)
        elif re.fullmatch(r"eth[0-9]", member):
            way.add(("vconnector-host_pnic", f"vconnector {host.name}-{bridge}", f"host_pnic {host.name} {member}"))
            way |= _from_pnic(host, member, network)
    return way


def _from_ovs(host: Host, network: Mapping[str, Any]) -> Way:
    vedge = f"vedge {host.name}-OVS"
    way: Way = set()
    if network["provider:network_type"] == "vxlan":
        locals_ = {local for local, _ in host.tunnels.values()}
        assert len(locals_) == 1
        carrier = host.addresses[locals_.pop()]
        bridge = host.ovs[carrier][0]
        otep = f"otep {host.name}-otep-vxlan"
        way.add(("vedge-otep", vedge, otep))
    else:
        bridge = host.mappings[network["provider:physical_network"]]
        otep = None
    uplinks = [port for port, (own, _, kind) in host.ovs.items() if own == bridge and kind == ""]
    assert len(uplinks) == 1
    way.add(("vedge-host_pnic", vedge, f"host_pnic {host.name} {uplinks[0]}"))
    if otep is not None:
        way.add(("otep-host_pnic", otep, f"host_pnic {host.name} {uplinks[0]}"))
    return way | _from_pnic(host, uplinks[0], network)


def _from_pnic(host: Host, pnic: str, network: Mapping[str, Any]) -> Way:
    heard = host.neighbours[pnic]
    switch, port = heard["chassis.name"], heard["port.descr"]
    return {
        ("host_pnic-network", f"host_pnic {host.name} {pnic}", f"network {network['id']}"),
        ("host_pnic-switch_pnic", f"host_pnic {host.name} {pnic}", f"switch_pnic {switch} {port}"),
        ("switch-switch_pnic", f"switch {switch}", f"switch_pnic {switch} {port}"),
    }


def tunnels() -> set[tuple[str, str]]:
    """Return every tunnel as (endpoint, remote endpoint)."""
    found = set()
    for host in hosts().values():
        for _, remote in host.tunnels.values():
            other = next(one for one in hosts().values() if remote in one.addresses)
            found.add((f"otep {host.name}-otep-vxlan", f"otep {other.name}-otep-vxlan"))
        for device, remote in host.remotes:
            other = next(one for one in hosts().values() if remote in one.addresses)
            if device in other.vxlans:  # l2population floods to a host that has but a port bound, no server
                found.add((f"otep {host.name}-otep-{device}", f"otep {other.name}-otep-{device}"))
    return found
