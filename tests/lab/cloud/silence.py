# SPDX-License-Identifier: Apache-2.0
"""Switches off ports as plan.py plans it, when all ports are wired: silence.py with the arguments of seed.py.

The Open vSwitch agent puts such a port into VLAN 4095; the Linux bridge agent switches its tap off. Ends with 0 when
the agent has reported this to Neutron.
"""

from __future__ import annotations

import sys

from clients import connect
from plan import plan
from seed import say, wait_until_none


def main(arguments: list[str]) -> None:
    """Switch ports off and wait for the agents."""
    controller, password, variant, computes, projects, networks, servers, seed = arguments
    cloud = plan(
        variant=variant,
        computes=int(computes),
        projects=int(projects),
        networks=int(networks),
        servers=int(servers),
        seed=seed,
    )
    network = connect(controller, password).network
    names = [nic.port for server in cloud.servers for nic in server.nics if nic.off]
    ports = [port for name in names for port in network.ports(name=name)]
    for port in ports:
        network.update_port(port, is_admin_state_up=False)
    wait_until_none(
        lambda: [one.id for one in map(network.get_port, [port.id for port in ports]) if one.status != "DOWN"]
    )
    say(f"{len(ports)} port of a server is switched off")


if __name__ == "__main__":
    main(sys.argv[1:])
