# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in OVN, done to the lab: each fault breaks something, waits until that is so, and heals it again."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.lab.faults import agents_of, kill, start, wait_until
from tests.lab.oracle.place import inside

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTROLLER = "OVN Controller"


def _setting(host: str, key: str) -> str:
    return inside(host, f"ovs-vsctl --if-exists get Open_vSwitch . external_ids:{key}").strip().strip('"')


def _set(host: str, key: str, value: str) -> None:
    inside(host, f"ovs-vsctl set Open_vSwitch . 'external_ids:{key}=\"{value}\"'")


def _told(query: str) -> str:
    return inside("ctl", f"ovn-sbctl --bare {query}").strip()


def _alive(host: str) -> bool:
    return any(row["alive"] for row in agents_of(host) if row["agent_type"].startswith(CONTROLLER))


@contextmanager
def controller_killed(host: str) -> Iterator[None]:
    """Kill the ovn-controller of a host; Neutron notices after agent_down_time, its flows stay."""
    kill(host, "ovn-controller")
    try:
        wait_until(f"Neutron misses the controller of {host}", lambda: not _alive(host))
        yield
    finally:
        start(host, "ovn-controller")
        wait_until(f"the controller of {host} is back", lambda: _alive(host))


@contextmanager
def tunnel_deleted(host: str) -> Iterator[None]:
    """Delete one tunnel of a host whose controller is dead, and make it again."""
    find = "ovs-vsctl --bare --columns=name find Interface type=geneve"
    name = inside(host, find).split()[0]
    remote = inside(host, f"ovs-vsctl get Interface {name} options:remote_ip").strip()
    inside(host, f"ovs-vsctl del-port br-int {name}")
    try:
        yield
    finally:
        options = f"type=geneve options:remote_ip={remote} options:key=flow options:csum=true"
        inside(host, f"ovs-vsctl add-port br-int {name} -- set Interface {name} {options}")


@contextmanager
def uplink_removed(host: str) -> Iterator[None]:
    """Take the cable out of a host's provider bridge."""
    inside(host, "ovs-vsctl del-port br-ex eth2")
    try:
        yield
    finally:
        inside(host, "ovs-vsctl add-port br-ex eth2")


@contextmanager
def mapping_changed(host: str) -> Iterator[None]:
    """Map another physical network to a host's provider bridge; its controller takes the patch ports away."""
    was = _setting(host, "ovn-bridge-mappings")
    _set(host, "ovn-bridge-mappings", "elsewhere:br-ex")
    try:
        wait_until("the patch ports are gone", lambda: "provnet" not in inside(host, "ovs-vsctl list-ports br-int"))
        yield
    finally:
        _set(host, "ovn-bridge-mappings", was)
        wait_until("the patch ports are back", lambda: "provnet" in inside(host, "ovs-vsctl list-ports br-int"))


@contextmanager
def northd_stopped() -> Iterator[None]:
    """End northd: nothing of what is wanted reaches the hosts any more."""
    kill("ctl", "ovn-northd", signal="TERM")
    try:
        yield
    finally:
        start("ctl", "ovn-northd")


@contextmanager
def unreadable(short: str) -> Iterator[None]:
    """Take a database's socket away: who is connected stays so, nobody else gets in."""
    path = f"/run/ovn/ovn{short}_db.sock"
    inside("ctl", f"mv {path} {path}.away")
    try:
        yield
    finally:
        inside("ctl", f"mv {path}.away {path}")


@contextmanager
def gateway_moved(port: str, host: str) -> Iterator[None]:
    """Give the gateway of a router a second chassis, which goes before the first: it takes over."""
    name = _setting(host, "system-id")
    inside("ctl", f"ovn-nbctl lrp-set-gateway-chassis lrp-{port} {name} 99")
    chassis = _told(f"--columns=_uuid find Chassis name={name}")

    def taken_over() -> bool:
        return _told(f"--columns=chassis find Port_Binding logical_port=cr-lrp-{port}") == chassis

    try:
        wait_until(f"{host} has the gateway", taken_over)
        yield
    finally:
        inside("ctl", f"ovn-nbctl lrp-del-gateway-chassis lrp-{port} {name}")
        wait_until(f"{host} has the gateway no more", lambda: not taken_over())
