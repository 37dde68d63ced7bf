# SPDX-License-Identifier: Apache-2.0
"""Waits until all computes and network agents are alive: waitready.py CONTROLLER PASSWORD VARIANT COMPUTES."""

import sys
import time
from collections import Counter

import openstack.exceptions
from clients import connect
from keystoneauth1.exceptions import ClientException

controller, password, variant = sys.argv[1:4]
computes = int(sys.argv[4])
cloud = connect(controller, password)
LIMIT_S = 150 + 45 * computes
CENTRAL = {"L3 agent": 1, "DHCP agent": 1, "Metadata agent": 1}
WANTED = {
    "ovs": CENTRAL | {"Open vSwitch agent": computes + 1},
    "ovs-nativefw": CENTRAL | {"Open vSwitch agent": computes + 1},
    "ovs-dvr": CENTRAL | {"Open vSwitch agent": computes + 2, "L3 agent": computes + 2},
    "lxb": CENTRAL | {"Linux bridge agent": computes + 1},
    "ovn": {
        "OVN Controller agent": computes,
        "OVN Controller Gateway agent": 2,
        "OVN Metadata agent": computes,
    },
}
"""Expected number of living agents and services of each kind."""

wanted = Counter(WANTED[variant]) + Counter({"nova-compute": computes})


def alive() -> Counter[str]:
    """Count the living ones by kind."""
    up = [one.binary for one in cloud.compute.services() if one.state == "up"]
    return Counter([*up, *(one.agent_type for one in cloud.network.agents() if one.is_alive)])


end = time.monotonic() + LIMIT_S
missing: object = "the services do not answer"
while time.monotonic() < end:
    try:
        missing = dict(wanted - alive())
        if not missing:
            sys.exit(0)
    except (openstack.exceptions.SDKException, ClientException) as error:
        missing = error
    time.sleep(1)
sys.exit(f"not alive after {LIMIT_S} s: {missing}")
