# SPDX-License-Identifier: Apache-2.0
"""Everyday operations on a cloud, performed in the lab. Each act yields the objects that its events would name.

An act is a generator. It yields after each of its operations, and yields nothing if it is not possible now. Events
contain the id of the server, network, port or router that they are about, the port's network, device and host, and the
host of an agent or cable. Acts use nothing of the product but the ids of its objects.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from calipso_nornir.model import ids
from calipso_nornir.model.refs import ObjectRef
from tests.lab import faults
from tests.lab.cloud.plan import HOSTILE_NAMES
from tests.lab.faults import SERVER_HOST, wait_until
from tests.lab.oracle.api import Api
from tests.lab.oracle.place import inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.oracle.api import Row

Refs: TypeAlias = "list[ObjectRef]"
NETWORK_NODE = "net1"
OVNS_OWN = "network:distributed"
"""Device owner of the port of OVN's metadata, which every network has; OVN has no DHCP servers."""
MOST_SERVERS, MOST_NETWORKS = 9, 9
"""Maximum number of servers that the machine can run."""
TUNNELS = """
if [ -S /run/openvswitch/db.sock ]; then
  ovs-vsctl --format=csv --columns=name,ofport,options list Interface | grep remote_ip
else
  bridge fdb show | grep ' dst '
fi | sort
"""


@dataclass(slots=True)
class Life:
    """What acts need: an API client, a random generator, and names."""

    seed: str
    environment: str
    computes: tuple[str, ...]
    variant: str
    api: Api = field(default_factory=Api)
    random: random.Random = field(init=False)
    _tunnels: dict[str, str] = field(init=False)
    """The tunnels of each host when they were last read."""

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - no secret
        self._tunnels = self._tunnels_now()

    def tunnels_remade(self) -> Refs:
        """Return the switches whose tunnels have changed since the last call, as monitors of the hosts would.

        When the first port of a network on a host becomes active, or the last one is removed, Neutron (l2population)
        notifies all hosts of the network: they create or remove tunnels to that host. For three minutes after an agent
        has started (agent_boot_time), every port that becomes active causes this again, after a delay.
        """
        before, now = self._tunnels, self._tunnels_now()
        self._tunnels = now
        hosts = [host for host in sorted(now) if before[host] != now[host]]
        if self.variant == "lxb":
            return [self.ref("vconnectors_folder", host, "vconnectors") for host in hosts]
        return [self.ref("vedge", host, "OVS") for host in hosts]

    def _tunnels_now(self) -> dict[str, str]:
        return {host: inside(host, TUNNELS) for host in (NETWORK_NODE, *self.computes)}

    # --- existing objects

    def rows(self, name: str) -> list[Row]:
        """Return one of Neutron's lists."""
        return sorted(self.api.list(f"{self.api.neutron}/{name}"), key=lambda row: str(row["id"]))

    def servers(self, *states: str) -> list[Row]:
        """Return the servers in these states; all servers if none is given."""
        rows = self.api.list(f"{self.api.nova}/servers/detail?all_tenants=1")
        return sorted((row for row in rows if not states or row["status"] in states), key=lambda row: str(row["id"]))

    def ports_of(self, device: str) -> list[Row]:
        """Return the ports of a server, router or DHCP server."""
        return [row for row in self.rows("ports") if row["device_id"] == device]

    def own_networks(self, project: str) -> list[Row]:
        """Return the networks that a project's servers can be in: its own and shared ones, with addresses."""
        rows = self.rows("networks")
        return [row for row in rows if row["subnets"] and (row["shared"] or row["project_id"] == project)]

    def chosen(self, rows: Sequence[Any]) -> Any:  # noqa: ANN401 - JSON
        """Return a random one; None if there is none."""
        return self.random.choice(rows) if rows else None

    def name(self) -> str:
        """Return a name with characters that break careless programs."""
        return self.random.choice(HOSTILE_NAMES)

    # --- references

    def ref(self, type_: str, *parts: str) -> ObjectRef:
        """Return a reference to the object whose id consists of these parts."""
        return ObjectRef(self.environment, type_, ids.below(*parts) if len(parts) > 1 else ids.plain(parts[0]))

    def server(self, row: Row) -> Refs:
        """Return the objects that an event about a server names: the server, and the sub-ports of its trunks.

        Neutron binds sub-ports to their parent's host without an event; a sub-port names neither server nor parent.
        """
        trunks = [port.get("trunk_details") or {} for port in self.ports_of(row["id"])]
        subs = [self.ref("port", sub["port_id"]) for trunk in trunks for sub in trunk.get("sub_ports") or ()]
        return [self.ref("instance", row["id"]), *subs]

    def server_to_delete(self, row: Row) -> Refs:
        """Return the objects that the events of a server's deletion name, including the routers of its floating IPs."""
        return [*self.server(row), *self.floating_at({port["id"] for port in self.ports_of(row["id"])})]

    def floating_at(self, ports: set[str]) -> Refs:
        """Return the routers that have floating IPs of these ports, if any: the routers lose them with the ports."""
        return [self.services()] if any(one["port_id"] in ports for one in self.rows("floatingips")) else []

    def port(self, row: Row) -> Refs:
        """Return the objects that an event about a port names: the port, and the owner of it on its host."""
        owner, host = str(row["device_owner"]), row["binding:host_id"]
        refs = [self.ref("port", row["id"])]
        if owner.startswith("compute:"):
            refs.append(self.ref("instance", row["device_id"]))
        elif owner.startswith("network:") and host:
            refs.append(self.services(host))
        return refs

    def everybody_in(self, network: Row) -> Refs:
        """Return a network and everything that shows its name: its servers, and its DHCP server."""
        ports = [row for row in self.rows("ports") if row["network_id"] == network["id"]]
        servers = {row["device_id"] for row in ports if row["device_owner"].startswith("compute:")}
        named = [self.ref("instance", id_) for id_ in sorted(servers)]
        return [self.ref("network", network["id"]), self.services(), *named]

    def services(self, host: str = NETWORK_NODE) -> ObjectRef:
        """Return the routers and DHCP servers of a host."""
        return self.ref("vservices_folder", host, "vservices")


Act: TypeAlias = Callable[[Life], Generator[Refs]]


def _distinct(*refs: Refs) -> Refs:
    return list(dict.fromkeys(one for some in refs for one in some))


# --- servers


def a_server_created(life: Life) -> Generator[Refs]:
    """Create a server in one to three networks, on a host that Nova chooses."""
    known = life.servers()
    if len(known) >= MOST_SERVERS:
        return
    model = life.chosen(known)
    own = Api(project=model["tenant_id"])
    networks = life.own_networks(model["tenant_id"])
    wanted = life.random.sample(networks, k=min(len(networks), life.random.randint(1, 3)))
    flavor = next(row for row in own.list(f"{own.nova}/flavors") if row["name"] == "m1.nano")
    body = {
        "name": life.name(),
        "flavorRef": flavor["id"],
        "imageRef": model["image"]["id"],
        "networks": [{"uuid": row["id"]} for row in wanted],
    }
    made = own.ask("POST", f"{own.nova}/servers", {"server": body})["server"]
    wait_until(f"server {made['id']} is built", lambda: (faults.server(made["id"]) or {})["status"] != "BUILD")
    wait_for_ports(life, made["id"])
    yield life.server(made)


def a_server_deleted(life: Life) -> Generator[Refs]:
    """Delete a server."""
    servers = life.servers()
    one = life.chosen(servers) if len(servers) > 2 else None
    if one is not None:
        named = life.server_to_delete(one)
        faults.delete_server(one["id"])
        yield named


def a_server_stopped_or_started(life: Life) -> Generator[Refs]:
    """Stop a running server, or start one that is shut off."""
    one = life.chosen(life.servers("ACTIVE", "SHUTOFF"))
    if one is None:
        return
    if one["status"] == "ACTIVE":
        faults.act(one["id"], {"os-stop": None}, "SHUTOFF")
    else:
        faults.act(one["id"], {"os-start": None}, "ACTIVE")
        wait_for_ports(life, one["id"])
    yield life.server(one)


def a_server_paused(life: Life) -> Generator[Refs]:
    """Pause a server, and unpause it."""
    one = life.chosen(life.servers("ACTIVE"))
    if one is not None:
        faults.act(one["id"], {"pause": None}, "PAUSED")
        yield life.server(one)
        faults.act(one["id"], {"unpause": None}, "ACTIVE")
        yield life.server(one)


def a_server_renamed(life: Life) -> Generator[Refs]:
    """Rename a server."""
    one = life.chosen(life.servers())
    if one is not None:
        life.api.ask("PUT", f"{life.api.nova}/servers/{one['id']}", {"server": {"name": life.name()}})
        yield life.server(one)


def a_server_resized(life: Life) -> Generator[Refs]:
    """Resize a server; Nova chooses the host."""
    one = life.chosen(life.servers("ACTIVE"))
    if one is not None:
        faults.resize(one["id"])
        wait_for_ports(life, one["id"])
        yield life.server(one)


def a_server_migrated(life: Life) -> Generator[Refs]:
    """Cold-migrate a server to another host of its zone."""
    zones = {row["host"]: row["zone"] for row in life.api.list(f"{life.api.nova}/os-services")}
    ways = [
        (row, host)
        for row in life.servers("ACTIVE")
        for host in life.computes
        if host != row[SERVER_HOST] and zones[host] == zones[row[SERVER_HOST]]
    ]
    if ways:
        one, host = life.random.choice(ways)
        faults.migrate(one["id"], host)
        wait_for_ports(life, one["id"])
        yield life.server(one)


def an_interface_attached(life: Life) -> Generator[Refs]:
    """Attach an interface to a running server."""
    one = life.chosen([row for row in life.servers("ACTIVE") if len(life.ports_of(row["id"])) < 4])
    network = life.chosen(life.own_networks(one["tenant_id"])) if one is not None else None
    if network is not None:
        url = f"{life.api.nova}/servers/{one['id']}/os-interface"
        life.api.ask("POST", url, {"interfaceAttachment": {"net_id": network["id"]}})
        wait_for_ports(life, one["id"])
        yield life.server(one)


def an_interface_detached(life: Life) -> Generator[Refs]:
    """Detach an interface from a server that is shut off: a running guest without an operating system keeps it."""
    one = life.chosen([row for row in life.servers("ACTIVE", "SHUTOFF") if len(life.ports_of(row["id"])) > 1])
    if one is None:
        return
    port = life.random.choice(life.ports_of(one["id"]))
    if one["status"] == "ACTIVE":
        faults.act(one["id"], {"os-stop": None}, "SHUTOFF")
        yield life.server(one)
    url = f"{life.api.nova}/servers/{one['id']}/os-interface"
    named = _distinct(life.server(one), [life.ref("port", port["id"])], life.floating_at({port["id"]}))
    life.api.ask("DELETE", f"{url}/{port['id']}")
    wait_until(
        f"port {port['id']} is detached", lambda: all(row["port_id"] != port["id"] for row in life.api.list(url))
    )
    yield named


# --- ports


def a_port_switched(life: Life) -> Generator[Refs]:
    """Switch a server's port off, or on again."""
    running = {row["id"] for row in life.servers("ACTIVE")}
    one = life.chosen([row for row in life.rows("ports") if row["device_id"] in running])
    if one is not None:
        _update(life, "ports", one["id"], {"port": {"admin_state_up": not one["admin_state_up"]}})
        wanted = "DOWN" if one["admin_state_up"] else "ACTIVE"
        if life.variant != "ovn":  # its ports keep their status
            wait_until(f"port {one['id']} is {wanted}", lambda: _neutron(life, "ports", one["id"])["status"] == wanted)
        yield life.port(one)


def an_unused_port(life: Life) -> Generator[Refs]:
    """Create a port that no server uses, bound to a host or to none, and delete it."""
    network = life.chosen(life.rows("networks"))
    host = life.chosen([None, *life.computes])
    bound = {"binding:host_id": host} if host else {}
    body = {"network_id": network["id"], "name": life.name(), **bound}
    port = life.api.ask("POST", f"{life.api.neutron}/ports", {"port": body})["port"]
    yield life.port(port)
    life.api.ask("DELETE", f"{life.api.neutron}/ports/{port['id']}")
    yield life.port(port)


def a_port_renamed(life: Life) -> Generator[Refs]:
    """Rename a port."""
    one = life.chosen(life.rows("ports"))
    _update(life, "ports", one["id"], {"port": {"name": life.name()}})
    yield life.port(one)


def a_floating_ip_moved(life: Life) -> Generator[Refs]:
    """Disassociate a floating IP from its port, or associate it with one; it is on its router's gateway port."""
    given = [row for row in life.rows("floatingips") if row["port_id"]]
    one = life.chosen(given)
    if one is None:
        return
    url, port = f"{life.api.neutron}/floatingips/{one['id']}", _neutron(life, "ports", one["port_id"])
    life.api.ask("PUT", url, {"floatingip": {"port_id": None}})
    wait_until("the floating IP is gone", lambda: not faults.floats(one))
    yield _distinct(life.port(port), [life.services()])
    back = {"port_id": one["port_id"], "fixed_ip_address": one["fixed_ip_address"]}
    life.api.ask("PUT", url, {"floatingip": back})
    wait_until("the floating IP is back", lambda: faults.floats_again(one))
    yield _distinct(life.port(port), [life.services()])


# --- networks and routers


def a_network_created(life: Life) -> Generator[Refs]:
    """Create a network, then a subnet with DHCP in it."""
    known = life.rows("networks")
    if len(known) >= MOST_NETWORKS:
        return
    project = life.random.choice([row["project_id"] for row in known if not row["shared"]])
    body = {"name": life.name(), "project_id": project}
    network = life.api.ask("POST", f"{life.api.neutron}/networks", {"network": body})["network"]
    yield [life.ref("network", network["id"])]
    _make_subnet(life, network)
    yield _with_services(life, network)


def a_subnet_added(life: Life) -> Generator[Refs]:
    """Add a subnet to a network of a project."""
    network = life.chosen([row for row in life.rows("networks") if not row["shared"] and len(row["subnets"]) < 2])
    if network is not None:
        _make_subnet(life, network)
        yield _with_services(life, network)


def a_network_deleted(life: Life) -> Generator[Refs]:
    """Delete a network that only its DHCP server uses."""
    own = ("network:dhcp", OVNS_OWN)
    used = {row["network_id"] for row in life.rows("ports") if row["device_owner"] not in own}
    network = life.chosen([row for row in life.rows("networks") if row["id"] not in used and not row["shared"]])
    if network is not None:
        life.api.ask("DELETE", f"{life.api.neutron}/networks/{network['id']}")
        wait_until("its DHCP server is gone", lambda: f"qdhcp-{network['id']}" not in _namespaces())
        yield _with_services(life, network)


def a_network_renamed(life: Life) -> Generator[Refs]:
    """Rename a network."""
    network = life.chosen(life.rows("networks"))
    _update(life, "networks", network["id"], {"network": {"name": life.name()}})
    yield life.everybody_in(network)


def a_dhcp_server_moved(life: Life) -> Generator[Refs]:
    """Remove a network from its DHCP agent, and add it again."""
    agent = next((row for row in life.rows("agents") if row["agent_type"] == "DHCP agent"), None)
    if agent is None:  # OVN
        return
    url = f"{life.api.neutron}/agents/{agent['id']}/dhcp-networks"
    served = sorted(row["id"] for row in life.api.list(url))
    known = {row["id"]: row for row in life.rows("networks")}
    network = life.chosen([known[id_] for id_ in served if f"qdhcp-{id_}" in _namespaces()])
    if network is None:
        return
    life.api.ask("DELETE", f"{url}/{network['id']}")
    wait_until("its DHCP server is gone", lambda: f"qdhcp-{network['id']}" not in _namespaces())
    yield _with_services(life, network)
    life.api.ask("POST", url, {"network_id": network["id"]})
    _wait_for_dhcp(life, network["id"])
    yield _with_services(life, network)


def a_router_created(life: Life) -> Generator[Refs]:
    """Create a router between the public network and one without a router, and delete it again."""
    ports = life.rows("ports")
    routed = {row["network_id"] for row in ports if row["device_owner"].startswith("network:router")}
    known = {row["id"]: row for row in life.rows("subnets") if row["ip_version"] == 4 and row["gateway_ip"]}
    rows = [row for row in life.rows("networks") if not row["shared"] and row["id"] not in routed]
    network = life.chosen([row for row in rows if known.keys() & set(row["subnets"])])
    if network is None:
        return
    subnet = min(known.keys() & set(network["subnets"]))
    public = next(row["id"] for row in life.rows("networks") if row["router:external"])
    api = life.api
    body = {"name": life.name(), "project_id": network["project_id"]}
    body["external_gateway_info"] = {"network_id": public}
    router = api.ask("POST", f"{api.neutron}/routers", {"router": body})["router"]
    url = f"{api.neutron}/routers/{router['id']}"
    api.ask("PUT", f"{url}/add_router_interface", {"subnet_id": subnet})
    wait_for_ports(life, router["id"])
    added = life.ports_of(router["id"])
    yield _distinct(*map(life.port, added))
    api.ask("PUT", f"{url}/remove_router_interface", {"subnet_id": subnet})
    api.ask("DELETE", url)
    wait_until("the router is gone", lambda: f"qrouter-{router['id']}" not in _namespaces())
    yield _distinct(*map(life.port, added))


def a_gateway_cleared(life: Life) -> Generator[Refs]:
    """Clear a router's gateway and the floating IPs that need it, and restore them."""
    if not any(row["external_gateway_info"] for row in life.rows("routers")):
        return
    before = life.rows("ports")
    floating = {row["port_id"] for row in life.rows("floatingips")}
    with faults.gateway_cleared() as router:
        concerned = [row for row in before if row["device_id"] == router or row["id"] in floating]
        yield _distinct([life.services()], *map(life.port, concerned))
    wait_for_ports(life, router)
    yield _distinct([life.services()], *map(life.port, concerned), *map(life.port, life.ports_of(router)))


# --- projects, hosts and cables


def a_project_renamed(life: Life) -> Generator[Refs]:
    """Rename a project; its networks, ports and servers show its name, too."""
    wanted = {row["project_id"] for row in life.rows("networks") if not row["shared"]}
    id_ = life.random.choice(sorted(wanted))
    name = f"{life.name()} {life.random.randint(0, 999)}"
    life.api.ask("PATCH", f"{life.api.keystone}/projects/{id_}", {"project": {"name": name}})
    owned = [life.ref("network", row["id"]) for row in life.rows("networks") if row["project_id"] == id_]
    owned += [life.ref("port", row["id"]) for row in life.rows("ports") if row["project_id"] == id_]
    owned += [life.ref("instance", row["id"]) for row in life.servers() if row["tenant_id"] == id_]
    yield [life.ref("project", id_), life.services(), *owned]


def a_compute_disabled(life: Life) -> Generator[Refs]:
    """Disable a compute, and enable it again."""
    host = life.random.choice(life.computes)
    with faults.compute_disabled(host):
        yield [life.ref("host", host)]
    yield [life.ref("host", host)]


def a_cable_pulled(life: Life) -> Generator[Refs]:
    """Pull a cable of a host, and plug it in again."""
    host = life.random.choice([NETWORK_NODE, *life.computes])
    with faults.cable_pulled(life.random.choice(["t-", "p-"]) + host):
        yield [life.ref("host", host)]
    yield [life.ref("host", host)]


# --- queries to Neutron


def _neutron(life: Life, kind: str, id_: str) -> dict[str, Any]:
    """Return one row."""
    return dict(life.api.ask("GET", f"{life.api.neutron}/{kind}/{id_}")[kind.removesuffix("s")])


def _update(life: Life, kind: str, id_: str, body: dict[str, Any]) -> None:
    life.api.ask("PUT", f"{life.api.neutron}/{kind}/{id_}", body)


def _make_subnet(life: Life, network: Row) -> None:
    """Create a subnet with DHCP, and wait for its DHCP server."""
    number = life.random.randint(0, 65535)
    cidr = f"10.{life.random.choice((150, 151, 152))}.{number >> 8}.{number & 240}/28"
    body = {"network_id": network["id"], "project_id": network["project_id"], "ip_version": 4, "cidr": cidr}
    life.api.ask("POST", f"{life.api.neutron}/subnets", {"subnet": {**body, "name": life.name()}})
    _wait_for_dhcp(life, network["id"])


def _wait_for_dhcp(life: Life, network: str) -> None:
    def served() -> bool:
        ports = [row for row in life.rows("ports") if row["network_id"] == network]
        if life.variant == "ovn":
            return any(row["fixed_ips"] for row in ports if row["device_owner"] == OVNS_OWN)
        own = [row for row in ports if row["device_owner"] == "network:dhcp"]
        return bool(own) and all(row["status"] == "ACTIVE" for row in own) and f"qdhcp-{network}" in _namespaces()

    wait_until(f"network {network} has a DHCP server", served)


def _with_services(life: Life, network: Row) -> Refs:
    return [life.ref("network", network["id"]), life.services()]


def wait_for_ports(life: Life, device: str) -> None:
    """Wait until all ports of a server or router that are switched on are active."""

    def ready() -> bool:
        told = faults.server(device) if not _is_router(life, device) else None
        if told is not None and told["status"] != "ACTIVE":
            return True
        return all(row["status"] == "ACTIVE" for row in life.ports_of(device) if row["admin_state_up"])

    wait_until(f"the ports of {device} are active", ready)


def _is_router(life: Life, id_: str) -> bool:
    return any(row["id"] == id_ for row in life.rows("routers"))


def _namespaces() -> str:
    return inside(NETWORK_NODE, "ip netns list")
