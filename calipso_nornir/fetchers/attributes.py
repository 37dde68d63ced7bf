# SPDX-License-Identifier: Apache-2.0
"""Turns answers into attributes, without volatile values and without names that documents reserve for themselves."""

from __future__ import annotations

from ipaddress import ip_interface
from typing import TYPE_CHECKING, Any

from calipso_nornir.model.naming import in_one_style
from calipso_nornir.model.objects import RESERVED
from calipso_nornir.parsing.common_values import canonical_ip

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.parsing.rows import Address

TAP_SUFFIX_LENGTH = 11
"""Neutron and Nova name a device "tap", "qvo", "qr-" … plus this many characters of the port's id (IFNAMSIZ leaves 15).
"""

BRQ = "brq"
"""The Linux bridge agent names its bridges "brq" plus the beginning of the network's id."""

_COUNTERS = frozenset(
    {"devices", "networks", "ports", "subnets", "routers", "floating_ips", "interfaces", "ex_gw_ports"}
)


def kept(row: Mapping[str, Any], *, drop: Iterable[str] = ()) -> dict[str, Any]:
    """Return a row without documents' reserved names and those in ``drop``, with all names in snake_case."""
    left_out = RESERVED | {"links", *drop}
    return dict(in_one_style({key: value for key, value in row.items() if key not in left_out}, reserved=RESERVED))


def configuration(agent: Mapping[str, Any]) -> dict[str, Any]:
    """Return an agent's configurations without the counters that it reports along with them."""
    return {key: value for key, value in (agent.get("configurations") or {}).items() if key not in _COUNTERS}


def tap_suffix(device: str) -> str:
    """Return the part of a device's name that is the beginning of a port's id; "" if there is none."""
    suffix = device[3 : 3 + TAP_SUFFIX_LENGTH]
    return suffix if len(suffix) == TAP_SUFFIX_LENGTH and suffix[8] == "-" else ""


def address_attributes(addresses: Iterable[Address], *, prefer: Iterable[str] = ()) -> dict[str, Any]:
    """Return ``addresses`` (CIDR strings) and the attributes of the first global IPv4 and IPv6 address.

    ``prefer``: addresses that Neutron has assigned; if present, one of these is used instead of the first.
    """
    rows = list(addresses)
    wanted = set(map(canonical_ip, prefer))
    attributes: dict[str, Any] = {"addresses": [row.cidr for row in rows]}
    usable = [row for row in rows if row.scope == "global"]
    usable.sort(key=lambda row: canonical_ip(row.ip) not in wanted)
    v4 = next((row for row in usable if row.family == "inet"), None)
    v6 = next((row for row in usable if row.family == "inet6"), None)
    if v4 is not None:
        interface = ip_interface(v4.cidr)
        attributes |= {"ip_address": v4.ip, "netmask": str(interface.netmask), "cidr": str(interface.network)}
    if v6 is not None:
        attributes["ipv6_address"] = v6.cidr
    return attributes
