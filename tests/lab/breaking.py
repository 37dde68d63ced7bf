# SPDX-License-Identifier: Apache-2.0
"""The faults of ``faults.py`` as acts: each yields what an event, or a monitor of the host, would name.

A monitor of a host knows which device, bridge or agent of it has changed. Where a bridge comes back that nobody knows
any more, it can only name where bridges are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.model import ids
from calipso_nornir.model.refs import ObjectRef
from tests.lab import faults
from tests.lab.acts import (
    a_compute_disabled,
    a_gateway_cleared,
    a_network_renamed,
    a_port_of_nobody,
    a_server_deleted,
    a_server_migrated,
    a_server_resized,
    an_interface_attached,
    an_interface_detached,
    the_agents_of_a_host_killed,
)
from tests.lab.faults import SERVER_HOST
from tests.lab.oracle.place import inside

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.lab.acts import Act, Life, Refs


def a_bridge_deleted(life: Life) -> Generator[Refs]:
    """Delete the Linux bridge that a server's tap is in; its host's agents are dead, else they would mend it."""
    host, tap = _tap(life)
    bridge = _bridge_of(host, tap)
    if not bridge:
        assert life.variant == "ovs-nativefw", "no Linux bridge"
        return
    with faults.agents_killed(host):
        yield [life.ref("host", host)]
        with faults.bridge_deleted(host, bridge):
            yield [life.ref("vconnector", host, bridge)]
        yield [life.ref("vconnectors_folder", host, "vconnectors")]
    yield [life.ref("host", host)]


def a_tap_unplugged(life: Life) -> Generator[Refs]:
    """Take a server's tap out of its bridge."""
    host, tap = _tap(life)
    with faults.agents_killed(host):
        yield [life.ref("host", host)]
        with faults.tap_unplugged(host, tap):
            yield [life.ref("vnic", host, tap)]
        yield [life.ref("vnic", host, tap)]
    yield [life.ref("host", host)]


def a_tunnel_removed(life: Life) -> Generator[Refs]:
    """Take a tunnel away."""
    host, _ = _tap(life)
    with faults.agents_killed(host):
        yield [life.ref("host", host)]
        with faults.tunnel_removed(host) as device:
            yield [_endpoint(life, host, device)]
        yield [_endpoint(life, host, device)]
    yield [life.ref("host", host)]


def a_host_removed(life: Life) -> Generator[Refs]:
    """Take a compute without servers out of the cloud, and add it again: its zone and its aggregates tell of it."""
    servers = life.servers()
    host = min(life.computes, key=lambda name: sum(row[SERVER_HOST] == name for row in servers))
    for row in servers:
        if row[SERVER_HOST] == host:
            faults.delete_server(row["id"])
            yield life.server(row)
    around = [*_zones(life), *_aggregates(life)]
    with faults.host_removed(host):
        yield [life.ref("host", host), *around]
    yield around


FAULTS: tuple[Act, ...] = (
    the_agents_of_a_host_killed,
    a_bridge_deleted,
    a_tap_unplugged,
    a_tunnel_removed,
    a_compute_disabled,
    a_port_of_nobody,
    a_network_renamed,
    a_gateway_cleared,
    an_interface_attached,
    an_interface_detached,
    a_server_resized,
    a_server_migrated,
    a_server_deleted,
    a_host_removed,
)


def _tap(life: Life) -> tuple[str, str]:
    """Return a host, and the tap there of a server that runs."""
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
