# SPDX-License-Identifier: Apache-2.0
"""Creates the cloud that plan.py plans: seed.py CONTROLLER PASSWORD VARIANT COMPUTES PROJECTS NETWORKS SERVERS SEED.

Ends with 0 when every server is as planned (running or shut off) and every port that should be active is.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any

from announcing import announce
from clients import connect
from plan import PUBLIC, Cloud, Network, Nic, Router, Server, plan

if TYPE_CHECKING:
    from collections.abc import Callable

BOOT_SECTOR = b"\xfa\xf4\xeb\xfd".ljust(510, b"\0") + b"\x55\xaa"
"""cli; hlt; jmp: a guest that does nothing."""
LIMIT_S = 420
ANNOUNCED_S = 60
"""Interval in seconds at which ports that are not active are announced again."""
MUST_BE_ACTIVE = (
    *("compute:", "trunk:subport", "network:dhcp", "network:router_", "network:ha_router_"),
    "network:floatingip_agent_gateway",
)
OVN_MUST_BE_ACTIVE = ("compute:", "trunk:subport", "network:router_interface")
began = time.monotonic()


def say(*words: object) -> None:
    """Print a line that begins with the seconds since the start."""
    print(f"  {time.monotonic() - began:4.0f} s", *words, flush=True)  # noqa: T201 - a script


class Seeder:
    """Creates the planned objects, and maps the plan's indexes to ids."""

    def __init__(self, cloud: Cloud, controller: str, password: str) -> None:
        self.cloud = cloud
        self.admin = connect(controller, password)
        self.network = self.admin.network
        self._login = (controller, password)
        self.projects: list[str] = []
        self.groups: list[str] = []
        self.networks: list[str] = []
        self.subnets: list[list[str]] = []
        self.servers: list[str] = []

    def make_projects(self) -> None:
        """Create the projects, each with a security group that admits ICMP; the user "member" may use all of them."""
        identity = self.admin.identity
        role, user = identity.find_role("admin"), identity.find_user("admin")
        member_role = identity.find_role("member")
        member = identity.create_user(name="member", password=self._login[1], domain_id="default")
        for planned in self.cloud.projects:
            project = identity.create_project(name=planned.name, domain_id="default")
            identity.assign_project_role_to_user(project, user, role)
            identity.assign_project_role_to_user(project, member, member_role)
            group = self.network.create_security_group(name=planned.security_group, project_id=project.id)
            self.network.create_security_group_rule(
                security_group_id=group.id, direction="ingress", protocol="icmp", ethertype="IPv4"
            )
            self.projects.append(project.id)
            self.groups.append(group.id)

    def make_compute(self) -> tuple[str, str]:
        """Create aggregates, a flavor and an image; return the ids of the latter two."""
        compute = self.admin.compute
        for planned in self.cloud.aggregates:
            zone = {"availability_zone": planned.zone} if planned.zone else {}
            aggregate = compute.create_aggregate(name=planned.name, **zone)
            for host in planned.hosts:
                compute.add_host_to_aggregate(aggregate, host)
        flavor = compute.create_flavor(name="m1.nano", ram=64, vcpus=1, disk=1)
        image = self.admin.image.create_image(
            name="tiny",
            data=BOOT_SECTOR.ljust(4 << 20, b"\0"),
            disk_format="raw",
            container_format="bare",
            visibility="public",
        )
        return flavor.id, image.id

    def make_networks(self) -> None:
        """Create networks and subnets, then routers, then the ports without a server."""
        for number, planned in enumerate(self.cloud.networks):
            network = self.network.create_network(name=planned.name, **self._kind_of(number, planned))
            self.networks.append(network.id)
            self.subnets.append([self._make_subnet(network, one) for one in planned.subnets])
        for router in self.cloud.routers:
            self._make_router(router)
        for port in self.cloud.lone_ports:
            bound = {"binding:host_id": port.host} if port.host else {}
            project = self.projects[self.cloud.networks[port.network].project or 0]
            self.network.create_port(
                name=port.name, network_id=self.networks[port.network], project_id=project, **bound
            )

    def _kind_of(self, number: int, planned: Network) -> dict[str, Any]:
        if planned.project is not None:
            return {"project_id": self.projects[planned.project]}
        physical: dict[str, Any] = {"provider_physical_network": planned.physical, "is_shared": True}
        if number == PUBLIC:
            return physical | {"provider_network_type": "flat", "is_router_external": True}
        if planned.vlan is None:
            return physical | {"provider_network_type": "flat"}
        return physical | {"provider_network_type": "vlan", "provider_segmentation_id": planned.vlan}

    def _make_subnet(self, network: Any, planned: Any) -> str:  # noqa: ANN401 - openstacksdk has no types
        options: dict[str, Any] = {} if planned.gateway else {"gateway_ip": None}
        if planned.mode:
            options |= {"ipv6_address_mode": planned.mode, "ipv6_ra_mode": planned.mode}
        if planned.pool:
            start, end = planned.pool
            options["allocation_pools"] = [{"start": start, "end": end}]
        made = self.network.create_subnet(
            name=planned.name,
            network_id=network.id,
            project_id=network.project_id,
            cidr=planned.cidr,
            ip_version=6 if planned.mode else 4,
            is_dhcp_enabled=planned.dhcp,
            **options,
        )
        return str(made.id)

    def _make_router(self, planned: Router) -> None:
        router = self.network.create_router(
            name=planned.name,
            project_id=self.projects[planned.project],
            **({"is_distributed": True} if planned.distributed else {}),
            **({"is_ha": True} if planned.highly_available else {}),
        )
        for number in planned.networks:
            for subnet in self.subnets[number]:
                self.network.add_interface_to_router(router, subnet_id=subnet)
        if planned.gateway:
            self.network.update_router(router, external_gateway_info={"network_id": self.networks[PUBLIC]})

    def make_servers(self, flavor: str, image: str) -> None:
        """Create the servers, each on its host, and wait until they are active."""
        for planned in self.cloud.servers:
            server = self._own(planned).create_server(
                name=planned.name,
                flavor_id=flavor,
                image_id=image,
                networks=[self._request(planned, nic) for nic in planned.nics],
                availability_zone=f"{self.cloud.zone(planned.host)}:{planned.host}",
                security_groups=[{"name": self.groups[planned.project]}],
            )
            self.servers.append(server.id)
        self._wait_for_servers(lambda _: "ACTIVE")

    def _own(self, planned: Server) -> Any:  # noqa: ANN401
        return connect(*self._login, project_id=self.projects[planned.project]).compute

    def _request(self, planned: Server, nic: Nic) -> dict[str, str]:
        """Return the part of the request to Nova for a NIC."""
        if nic.port is None:
            return {"uuid": self.networks[nic.network]} | ({"fixed_ip": nic.address} if nic.address else {})
        fixed = {"fixed_ips": [{"ip_address": nic.address}]} if nic.address else {}
        port = self.network.create_port(
            name=nic.port,
            network_id=self.networks[nic.network],
            project_id=self.projects[planned.project],
            security_groups=[self.groups[planned.project]],
            **fixed,
        )
        if nic.trunk:
            self._make_trunk(planned, port.id, nic)
        return {"port": port.id}

    def _make_trunk(self, planned: Server, parent: str, nic: Nic) -> None:
        project = self.projects[planned.project]
        subs = [
            {
                "port_id": self.network.create_port(
                    name=one.name,
                    network_id=self.networks[one.network],
                    project_id=project,
                    security_groups=[self.groups[planned.project]],
                ).id,
                "segmentation_type": "vlan",
                "segmentation_id": one.vlan,
            }
            for one in nic.trunk
        ]
        self.network.create_trunk(name=nic.port, project_id=project, port_id=parent, sub_ports=subs)

    def _wait_for_servers(self, status: Callable[[Server], str]) -> None:
        def differing() -> list[str]:
            known = {one.id: one for one in self.admin.compute.servers(all_projects=True)}
            for one in known.values():
                if one.status == "ERROR":
                    fault = self.admin.compute.get_server(one.id).fault
                    sys.exit(f"server {one.id} {one.name!r}: {fault}")
            return [
                f"{planned.name!r} ({id_}) is {known[id_].status}, not {status(planned)}"
                for planned, id_ in zip(self.cloud.servers, self.servers, strict=True)
                if known[id_].status != status(planned)
            ]

        wait_until_none(differing)

    def change_servers(self) -> None:
        """Assign floating IPs, detach NICs, and shut servers off, as planned."""
        compute = self.admin.compute
        public = self.networks[PUBLIC]
        for planned, id_ in zip(self.cloud.servers, self.servers, strict=True):
            if planned.floating:
                (port, *_) = self.network.ports(device_id=id_, network_id=self.networks[planned.nics[0].network])
                self.network.create_ip(
                    floating_network_id=public, port_id=port.id, project_id=self.projects[planned.project]
                )
            if planned.shut_off or planned.loses_last_nic:
                compute.stop_server(id_)
        self.network.create_ip(floating_network_id=public, project_id=self.projects[0])
        self._wait_for_servers(lambda one: "SHUTOFF" if one.shut_off or one.loses_last_nic else "ACTIVE")
        for planned, id_ in zip(self.cloud.servers, self.servers, strict=True):
            if planned.loses_last_nic:
                self._detach(planned, id_)
                if not planned.shut_off:
                    compute.start_server(id_)
        self._wait_for_servers(lambda one: "SHUTOFF" if one.shut_off else "ACTIVE")

    def _detach(self, planned: Server, id_: str) -> None:
        """Detach the last NIC: a guest without an operating system does not release it while it runs."""
        (port,) = self.network.ports(
            name=planned.nics[-1].port, network_id=self.networks[planned.nics[-1].network], device_id=id_
        )
        self.admin.compute.delete_server_interface(port.id, server=id_)
        wait_until_none(lambda: [f"{id_} keeps port {port.id}"] if self.network.get_port(port.id).device_id else [])

    def make_load_balancer(self) -> None:
        """Create a load balancer in OVN as Octavia's provider does, if a router has a network with a server."""
        for one in self.network.ports(device_owner="network:router_interface"):
            members = sorted(
                f"{port.fixed_ips[0]['ip_address']}:8080"
                for port in self.network.ports(network_id=one.network_id)
                if port.device_owner.startswith("compute:") and "." in port.fixed_ips[0]["ip_address"]
            )
            if members and "." in one.fixed_ips[0]["ip_address"]:
                break
        else:
            return
        id_ = str(uuid.UUID(bytes=hashlib.md5(one.id.encode(), usedforsecurity=False).digest(), version=4))
        vip = self.network.create_port(
            name=f"ovn-lb-vip-{id_}",
            network_id=one.network_id,
            project_id=self.network.get_network(one.network_id).project_id,
            fixed_ips=[{"subnet_id": one.fixed_ips[0]["subnet_id"]}],
        )
        address, switch, router = (
            vip.fixed_ips[0]["ip_address"],
            f"neutron-{one.network_id}",
            f"neutron-{one.device_id}",
        )
        about = {"enabled": "True", "lr_ref": router, "ls_refs": json.dumps({switch: 2}), "neutron:vip": address,
                 "neutron:vip_port_id": vip.id}  # fmt: skip
        noted = [f"external_ids:{json.dumps(key)}={json.dumps(value)}" for key, value in about.items()]
        vips = f'vips:"{address}:80"="{",".join(members)}"'
        made = ["--id=@one", "create", "Load_Balancer", f"name={id_}", "protocol=tcp", vips, *noted]
        given = ["--", "add", "Logical_Switch", switch, "load_balancer", "@one"]
        given += ["--", "add", "Logical_Router", router, "load_balancer", "@one"]
        command = ["ovn-nbctl", f"--db=tcp:{self._login[0]}:6641", "--", *made, *given]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ours

    def wait_for_ports(self, *, ovn: bool) -> None:
        """Wait until every port in use is active, and all expected DHCP servers exist."""
        off = {id_ for planned, id_ in zip(self.cloud.servers, self.servers, strict=True) if planned.shut_off}
        owners = OVN_MUST_BE_ACTIVE if ovn else MUST_BE_ACTIVE
        served = set() if ovn else {one.network_id for one in self.network.subnets() if one.is_dhcp_enabled}

        announced = time.monotonic()

        def unready() -> list[str]:
            nonlocal announced
            ports = list(self.network.ports())
            inactive = [
                one
                for one in ports
                if one.device_owner.startswith(owners) and one.status != "ACTIVE" and one.device_id not in off
            ]
            if inactive and not ovn and time.monotonic() > announced + ANNOUNCED_S:
                announced = time.monotonic()
                say("announced again:", *announce(self.network, [one.id for one in inactive]))
            told = [f"port {one.id} of {one.device_owner} {one.device_id} is {one.status}" for one in inactive]
            unserved = served - {one.network_id for one in ports if one.device_owner == "network:dhcp"}
            told += [f"network {one} has no DHCP server" for one in unserved]
            return told + [f"router {one}" for one in self._routers_without_master()]

        wait_until_none(unready)

    def _routers_without_master(self) -> list[str]:
        """Return a sentence for each HA router that is not active on exactly one host and on standby on another."""
        told = []
        for router in self.network.routers():
            agents = self.network.routers_hosting_l3_agents(router.id) if router.is_ha else ()
            states = sorted(f"{one.ha_state} on {one.host}" for one in agents)
            if router.is_ha and [one.split()[0] for one in states] != ["active", "standby"]:
                told.append(f"{router.id} is {states}")
        return told


def wait_until_none(differing: Callable[[], list[str]]) -> None:
    """Wait until no difference is reported; exit if that takes too long."""
    end = time.monotonic() + LIMIT_S
    while told := differing():
        if time.monotonic() > end:
            sys.exit("\n".join([f"after {LIMIT_S} s:", *told]))
        time.sleep(1)


def main(arguments: list[str]) -> None:
    """Create the cloud."""
    controller, password, variant, computes, projects, networks, servers, seed = arguments
    cloud = plan(
        variant=variant,
        computes=int(computes),
        projects=int(projects),
        networks=int(networks),
        servers=int(servers),
        seed=seed,
    )
    seeder = Seeder(cloud, controller, password)
    seeder.make_projects()
    flavor, image = seeder.make_compute()
    say(f"{len(cloud.projects)} projects, {len(cloud.aggregates)} aggregates")
    seeder.make_networks()
    say(f"{len(cloud.networks)} networks, {len(cloud.routers)} routers")
    seeder.make_servers(flavor, image)
    say(f"{len(cloud.servers)} servers are active")
    seeder.change_servers()
    say("floating IPs are assigned, NICs detached, servers shut off")
    if variant == "ovn":
        seeder.make_load_balancer()
    seeder.wait_for_ports(ovn=variant == "ovn")
    say("every port is as planned")


if __name__ == "__main__":
    main(sys.argv[1:])
