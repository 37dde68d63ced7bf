# SPDX-License-Identifier: Apache-2.0
"""Mutants: each replaces one function of the product in memory by a wrong one. mutations.py tries them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from calipso_nornir.fetchers import bonding
from calipso_nornir.fetchers.api import census, instances, networks, ports
from calipso_nornir.fetchers.cli import instance_vnics, linux_bridges, lldp, oteps, router_states, vedges, vservices
from calipso_nornir.fetchers.floating import Distributed
from calipso_nornir.fetchers.ovn import floating_ips, load_balancers, routers
from calipso_nornir.fetchers.ovn import oteps as ovn_oteps
from calipso_nornir.fetchers.ovn import ports as ovn_ports
from calipso_nornir.fetchers.ovn import vedges as ovn_vedges
from calipso_nornir.link_finders import cabling, namespaces, plugs, vconnectors
from calipso_nornir.link_finders import floating_ips as floating_links
from calipso_nornir.link_finders import vedges as vedge_links
from calipso_nornir.link_finders.traffic import Traffic
from calipso_nornir.scan.graph import Graph
from calipso_nornir.wiring.devices import Devices
from calipso_nornir.wiring.host import BRIDGE, PNIC, HostWires
from calipso_nornir.wiring.host import OVS as SWITCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

COMPUTE, GATEWAY = "cmp1", "net1"
"""Hosts that every lab has; the routers' gateways are on the latter."""
ANY = ("ovs", "ovs-nativefw", "lxb", "ovn")
ROWS = ("ovs", "ovs-nativefw", "lxb")
"""Variants with chains of bridges, or bridges below the tunnels."""
OVS = ("ovs", "ovs-nativefw")
SWITCHED = (*OVS, "ovn")
OVN = ("ovn",)
DVR = ("ovs-dvr",)
BRIDGES = ("ovs", "lxb")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mutation of the product."""

    name: str
    where: object
    attribute: str
    broken: Callable[[Any], Any]
    """Turns the right function into the wrong one."""
    variants: Sequence[str] = ANY
    """The variants in which it makes a difference: for example, a lab without bridges does not show swapped bridges."""

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Apply the mutation within the block."""
        with patch.object(self.where, self.attribute, self.broken(getattr(self.where, self.attribute))):
            yield


def result(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a change of a function: its result is passed through ``change``."""
    return lambda right: lambda *args, **options: change(right(*args, **options))


def answered(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same for a generator that yields queries before it returns."""

    def broken(right: Any) -> Any:  # noqa: ANN401 - functions of any shape
        def asking(*args: Any) -> Any:  # noqa: ANN401
            return change((yield from right(*args)))

        return asking

    return broken


def swapped_members(found: Any) -> Any:  # noqa: ANN401
    """Give every bridge the members of the next one."""
    shifted = [*found[1:], *found[:1]]
    return [replace(one, interfaces=other.interfaces) for one, other in zip(found, shifted, strict=True)]


def neutrons_number(right: Any) -> Any:  # noqa: ANN401
    """Use Neutron's segmentation id as the key in tunnels."""

    def get(self: Any, parent: Any) -> Any:  # noqa: ANN401
        found = yield from right(self, parent)
        return [replace(one, attributes={"ovn_tunnel_key": parent["provider:segmentation_id"]}) for one in found]

    return get


def of_no_chassis(gateway: dict[str, Any]) -> dict[str, Any]:
    """Drop the chassis of a gateway."""
    return {**gateway, "chassis": None, "host": None}


def without_members(right: Any) -> Any:  # noqa: ANN401
    """Drop the members of a load balancer."""

    def service(name: str, group: Any, *args: Any) -> Any:  # noqa: ANN401
        return right(name, [replace(one, vips=dict.fromkeys(one.vips, ())) for one in group], *args)

    return service


def wrong_mac(attributes: dict[str, Any]) -> dict[str, Any]:
    """Use the MAC of the host's end of the tap as the server's."""
    return {**attributes, "mac_address": "fe" + attributes["mac_address"][2:]}


def network_by_cidr(right: Any) -> Any:  # noqa: ANN401
    """Give every interface of a service the first network of its CIDR, as the older system did."""
    seen: dict[str, str] = {}

    def vnic(*args: Any) -> dict[str, Any]:  # noqa: ANN401
        found: dict[str, Any] = right(*args)
        if found.get("cidr") and found.get("network"):
            found["network"] = seen.setdefault(found["cidr"], found["network"])
        return found

    return vnic


def without(host: str) -> Callable[[dict[Any, Any]], dict[Any, Any]]:
    """Exclude the physical interfaces of a host from matching."""
    return lambda found: {key: one for key, one in found.items() if key[0] != host}


def without_limits(hop: Any) -> Any:  # noqa: ANN401
    """Let every network pass a link."""
    return hop._replace(limits=(None,) * len(hop.limits))


def no_pnics(host: str, kind: str) -> Callable[[Any], Any]:
    """Drop the wires of a host that lead from joints of a kind to physical interfaces."""

    def change(found: Any) -> Any:  # noqa: ANN401
        for wires in found[host].wires.wires.values():
            wires[:] = [one for one in wires if (one.near.kind, one.far.kind) != (kind, PNIC)]
        return found

    return change


def first_exit(right: Any) -> Any:  # noqa: ANN401
    """Let tunnels leave by the first physical interface of their host."""

    def send(self: Any, otep: Any, networks: Any) -> None:  # noqa: ANN401
        right(self, otep, networks)
        ways = self.ways[otep.id]
        ways.pnics = {min(self.wires.pnics): rule for rule in ways.pnics.values()}

    return send


def sent_by_the_switch(right: Any) -> Any:  # noqa: ANN401
    """Let tunnelled networks leave the switch by the interface below the tunnels, too."""

    def send(self: Any, otep: Any, networks: Any) -> None:  # noqa: ANN401
        right(self, otep, networks)
        for wire in self.wires:
            if wire.far.name in self.ways[otep.id].pnics and wire.near.kind == SWITCH:
                self.passed[wire].update(networks)

    return send


def one_hop(right: Any) -> Any:  # noqa: ANN401
    """Follow frames over one wire only, not over a chain of wires."""

    def flood(self: Any, start: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        return (one for one in right(self, start, *args, **options) if one[0].near == start)

    return flood


def no_bridges(right: Any) -> Any:  # noqa: ANN401
    """Drop the Linux bridges by which tunnels leave."""

    def send(self: Any, otep: Any, networks: Any) -> None:  # noqa: ANN401
        right(self, otep, networks)
        self.ways[otep.id].bridges.clear()

    return send


def all_networks(found: Any) -> Any:  # noqa: ANN401
    """Let every network of a host leave by every bridge (the older system's defect D-56)."""
    for traffic in found.values():
        everything = set().union(*traffic.passed.values())
        traffic.passed.update({wire: everything for wire in traffic.wires if wire.far.kind == PNIC})
    return found


def by_source_bridge(_: Any) -> Any:  # noqa: ANN401
    """Use libvirt's configuration to decide where an interface is plugged in, instead of the kernel."""

    def find(self: Any, view: Any) -> Any:  # noqa: ANN401
        bridges = {(one["host"], one["bridge_name"]): one for one in view.of_type("vconnector")}
        for vnic in view.of_type("vnic"):
            bridge = bridges.get((vnic["host"], vnic.get("source_bridge")))
            if bridge is not None:
                yield self._link(vnic, bridge, {}, "libvirt says so", vnic.get("network"))

    return find


def crossed_cables(told: Any) -> Any:  # noqa: ANN401
    """Swap the LLDP neighbours of eth1 and eth2."""
    query, neighbours = told
    other = {"eth1": "eth2", "eth2": "eth1"}
    return query, [replace(one, interface=other.get(one.interface, one.interface)) for one in neighbours]


def one_a_name(grouped: Any) -> Any:  # noqa: ANN401
    """Keep only one server of each name."""
    kept = {row["name"]: row["id"] for rows in grouped.values() for row in rows}
    return {host: [row for row in rows if kept[row["name"]] == row["id"]] for host, rows in grouped.items()}


def named_ones(rows: list[Any]) -> list[Any]:
    """Keep only rows with a name."""
    return [row for row in rows if row.name != row.id]


def bound_ones(rows: list[Any]) -> list[Any]:
    """Keep only ports that are bound to a host."""
    return [row for row in rows if row.attributes["binding_host_id"]]


MUTANTS = (
    Mutant("bridges have each other's members", Devices, "bridges", result(swapped_members), BRIDGES),
    Mutant("a bridge's network is not known", linux_bridges, "_network", lambda _: lambda *_: {}, BRIDGES),
    Mutant("libvirt's configured bridge is used", vconnectors.VnicVconnectors, "find", by_source_bridge, BRIDGES),
    Mutant("bridges are not wired to the switch", vedge_links, "_bridges", lambda _: lambda *_: iter(()), ("ovs",)),
    Mutant("no agent runs the bridges", vedge_links, "_run_by_agent", lambda _: lambda *_: iter(()), ("lxb",)),
    Mutant("a tunnel is dropped", vedges, "_tunnels", result(lambda found: found[1:]), SWITCHED),
    Mutant("a remote endpoint is dropped", oteps, "remotes_of", result(lambda found: found[1:]), ("lxb",)),
    Mutant("tunnels leave by the first interface", Traffic, "send", first_exit),
    Mutant("tunnelled networks leave by the switch, too", Traffic, "send", sent_by_the_switch, SWITCHED),
    Mutant("a bridge below the tunnels is forgotten", Traffic, "send", no_bridges, ROWS),
    Mutant("frames are followed over one wire", HostWires, "flood", one_hop, ROWS),
    Mutant("a cut-off port has its link up", plugs, "cut_off", lambda _: lambda _: False, ("ovs-nativefw",)),
    Mutant("a bridge with a cut-off port is wired", vedge_links, "cut_off", lambda _: lambda _: False, ("ovs",)),
    Mutant("veth pairs are not followed", Devices, "stack", result(lambda found: found[:1]), BRIDGES),
    Mutant("the VLAN tag is ignored", vedges, "_port", result(lambda port: port | {"tag": None}), OVS),
    Mutant("every network uses every way out", vedge_links, "traffic_of_hosts", result(all_networks), SWITCHED),
    Mutant("cliques ignore the network", Graph, "hop", result(without_limits)),
    Mutant("the MAC is the tap's", instance_vnics, "_attributes", result(wrong_mac)),
    Mutant("a server that is off has its links up", instance_vnics, "OF_THE_KERNEL", lambda _: frozenset()),
    Mutant("a service's network is found by CIDR", vservices, "_vnic", network_by_cidr),
    Mutant(
        "a host is left out: switch to interface",
        vedge_links,
        "traffic_of_hosts",
        result(no_pnics(COMPUTE, SWITCH)),
        SWITCHED,
    ),
    Mutant(
        "a host is left out: bridge to interface",
        vconnectors,
        "traffic_of_hosts",
        result(no_pnics(GATEWAY, BRIDGE)),
        ("lxb",),
    ),
    Mutant("a host is left out: interface to switch port", cabling, "pnics_by_device", result(without(COMPUTE))),
    Mutant("two cables are crossed", lldp, "_heard", answered(crossed_cables)),
    Mutant("servers with the same name are merged", instances, "_by_host", result(one_a_name)),
    Mutant("networks without a name are left out", networks.Networks, "get", answered(named_ones)),
    Mutant("ports that are not bound are left out", ports.Ports, "get", answered(bound_ones)),
    Mutant("Neutron's segmentation id is the tunnel key", ovn_ports.OvnNetworks, "get", neutrons_number, OVN),
    Mutant("a port's security groups are ignored", ovn_ports, "_protected", lambda _: lambda *_: None, OVN),
    Mutant("a gateway is on no chassis", routers, "_gateway", result(of_no_chassis), OVN),
    Mutant("no network leaves by a gateway's chassis", ovn_vedges, "_gateways", lambda _: lambda *_: [], OVN),
    Mutant("floating IPs have no exit", floating_ips, "_exit", result(lambda _: None), OVN),
    Mutant("links of floating IPs have no network", floating_links, "network_of", result(lambda _: []), OVN),
    Mutant("load balancers have no members", load_balancers, "_service", without_members, OVN),
    Mutant("OVN's metadata has no port", vservices, "OVN_METADATA", lambda _: "ovn-", OVN),
    Mutant("registered endpoints are unknown", ovn_oteps, "_endpoints", lambda _: lambda *_: iter(()), OVN),
    Mutant("a standby router is active", router_states, "_has", lambda _: lambda *_: True, DVR),
    Mutant("wires between namespaces are missing", namespaces, "wires", lambda _: lambda _: iter(()), DVR),
    Mutant("floating IPs are served by the router's host", Distributed, "_place", lambda _: lambda *_: None, DVR),
    Mutant("all members of a bond carry frames", bonding, "_in_ovs", lambda _: lambda *_: bonding.ACTIVE, DVR),
    Mutant("hosts without Nova are left out", census, "mentions", lambda right: lambda *rows: right(*rows[:3], ())),
)
