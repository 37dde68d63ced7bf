# SPDX-License-Identifier: Apache-2.0
"""Everyday faults in the lab: each breaks something, waits until that shows, and repairs it at the end.

They use the hosts' consoles and the API, and nothing of the product.
"""

from __future__ import annotations

import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests

from tests.lab.oracle.api import Api
from tests.lab.oracle.place import here, inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LIMIT_S = 300
"""Ten times what idle cores need: a long limit costs nothing if all goes well."""
SERVER_HOST = "OS-EXT-SRV-ATTR:host"
TRUNK_PATCHES = ("tpi-", "tpt-", "spi-", "spt-")
LEAK_S = 30
"""Seconds after which a trunk's patch ports are removed, as an operator would.

If Nova deletes the trunk's bridge first, Neutron's agent leaves them in the integration bridge, because it keeps its
records in the trunk's bridge.
"""

KILL = """
for name in {names}; do
  pid=$(cat /run/osl/$name.pid)
  # words, a NUL after each; Neutron's agents call themselves "NAME (COMMAND)"
  if tr -d '\\0' </proc/$pid/cmdline | grep -qE '^[^ ]+ \\(.*\\) *$'; then
    tr -d '\\0' </proc/$pid/cmdline | sed -E 's/^[^ ]+ \\((.*)\\) *$/\\1/' | tr ' ' '\\0'
  else
    cat /proc/$pid/cmdline
  fi >/run/osl/$name.command
  kill -{signal} $pid
  for _ in $(seq 300); do [ -s /proc/$pid/cmdline ] || break; sleep 0.1; done
  [ ! -s /proc/$pid/cmdline ] || kill -KILL $pid    # otherwise its port stays in use
  for _ in $(seq 100); do [ -s /proc/$pid/cmdline ] || break; sleep 0.1; done
done
"""
START = """
cat >/run/osl/start-again <<'END'
cd /
for name in {names}; do
  mapfile -d '' -t words </run/osl/$name.command
  setsid "${{words[@]}}" >>/var/log/osl/$name.log 2>&1 </dev/null & echo $! >/run/osl/$name.pid
done
END
bash /run/osl/start-again
"""


class NotInTimeError(AssertionError):
    """The cloud did not do what was requested in time."""


def wait_until(what: str, done: Callable[[], object], *, limit_s: float = LIMIT_S) -> None:
    """Wait for a condition; raise NotInTimeError, which names it, if it does not become true in time."""
    end = time.monotonic() + limit_s
    while not done():
        if time.monotonic() > end:
            raise NotInTimeError(f"after {limit_s} s not yet: {what}")
        time.sleep(1)


# --- daemons


def kill(host: str, *names: str, signal: str = "KILL") -> None:
    """Stop daemons of a host, and record how they were started."""
    inside(host, KILL.format(names=" ".join(names), signal=signal))


def start(host: str, *names: str) -> None:
    """Start daemons that ``kill`` has ended."""
    inside(host, START.format(names=" ".join(names)))


def agents_of(host: str) -> list[Mapping[str, Any]]:
    """Return Neutron's documents of a host's agents."""
    api = Api()
    return [row for row in api.list(f"{api.neutron}/agents") if row["host"] == host]


@contextmanager
def agents_killed(host: str) -> Iterator[None]:
    """Kill a compute's nova-compute and Neutron agent; Neutron notices after agent_down_time."""
    daemons = ("nova-compute", inside(host, "cd /run/osl; ls neutron-*-agent.pid").split()[0].removesuffix(".pid"))
    kill(host, *daemons)
    try:
        wait_until(f"Neutron misses the agents of {host}", lambda: not any(row["alive"] for row in agents_of(host)))
        yield
    finally:
        start(host, *daemons)
        wait_until(f"the agents of {host} are back", lambda: _in_cloud(host))


@contextmanager
def service_stopped(name: str) -> Iterator[None]:
    """Stop a service of the controller that the APIs need: ``keystone``, or ``mariadb``, which all use."""
    kill("ctl", name, signal="TERM")
    try:
        yield
    finally:
        start("ctl", name)
        wait_until("the APIs answer again", _apis_answer)


@contextmanager
def cell_unreachable() -> Iterator[None]:
    """Point nova-api to an address without a server for the database of its only cell."""
    mapping = (
        "mariadb nova_api -e \"UPDATE cell_mappings SET database_connection = REPLACE(database_connection, '{}', '{}') "
    )
    mapping += "WHERE name = 'cell1'\""
    kill("ctl", "nova-api", signal="TERM")
    # one attempt is enough: otherwise Nova would try for a minute for every list
    inside("ctl", "sed -i.before '/^\\[database\\]/a max_retries = 1\\nretry_interval = 1' /etc/nova/nova.conf")
    inside("ctl", mapping.format("/nova?", ":1/nova?"))
    start("ctl", "nova-api")
    try:
        wait_until("Nova misses its cell", lambda: _services("2.69") == {"UNKNOWN"})
        yield
    finally:
        kill("ctl", "nova-api", signal="TERM")
        inside("ctl", mapping.format(":1/nova?", "/nova?") + "; mv /etc/nova/nova.conf.before /etc/nova/nova.conf")
        start("ctl", "nova-api")
        wait_until("the cell is back", lambda: "enabled" in _services("2.69"))


def _services(microversion: str) -> set[str]:
    """Return the states of all nova-compute services; an empty answer while Nova does not answer."""
    try:
        api = Api(microversion)
        return {row["status"] for row in api.list(f"{api.nova}/os-services") if row["binary"] == "nova-compute"}
    except requests.RequestException:
        return set()


@contextmanager
def compute_disabled(host: str) -> Iterator[None]:
    """Disable a host's nova-compute, as before maintenance; its servers keep running."""
    api = Api()
    (service,) = (row["id"] for row in api.list(f"{api.nova}/os-services") if row["host"] == host)
    url = f"{api.nova}/os-services/{service}"
    api.ask("PUT", url, {"status": "disabled", "disabled_reason": "$(maintenance)"})
    try:
        yield
    finally:
        api.ask("PUT", url, {"status": "enabled"})


def _apis_answer() -> bool:
    try:
        api = Api()
        return all(
            api.list(url) for url in (f"{api.neutron}/agents", f"{api.nova}/os-services", f"{api.neutron}/ports")
        )
    except requests.RequestException:
        return False


# --- wiring of a host; its agent must be stopped, otherwise it repairs some faults within seconds


@contextmanager
def bridge_deleted(host: str, bridge: str) -> Iterator[None]:
    """Delete a Linux bridge that has members."""
    members = inside(host, f"ls /sys/class/net/{bridge}/brif").split()
    inside(host, f"ip link delete {bridge}")
    try:
        yield
    finally:
        plugged = "; ".join(f"ip link set {member} master {bridge}" for member in members)
        inside(host, f"set -e; ip link add {bridge} type bridge; ip link set {bridge} up; {plugged}")


@contextmanager
def tap_unplugged(host: str, tap: str) -> Iterator[None]:
    """Remove a server's tap from its bridge (Linux or Open vSwitch)."""
    if master := inside(host, f"basename $(readlink /sys/class/net/{tap}/master) 2>/dev/null || true").strip():
        inside(host, f"ip link set {tap} nomaster")
        plug = f"ip link set {tap} master {master}"
    else:
        tag, noted, ids = (
            inside(host, f"ovs-vsctl get {what}").strip()
            for what in (f"Port {tap} tag", f"Port {tap} other_config", f"Interface {tap} external_ids")
        )
        bridge = inside(host, f"ovs-vsctl port-to-br {tap}; ovs-vsctl del-port {tap}").strip()
        plug = f"ovs-vsctl add-port {bridge} {tap} tag={tag} -- set Port {tap} 'other_config={noted}'"
        plug += f" -- set Interface {tap} 'external_ids={ids}'"
    try:
        yield
    finally:
        inside(host, plug)


@contextmanager
def tunnel_removed(host: str) -> Iterator[str]:
    """Remove one tunnel: a port of br-tun, or a destination of a VXLAN device; provide the device's name."""
    if inside(host, "command -v ovs-vsctl >/dev/null && [ -S /run/openvswitch/db.sock ] && echo ovs || true"):
        port = inside(host, "ovs-vsctl list-ports br-tun | grep vxlan | head -1").strip()
        options = inside(host, f"ovs-vsctl get Interface {port} options; ovs-vsctl del-port {port}").strip()
        heal = f"ovs-vsctl add-port br-tun {port} -- set Interface {port} type=vxlan 'options={options}'"
    else:
        entries = [line.split() for line in inside(host, "bridge fdb show | grep ' dst '").splitlines()]
        port, remote = next((row[2], row[row.index("dst") + 1]) for row in entries)
        own = [row[0] for row in entries if (row[2], row[row.index("dst") + 1]) == (port, remote)]
        inside(host, "set -e; " + "; ".join(f"bridge fdb delete {mac} dev {port} dst {remote}" for mac in own))
        heal = "set -e; " + "; ".join(f"bridge fdb append {mac} dev {port} dst {remote}" for mac in own)
    try:
        yield port
    finally:
        inside(host, heal)


@contextmanager
def cable_pulled(port: str, switch: str = "tor1") -> Iterator[None]:
    """Switch off a port of the switch, so that the host at the other end loses its carrier.

    The lldpds at both ends notice each change after a second or two; the function waits for both.
    """
    wait_until(f"{switch} has an LLDP neighbour at {port}", lambda: _neighbour(switch, port))
    host, device = _neighbour(switch, port)
    ends = {(switch, port): (host, device), (host, device): (switch, port)}
    inside(switch, f"ip link set {port} down")
    try:
        wait_until(f"there is no LLDP neighbour over {port}", lambda: not any(_neighbour(*end) for end in ends))
        yield
    finally:
        inside(switch, f"ip link set {port} up")
        there = f"{host} is an LLDP neighbour at {port} again"
        wait_until(there, lambda: all(_neighbour(*end) == other for end, other in ends.items()))


def _neighbour(host: str, device: str) -> tuple[str, ...]:
    """Return the name and the device of the LLDP neighbour over a device; an empty tuple if there is none."""
    told = inside(host, f"lldpctl -f keyvalue {device}")
    rows = dict(line.partition("=")[::2] for line in told.splitlines())
    return tuple(rows[key] for name in ("chassis.name", "port.descr") if (key := f"lldp.{device}.{name}") in rows)


# --- the cloud


@contextmanager
def unbound_port(network: str) -> Iterator[str]:
    """Create a port that is not bound; provide its id."""
    api = Api()
    port = api.ask("POST", f"{api.neutron}/ports", {"port": {"network_id": network, "name": "$(unbound) / port"}})[
        "port"
    ]
    try:
        yield port["id"]
    finally:
        api.ask("DELETE", f"{api.neutron}/ports/{port['id']}")


@contextmanager
def network_renamed(network: str, name: str) -> Iterator[None]:
    """Rename a network."""
    api = Api()
    before = api.ask("GET", f"{api.neutron}/networks/{network}")["network"]["name"]
    api.ask("PUT", f"{api.neutron}/networks/{network}", {"network": {"name": name}})
    try:
        yield
    finally:
        api.ask("PUT", f"{api.neutron}/networks/{network}", {"network": {"name": before}})


def floats(row: Mapping[str, Any]) -> bool:
    """Return whether a floating IP is an address of its router; in OVN, whether Northbound translates it."""
    if here().variant == "ovn":
        find = "find NAT type=dnat_and_snat external_ip"
        return bool(inside("ctl", f"ovn-nbctl --bare --columns=_uuid {find}={row['floating_ip_address']}").strip())
    told = inside("net1", f"ip netns exec qrouter-{row['router_id']} ip -o address")
    return f"{row['floating_ip_address']}/" in told


def floats_again(row: Mapping[str, Any]) -> bool:
    """Return whether a floating IP is an address of its router, and its agent has reported this to Neutron."""
    api = Api()
    told = api.ask("GET", f"{api.neutron}/floatingips/{row['id']}")["floatingip"]
    return told["status"] == "ACTIVE" and floats(row)


def _has_gateway(router: str) -> bool:
    """Tell whether a router has a port in an external network; in OVN, one that is assigned to a chassis."""
    if here().variant == "ovn":
        return "gateway chassis:" in inside("ctl", f"ovn-nbctl show neutron-{router}")
    return "qg-" in inside("net1", f"ip netns exec qrouter-{router} ls /sys/class/net")


@contextmanager
def gateway_cleared() -> Iterator[str]:
    """Clear a router's gateway and the floating IPs that need it; provide the router's id."""
    api = Api()
    router = next(row for row in api.list(f"{api.neutron}/routers") if row["external_gateway_info"])
    url = f"{api.neutron}/routers/{router['id']}"
    floating = [row for row in api.list(f"{api.neutron}/floatingips") if row["router_id"] == router["id"]]
    for row in floating:
        api.ask("PUT", f"{api.neutron}/floatingips/{row['id']}", {"floatingip": {"port_id": None}})
    api.ask("PUT", url, {"router": {"external_gateway_info": {}}})
    wait_until("the router's gateway is gone", lambda: not _has_gateway(router["id"]))
    try:
        yield str(router["id"])
    finally:
        gateway = {"network_id": router["external_gateway_info"]["network_id"]}
        api.ask("PUT", url, {"router": {"external_gateway_info": gateway}})
        for row in floating:
            body = {"floatingip": {"port_id": row["port_id"], "fixed_ip_address": row["fixed_ip_address"]}}
            api.ask("PUT", f"{api.neutron}/floatingips/{row['id']}", body)
        wait_until("the router's gateway is back", lambda: _has_gateway(router["id"]))
        for row in floating:
            wait_until("the floating IP is back", lambda row=row: floats_again(row))  # type: ignore[misc]


# --- servers


def server(id_: str) -> Mapping[str, Any] | None:
    """Return Nova's document of a server; None if Nova does not know it."""
    api = Api()
    try:
        found: Mapping[str, Any] = api.ask("GET", f"{api.nova}/servers/{id_}")["server"]
    except requests.HTTPError as error:
        if error.response is not None and error.response.status_code == requests.codes.not_found:
            return None
        raise
    return found


def has_status(id_: str, status: str) -> bool:
    """Return whether a server has a status; raise AssertionError with Nova's message if its status is ERROR."""
    told = server(id_)
    assert told is not None
    assert told["status"] != "ERROR", f"{id_}: {told.get('fault')}"
    return bool(told["status"] == status and told["OS-EXT-STS:task_state"] is None)


def act(id_: str, action: Mapping[str, Any], status: str) -> None:
    """Have Nova perform an action on a server, and wait for the resulting status."""
    api = Api()
    api.ask("POST", f"{api.nova}/servers/{id_}/action", action)
    wait_until(f"server {id_} is {status}", lambda: has_status(id_, status))


def delete_server(id_: str) -> None:
    """Delete a server, and wait until Nova no longer knows it and its devices are gone."""
    api = Api()
    host, nics = (server(id_) or {})[SERVER_HOST], api.list(f"{api.nova}/servers/{id_}/os-interface")
    api.ask("DELETE", f"{api.nova}/servers/{id_}")
    wait_until(f"Nova forgets {id_}", lambda: server(id_) is None)
    suffixes = [nic["port_id"][:11] for nic in nics]
    began = time.monotonic()

    def are_gone() -> bool:
        names = inside(host, "ls /sys/class/net; ovs-vsctl --bare --columns=name list Port 2>/dev/null || true").split()
        left = {name for name in names if any(one in name for one in suffixes)}
        if left and all(name.startswith(TRUNK_PATCHES) for name in left) and time.monotonic() - began > LEAK_S:
            inside(host, "".join(f"ovs-vsctl --if-exists del-port {name}\n" for name in left))
        return not left

    wait_until(f"the devices of {id_} are gone", are_gone)


@contextmanager
def interface_attached(id_: str, network: str) -> Iterator[str]:
    """Attach an interface to a running server, and detach it while the server is off; provide the port's id."""
    api = Api()
    url = f"{api.nova}/servers/{id_}/os-interface"
    port = api.ask("POST", url, {"interfaceAttachment": {"net_id": network}})["interfaceAttachment"]["port_id"]
    wait_until(f"port {port} is active", lambda: _port(api, port)["status"] == "ACTIVE")
    try:
        yield port
    finally:
        act(id_, {"os-stop": None}, "SHUTOFF")
        api.ask("DELETE", f"{url}/{port}")
        wait_until(f"port {port} is detached", lambda: all(one["port_id"] != port for one in api.list(url)))
        act(id_, {"os-start": None}, "ACTIVE")


def _port(api: Api, id_: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = api.ask("GET", f"{api.neutron}/ports/{id_}")["port"]
    return found


def let_computes_copy(computes: tuple[str, ...], key: str) -> None:
    """Give every compute a key for the others: Nova copies a server's disk by ssh for a migration or a resize."""
    script = "umask 077; mkdir -p /root/.ssh; cat >/root/.ssh/id_ed25519 <<'END'\n" + key + "END\n"
    script += "printf 'Host *\\n  StrictHostKeyChecking no\\n  LogLevel ERROR\\n' >/root/.ssh/config\n"
    for host in computes:
        inside(host, script)


def migrate(id_: str, host: str) -> None:
    """Cold-migrate a server to a host, and confirm it."""
    act(id_, {"migrate": {"host": host}}, "VERIFY_RESIZE")
    confirm(id_)


def resize(id_: str) -> None:
    """Resize a server to a flavor that is created for it, and confirm it."""
    api = Api()
    flavor = {"name": f"resized {uuid.uuid4()}", "ram": 96, "vcpus": 1, "disk": 1}
    made = api.ask("POST", f"{api.nova}/flavors", {"flavor": flavor})["flavor"]
    act(id_, {"resize": {"flavorRef": made["id"]}}, "VERIFY_RESIZE")
    confirm(id_)


def confirm(id_: str) -> None:
    """Confirm a migration or a resize."""
    api = Api()
    api.ask("POST", f"{api.nova}/servers/{id_}/action", {"confirmResize": None})
    wait_until(f"server {id_} is ACTIVE", lambda: has_status(id_, "ACTIVE"))


# --- hosts


@contextmanager
def host_removed(host: str) -> Iterator[None]:
    """Remove a compute without servers: stop its daemons, delete it in Nova and Neutron; then add it again."""
    api = Api()
    daemons = ("nova-compute", inside(host, "cd /run/osl; ls neutron-*-agent.pid").split()[0].removesuffix(".pid"))
    member_of = [row["id"] for row in api.list(f"{api.nova}/os-aggregates") if host in row["hosts"]]
    kill(host, *daemons)
    for row in api.list(f"{api.nova}/os-services"):
        if row["host"] == host:
            api.ask("DELETE", f"{api.nova}/os-services/{row['id']}")
    for _ in range(3):  # a report that was still in the queue registers the agent again
        for row in agents_of(host):
            api.ask("DELETE", f"{api.neutron}/agents/{row['id']}")
        time.sleep(2)
    try:
        yield
    finally:
        start(host, *daemons)
        wait_until(f"{host} is a compute again", lambda: _in_cloud(host))
        # otherwise Nova finds the host's deleted service, too, and refuses to migrate servers away from it
        inside("ctl", "nova-manage db archive_deleted_rows >/dev/null 2>&1 || [ $? = 1 ]  # 1: there were some")
        hosts_of = {row["id"]: row["hosts"] for row in Api().list(f"{api.nova}/os-aggregates")}
        for number in member_of:
            if host not in hosts_of[number]:
                action = f"{api.nova}/os-aggregates/{number}/action"
                wait_until(f"{host} is in its aggregate", lambda url=action: _added(url, host))  # type: ignore[misc]


def _in_cloud(host: str) -> bool:
    api = Api()
    known = any(row["host"] == host and row["state"] == "up" for row in api.list(f"{api.nova}/os-services"))
    return known and any(row["alive"] and _in_step(row) for row in agents_of(host))


def _in_step(agent: Mapping[str, Any]) -> bool:
    """Return whether an agent has reported since its last report that it was starting.

    The Open vSwitch agent says so in every report until it has examined all ports once (``iter_num``).
    """
    return str(agent["heartbeat_timestamp"]) > str(agent["started_at"])


def _added(url: str, host: str) -> bool:
    """Add a host to an aggregate; Nova refuses until it has mapped the host to a cell."""
    try:
        Api().ask("POST", url, {"add_host": {"host": host}})
    except requests.HTTPError:
        return False
    return True
