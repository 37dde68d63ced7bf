# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - attributes are JSON of any shape
"""What a bond needs of the switch: each mode of the kernel, with a LAG and without, and what decides for a LAG."""

from __future__ import annotations

from typing import Any

import pytest

from calipso_nornir.link_finders.making import make
from calipso_nornir.link_finders.port_conflicts import PortConflicts
from calipso_nornir.testing import thing, view

HOST = thing("host", id="cmp1")
LACP, BACKUP = "IEEE 802.3ad Dynamic link aggregation", "fault-tolerance (active-backup)"


def conflicts(mode: str | None, lag: str | None, **more: Any) -> list[str]:
    """Compare eth0, in a bond of a mode or in none, with port Et1, in a LAG or in none."""
    master = {"ether_channel_master": "cmp1|bond0", "master": "bond0"} if mode else {}
    pnic = thing("host_pnic", master, id="cmp1|eth0", name="eth0", host="cmp1", local_name="eth0")
    bond = thing("host_pnic", id="cmp1|bond0", name="bond0", host="cmp1", ether_channel=True, bonding_mode=mode)
    state = more.pop("asked", {"state": "up"})
    port = thing("switch_pnic", {"lag": lag, **state, **more}, id="sw|Et1", switch="sw", local_name="Et1")
    lags = thing("switch_pnic", id="sw|Po1", switch="sw", local_name="Po1", allowed_vlans="7", vlan_mode="trunk", mtu=1)
    return PortConflicts(view(HOST, pnic, bond, port, lags)).of(pnic, port)


@pytest.mark.parametrize(
    ("mode", "lag", "told"),
    [
        (None, None, []),
        (None, "Po1", ["Et1 is a member of Po1; eth0 is in no bond"]),
        (LACP, "Po1", []),
        (LACP, None, [f"eth0 is a member of bond0 ({LACP}); Et1 is in no LAG"]),
        ("load balancing (xor)", None, ["eth0 is a member of bond0 (load balancing (xor)); Et1 is in no LAG"]),
        (BACKUP, None, []),
        (BACKUP, "Po1", [f"Et1 is a member of Po1; bond0 uses one member at a time ({BACKUP})"]),
        ("adaptive load balancing", None, []),
    ],
)
def test_bonds_and_lags(mode: str | None, lag: str | None, told: list[str]) -> None:
    assert conflicts(mode, lag) == told


def test_a_switch_that_was_not_asked_contradicts_nothing() -> None:
    assert conflicts(LACP, None, asked={}) == []


def carried(network: dict[str, Any], port: dict[str, Any], *others: Any) -> list[str]:
    """Compare eth0, by which a network leaves, with a port."""
    pnic = thing("host_pnic", id="cmp1|eth0", name="eth0", host="cmp1", local_name="eth0", master="br1")
    net = thing("network", network, id="n1", name="blue")
    own = thing("switch_pnic", {"state": "up", **port}, id="sw|Et1", switch="sw", local_name="Et1")
    seen = view(HOST, pnic, net, own, *others)
    seen.put_links([make(pnic, net, rule="leaves by it")])
    return PortConflicts(seen).of(pnic, own)


VLAN = {"provider_network_type": "vlan", "provider_segmentation_id": 7, "mtu": 1500}
LAG = thing("switch_pnic", id="sw|Po1", switch="sw", local_name="Po1", allowed_vlans="8-9", vlan_mode="trunk", mtu=1400)


@pytest.mark.parametrize(
    ("network", "port", "told"),
    [
        (VLAN, {"vlan_mode": "trunk", "allowed_vlans": "1-10", "mtu": 1500}, []),
        (
            VLAN,
            {"vlan_mode": "trunk", "allowed_vlans": "8"},
            ["blue (VLAN 7) leaves cmp1 by eth0; Et1 allows VLANs 8 (trunk)"],
        ),
        (
            VLAN,
            {"vlan_mode": "access", "allowed_vlans": ""},
            ["blue (VLAN 7) leaves cmp1 by eth0; Et1 allows VLANs none (access)"],
        ),
        (VLAN, {"vlan_mode": "unaware", "allowed_vlans": "1-4094"}, []),
        (
            VLAN,
            {"vlan_mode": "trunk", "allowed_vlans": "7", "mtu": 9000, "lag": "Po1"},
            [
                "blue (VLAN 7) leaves cmp1 by eth0; Po1 allows VLANs 8-9 (trunk)",
                "packets of blue need 1500 bytes on eth0 of cmp1; Po1 lets 1400 through",
            ],
        ),
        ({"provider_network_type": "flat", "mtu": 1500}, {"vlan_mode": "trunk", "allowed_vlans": "8", "mtu": 1500}, []),
        (
            {"provider_network_type": "geneve", "mtu": 1442},
            {"mtu": 1491},
            ["packets of blue need 1492 bytes on eth0 of cmp1; Et1 lets 1491 through"],
        ),
        ({"provider_network_type": "geneve", "mtu": 1442}, {"mtu": 1492}, []),
        ({"provider_network_type": "vlan", "mtu": None}, {"vlan_mode": "trunk", "allowed_vlans": "8", "mtu": 1}, []),
    ],
)
def test_vlans_and_packet_sizes(network: dict[str, Any], port: dict[str, Any], told: list[str]) -> None:
    assert carried(network, port, LAG) == told
