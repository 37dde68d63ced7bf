# SPDX-License-Identifier: Apache-2.0
"""Faults as acts: each yields the objects that an event, or a monitor on the host, would name.

A monitor of a host knows which device, bridge or agent of the host has changed. If a bridge comes back that is no
longer stored, it can only name the folder of bridges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.model import ids
from calipso_nornir.model.refs import ObjectRef
from tests.lab import faults
from tests.lab.acts import wait_for_ports
from tests.lab.faults import SERVER_HOST, wait_until
from tests.lab.oracle.place import inside

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.lab.acts import Life, Refs


def what_no_agent_mends(life: Life) -> Generator[Refs]:
    """Kill the agents of a host with a server, because they would repair the fault within seconds; then cause it."""
    host, tap = tap_of_a_server(life)
    with faults.agents_killed(host):
        yield [life.ref("host", host)]
        yield from a_bridge_deleted(life, host, tap)
        yield from a_tap_unplugged(life, host, tap)
        yield from a_tunnel_removed(life, host)
    yield [life.ref("host", host)]


def a_bridge_deleted(life: Life, host: str, tap: str) -> Generator[Refs]:
    """Delete the Linux bridge that a server's tap is in."""
    bridge = _bridge_of(host, tap)
    if not bridge:
        assert life.variant in ("ovs-nativefw", "ovs-dvr"), "no Linux bridge"
        return
    with faults.bridge_deleted(host, bridge):
        yield [life.ref("vconnector", host, bridge)]
    yield [life.ref("vconnectors_folder", host, "vconnectors")]


def a_tap_unplugged(life: Life, host: str, tap: str) -> Generator[Refs]:
    """Take a server's tap out of its bridge."""
    with faults.tap_unplugged(host, tap):
        yield [life.ref("vnic", host, tap)]
    yield [life.ref("vnic", host, tap)]


def a_tunnel_removed(life: Life, host: str) -> Generator[Refs]:
    """Remove a tunnel."""
    with faults.tunnel_removed(host) as device:
        yield [_endpoint(life, host, device)]
    yield [_endpoint(life, host, device)]


def a_server_resized_whose_port_is_off(life: Life) -> Generator[Refs]:
    """Switch a server's port off, and resize the server: no agent handles its new port."""
    running = {row["id"] for row in life.servers("ACTIVE")}
    port = next(row for row in life.rows("ports") if row["device_id"] in running)
    url = f"{life.api.neutron}/ports/{port['id']}"
    life.api.ask("PUT", url, {"port": {"admin_state_up": False}})
    wait_until(f"port {port['id']} is down", lambda: life.api.ask("GET", url)["port"]["status"] == "DOWN")
    yield life.port(port)
    faults.resize(port["device_id"])
    wait_for_ports(life, port["device_id"])
    yield life.server({"id": port["device_id"]})


def a_host_removed(life: Life) -> Generator[Refs]:
    """Take a compute without servers out of the cloud, and add it again: its zone and its aggregates show it."""
    servers = life.servers()
    host = min(life.computes, key=lambda name: sum(row[SERVER_HOST] == name for row in servers))
    for row in servers:
        if row[SERVER_HOST] == host:
            named = life.server_to_delete(row)
            faults.delete_server(row["id"])
            yield named
    zones = _zones(life)  # a zone whose only host it was disappears, too
    with faults.host_removed(host):
        yield [life.ref("host", host), *zones, *_aggregates(life)]
    # the host is no longer stored, nor a zone whose only host it was; its agent reports the host's ports again
    ports = [life.ref("port", row["id"]) for row in life.rows("ports") if row["binding:host_id"] == host]
    yield [life.ref("availability_zones_folder", _region(life), "availability_zones"), *_aggregates(life), *ports]


def tap_of_a_server(life: Life) -> tuple[str, str]:
    """Return a host, and the tap of a running server on it."""
    ports = {row["device_id"]: row for row in life.rows("ports") if row["admin_state_up"]}
    one: Any = next(row for row in life.servers("ACTIVE") if row["id"] in ports)
    return one[SERVER_HOST], f"tap{ports[one['id']]['id'][:11]}"


def _bridge_of(host: str, device: str) -> str:
    return inside(host, f"basename $(readlink /sys/class/net/{device}/master) 2>/dev/null || true").strip()


def _endpoint(life: Life, host: str, device: str) -> ObjectRef:
    return life.ref("otep", host, device if life.variant == "lxb" else "vxlan")


def _zones(life: Life) -> Refs:
    rows = life.api.list(f"{life.api.nova}/os-availability-zone")
    return [life.ref("availability_zone", _region(life), row["zoneName"]) for row in rows]


def _aggregates(life: Life) -> Refs:
    rows = life.api.list(f"{life.api.nova}/os-aggregates")
    return [ObjectRef(life.environment, "aggregate", ids.aggregate(_region(life), row["id"])) for row in rows]


def _region(life: Life) -> str:
    return str(life.api.list(f"{life.api.keystone}/regions")[0]["id"])
