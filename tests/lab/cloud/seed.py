# SPDX-License-Identifier: Apache-2.0
"""Fills the lab's cloud: seed.py CONTROLLER PASSWORD. Ends with 0 when all six servers are active.

Two projects, two aggregates with zones, a flat provider network (with Open vSwitch also a VLAN one), tenant networks
with routers, servers with one and with two NICs, a floating IP.
"""

import io
import sys
import time

import openstack.exceptions
from clients import connect

controller, password = sys.argv[1:3]
cloud = connect(controller, password)
network, compute = cloud.network, cloud.compute
began = time.monotonic()

ZONES = {"cmp1": "az-east", "cmp2": "az-east", "cmp3": "az-west"}
TENANT_NETWORKS = {
    "acme": {"acme-web": "10.10.1.0/24", "acme-db": "10.10.2.0/24"},
    "globex": {"globex-lan": "10.20.1.0/24"},
}
SERVERS = [
    ("acme", "web-1", "cmp1", ["acme-web"]),
    ("acme", "web-2", "cmp2", ["acme-web"]),
    ("acme", "db-1", "cmp3", ["acme-db"]),
    ("acme", "gw-1", "cmp1", ["acme-web", "acme-db"]),
    ("globex", "app-1", "cmp2", ["globex-lan"]),
    ("globex", "app-2", "cmp3", ["globex-lan"]),
]
BOOT_SECTOR = b"\xfa\xf4\xeb\xfd".ljust(510, b"\0") + b"\x55\xaa"
"""cli; hlt; jmp: a guest that does nothing."""


def say(*words: object) -> None:
    """Print, with the seconds since the beginning."""
    sys.stdout.write(f"{time.monotonic() - began:5.0f} s  {' '.join(map(str, words))}\n")
    sys.stdout.flush()


def make_projects() -> None:
    """Make the projects with a member each; the admin may act in them."""
    identity = cloud.identity
    member, admin = identity.find_role("member"), identity.find_role("admin")
    for name in TENANT_NETWORKS:
        project = identity.create_project(name=name, domain_id="default", description=f"tenant {name}")
        user = identity.create_user(
            name=f"{name}-user", password=password, domain_id="default", default_project_id=project.id
        )
        identity.assign_project_role_to_user(project, user, member)
        identity.assign_project_role_to_user(project, identity.find_user("admin"), admin)


def make_compute() -> tuple[str, str]:
    """Make aggregates, a flavor and an image; return the ids of the latter two."""
    for name, zone, hosts in (("agg-ssd", "az-east", ["cmp1", "cmp2"]), ("agg-hdd", "az-west", ["cmp3"])):
        aggregate = compute.create_aggregate(name=name, availability_zone=zone)
        for host in hosts:
            compute.add_host_to_aggregate(aggregate, host)
        compute.set_aggregate_metadata(aggregate, {"disk": name.split("-")[1]})
    flavor = compute.create_flavor(name="m1.nano", ram=64, vcpus=1, disk=1)
    image = cloud.image.create_image(
        name="tiny",
        data=io.BytesIO(BOOT_SECTOR.ljust(4 << 20, b"\0")).read(),
        disk_format="raw",
        container_format="bare",
        visibility="public",
    )
    return flavor.id, image.id


def make_networks() -> tuple[dict[str, str], str]:
    """Make all networks, routers and security groups; return network ids by name, and the public one's."""
    public = network.create_network(
        name="public",
        is_router_external=True,
        provider_network_type="flat",
        provider_physical_network="physnet1",
        is_shared=True,
    )
    network.create_subnet(
        name="public-subnet",
        network_id=public.id,
        cidr="203.0.113.0/24",
        ip_version=4,
        gateway_ip="203.0.113.1",
        is_dhcp_enabled=False,
        allocation_pools=[{"start": "203.0.113.100", "end": "203.0.113.199"}],
    )
    made = {}
    if any(agent.agent_type == "Open vSwitch agent" for agent in network.agents()):  # the kernel here has no 8021q
        vlan = network.create_network(
            name="vlan101",
            provider_network_type="vlan",
            provider_physical_network="physnet1",
            provider_segmentation_id=101,
            is_shared=True,
        )
        network.create_subnet(name="vlan101-subnet", network_id=vlan.id, cidr="10.101.0.0/24", ip_version=4)
        made["vlan101"] = vlan.id
    for project, networks in TENANT_NETWORKS.items():
        own = connect(controller, password, project=project, user=f"{project}-user").network
        own.create_security_group(name=f"{project}-sg", description="lab")
        router = own.create_router(name=f"{project}-router")
        for name, cidr in networks.items():
            tenant = own.create_network(name=name)
            subnet = own.create_subnet(name=f"{name}-subnet", network_id=tenant.id, cidr=cidr, ip_version=4)
            own.add_interface_to_router(router, subnet_id=subnet.id)
            made[name] = tenant.id
        own.update_router(router, external_gateway_info={"network_id": public.id})
    return made, public.id


def make_servers(networks: dict[str, str], flavor: str, image: str) -> list[tuple[str, str]]:
    """Make the servers, each on its host; return project and id of each."""
    made = []
    for project, name, host, names in SERVERS:
        wanted = [*names, "vlan101"] if name == "app-2" and "vlan101" in networks else names
        server = connect(controller, password, project=project).compute.create_server(
            name=name,
            flavor_id=flavor,
            image_id=image,
            networks=[{"uuid": networks[one]} for one in wanted],
            availability_zone=f"{ZONES[host]}:{host}",
            security_groups=[{"name": f"{project}-sg"}],
            metadata={"owner": project},
        )
        made.append((project, server.id))
    return made


def wait_for(project: str, server_id: str) -> bool:
    """Wait for one server; tell whether it is active."""
    own = connect(controller, password, project=project).compute
    try:
        server = own.wait_for_server(own.get_server(server_id), wait=240, interval=1)
    except openstack.exceptions.SDKException as error:
        say(server_id, "FAILED", str(error)[:300])
        return False
    say(server.name, server.status)
    return True


def wait_for_services() -> None:
    """Wait until every router and DHCP server has its interfaces; on a machine that is too busy, say what has none."""
    owners = ("network:dhcp", "network:router_interface", "network:router_gateway")
    served = {subnet.network_id for subnet in network.subnets() if subnet.is_dhcp_enabled}
    for _ in range(90):
        ports = [port for port in network.ports() if port.device_owner in owners]
        waiting = [port.id for port in ports if port.status != "ACTIVE"]
        unserved = served - {port.network_id for port in ports if port.device_owner == "network:dhcp"}
        if not waiting and not unserved:
            return
        time.sleep(1)
    say("not ready: ports", *waiting, "networks without DHCP server", *unserved)


make_projects()
flavor_id, image_id = make_compute()
say("projects, aggregates, image")
network_ids, public_id = make_networks()
say("networks, routers")
servers = make_servers(network_ids, flavor_id, image_id)
active = [wait_for(project, server_id) for project, server_id in servers]
if all(active):
    port = next(iter(network.ports(device_id=servers[0][1])))
    acme = connect(controller, password, project="acme").network
    floating = acme.create_ip(floating_network_id=public_id, port_id=port.id)
    acme.create_ip(floating_network_id=public_id)
    say("floating IP", floating.floating_ip_address)
    wait_for_services()
sys.exit(0 if all(active) else 1)
