# SPDX-License-Identifier: Apache-2.0
"""The facts of one host, as facts.sh prints them, and the connections within it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.oracle.place import inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FACTS = Path(__file__).with_name("facts.sh")
DEAD_VLAN = "4095"
"""The agent's tag for ports that are cut off (neutron/plugins/ml2/drivers/openvswitch/agent: DEAD_VLAN_TAG)."""
INTEGRATION_BRIDGE = "br-int"
ETHERNET = "1"
"""ARPHRD_ETHER of linux/if_arp.h."""
IFF_UP = 1
"""Of linux/if.h."""


@dataclass(frozen=True, slots=True)
class Device:
    """A network device; ``namespace`` is "" for the host's own."""

    namespace: str
    name: str
    index: str
    link: str
    master: str
    bridge: bool
    mac: str
    ethernet: bool
    up: bool
    """Whether it is switched on and not known to be without carrier."""


@dataclass(frozen=True, slots=True)
class Port:
    """A port of Open vSwitch, as configured."""

    name: str
    bridge: str
    type: str
    tag: str
    iface_id: str
    peer: str
    local: str
    remote: str
    installed: bool
    """Whether OVN has installed its flows (``ovn-installed``)."""


@dataclass(frozen=True, slots=True)
class Vxlan:
    """A VXLAN device of the kernel."""

    name: str
    vni: str
    local: str
    below: str


@dataclass(frozen=True, slots=True)
class Nic:
    """An interface of a libvirt domain; its device may be missing."""

    domain: str
    device: str
    mac: str


@dataclass(frozen=True, slots=True)
class Bond:
    """A bond of Open vSwitch."""

    name: str
    mode: str
    members: Mapping[str, bool]
    """Interface -> whether it carries frames."""


@dataclass(frozen=True, slots=True)
class Host:
    """The facts of one host."""

    name: str
    devices: Mapping[tuple[str, str], Device]
    """By namespace and name."""
    addresses: Mapping[tuple[str, str], tuple[str, ...]]
    """By namespace and name: addresses with their prefix lengths."""
    namespaces: tuple[str, ...]
    veths: Mapping[str, tuple[str, str]]
    """Veth -> the other end's name, or "if" and index, and its namespace ("" here, "?" unknown)."""
    vxlans: Mapping[str, Vxlan]
    remotes: frozenset[tuple[str, str]]
    """VXLAN device, remote endpoint."""
    domains: Mapping[str, str]
    """UUID -> state."""
    nics: tuple[Nic, ...]
    has_ovs: bool
    ports: Mapping[str, Port]
    settings: Mapping[tuple[str, str], str]
    """("openvswitch", "local_ip") -> value."""
    heard: Mapping[str, Mapping[str, str]]
    """Device -> its LLDP neighbour: "chassis.name", "port.descr"."""
    chassis: Mapping[str, str] = field(default_factory=dict)
    bonds: tuple[Bond, ...] = ()
    floating: frozenset[tuple[str, str]] = frozenset()
    """Pairs of a namespace and a floating IP that it translates or, outside of routers, passes on."""

    def device(self, name: str) -> Device | None:
        """Return a device of the host's own namespace."""
        return self.devices.get(("", name))

    def bridges(self) -> list[str]:
        """Return the Linux bridges."""
        return sorted(one.name for one in self.devices.values() if one.bridge and not one.namespace)

    def members(self, bridge: str) -> list[str]:
        """Return the members of a Linux bridge."""
        return sorted(one.name for one in self.devices.values() if one.master == bridge and not one.namespace)

    def bridge_of(self, name: str) -> str | None:
        """Return the Linux bridge of which a device is a member."""
        device = self.device(name)
        master = self.device(device.master) if device and device.master else None
        return master.name if master and master.bridge else None

    def peer(self, name: str) -> str | None:
        """Return the other end of a veth, if it is in the host's own namespace."""
        other, namespace = self.veths.get(name, ("", "?"))
        return other if not namespace else None

    def outside(self, inner: Device) -> str | None:
        """Return the end in the host's own namespace of a veth whose other end is in a namespace of this host."""
        for name, (other, namespace) in self.veths.items():
            if namespace == inner.namespace and other == f"if{inner.index}":
                return name
        return None

    def wire(self, inner: Device) -> Device | None:
        """Return the other end of the veth pair between a router's namespace ("rfp-") and the one outside ("fpr-")."""
        prefix, of = inner.name[:4], inner.name[4:]
        called = {"rfp-": f"fpr-{of}", "fpr-": f"rfp-{of}"}.get(prefix)
        ends = [one for one in self.devices.values() if one.name == called and one.namespace]
        found = [one for one in ends if (one.link, one.index) == (inner.index, inner.link)]
        return found[0] if len(found) == 1 else None

    def has_master_address(self, namespace: str) -> bool | None:
        """Return whether keepalived has set its address in a namespace, as only the master's does; None without it.

        Neutron gives it one of 169.254.0.0/24, by the number of the virtual router (neutron/agent/linux/keepalived.py).
        """
        devices = [name for space, name in self.devices if space == namespace and name.startswith("ha-")]
        own = [cidr for name in devices for cidr in self.addresses.get((namespace, name), ())]
        return any(cidr.startswith("169.254.0.") for cidr in own) if devices else None

    def cables(self) -> list[str]:
        """Return the devices that lead out of the host: veths whose other end is in none of its namespaces."""
        return sorted(name for name, (_, namespace) in self.veths.items() if namespace == "?")

    def ips(self, name: str) -> list[str]:
        """Return a device's addresses without prefix lengths."""
        return [cidr.partition("/")[0] for cidr in self.addresses.get(("", name), ())]

    def holder(self, ip: str) -> str | None:
        """Return the device that has an address."""
        return next((name for (space, name) in self.addresses if not space and ip in self.ips(name)), None)

    def setting(self, agent: str, name: str) -> str:
        """Return a setting of an agent, "" if it has none."""
        return self.settings.get((agent, name), "")

    def mappings(self, *, ovn: bool) -> dict[str, str]:
        """Return physical network -> bridge of Open vSwitch."""
        told = self.setting("ovs", "ovn-bridge-mappings") if ovn else self.setting("openvswitch", "bridge_mappings")
        return dict(one.split(":") for one in told.split(",") if one)

    def patched(self) -> set[str]:
        """Return the bridges of Open vSwitch with a patch to the integration bridge that both ends confirm."""
        ports = self.ports
        return {
            port.bridge
            for port in ports.values()
            if port.type == "patch"
            and (there := ports.get(port.peer)) is not None
            and there.bridge == INTEGRATION_BRIDGE
            and there.peer == port.name
        }


def read_host(name: str) -> Host:
    """Ask a host; RuntimeError if it does not answer."""
    return parse(name, inside(name, FACTS.read_text("utf-8")))


def parse(name: str, text: str) -> Host:
    """Make a host from the output of facts.sh."""
    rows: dict[str, list[list[str]]] = {}
    for line in text.splitlines():
        kind, *words = line.split("\t")
        rows.setdefault(kind, []).append(words)
    devices = [
        Device(
            *(space, device, index, link, master, bool(bridge), mac),
            ethernet=kind == ETHERNET,
            up=state in ("up", "unknown") and bool(int(flags, 16) & IFF_UP),
        )
        for space, device, index, link, master, bridge, mac, kind, state, flags in rows.get("device", [])
    ]
    addresses: dict[tuple[str, str], tuple[str, ...]] = {}
    for space, device, _, cidr in rows.get("address", []):
        addresses[space, device] = (*addresses.get((space, device), ()), cidr)
    heard: dict[str, dict[str, str]] = {}
    for device, key, value in rows.get("heard", []):
        heard.setdefault(device, {})[key] = value
    namespaces = {number: known for number, known in rows.get("nsid", [])}  # noqa: C416 - rows are lists
    return Host(
        name=name,
        devices={(one.namespace, one.name): one for one in devices},
        addresses=addresses,
        namespaces=tuple(row[0] for row in rows.get("namespace", [])),
        veths={
            veth: (other, (known or namespaces.get(number, "?")) if number or known else "")
            for veth, other, number, known in rows.get("veth", [])
        },
        vxlans={row[0]: Vxlan(*row) for row in rows.get("vxlan", [])},
        remotes=frozenset((device, ip) for device, ip in rows.get("remote", [])),
        domains={domain: state for domain, state in rows.get("domain", [])},  # noqa: C416 - as above
        nics=tuple(Nic(*row) for row in rows.get("nic", [])),
        has_ovs="ovs" in rows,
        ports={port.name: port for port in map(_port, rows.get("port", []))},
        settings={(agent, key): value for agent, key, value in rows.get("setting", [])},
        heard=heard,
        chassis={key: value for key, value in rows.get("chassis", [])},  # noqa: C416 - as above
        bonds=tuple(_bonds(rows.get("bond", []))),
        floating=frozenset((namespace, ip) for namespace, ip in rows.get("floating", [])),
    )


def _bonds(rows: list[list[str]]) -> Iterator[Bond]:
    for name in dict.fromkeys(row[0] for row in rows):
        mode, current, members = "", "", dict[str, bool]()
        for key, *words in (row[1:] for row in rows if row[0] == name):
            if key == "mode":
                mode = words[0]
            elif key == "member":
                current = words[0]
                members[current] = words[1] == "enabled" and mode != "active-backup"
            else:
                members[current] |= mode == "active-backup"
        yield Bond(name, mode, members)


def _port(row: list[str]) -> Port:
    name, bridge, kind, tag, iface_id, peer, local, remote, installed = row
    return Port(name, bridge, kind, "" if tag == "[]" else tag, iface_id, peer, local, remote, installed == "true")
