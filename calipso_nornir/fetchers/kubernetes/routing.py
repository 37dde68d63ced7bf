# SPDX-License-Identifier: Apache-2.0
"""Reads a node's routes: which devices lead to its own pods, and by which way packets leave for pods elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from calipso_nornir.model.queries import Command
from calipso_nornir.parsing.common_values import canonical_ip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calipso_nornir.parsing.rows import Route
    from calipso_nornir.wiring.devices import Devices

TUNNELS = {"vxlan": "vxlan", "ipip": "ipip"}
"""Kind of device (ip-link(8)) -> type of overlay."""
BIRD = "bird"
"""Calico's routes to other nodes are made by its BIRD (rt_protos)."""


def routes(host: str) -> Command:
    """Ask for the main table of IPv4."""
    return Command(host, "ip -j route", "ip_route_json")


@dataclass(frozen=True, slots=True)
class Routing:
    """The routes of a node, sorted by their meaning for pods.

    Attributes:
        workloads: address of a pod -> device towards it: a veth whose other end is in another namespace.
        bridges: Linux bridges with a route to a network, each with that network.
        remote: routes to pods of other nodes: destination, via, device, encapsulation (None without a tunnel).
    """

    workloads: dict[str, str]
    bridges: dict[str, str]
    remote: list[dict[str, Any]]

    @classmethod
    def of(cls, found: Iterable[Route], devices: Devices, *, pod_networks: Iterable[str]) -> Routing:
        """Read routes; ``pod_networks``: those of other nodes. A route of BIRD belongs to Calico even without them."""
        others = {network for one in pod_networks if (network := _network(one)) is not None}
        workloads: dict[str, str] = {}
        bridges: dict[str, str] = {}
        remote: list[dict[str, Any]] = []
        for route in found:
            device = devices.get(route.device)
            network = _network(route.destination)
            if device is None or network is None or route.kind != "unicast":
                continue
            if route.via is None:
                if device.kind == "veth" and device.peer_index is not None and network.num_addresses == 1:
                    workloads[str(network.network_address)] = device.name
                elif device.kind == "bridge":
                    bridges[device.name] = str(network)
            if route.via is not None and (network in others or route.protocol == BIRD or device.kind in TUNNELS):
                remote.append(
                    {
                        "destination": str(network),
                        "via": canonical_ip(route.via),
                        "device": device.name,
                        "encapsulation": TUNNELS.get(device.kind or ""),
                    }
                )
        return cls(workloads, bridges, sorted(remote, key=lambda one: (one["destination"], one["via"])))

    def tunnels(self) -> Iterator[str]:
        """Yield the devices of tunnels that routes lead into, each once."""
        yield from dict.fromkeys(one["device"] for one in self.remote if one["encapsulation"])


def _network(text: str) -> Any:  # noqa: ANN401 - an IPv4Network or IPv6Network, which have no common public type
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None  # "default"
