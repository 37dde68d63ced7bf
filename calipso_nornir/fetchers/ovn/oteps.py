# SPDX-License-Identifier: Apache-2.0
"""Tunnel endpoints of a chassis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.cli.oteps import carrier, udp_port
from calipso_nornir.fetchers.ovn.databases import SOUTHBOUND, southbound_or_blank
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.wiring.devices import Devices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.parsing.ovn_southbound import Southbound


class OvnOteps:
    """Tunnel endpoints of one chassis: one for each type and address.

    Source: Southbound's Encap, if it can be read and has the chassis, else the host's configuration; the vEdge's tunnel
    ports; ``ip -d address``.
    Attributes: as for any Open vSwitch (``OvsOteps``), and ``chassis``, ``transport_zones``, ``registered`` (whether
    Southbound has it; only if Southbound was read).
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask which device has each address, and Southbound what other chassis see of this one."""
        address, interfaces = yield from questions.interfaces(parent["host"])
        answers = yield [SOUTHBOUND]
        known = southbound_or_blank(answers)
        devices = Devices(interfaces)
        return [
            Fetched(
                id=ids.otep(parent["host"], endpoint),
                name=f"{parent['host']}-otep-{endpoint}",
                attributes={
                    "host": parent["host"],
                    "overlay_type": type_,
                    "ip_address": ip,
                    "chassis": parent["chassis"],
                    "transport_zones": _zones(parent, known),
                    "udp_port": udp_port(tunnels, type_),
                    "ports": tunnels,
                    **({"registered": _is_registered(parent, known)} if known is not None else {}),
                    **carrier(parent["host"], ip, devices),
                },
                sources=(SOUTHBOUND, address),
            )
            for endpoint, type_, ip in _endpoints(parent, known)
            for tunnels in [_tunnels(parent, type_, ip, first=endpoint == type_)]
        ]


def _endpoints(vedge: InventoryObject, known: Southbound | None) -> Iterator[tuple[str, str, str]]:
    """Yield name, type and address of each endpoint; the default endpoint of a type is named by its type."""
    configured = [(one["type"], one["ip"]) for one in vedge.get("encaps") or ()]
    chassis = known.chassis.get(vedge["chassis"]) if known is not None else None
    rows = list(chassis.encaps) if chassis is not None else configured
    rows.sort(key=lambda row: configured.index(row) if row in configured else len(configured))
    seen: set[str] = set()
    for type_, ip in rows:
        yield f"{type_}-{ip}" if type_ in seen else type_, type_, ip
        seen.add(type_)


def _is_registered(vedge: InventoryObject, known: Southbound) -> bool:
    return vedge["chassis"] in known.chassis


def _zones(vedge: InventoryObject, known: Southbound | None) -> list[str]:
    chassis = known.chassis.get(vedge["chassis"]) if known is not None else None
    return list(chassis.transport_zones) if chassis is not None else list(vedge.get("transport_zones") or ())


def _tunnels(vedge: InventoryObject, type_: str, ip: str, *, first: bool) -> list[dict[str, Any]]:
    """Return the tunnels that begin at an endpoint; a tunnel without a local address begins at the default one."""
    return [
        one
        for one in vedge.get("tunnel_ports") or ()
        if one["overlay_type"] == type_ and (one["local_ip"] == ip or (first and one["local_ip"] is None))
    ]
