# SPDX-License-Identifier: Apache-2.0
"""FD.io VPP, from the text of ``vppctl`` (releases 16.09 to 26.06), which has no machine-readable output."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_interface
from typing import TYPE_CHECKING

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.common_values import mac_or_none
from calipso_nornir.parsing.templates import many, one, tool_rows

if TYPE_CHECKING:
    from calipso_nornir.parsing.templates import Row

CUT_AT = 32
"""Maximum number of characters of a name in VPP's tables."""


@dataclass(frozen=True, slots=True)
class VppInterface:
    """One line of ``show interface``: ``index`` is VPP's sw_if_index; ``name`` is cut at 32 characters.

    ``state``: "up", "down" (administratively; "/punt" may follow), "error", "bond-slave". ``mtu``: of L3; None if the
    release does not print it.
    """

    name: str
    index: int
    state: str
    mtu: int | None = None


@dataclass(frozen=True, slots=True)
class VppAddresses:
    """One interface of ``show interface addr``: its full name, and where its frames go.

    Frames go to a ``bridge_domain`` (with its split-horizon group, and whether the interface is the domain's BVI), to
    the interface ``xconnect``, or to neither. ``addresses`` have prefix lengths.
    """

    name: str
    up: bool
    bridge_domain: int | None = None
    split_horizon: int | None = None
    bvi: bool = False
    xconnect: str | None = None
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VppHardware:
    """One interface of ``show hardware-interfaces``.

    ``name`` is cut at 32 characters; ``hardware`` is usually the full name. Drivers of real cards report ``carrier``
    and ``pci``.
    """

    name: str
    hardware: str
    link_up: bool
    mac: str | None = None
    speed: str | None = None
    carrier: str | None = None
    pci: str | None = None


@dataclass(frozen=True, slots=True)
class VppTunnel:
    """One VXLAN or VXLAN-GPE tunnel; ``index`` is the sw_if_index of its interface."""

    index: int
    local: str
    remote: str
    vni: int
    udp_port: int | None = None
    overlay_type: str = "vxlan"


@dataclass(frozen=True, slots=True)
class VppSocket:
    """The vhost-user socket of one interface; ``role``: whether VPP is its "client" or "server"."""

    interface: str
    path: str
    role: str
    error: str


@dataclass(frozen=True, slots=True)
class VppBond:
    """One bond, with the names of all its members and of the active ones."""

    name: str
    mode: str
    load_balance: str
    members: tuple[str, ...] = ()
    active: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VppLacp:
    """The LACP state of a bond's member. ``partner``: MAC of the system at the other end; None if none answers.

    ``state``: of the MUX machine (IEEE 802.1AX, 6.4.15), e.g. "COLLECTING_DISTRIBUTING" or "DETACHED".
    """

    interface: str
    index: int
    bond: str
    partner: str | None
    state: str


@dataclass(frozen=True, slots=True)
class VppTap:
    """One tap: ``device`` is the kernel's end; ``namespace`` is its network namespace, if not the host's own."""

    interface: str
    device: str | None = None
    namespace: str | None = None


def version(text: str) -> str:
    """Read ``show version``: the release, e.g. ``v18.10-release``."""
    rows = _rows("version", text)
    if len(rows) != 1:
        raise ParseError("vppctl_version", f"one line was expected, found {len(rows)}")
    return one(rows[0], "version")


def interfaces(text: str) -> tuple[VppInterface, ...]:
    """Read ``show interface``, in its order. VPP always has local0, so an empty answer is an error."""
    rows = _filled("interface", text)
    return tuple(
        VppInterface(
            one(row, "interface"),
            int(one(row, "id")),
            one(row, "state"),
            int(one(row, "mtu").partition("/")[0]) if row["mtu"] else None,
        )
        for row in rows
    )


def addresses(text: str) -> tuple[VppAddresses, ...]:
    """Read ``show interface addr``, in its order, which is that of ``show interface``."""
    return tuple(
        VppAddresses(
            one(row, "interface"),
            up=row["state"] == "up",
            bridge_domain=_number(row, "bd_id"),
            split_horizon=_number(row, "shg"),
            bvi=bool(row["bvi"]),
            xconnect=one(row, "xconnect") or None,
            addresses=tuple(_address(cidr) for cidr in many(row, "addresses")),
        )
        for row in _filled("interface_addr", text)
    )


def hardware(text: str) -> tuple[VppHardware, ...]:
    """Read ``show hardware-interfaces``, which does not list sub-interfaces."""
    return tuple(
        VppHardware(
            one(row, "interface"),
            one(row, "hardware"),
            link_up=row["state"] == "up",
            mac=mac_or_none(one(row, "mac_address")),
            speed=one(row, "speed") or None,
            carrier=one(row, "carrier") or None,
            pci=one(row, "pci_address") or None,
        )
        for row in _filled("hardware-interfaces", text)
    )


def bridge_domains(text: str) -> tuple[int, ...]:
    """Read ``show bridge-domain``: the numbers of all bridge domains, including those without interfaces."""
    return tuple(int(one(row, "bd_id")) for row in _said("bridge-domain", text))


def tunnels(text: str) -> tuple[VppTunnel, ...]:
    """Read ``show vxlan tunnel``."""
    return tuple(map(_tunnel, _said("vxlan_tunnel", text)))


def gpe_tunnels(text: str) -> tuple[VppTunnel, ...]:
    """Read ``show vxlan-gpe``."""
    return tuple(replace(_tunnel(row), overlay_type="vxlan-gpe") for row in _said("vxlan-gpe", text))


def _tunnel(row: Row) -> VppTunnel:
    return VppTunnel(
        int(one(row, "id")),
        _address(one(row, "local")),
        _address(one(row, "remote")),
        int(one(row, "vni")),
        _number(row, "port"),
    )


def sockets(text: str) -> tuple[VppSocket, ...]:
    """Read ``show vhost-user``. A VPP without the command (a plug-in since 23.02) has no such interface."""
    rows = _said("vhost-user", text)
    cut = next((row for row in rows if not row["socket"]), None)
    if cut is not None:
        raise ParseError("vppctl_vhost_user", f"cut short: {cut['interface']} has no socket")
    return tuple(
        VppSocket(one(row, "interface"), one(row, "socket"), one(row, "type"), one(row, "error")) for row in rows
    )


def bonds(text: str) -> tuple[VppBond, ...]:
    """Read ``show bond details``. A VPP without the command (before 18.04) has no bonds of its own."""
    rows = _rows("bond_details", text)
    cut = next((row for row in rows if not row["mode"]), None)
    if cut is not None:
        raise ParseError("vppctl_bonds", f"cut short: the bond {cut['interface']} has no mode")
    return tuple(
        VppBond(
            one(row, "interface"),
            one(row, "mode"),
            one(row, "load_balance"),
            tuple(many(row, "members")),
            tuple(many(row, "active")),
        )
        for row in rows
    )


def lacp(text: str) -> tuple[VppLacp, ...]:
    """Read ``show lacp``, which prints nothing if no bond negotiates. A VPP without the command has no such bonds."""
    rows = _rows("lacp", text)
    cut = next((row for row in rows if not row["interface"] or not row["partner"]), None)
    if cut is not None:
        raise ParseError("vppctl_lacp", f"cut short: {cut['interface'] or 'a member'} lacks a line")
    return tuple(
        VppLacp(
            one(row, "interface"),
            int(one(row, "id")),
            one(row, "master"),
            mac_or_none(one(row, "partner").replace("-", ":")),
            one(row, "state"),
        )
        for row in rows
    )


def taps(text: str) -> tuple[VppTap, ...]:
    """Read ``show tap``; it does not list old taps (tapcli-…, until 18.10)."""
    return tuple(
        VppTap(one(row, "interface"), one(row, "device") or None, one(row, "netns") or None)
        for row in _rows("tap", text)
    )


def _rows(command: str, text: str) -> list[Row]:
    """Read with the command's template; ``vppctl`` ends lines with CR LF, as terminals do."""
    return tool_rows(f"linux_vppctl_show_{command}", text.replace("\r\n", "\n"))


def _filled(command: str, text: str) -> list[Row]:
    rows = _rows(command, text)
    if not rows:
        raise ParseError(f"linux_vppctl_show_{command}", "no interface, but VPP always has local0")
    return rows


def _address(text: str) -> str:
    try:
        ip_interface(text)
    except ValueError:
        raise ParseError("vppctl", f"{text[:64]!r} is not an address") from None
    return text


def _said(command: str, text: str) -> list[Row]:
    """Read output that is never empty: VPP prints a message if there is nothing to list."""
    if not text.strip():
        raise ParseError(f"linux_vppctl_show_{command}", "the text is empty, but VPP prints a message if there is none")
    return _rows(command, text)


def _number(row: Row, column: str) -> int | None:
    value = one(row, column)
    return int(value) if value else None
