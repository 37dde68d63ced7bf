# SPDX-License-Identifier: Apache-2.0
"""Makes every id of calipso_nornir, for scans, events and monitoring alike.

An id is unique per environment and type, and made of facts that outlive a scan (names and ids that the cloud itself
uses; the host, for what is local to a host). Parts are joined by ``|``; each part is escaped first, so different facts
never give the same id: the join is injective. No code parses an id: to get the host of an object, read its ``host``
attribute or use the parent that you are given.
"""

from __future__ import annotations

_ESCAPES = str.maketrans({"%": "%25", "|": "%7C", "/": "%2F"})


def escaped(part: str) -> str:
    """Return one part with the separators of ids (``|``) and paths (``/``) escaped."""
    return part.translate(_ESCAPES)


def path_segment(name: str) -> str:
    """Return a name as one element of a path, whatever characters are in it."""
    return name.replace("%", "%25").replace("/", "%2F")


def plain(name: str) -> str:
    """Id of an object that one fact identifies: a UUID, a host's or a region's name."""
    if not name:
        raise ValueError("an id cannot be made from an empty name")
    return escaped(name)


def below(parent_id: str, *parts: str) -> str:
    """Id of an object that is unique only within its parent; ``parent_id`` is already an id."""
    if not all(parts):
        raise ValueError(f"an id below {parent_id} cannot be made from empty parts: {parts}")
    return "|".join([parent_id, *(escaped(part) for part in parts)])


def folder(parent_id: str, types_name: str) -> str:
    """Id of the folder for ``types_name`` ("vnics") below an object."""
    return below(parent_id, types_name)


# --- what has a name or number within its region


def availability_zone(region_id: str, zone_name: str) -> str:
    """Id of a zone; zones of two regions often share a name ("nova")."""
    return below(region_id, zone_name)


def aggregate(region_id: str, number: int | str) -> str:
    """Id of an aggregate; aggregates are numbered per region."""
    return below(region_id, str(number))


def host_ref(aggregate_id: str, host_id: str) -> str:
    """Id of a host's place in an aggregate."""
    return f"{aggregate_id}|{host_id}"


# --- what is local to a host


def vnic(host_id: str, device: str, namespace: str | None = None) -> str:
    """Id of a virtual interface, with its namespace: two namespaces of a host may have devices with the same name."""
    return below(host_id, namespace, device) if namespace else below(host_id, device)


def vservice(host_id: str, namespace: str) -> str:
    """Id of a router or DHCP server, which runs in one network namespace of one host."""
    return below(host_id, namespace)


def host_pnic(host_id: str, name: str) -> str:
    """Id by name, not by MAC: bonds and their members share one, as do cloned machines, and some devices have none."""
    return below(host_id, name)


def vconnector(host_id: str, bridge: str) -> str:
    """Id of a Linux bridge."""
    return below(host_id, bridge)


def vedge(host_id: str, kind: str) -> str:
    """Id of a virtual switch; a host has one of each kind ("OVS", "LXB")."""
    return below(host_id, kind)


def otep(host_id: str, endpoint: str) -> str:
    """Id of a tunnel endpoint; ``endpoint``: the overlay type with OVS ("vxlan"), else the device ("vxlan-90")."""
    return below(host_id, endpoint)


def network_agent(host_id: str, binary: str) -> str:
    """Id of an agent by host and binary: a host has one of each, and its UUID changes when it registers again."""
    return below(host_id, binary)


# --- the fabric, as LLDP names it


def switch(chassis_id_type: str, chassis_id: str) -> str:
    """Id of a switch; a chassis is identified by its id together with the id's subtype (IEEE 802.1AB)."""
    return f"{escaped(chassis_id_type)}|{escaped(chassis_id)}"


def switch_pnic(switch_id: str, port_id: str) -> str:
    """Id of a switch port, by the LLDP port id that the switch announces."""
    return below(switch_id, port_id)


# --- ids of stored documents
