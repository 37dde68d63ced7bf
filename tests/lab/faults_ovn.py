# SPDX-License-Identifier: Apache-2.0
"""Faults of OVN in the lab: each breaks something, waits until that shows, and repairs it at the end."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from tests.lab.faults import agents_of, kill, start, wait_until
from tests.lab.oracle.api import Api
from tests.lab.oracle.place import here, inside

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
    """Kill the ovn-controller of a host; its flows stay, and Neutron notices after agent_down_time."""
    kill(host, "ovn-controller")
    try:
        wait_until(f"Neutron misses the controller of {host}", lambda: not _alive(host))
        yield
    finally:
        start(host, "ovn-controller")
        wait_until(f"the controller of {host} is back", lambda: _alive(host))


@contextmanager
def clock_ahead(host: str) -> Iterator[None]:
    """Set the time of a dead controller's last answer to an hour from now, as if its host's clock were ahead.

    Neutron reads the time of an answer only when its number (nb_cfg) changes, so a lower number is set with it.
    """
    name = _setting(host, "system-id")
    number, at = (_told(f"get Chassis_Private {name} {column}") for column in ("nb_cfg", "nb_cfg_timestamp"))

    def answered(number: str, at: str) -> None:
        inside("ctl", f"ovn-sbctl set Chassis_Private {name} nb_cfg={number} nb_cfg_timestamp={at}")

    answered(str(int(number) - 1), "$(date -d 'now + 1 hour' +%s000)")
    try:
        yield
    finally:
        answered(number, at)


@contextmanager
def chassis_unlisted(host: str) -> Iterator[None]:
    """Delete the row from which Neutron knows the agents of a chassis whose controller is dead, and restore it.

    Each process of Neutron remembers the agents as dead until it is told to delete them.
    """
    name = _setting(host, "system-id")
    columns = ("nb_cfg", "nb_cfg_timestamp", "external_ids")
    values = " ".join(f"'{key}={_told(f'get Chassis_Private {name} {key}')}'" for key in columns)
    agents = [row["id"] for row in agents_of(host)]
    inside("ctl", f"ovn-sbctl destroy Chassis_Private {name}")
    for agent in agents:
        inside("ctl", f"ovn-sbctl set SB_Global . external_ids:delete_agent={agent}")
        wait_until("the agent is forgotten", partial(_is_unlisted, host, agent))
    try:
        yield
    finally:
        chassis = _told(f"get Chassis {name} _uuid")
        inside("ctl", f"ovn-sbctl create Chassis_Private name={name} chassis={chassis} {values}")
        wait_until(f"Neutron lists the agents of {host}", lambda: len(agents_of(host)) == len(agents))


def _is_unlisted(host: str, agent: str) -> bool:
    return agent not in {row["id"] for row in agents_of(host)}


@contextmanager
def tunnel_deleted(host: str) -> Iterator[None]:
    """Delete one tunnel of a host whose controller is dead, and restore it."""
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
    """Remove the uplink from a host's provider bridge."""
    inside(host, "ovs-vsctl del-port br-ex eth2")
    try:
        yield
    finally:
        inside(host, "ovs-vsctl add-port br-ex eth2")


@contextmanager
def mapping_changed(host: str) -> Iterator[None]:
    """Map another physical network to a host's provider bridge; its controller removes the patch ports."""
    was, before = _setting(host, "ovn-bridge-mappings"), _patches(host)
    _set(host, "ovn-bridge-mappings", was.replace("physnet1:", "elsewhere:"))
    try:
        wait_until("patch ports are gone", lambda: _patches(host) < before)
        yield
    finally:
        _set(host, "ovn-bridge-mappings", was)
        wait_until("the patch ports are back", lambda: _patches(host) == before)


def _patches(host: str) -> set[str]:
    """Return the ports of br-int that lead to provider bridges."""
    return {one for one in inside(host, "ovs-vsctl list-ports br-int").split() if "provnet" in one}


@contextmanager
def northd_stopped() -> Iterator[None]:
    """Stop northd: changes in Northbound no longer reach the hosts."""
    kill("ctl", "ovn-northd", signal="TERM")
    try:
        yield
    finally:
        start("ctl", "ovn-northd")


@contextmanager
def unreadable(short: str) -> Iterator[None]:
    """Move a database's socket away: existing connections stay, and new ones fail."""
    path = f"/run/ovn/ovn{short}_db.sock"
    inside("ctl", f"mv {path} {path}.away")
    try:
        yield
    finally:
        inside("ctl", f"mv {path}.away {path}")


@contextmanager
def gateway_backed(port: str, host: str, priority: int) -> Iterator[None]:
    """Add another chassis to the group of a router's gateway; with a high priority, it takes over at once."""
    wait_until("the gateway is on a chassis", lambda: gateway_host(port))
    name, held = _setting(host, "system-id"), gateway_host(port)
    before = len(inside("ctl", f"ovn-nbctl lrp-get-gateway-chassis lrp-{port}").splitlines())
    inside("ctl", f"ovn-nbctl lrp-set-gateway-chassis lrp-{port} {name} {priority}")
    listed = f"ovn-sbctl --bare --columns=ha_chassis find HA_Chassis_Group name=lrp-{port}"
    try:
        wait_until(f"{host} may have the gateway", lambda: len(inside("ctl", listed).split()) > before)
        yield
    finally:
        inside("ctl", f"ovn-nbctl lrp-del-gateway-chassis lrp-{port} {name}")
        wait_until(f"{held} has the gateway again", lambda: gateway_host(port) == held)


def gateway_host(port: str) -> str:
    """Return the host to which the gateway of a router is bound now, "" for none."""
    return bound_to(f"cr-lrp-{port}")


def bound_to(port: str, column: str = "chassis") -> str:
    """Return the host to which a logical port is bound now, "" for none."""
    chassis = _told(f"--columns={column} find Port_Binding logical_port={port}")
    return _told(f"--columns=hostname list Chassis {chassis}") if chassis else ""


@contextmanager
def chassis_stopped(host: str) -> Iterator[None]:
    """Kill ovn-controller and ovs-vswitchd of a host: its tunnels, and its switch's devices in the kernel, are gone."""
    lost = inside(host, "ip -o -4 address show dev br-vtep").split()[3]
    kill(host, "ovn-controller", "ovs-vswitchd")
    try:
        wait_until(f"Neutron misses the controller of {host}", lambda: not _alive(host))
        yield
    finally:
        start(host, "ovs-vswitchd")
        wait_until("its bridges are back", lambda: "br-vtep" in inside(host, "ls /sys/class/net"))
        inside(host, f"ip address replace {lost} dev br-vtep; ip link set br-vtep up; ip link set br-ex up")
        start(host, "ovn-controller")
        wait_until(f"the controller of {host} is back", lambda: _alive(host))


@contextmanager
def endpoint_changed(host: str, address: str) -> Iterator[None]:
    """Configure another tunnel address for the controller of a host, which no device has; all others send to it."""
    was = _setting(host, "ovn-encap-ip")

    def sent_to(ip: str) -> bool:
        others = {name for name in here().hosts if name not in ("ctl", host)}
        find = f"ovs-vsctl --bare --columns=name find Interface type=geneve options:remote_ip={ip}"
        return all(inside(other, find).strip() for other in others)

    _set(host, "ovn-encap-ip", address)
    try:
        wait_until(f"the tunnels lead to {address}", lambda: sent_to(address))
        yield
    finally:
        _set(host, "ovn-encap-ip", was)
        wait_until(f"the tunnels lead to {was}", lambda: sent_to(was))


@contextmanager
def _without_nova(host: str) -> Iterator[None]:
    """Keep the nova-compute of a host from binding a server's port to its own host again."""
    kill(host, "nova-compute")
    try:
        yield
    finally:
        start(host, "nova-compute")


@contextmanager
def binding_moved(port: str, host: str) -> Iterator[None]:
    """Make Neutron bind the port of a server to another host, which claims it; the server stays on its host.

    This is done step by step, and no host claims the port while Neutron binds it: if OVN reports "up" before Neutron
    has written "DOWN", or before it has bound the port, Neutron keeps the port DOWN forever.
    """
    api, held = Api(), bound_to(port)
    url = f"{api.neutron}/ports/{port}"

    def bind(to: str) -> None:
        api.ask("PUT", url, {"port": {"binding:host_id": to}})

    def has(status: str, at: str) -> bool:
        return bool(api.ask("GET", url)["port"]["status"] == status and bound_to(port) == at)

    with _without_nova(held):
        bind(host)
        try:
            wait_until(f"{held} has given the port up", lambda: has("DOWN", ""))
            with _claimed(port, host):
                wait_until(f"{host} has the port, and it is active", lambda: has("ACTIVE", host))
                yield
            wait_until(f"{host} has given the port up", lambda: has("DOWN", ""))
        finally:
            with _not_claimed(port, held):
                bind(held)
            wait_until("the port is active again", lambda: has("ACTIVE", held))


@contextmanager
def _not_claimed(port: str, host: str) -> Iterator[None]:
    """Remove a port's id from its interface on a host."""
    find = f"ovs-vsctl --bare --columns=name find Interface external_ids:iface-id={port}"
    name = inside(host, find).strip()
    inside(host, f"ovs-vsctl remove Interface {name} external_ids iface-id")
    try:
        yield
    finally:
        inside(host, f"ovs-vsctl set Interface {name} external_ids:iface-id={port}")


@contextmanager
def binding_doubled(port: str, host: str) -> Iterator[None]:
    """Make OVN bind the port of a server to another host, too, as during live migration."""
    option = f"ovn-nbctl set Logical_Switch_Port {port} 'options:requested-chassis=\"{{}}\"'"
    held = bound_to(port)
    with _claimed(port, host):
        inside("ctl", option.format(f"{held},{host}"))
        try:
            wait_until(f"{host} has the port, too", lambda: bound_to(port, "additional_chassis") == host)
            yield
        finally:
            inside("ctl", option.format(held))
            wait_until(f"{host} has it no more", lambda: bound_to(port, "additional_chassis") == "")


@contextmanager
def _claimed(port: str, host: str) -> Iterator[None]:
    """Plug a device with the port's iface-id into a host's switch."""
    inside(host, f"ovs-vsctl add-port br-int stolen -- set Interface stolen type=internal external_ids:iface-id={port}")
    try:
        yield
    finally:
        inside(host, "ovs-vsctl del-port br-int stolen")
