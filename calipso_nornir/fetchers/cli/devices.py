# SPDX-License-Identifier: Apache-2.0
"""Which interfaces of a host are its physical ones, and what stands on what."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calipso_nornir.parsing.rows import Interface, NetDevice


def physical(devices: Iterable[NetDevice], interfaces: Sequence[Interface]) -> list[Interface]:
    """Return the interfaces that connect a host with the world.

    These are the devices that the kernel ties to hardware. A host that has none is a container or network
    namespace itself (labs, CI): then it is the veth devices whose other end is in a namespace that the host
    cannot name, since what it made itself it has a name for. ``interfaces`` must have their namespaces resolved.
    """
    hardware = {device.name for device in devices if not device.virtual}
    known = [one for one in interfaces if one.name in hardware]
    if known:
        return known
    return [one for one in interfaces if one.kind == "veth" and (one.peer_netns or "").startswith("nsid:")]


def stack_below(name: str, interfaces: Mapping[str, Interface]) -> list[str]:
    """Return a device and what it stands on, top first: a VLAN's parent, the parent's parent …."""
    stack: list[str] = []
    while name in interfaces and name not in stack:
        stack.append(name)
        one = interfaces[name]
        name = one.lower if one.kind == "vlan" and one.lower else ""
    return stack
