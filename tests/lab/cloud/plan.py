# SPDX-License-Identifier: Apache-2.0
"""Plans the random cloud that seed.py creates; it depends only on the parameters and the seed. No I/O.

What tests need in every cloud is assigned, not left to chance, as far as the sizes allow it: two objects with one name,
a network without a name or without DHCP, a server with two NICs, one that is shut off ... The rest is random.
"""

from __future__ import annotations

import ipaddress
import random
from dataclasses import dataclass, replace

PUBLIC, VLAN = 0, 1
"""The indexes in ``Cloud.networks`` of the networks on physnet1; with Linux bridge there is no VLAN network, because it
would need 8021q. After them comes the network on physnet2, which is flat or a VLAN."""
HOSTILE_NAMES = (
    "$(reboot)", "`id`;ls|wc", "a/b.c", "..", "it's \"quoted\"", "two  words", "☕ ☔", "Größe-名前", "<b>&amp;</b>",
    "{{ 7*7 }}", "%s%n%d", "-rf", "null", "0", "back\\slash", "comma,semi;colon", "*", "vnic-1", "x" * 60,
)  # fmt: skip
"""No characters beyond the BMP: this release of Nova and Neutron stores names in MySQL's three-byte utf8."""
NO_HOST_NAMES = ("Größe-名前",)
"""Names of servers from which Nova makes host names that Neutron's DNS extension refuses; OVN always has it."""
WORDS = ("acme", "blue", "core", "data", "edge", "front", "grid", "hub", "lab", "mail", "node", "web")


@dataclass(frozen=True)
class Subnet:
    """A subnet; ``mode`` is the IPv6 address mode ("slaac", "dhcpv6-stateful"), None for IPv4."""

    name: str
    cidr: str
    gateway: bool = True
    dhcp: bool = True
    mode: str | None = None

    @property
    def pool(self) -> tuple[str, str] | None:
        """The first and last address that Neutron may choose (the lower half); None: any, as the plan assigns none.

        Neutron chooses at random: without a pool, it would sometimes take an address that the plan assigns.
        """
        if self.mode:
            return None
        block = ipaddress.ip_network(self.cidr)
        return str(block[2]), str(block[block.num_addresses // 2 - 1])

    @property
    def given(self) -> list[str]:
        """The addresses that the plan may assign: the upper half of an IPv4 subnet."""
        block = ipaddress.ip_network(self.cidr)
        return [str(block[n]) for n in range(block.num_addresses // 2, block.num_addresses - 1)]


@dataclass(frozen=True)
class Network:
    """A network; ``project`` is None for the provider networks, which are shared."""

    name: str
    project: int | None
    subnets: tuple[Subnet, ...]
    vlan: int | None = None
    physical: str = "physnet1"
    """The VLAN of a provider network."""


@dataclass(frozen=True)
class Router:
    """A router with interfaces in networks, with or without a gateway to the public network."""

    name: str
    project: int
    networks: tuple[int, ...]
    gateway: bool
    distributed: bool = False
    highly_available: bool = False


@dataclass(frozen=True)
class SubPort:
    """A sub-port of a trunk: inside the server, frames of its network are tagged with the VLAN."""

    name: str
    network: int
    vlan: int


@dataclass(frozen=True)
class Nic:
    """A server's NIC: a port created beforehand if it has a name, else by Nova; address None: any.

    ``off``: an administrator switches the port off when everything is wired.
    """

    network: int
    port: str | None = None
    address: str | None = None
    off: bool = False
    trunk: tuple[SubPort, ...] = ()
    """The sub-ports of the trunk whose parent the port, created beforehand, is."""


@dataclass(frozen=True)
class Server:
    """A server, and the operations on it when it is active."""

    name: str
    project: int
    host: str
    nics: tuple[Nic, ...]
    floating: bool = False
    shut_off: bool = False
    loses_last_nic: bool = False


@dataclass(frozen=True)
class LonePort:
    """A port without a server, bound to a host or unbound."""

    name: str
    network: int
    host: str | None


@dataclass(frozen=True)
class Aggregate:
    """A host aggregate, with a zone or without."""

    name: str
    zone: str | None
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Project:
    """A project with its security group."""

    name: str
    security_group: str


@dataclass(frozen=True)
class Cloud:
    """The whole plan; numbers are indexes in these tuples."""

    projects: tuple[Project, ...]
    networks: tuple[Network, ...]
    routers: tuple[Router, ...]
    servers: tuple[Server, ...]
    lone_ports: tuple[LonePort, ...]
    aggregates: tuple[Aggregate, ...]

    def zone(self, host: str) -> str:
        """Return the availability zone of a host."""
        return next((one.zone for one in self.aggregates if one.zone and host in one.hosts), "nova")


def plan(*, variant: str, computes: int, projects: int, networks: int, servers: int, seed: str) -> Cloud:  # noqa: PLR0913 - all keywords
    """Return the cloud for these parameters; the same parameters give the same cloud."""
    unfit = NO_HOST_NAMES if variant == "ovn" else ()
    return _Planner(f"{variant}/{computes}/{projects}/{networks}/{servers}/{seed}", unfit).cloud(
        with_vlan=variant != "lxb",
        silences=variant != "ovn",
        distributed=variant == "ovs-dvr",
        hosts=[f"cmp{number}" for number in range(1, computes + 1)],
        sizes=(projects, networks, servers),
    )


class _Planner:
    def __init__(self, seed: str, unfit: tuple[str, ...]) -> None:
        self._unfit = unfit
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._decks: dict[str, list[str]] = {}
        self._networks: list[Network] = []
        self._second = 0
        """The index of the network on physnet2."""
        self._used: dict[int, set[str]] = {}
        """Network -> assigned addresses."""

    def cloud(
        self, *, with_vlan: bool, silences: bool, distributed: bool, hosts: list[str], sizes: tuple[int, int, int]
    ) -> Cloud:
        projects, networks, servers = sizes
        self._make_provider_networks(with_vlan=with_vlan)
        self._second, first = len(self._networks) - 1, len(self._networks)
        for project in range(projects):
            self._make_tenant_networks(project, networks)
        self._mark_networks(first)
        routers = self._routers(projects)
        if distributed:
            routers = self._with_kinds(routers)
        return Cloud(
            projects=tuple(Project(self._name("project"), self._name("group")) for _ in range(projects)),
            networks=tuple(self._networks),
            routers=routers,
            servers=self._servers(servers, projects, hosts, routers, silences=silences),
            lone_ports=tuple(
                LonePort(self._name("port"), self._random.randrange(first, len(self._networks)), host)
                for host in (None, self._random.choice(hosts), "nowhere")
            ),
            aggregates=self._aggregates(hosts),
        )

    def _name(self, kind: str) -> str:
        """Return a name that no other object of the kind has; the first and every third one is hostile."""
        if kind not in self._decks:
            names = self._random.sample(HOSTILE_NAMES, len(HOSTILE_NAMES))
            self._decks[kind] = [name for name in names if kind != "server" or name not in self._unfit]
            return self._decks[kind].pop()
        if self._decks[kind] and self._random.random() < 1 / 3:
            return self._decks[kind].pop()
        return f"{self._random.choice(WORDS)}-{kind}-{self._random.getrandbits(20):05x}"

    # networks

    def _make_provider_networks(self, *, with_vlan: bool) -> None:
        outside = Subnet(self._name("subnet"), "203.0.113.0/24", dhcp=False)  # RFC 5737; 203.0.113.1 is the switch
        self._networks.append(Network(self._name("network"), None, (outside,)))
        if with_vlan:
            cidr = f"100.{self._random.randint(64, 127)}.{self._random.randrange(256)}.0/24"  # RFC 6598
            subnet = Subnet(self._name("subnet"), cidr, gateway=self._random.random() < 1 / 2)
            vlan = self._random.randint(2, 4094)
            self._networks.append(Network(self._name("network"), None, (subnet,), vlan))
        subnet = Subnet(self._name("subnet"), f"198.18.{self._random.randrange(256)}.0/24", gateway=False)  # RFC 2544
        second = self._random.randint(2, 4094) if with_vlan and self._random.random() < 1 / 2 else None
        self._networks.append(Network(self._name("network"), None, (subnet,), second, physical="physnet2"))

    def _make_tenant_networks(self, project: int, count: int) -> None:
        second_octets = self._random.sample([n for n in range(256) if n not in (77, 78)], count)  # the lab's own
        for octet in second_octets:
            third, bits = self._random.randrange(256), self._random.choice((24, 25, 26))
            subnet = Subnet(self._name("subnet"), f"10.{octet}.{third}.0/{bits}")
            self._networks.append(Network(self._name("network"), project, (subnet,)))

    def _mark_networks(self, first: int) -> None:
        """Give some tenant networks unusual properties."""
        tenants = list(range(first, len(self._networks)))
        by_project = {self._networks[n].project: n for n in reversed(tenants)}  # the first one of each
        one, *others = by_project.values()
        if others:  # the same name and the same addresses in two projects
            other = self._random.choice(others)
            self._networks[other] = replace(
                self._networks[other], name=self._networks[one].name, subnets=self._networks[one].subnets
            )
        rest = [n for n in tenants if n not in by_project.values()]
        if rest:
            nameless, silent = self._random.choice(rest), self._random.choice(rest)
            self._networks[nameless] = replace(self._networks[nameless], name="")
            (subnet,) = self._networks[silent].subnets
            self._networks[silent] = replace(self._networks[silent], subnets=(replace(subnet, dhcp=False),))
        dual = self._random.choice(tenants)
        prefix = ":".join(f"{self._random.getrandbits(16):x}" for _ in range(3))
        subnet = Subnet(
            self._name("subnet"), f"fd00:{prefix}::/64", mode=self._random.choice(("slaac", "dhcpv6-stateful"))
        )
        self._networks[dual] = replace(self._networks[dual], subnets=(*self._networks[dual].subnets, subnet))

    def _of(self, project: int) -> list[int]:
        return [n for n, network in enumerate(self._networks) if network.project == project]

    def _routers(self, projects: int) -> tuple[Router, ...]:
        """Return a router with a gateway for each project (the last of several has none), and one for the rest."""
        made = []
        for project in range(projects):
            networks = self._random.sample(self._of(project), len(self._of(project)))
            routed = max(1, len(networks) - 1)
            gateway = project == 0 or (project < projects - 1 and self._random.random() < 3 / 4)
            made.append(Router(self._name("router"), project, tuple(networks[:routed]), gateway))
            if routed > 2:
                made[-1] = replace(made[-1], networks=tuple(networks[: routed - 1]))
                made.append(Router(self._name("router"), project, (networks[routed - 1],), gateway=False))
        if projects == 1:
            made.append(Router(self._name("router"), 0, (), gateway=False))
        return tuple(made)

    def _with_kinds(self, routers: tuple[Router, ...]) -> tuple[Router, ...]:
        """Add routers for networks without one, and assign kinds of routers, first to those with a gateway."""
        routed = {network for one in routers for network in one.networks}
        projects = sorted({one.project for one in routers})
        rest = [(one, tuple(n for n in self._of(one) if n not in routed)) for one in projects]
        more = [Router(self._name("router"), project, networks, gateway=True) for project, networks in rest if networks]
        kinds = [(True, False), (False, True), (True, True)]
        kinds = [*self._random.sample(kinds, len(kinds)), (False, False)]
        ordered = sorted((*routers, *more), key=lambda one: not one.gateway)
        return tuple(
            replace(one, distributed=kinds[number % 4][0], highly_available=kinds[number % 4][1])
            for number, one in enumerate(ordered)
        )

    # servers

    def _servers(
        self, count: int, projects: int, hosts: list[str], routers: tuple[Router, ...], *, silences: bool
    ) -> tuple[Server, ...]:
        places = [one for _ in range(count) for one in self._random.sample(hosts, len(hosts))][:count]
        made = [
            Server(self._name("server"), number % projects, places[number], self._nics(number % projects, number))
            for number in range(count)
        ]
        if count > 1:
            made[1] = replace(made[1], name=made[0].name)
        order = self._random.sample(range(count), count)
        gifts = (
            self._to_vlan,
            self._to_public,
            self._to_second,
            self._loses,
            self._shut_off,
            *([self._silenced] if silences else []),
            *([self._trunked] if self._second > VLAN else []),  # with Linux bridge it would need 8021q
        )
        for number, give in enumerate(gifts):
            place = order[number % count]
            made[place] = give(made[place], alone=count < 3)
        reachable = {network for one in routers if one.gateway for network in one.networks}
        candidates = [n for n, one in enumerate(made) if one.nics[0].network in reachable]
        for number in self._random.sample(candidates, (len(candidates) + 1) // 2):
            made[number] = replace(made[number], floating=True)
        return tuple(made)

    def _nics(self, project: int, number: int) -> tuple[Nic, ...]:
        """Return one to three NICs; the first is in one of the project's own networks."""
        own = self._of(project)
        choice = [*own, *([VLAN] if self._second > VLAN else [])]
        count = {0: 2, 1: 3}.get(number, self._random.choice((1, 1, 2, 3)))
        first = self._random.choice(own)
        others = [self._random.choice(choice) for _ in range(count - 1)]  # a network twice is allowed
        return tuple(self._nic(one) for one in (first, *others))

    def _nic(self, network: int) -> Nic:
        made_before = self._random.random() < 1 / 2
        return Nic(
            network,
            port=self._name("port") if made_before else None,
            address=self._address(network) if self._random.random() < 1 / 2 else None,
        )

    def _address(self, network: int) -> str:
        """Return an address that no other NIC has."""
        used = self._used.setdefault(network, set())
        address = self._random.choice([one for one in self._networks[network].subnets[0].given if one not in used])
        used.add(address)
        return address

    def _to_public(self, server: Server, *, alone: bool) -> Server:  # noqa: ARG002 - one signature for all
        return replace(server, nics=(*server.nics[:2], self._nic(PUBLIC)))

    def _to_second(self, server: Server, *, alone: bool) -> Server:  # noqa: ARG002
        return replace(server, nics=(server.nics[0], self._nic(self._second), *server.nics[2:]))

    def _to_vlan(self, server: Server, *, alone: bool) -> Server:  # noqa: ARG002
        if self._second == VLAN:
            return server
        return replace(server, nics=(server.nics[0], self._nic(VLAN), *server.nics[2:]))

    def _loses(self, server: Server, *, alone: bool) -> Server:  # noqa: ARG002
        nic = replace(self._nic(server.nics[0].network), port=self._name("port"))  # it stays, bound to nothing
        return replace(server, nics=(*server.nics, nic), loses_last_nic=True)

    def _shut_off(self, server: Server, *, alone: bool) -> Server:
        return server if alone else replace(server, shut_off=True)

    def _silenced(self, server: Server, *, alone: bool) -> Server:  # noqa: ARG002
        """Mark the port of the first NIC to be switched off."""
        first = replace(server.nics[0], port=server.nics[0].port or self._name("port"), off=True)
        return replace(server, nics=(first, *server.nics[1:]))

    def _trunked(self, server: Server, *, alone: bool) -> Server:
        """Make the port of the first NIC, or of one in the VLAN network, the parent of a trunk.

        The MTU of a sub-port must not be greater than the trunk's, and tunnels make it smaller.
        """
        in_vlan = [place for place, nic in enumerate(server.nics) if nic.network == VLAN]
        place = in_vlan[0] if in_vlan and self._random.random() < 1 / 2 else 0
        first = server.nics[place]
        fitting = (*self._of(server.project), *([self._second] if place else []))
        choice = [one for one in fitting if one != first.network]
        if alone or not choice:
            return server
        networks = self._random.sample(choice, min(len(choice), self._random.choice((1, 2))))
        vlans = self._random.sample(range(1, 4094), len(networks))
        subs = tuple(SubPort(self._name("port"), *one) for one in zip(networks, vlans, strict=True))
        parent = replace(first, port=first.port or self._name("port"), trunk=subs)
        return replace(server, nics=(*server.nics[:place], parent, *server.nics[place + 1 :]))

    def _aggregates(self, hosts: list[str]) -> tuple[Aggregate, ...]:
        """Return disjoint zones (one host of many is in none), and an aggregate without a zone across them."""
        shuffled = self._random.sample(hosts, len(hosts))
        in_zones = shuffled if len(shuffled) < 4 else shuffled[:-1]
        cut = self._random.randint(1, len(in_zones))
        zones = [tuple(sorted(part)) for part in (in_zones[:cut], in_zones[cut:]) if part]
        across = tuple(sorted(self._random.sample(hosts, (len(hosts) + 1) // 2)))
        made = [Aggregate(self._name("aggregate"), self._name("zone"), part) for part in zones]
        return (*made, Aggregate(self._name("aggregate"), None, across))
