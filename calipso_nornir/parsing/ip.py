# SPDX-License-Identifier: Apache-2.0
"""Interfaces and network namespaces, from the JSON or text output of ``ip`` (iproute2)."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.common_values import bridge_id, decimal_or_none, is_ip, mac_or_none
from calipso_nornir.parsing.json_shapes import Fields, document, objects
from calipso_nornir.parsing.rows import Address, Function, Interface, Namespace, Vxlan
from calipso_nornir.parsing.templates import Row, many, one, tool_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNRESOLVED = "nsid:"
_UNKNOWN_NSID = -1
_INDEX_ONLY = re.compile(r"if(\d+)")


def address_json(text: str) -> tuple[Interface, ...]:
    """Read ``ip -j -d address`` (iproute2 4.14 and newer).

    Empty objects are skipped: iproute2 prints one for each interface that a filter excluded.
    """
    rows = objects(document(text, parser="ip_address_json"), parser="ip_address_json")
    return _named_links(_interface_of_json(row) for row in rows if row.members)


def address_text(text: str) -> tuple[Interface, ...]:
    """Read ``ip -d address``, or ``ip address``, whose output lacks kinds and VLAN, VXLAN and bridge details."""
    if not text.strip():
        raise ParseError("ip_address_text", "the text is empty, but every namespace has at least lo")
    return _named_links(_interface_of_text(row) for row in tool_rows("linux_ip_address", text))


def netns_json(text: str) -> tuple[Namespace, ...]:
    """Read ``ip -j netns list``. If no namespace was ever named, ``ip`` prints nothing, not even []."""
    if not text.strip():
        return ()
    rows = objects(document(text, parser="ip_netns_json"), parser="ip_netns_json")
    return tuple(Namespace(row.text("name"), row.number_or_none("id")) for row in rows)


def netns_text(text: str) -> tuple[Namespace, ...]:
    """Read ``ip netns list``; empty when there is none."""
    rows = tool_rows("linux_ip_netns", text)
    return tuple(Namespace(one(row, "netns"), int(one(row, "id")) if row["id"] else None) for row in rows)


def _named_links(found: Iterable[Interface]) -> tuple[Interface, ...]:
    # iproute2 prints "if7" for a lower device whose index, 7, it cannot resolve: that is not a name
    interfaces = tuple(found)
    names = {interface.name for interface in interfaces}
    return tuple(
        replace(interface, lower=None)
        if interface.lower and interface.lower not in names and _INDEX_ONLY.fullmatch(interface.lower)
        else interface
        for interface in interfaces
    )


# --- the JSON


def _interface_of_json(row: Fields) -> Interface:
    info = row.child("linkinfo")
    kind, details = info.text_or_none("info_kind"), info.child("info_data")
    netns = row.number_or_none("link_netnsid")
    return Interface(
        name=row.text("ifname"),
        index=row.number("ifindex"),
        flags=row.texts("flags"),
        mtu=row.number("mtu"),
        state=row.text("operstate"),
        mac=mac_or_none(row.text_or_none("address")),
        link_type=row.text("link_type"),
        kind=kind,
        master=row.text_or_none("master"),
        member_of_kind=info.text_or_none("info_slave_kind"),
        lower=row.text_or_none("link"),
        peer_netns=None if netns is None else f"{_UNRESOLVED}{netns}",
        peer_index=None if netns is None else row.number_or_none("link_index"),
        addresses=tuple(_address_of_json(address) for address in row.children("addr_info")),
        vlan_id=details.number("id") if kind == "vlan" else None,
        vxlan=_vxlan_of_json(details) if kind == "vxlan" else None,
        bridge_id=bridge_id(details.text_or_none("bridge_id") or "") if kind == "bridge" else None,
        stp=details.flag_or_none("stp_state") if kind == "bridge" else None,
        phys_port_name=row.text_or_none("phys_port_name"),
        phys_switch_id=row.text_or_none("phys_switch_id"),
        vfs=tuple(_function_of_json(function) for function in row.children("vfinfo_list")),
    )


def _address_of_json(row: Fields) -> Address:
    family = row.text("family")
    if family not in ("inet", "inet6"):
        raise row.fault(f"address family {family!r} is not known")
    local = row.text("local")
    if not is_ip(local):
        raise row.fault(f"{local[:100]!r} is not an address")
    return Address(f"{local}/{row.number('prefixlen')}", family, row.text("scope"))


def _function_of_json(row: Fields) -> Function:
    vlans = row.children("vlan_list")
    return Function(
        row.number("vf"),
        mac_or_none(row.text_or_none("address", "mac")),
        vlans[0].number("vlan") if vlans else None,
        row.text_or_none("link_state"),
        row.flag_or_none("spoofchk"),
        row.flag_or_none("trust"),
    )


def _vxlan_of_json(row: Fields) -> Vxlan:
    local = row.text_or_none("local", "local6")
    remote = row.text_or_none("remote", "remote6", "group", "group6")
    for end in (local, remote):
        if end is not None and not is_ip(end):
            raise row.fault(f"{end[:100]!r} is not an address")
    return Vxlan(
        vni=row.number("id"),
        local=local,
        device=row.text_or_none("link"),
        udp_port=row.number_or_none("port"),
        remote=remote,
    )


# --- the text


def _interface_of_text(row: Row) -> Interface:
    if not row["type"]:
        raise ParseError("ip_address_text", f"cut short: interface {row['interface']} has no link/… line")
    kind = one(row, "kind") or None
    details = one(row, "kind_details")
    stp = _word_after("stp_state", details) if kind == "bridge" else None
    link = one(row, "link")
    elsewhere = bool(row["link_netns"] or row["link_netns_id"])
    far = _INDEX_ONLY.fullmatch(link) if elsewhere else None
    return Interface(
        name=one(row, "interface"),
        index=int(one(row, "id")),
        flags=tuple(one(row, "flags").split(",")) if row["flags"] else (),
        mtu=int(one(row, "mtu")),
        state=one(row, "state"),
        mac=mac_or_none(one(row, "mac_address")),
        link_type=one(row, "type"),
        kind=kind,
        master=one(row, "master") or None,
        member_of_kind=one(row, "master_kind") or None,
        lower=None if elsewhere or link == "NONE" else link or None,
        peer_netns=_netns_of_text(row),
        peer_index=decimal_or_none(far[1]) if far is not None else None,
        addresses=_addresses_of_text(row),
        vlan_id=_number_after("id", details, kind) if kind == "vlan" else None,
        vxlan=_vxlan_of_text(details) if kind == "vxlan" else None,
        bridge_id=bridge_id(_word_after("bridge_id", details) or "") if kind == "bridge" else None,
        stp=None if stp is None else stp != "0",
        phys_port_name=one(row, "port_name") or None,
        phys_switch_id=one(row, "switch_id") or None,
        vfs=tuple(map(_function_of_text, many(row, "vfs"))),
    )


_FUNCTION = re.compile(r"(\d+)\s+(?:MAC|link/ether) ([0-9a-f:]{17})(.*)")


def _function_of_text(line: str) -> Function:
    """Read ``vf 1     link/ether 0a:… brd …, vlan 101, spoof checking on, link-state auto``; older: ``vf 1 MAC …``."""
    found = _FUNCTION.fullmatch(line)
    if found is None:
        return Function(int(line.split(maxsplit=1)[0]))
    details = dict(re.findall(r", ([a-z][a-z_ -]*?) (\w+)(?=,|$)", found[3]))
    return Function(
        int(found[1]),
        mac_or_none(found[2]),
        decimal_or_none(details.get("vlan", "")),
        details.get("link-state"),
        _switch(details.get("spoof checking")),
        _switch(details.get("trust")),
    )


def _switch(word: str | None) -> bool | None:
    return None if word is None else word == "on"


def _netns_of_text(row: Row) -> str | None:
    number = one(row, "link_netns_id")
    if number:
        return f"{_UNRESOLVED}{_UNKNOWN_NSID if number == 'unknown' else number}"
    return one(row, "link_netns") or None


def _addresses_of_text(row: Row) -> tuple[Address, ...]:
    def of_family(family: str, column: str) -> list[Address]:
        columns = (many(row, f"{column}_{part}") for part in ("addresses", "masks", "scopes"))
        return [Address(f"{ip}/{mask}", family, scope) for ip, mask, scope in zip(*columns, strict=True)]

    return (*of_family("inet", "ip"), *of_family("inet6", "ipv6"))


def _vxlan_of_text(details: str) -> Vxlan:
    port = _word_after("dstport", details)
    local = _word_after("local", details)
    remote = _word_after("remote", details) or _word_after("group", details)
    for end in (local, remote):
        if end is not None and not is_ip(end):
            raise ParseError("ip_address_text", f"an endpoint of a vxlan device is not an address: {end[:100]!r}")
    return Vxlan(
        vni=_number_after("id", details, "vxlan"),
        local=local,
        device=_word_after("dev", details),
        udp_port=decimal_or_none(port or ""),
        remote=remote,
    )


def _word_after(keyword: str, details: str) -> str | None:
    words = details.split()
    return next((value for key, value in itertools.pairwise(words) if key == keyword), None)


def _number_after(keyword: str, details: str, kind: str) -> int:
    number = decimal_or_none(_word_after(keyword, details) or "")
    if number is None:
        raise ParseError("ip_address_text", f"{kind} device without a numeric {keyword}: {details[:200]!r}")
    return number
