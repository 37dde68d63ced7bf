# SPDX-License-Identifier: Apache-2.0
"""The ways into an OVN cloud from outside, from its tables: floating IPs and load balancers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab.oracle.model import Chain, End, Link, Thing
from tests.lab.oracle.ovn_services import GATEWAY, NEUTRON, leave, router

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.oracle.api import Row
    from tests.lab.oracle.model import Value
    from tests.lab.oracle.ovn import Tables
    from tests.lab.oracle.wiring import Site


def floating_ip(id_: str) -> End:
    """Name a floating IP."""
    return End("floating_ip", "", id_)


def things(site: Site, tables: Tables) -> Iterator[Thing]:
    """Yield floating IPs, and load balancers by name."""
    for id_, row in site.cloud.floatingips.items():
        facts: dict[str, Value] = {
            "address": row["floating_ip_address"],
            "inside": row["fixed_ip_address"],
            "port": row["port_id"],
            "distributed": _is_distributed(tables, id_),
            "leaves": exit_of(site, tables, row),
        }
        yield Thing(floating_ip(id_), facts)
    for name in {row["name"] for row in tables.balancers}:
        yield _balancer(name, [row for row in tables.balancers if row["name"] == name])


def _balancer(name: str, rows: list[Row]) -> Thing:
    about = rows[0]["external_ids"]
    vips = [(vip, row["protocol"], members) for row in rows for vip, members in row["vips"].items()]
    served = (part.removeprefix(f'"{NEUTRON}') for part in about["ls_refs"].strip("{}").split(","))
    return Thing(
        End("vservice", "", name),
        {
            "label": f"load_balancer-{about['neutron:vip']}",
            "networks": tuple(sorted(part.partition('"')[0] for part in served)),
            "vips": tuple(sorted(vips)),
        },
    )


def _is_distributed(tables: Tables, id_: str) -> bool | None:
    row = tables.nat.get(id_)
    return bool(row["logical_port"] and row["external_mac"]) if row is not None else None


def exit_of(site: Site, tables: Tables, row: Row) -> str:
    """Return the host by which the packets of a floating IP leave: that of its port, or of its router's gateway."""
    distributed = _is_distributed(tables, row["id"])
    if distributed is None:
        return ""
    ports = (one for one in site.cloud.ports.values() if one["device_id"] == row["router_id"])
    gateways = [one["id"] for one in ports if one["device_owner"] == GATEWAY]
    port = tables.nat[row["id"]]["logical_port"] if distributed else f"cr-lrp-{gateways[0]}"
    return tables.host_of(tables.bindings.get(port, {"chassis": ""})) or ""


def chains(site: Site, tables: Tables, known: Mapping[End, Thing]) -> Iterator[Chain]:
    """Yield the chain of every floating IP that leads to a port: inwards to the server, outwards to the switch."""
    vnics = {one.facts["port"]: end for end, one in known.items() if end.type == "vnic"}
    owners = {one.facts["port"]: one.facts["owner"] for end, one in known.items() if end.type == "vnic"}
    for id_, row in site.cloud.floatingips.items():
        if not row["router_id"]:
            continue
        here, port = floating_ip(id_), row["port_id"]
        links = [Link(here, router(row["router_id"]))]
        if port in vnics:
            links += [Link(here, vnics[port]), Link(End("instance", "", str(owners[port])), vnics[port])]
        host = site.hosts.get(exit_of(site, tables, row))
        vedge = site.vedge(host) if host is not None else None
        stops = "it is on no chassis"
        if host is not None and vedge is not None:
            links.append(Link(here, vedge))
            way, stops = leave(site, host, vedge, row["floating_network_id"])
            links += way
        yield Chain(here, here, tuple(links), stops)
