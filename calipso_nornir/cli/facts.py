# SPDX-License-Identifier: Apache-2.0
"""The most important facts about an object, in a few words; problems are highlighted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.model.segments import segments_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from calipso_nornir.cli.output import Part
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.store.freshness import Freshness

WRONG = "bold red"
UNCONFIRMED = "yellow"


_SHOWN_ANYWAY = frozenset({"object_name", "host", "status", "status_timestamp", "status_text"})


def facts(one: InventoryObject) -> list[Part]:
    """Return the facts of an object, each in a few words, the most important first."""
    return [fact for fact in _BY_TYPE.get(one.type, _status)(one) if fact and fact[0]]


def declared_facts(one: InventoryObject, names: Iterable[str]) -> list[Part]:
    """Return the attributes with these names, for an object of a type that has no facts here: one of a plug-in."""
    if one.type in _BY_TYPE:
        return []
    return [f"{name} {text}" for name in names if name not in _SHOWN_ANYWAY and (text := _in_a_word(one.get(name)))]


def _in_a_word(value: Any) -> str:  # noqa: ANN401 - attributes are JSON of any shape
    values = value if isinstance(value, (list, tuple)) else [value]
    if not all(isinstance(each, (str, int, float)) for each in values):
        return ""
    return " ".join(str(each).lower() if isinstance(each, bool) else str(each) for each in values)


def doubts(one: InventoryObject | Link, fresh: Freshness) -> Iterator[Part]:
    """Yield a warning if the last full scan could not confirm the object."""
    since = fresh.unconfirmed_since(one)
    if since is not None:
        yield f"? not confirmed since {since.isoformat(sep=' ', timespec='seconds')}", UNCONFIRMED


def _status(one: InventoryObject) -> Iterator[Part]:
    status = one.get("status")
    if isinstance(status, str):
        yield status if status in ("ACTIVE", "UP") else (status, WRONG)


def _instance(one: InventoryObject) -> Iterator[Part]:
    yield from _status(one)
    for vnic in _rows(one, "network_info"):
        yield from (str(ip.get("address") or "") for ip in _list(vnic.get("ips")) if isinstance(ip, dict))


def _vnic(one: InventoryObject) -> Iterator[Part]:
    yield str(one.get("mac_address") or "")
    yield from (
        address for address in _list(one.get("addresses")) if not str(address).startswith(("fe80:", "169.254."))
    )
    yield from (f"floating {address}" for address in _list(one.get("floating_ips")))
    yield from _down(one)


def _vconnector(one: InventoryObject) -> Iterator[Part]:
    yield f"{len(_list(one.get('interfaces')))} interfaces"
    yield from _down(one)


def _vedge(one: InventoryObject) -> Iterator[Part]:
    yield str(one.get("vedge_type") or "")
    yield from _agent(one)


def _agent(one: InventoryObject) -> Iterator[Part]:
    if one.get("alive") is False:
        yield "agent not alive", WRONG
    if one.get("admin_state_up") is False:
        yield "admin down", WRONG


def _otep(one: InventoryObject) -> Iterator[Part]:
    port = f":{one['udp_port']}" if one.get("udp_port") else ""
    yield str(one.get("overlay_type") or "")
    yield f"{one.get('ip_address') or 'no address'}{port}"
    yield f"VNI {one['vni']}" if one.get("vni") else ""


def _host_pnic(one: InventoryObject) -> Iterator[Part]:
    yield str(one.get("mac_address") or "")
    speed = str(one.get("speed") or "")
    yield speed if speed[:1].isdigit() else ""
    yield f"bond of {len(_list(one.get('members')))}" if one.get("ether_channel") and one.get("members") else ""
    yield from _down(one)
    if one.get("link_detected") == "no":
        yield "no link", WRONG


def _switch_pnic(one: InventoryObject) -> Iterator[Part]:
    for key in ("port_id", "description"):
        value = str(one.get(key) or "")
        yield value if value != one.name else ""
    vlans = [str(vlan.get("id", vlan) if isinstance(vlan, dict) else vlan) for vlan in _list(one.get("vlans"))]
    yield f"VLAN {', '.join(vlans)}" if vlans else ""


def _switch(one: InventoryObject) -> Iterator[Part]:
    yield from (str(address) for address in _list(one.get("management_addresses"))[:1])


def _network(one: InventoryObject) -> Iterator[Part]:
    yield ", ".join(str(segment) for segment in segments_of(one))
    yield f"tunnel key {one['ovn_tunnel_key']}" if one.get("ovn_tunnel_key") is not None else ""
    subnets = [str(subnet.get("cidr") or "") for subnet in _rows(one, "subnets")]
    yield from subnets or map(str, _list(one.get("cidrs")))
    yield "external" if one.get("router_external") else ""
    if one.get("admin_state_up") is False:
        yield "admin down", WRONG
    yield from (fact for fact in _status(one) if isinstance(fact, tuple))


def _port(one: InventoryObject) -> Iterator[Part]:
    yield from (str(ip.get("ip_address") or "") for ip in _rows(one, "fixed_ips"))
    yield str(one.get("device_owner") or "unused")
    yield from _status(one)


def _host(one: InventoryObject) -> Iterator[Part]:
    yield ", ".join(str(kind) for kind in _list(one.get("host_type")))
    system = one.get("os")
    if isinstance(system, dict):
        yield " ".join(str(system[key]) for key in ("name", "version") if system.get(key))
    for service in _rows(one, "services"):
        if service.get("active") and service.get("available") is False:
            yield f"{service.get('service')} does not answer", WRONG


def _vservice(one: InventoryObject) -> Iterator[Part]:
    yield str(one.get("service_type") or "")
    yield ("not in Neutron", WRONG) if one.get("orphaned") else ""
    yield from _status(one)
    for gateway in _rows(one, "gateways"):
        yield f"gateway on {gateway['host']}" if gateway.get("host") else ("gateway nowhere", WRONG)


def _router_port(one: InventoryObject) -> Iterator[Part]:
    yield str(one.get("mac_address") or "")
    yield from map(str, _list(one.get("addresses")))
    yield "gateway" if one.get("gateway") else ""
    yield from _down(one)


def _floating_ip(one: InventoryObject) -> Iterator[Part]:
    yield str(one.get("fixed_ip_address") or "unused")
    yield f"leaves by {one['host']}" if one.get("host") else ""
    yield "distributed" if one.get("distributed") else ""
    yield from _status(one) if one.get("port_id") else ()


def _zone(one: InventoryObject) -> Iterator[Part]:
    yield ("not available", WRONG) if one.get("available") is False else ""


def _project(one: InventoryObject) -> Iterator[Part]:
    yield ("disabled", WRONG) if one.get("enabled") is False else ""


def _down(one: InventoryObject) -> Iterator[Part]:
    if str(one.get("state") or "UP").upper() == "DOWN":
        yield "DOWN", WRONG


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - attributes are JSON of any shape
    return list(value) if isinstance(value, (list, tuple)) else []


def _rows(one: InventoryObject, key: str) -> list[Mapping[str, Any]]:
    return [row for row in _list(one.get(key)) if isinstance(row, dict)]


_BY_TYPE: dict[str, Callable[[InventoryObject], Iterator[Part]]] = {
    "availability_zone": _zone,
    "floating_ip": _floating_ip,
    "host": _host,
    "host_pnic": _host_pnic,
    "instance": _instance,
    "network": _network,
    "network_agent": _agent,
    "otep": _otep,
    "port": _port,
    "project": _project,
    "router_port": _router_port,
    "switch": _switch,
    "switch_pnic": _switch_pnic,
    "vconnector": _vconnector,
    "vedge": _vedge,
    "vnic": _vnic,
    "vservice": _vservice,
}
