# SPDX-License-Identifier: Apache-2.0
"""Waits until all computes and Neutron agents are alive: waitready.py CONTROLLER PASSWORD COMPUTES."""

import sys
import time

import openstack.exceptions
from clients import connect
from keystoneauth1.exceptions import ClientException

controller, password, computes = sys.argv[1], sys.argv[2], int(sys.argv[3])
cloud = connect(controller, password)
L2_AGENTS = ("Linux bridge agent", "Open vSwitch agent")
LIMIT_S = 180


def state() -> tuple[int, int, int]:
    """Return how many computes, agents and layer 2 agents are alive."""
    up = [one for one in cloud.compute.services() if one.state == "up" and one.binary == "nova-compute"]
    agents = [one for one in cloud.network.agents() if one.is_alive]
    return len(up), len(agents), len([one for one in agents if one.agent_type in L2_AGENTS])


end = time.monotonic() + LIMIT_S
seen: object = None
while time.monotonic() < end:
    try:
        seen = up, agents, layer2 = state()
        if up >= computes and layer2 >= computes + 1 and agents >= computes + 4:
            sys.exit(0)
    except (openstack.exceptions.SDKException, ClientException) as error:
        seen = error
    time.sleep(1)
sys.exit(1)
