# SPDX-License-Identifier: Apache-2.0
"""Links of physical interfaces: bonds and members, networks carried."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from calipso_nornir.link_finders.making import (
    by_host,
    carries,
    in_words,
    link_detected,
    make,
    on_hosts,
)
from calipso_nornir.link_finders.traffic import noted_segments, segment_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.protocols import View
    from calipso_nornir.model.refs import ObjectRef


class Bonds:
    """One ``host_pnic-host_pnic`` link from a bond to each of its members; ``role`` says whether it carries frames."""

    link_types = ("host_pnic-host_pnic",)
    reads = ("host_pnic",)
    scope = "host"

    def find(self, view: View) -> Iterator[Link]:
        """Match by the bond that a member names as its master."""
        bonds = {one.id: one for one in view.of_type("host_pnic") if one.get("ether_channel")}
        for member in view.of_type("host_pnic"):
            bond = bonds.get(member.get("ether_channel_master") or "")
            if bond is not None:
                roles = {row["name"]: row.get("role") for row in bond.get("members") or ()}
                role = roles.get(member.get("local_name"))
                yield make(
                    bond,
                    member,
                    rule=f"{member.name} is a member of {bond.name}{in_words(role)}",
                    name=f"{bond.name}-{member.name}",
                    up=link_detected(member) and carries(role),
                    attributes={"role": role} if role else None,
                )


class CarriedNetworks:
    """One ``host_pnic-network`` link per physical interface and network that it carries.

    An interface carries a network if a tunnel endpoint, a bridge, or a mapped Open vSwitch bridge of that network leads
    to it; to be on the same host is not enough.
    """

    link_types = ("host_pnic-network",)
    reads = (
        "host_pnic",
        "network",
        "vedge",
        "otep-host_pnic",
        "vedge-host_pnic",
        "vconnector-host_pnic",
        "vnic-host_pnic",
    )
    scope = "host"

    def find(self, view: View) -> Iterator[Link]:
        """Follow the links that serve networks to physical interfaces."""
        ways: defaultdict[tuple[ObjectRef, str], set[str]] = defaultdict(set)
        for link_type in ("otep-host_pnic", "vedge-host_pnic", "vconnector-host_pnic", "vnic-host_pnic"):
            for link in view.links(link_type):
                served = link.attributes.get("network") or ()
                for network in [served] if isinstance(served, str) else served:
                    ways[link.target, network].add(str(link.source))
        vedges = by_host(on_hosts(view, "vedge"))
        noted = {host: noted_segments(there) for host, there in vedges.items()}
        for (ref, network_id), sources in sorted(ways.items(), key=_by_ids):
            pnic = view.get(ref)
            network = view.get(pnic.sibling("network", network_id)) if pnic is not None else None
            if pnic is not None and network is not None:
                yield make(
                    pnic,
                    network,
                    rule=f"{network.name} leaves {pnic['host']} by {pnic.name}, from {', '.join(sorted(sources))}",
                    name=segment_name(network, vedges.get(pnic["host"], ()), noted.get(pnic["host"], {})),
                    up=link_detected(pnic),
                    network=network.id,
                )


def _by_ids(way: tuple[tuple[ObjectRef, str], set[str]]) -> tuple[str, str]:
    (pnic, network_id), _ = way
    return pnic.id, network_id
