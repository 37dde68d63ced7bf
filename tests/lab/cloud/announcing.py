# SPDX-License-Identifier: Apache-2.0
"""Makes Neutron announce ports again: announcing.py CONTROLLER PASSWORD PORT...

Occasionally the Open vSwitch agent of net1 misses that the routers' ports were bound to its host after their creation.
It logs "not bound", leaves them in VLAN 4095, and never asks again; Neutron shows them as DOWN, or even ACTIVE. Any
change of a port makes Neutron send the whole port to its agents.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from clients import connect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openstack.network.v2._proxy import Proxy


def announce(network: Proxy, ids: Iterable[str]) -> list[str]:
    """Change the ports' descriptions and change them back; return the ids of those that Neutron knows."""
    known = [port for id_ in ids if (port := network.find_port(id_))]
    for port in known:
        before = port.description
        network.update_port(port, description="announced again")
        network.update_port(port, description=before)
    return [port.id for port in known]


def main(arguments: list[str]) -> None:
    """Announce the ports, and print their ids."""
    controller, password, *ids = arguments
    print("  announced again:", *announce(connect(controller, password).network, ids), flush=True)  # noqa: T201 - a script


if __name__ == "__main__":
    main(sys.argv[1:])
