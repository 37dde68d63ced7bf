# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - attributes are JSON of any shape
"""Links of VPP, and similar cases in which there is none."""

from __future__ import annotations

from typing import Any

import pytest

from calipso_nornir.testing import thing
from tests.unit.test_link_finders import (
    bridge,
    found,
    instance_vnic,
    links,
    member,
    network,
    networks_of,
    otep,
    ovs,
    patch,
    pnic,
    port,
    vservice_vnic,
)

LINKS = "vnic-vconnector vnic-vedge vconnector-vconnector vconnector-vedge vedge-host_pnic"


def nic(name: str, kind: str, **more: Any) -> dict[str, Any]:
    """One interface of VPP as its fetcher tells it."""
    blank = ("bridge_domain", "xconnect", "parent", "lower", "vlan_id", "socket", "device", "namespace", "port_id")
    return {"name": name, "id": "7", "kind": kind, "state": "UP", "networks": [], **dict.fromkeys(blank), **more}


def vpp(*ports: dict[str, Any], host: str = "h1", **more: Any) -> list[Any]:
    """VPP of a host with its bridge domains."""
    vedge = thing(
        "vedge", {"host": host, "vedge_type": "VPP", "ports": list(ports), **more}, id=f"{host}|VPP", name="v"
    )
    numbers = sorted({one["bridge_domain"] for one in ports} - {None})
    return [
        vedge,
        *(
            thing(
                "vconnector",
                {
                    "host": host,
                    "connector_type": "bridge-domain",
                    "bd_id": number,
                    "interfaces": [one for one in ports if one["bridge_domain"] == number],
                },
                id=f"{host}|bd{number}",
                name=f"bd{number}",
            )
            for number in numbers
        ),
    ]


def server_nic(mac: str = "m1", *, path: str | None = None, **more: Any) -> Any:
    """A vNIC of a server by a vhost-user socket."""
    own = {"vnic_type": "instance_vnic", "host": "h1", "interface_type": "vhostuser", "mac_address": mac}
    source = {"source": {"@path": path}} if path else {}
    return thing("vnic", {**own, **source, **more}, id=f"h1|{mac}", name=mac)


PLUG = {"socket": "/s/1", "port_id": "p1", "networks": ["n1"], "bridge_domain": 1}


@pytest.mark.parametrize(
    ("vnic", "linked"),
    [
        (server_nic(path="/s/1", port_id="p1"), True),
        (server_nic(path="/s/1"), True),
        (server_nic(port_id="p1"), True),  # libvirt tells no path
        (server_nic(path="/s/2", port_id="p1"), False),  # another socket
        (server_nic(path="/s/1", port_id="p2"), False),  # another port
        (server_nic(path="/s/2"), False),
        (server_nic(port_id="p1", host="h2"), False),
        (server_nic(port_id="p1", interface_type="bridge"), False),  # no socket at all
        (server_nic(), False),
    ],
)
def test_a_vnic_is_in_a_bridge_domain_by_its_socket_and_port(vnic: Any, *, linked: bool) -> None:
    expected = ["vnic-vconnector: h1|m1 > h1|bd1"] if linked else []
    assert found(*vpp(nic("VirtualEthernet0/0/0", "vhost-user", **PLUG)), vnic, of="vnic-vconnector") == expected


def test_of_two_that_fit_none_is_taken() -> None:
    both = [server_nic("m1", path="/s/1"), server_nic("m2", path="/s/1")]
    assert found(*vpp(nic("VirtualEthernet0/0/0", "vhost-user", **PLUG)), *both, of=LINKS) == [
        "vconnector-vedge: h1|bd1 > h1|VPP"
    ]


def test_a_vnic_in_no_bridge_domain_hangs_on_vpp_itself() -> None:
    vnic = server_nic(path="/s/1", network="n1")
    crossed = nic("VirtualEthernet0/0/0", "vhost-user", socket="/s/1", xconnect="wan0.7", networks=["n1"])
    assert networks_of(*vpp(crossed), vnic, of="vnic-vedge") == {"h1|m1 > h1|VPP": "n1"}
    alone = nic("VirtualEthernet0/0/0", "vhost-user", socket="/s/1")
    assert found(*vpp(alone), vnic, of=LINKS) == ["vnic-vedge: h1|m1 > h1|VPP (down)"]
    assert networks_of(*vpp(alone), vnic, of="vnic-vedge") == {"h1|m1 > h1|VPP": []}


# --- taps


def test_a_tap_in_a_linux_bridge_joins_it_to_its_bridge_domain() -> None:
    tap = nic("tap0", "tap", device="vpp1", bridge_domain=1, networks=["n1"])
    things = [*vpp(tap), bridge("br-1", member("vpp1"))]
    assert networks_of(*things, of="vconnector-vconnector") == {"h1|br-1 > h1|bd1": ["n1"]}
    [link] = links(*things, of="vconnector-vconnector")
    assert link.outward == "vconnector"
    down = [*vpp({**tap, "state": "DOWN"}), bridge("br-1", member("vpp1"))]
    assert found(*down, of="vconnector-vconnector") == ["vconnector-vconnector: h1|br-1 > h1|bd1 (down)"]


def test_a_tap_of_the_first_kind_is_known_by_networking_vpps_name_for_it() -> None:
    tap = nic("tapcli-0", "tap", port_id="12345678-90ab", bridge_domain=1)
    assert found(*vpp(tap), bridge("br-1", member("vpp12345678-90")), of="vconnector-vconnector")
    assert not found(*vpp(tap), bridge("br-1", member("tap12345678-90")), of="vconnector-vconnector")


def test_a_device_of_that_name_in_another_namespace_or_on_another_host_is_another() -> None:
    tap = nic("tap0", "tap", device="vpp1", namespace="qdhcp-1", bridge_domain=1)
    assert not found(*vpp(tap), bridge("br-1", member("vpp1")), of="vconnector-vconnector")
    here = nic("tap0", "tap", device="vpp1", bridge_domain=1)
    assert not found(*vpp(here), bridge("br-1", member("vpp1"), host="h2"), of="vconnector-vconnector")


def test_a_service_whose_own_device_is_the_tap() -> None:
    tap = nic("tap0", "tap", device="tap1", namespace="qdhcp-1", port_id="p1", bridge_domain=1)
    assert found(*vpp(tap), vservice_vnic("tap1", port_id="p1"), of=LINKS) == [
        "vconnector-vedge: h1|bd1 > h1|VPP",
        "vnic-vconnector: h1|ns1|tap1 > h1|bd1",
    ]
    for other in (vservice_vnic("tap2", port_id="p1"), vservice_vnic("tap1", port_id="p2")):
        assert found(*vpp(tap), other, of="vnic-vconnector") == []


# --- cards


def test_cards_serve_the_networks_that_leave_by_them_and_their_sub_interfaces() -> None:
    things = [
        *vpp(
            nic("wan0", "physical"),
            nic("wan0.7", "vlan", parent="wan0", bridge_domain=1, networks=["n1"]),
            nic("wan0.8", "vlan", parent="wan0", bridge_domain=2, networks=["n2"]),
            nic("lan0", "physical"),
            nic("tap0.9", "vlan", parent="tap0", bridge_domain=1, networks=["n1"]),
            nic("tap0", "tap"),
        ),
        pnic("wan0"),
        pnic("lan0", signal="no"),
        network("n1"),
        network("n2"),
    ]
    assert networks_of(*things, of="vedge-host_pnic") == {"h1|VPP > h1|wan0": ["n1", "n2"], "h1|VPP > h1|lan0": []}
    assert found(*things, of="vedge-host_pnic host_pnic-network") == [
        "host_pnic-network: h1|wan0 > n1",
        "host_pnic-network: h1|wan0 > n2",
        "vedge-host_pnic: h1|VPP > h1|lan0 (down)",
        "vedge-host_pnic: h1|VPP > h1|wan0",
    ]


def test_members_of_a_bond_of_vpp_hang_on_the_bond_alone() -> None:
    things = [
        *vpp(nic("BondEthernet0", "bond"), nic("wan0", "physical")),
        pnic("BondEthernet0", ether_channel=True, virtual_switch="VPP"),
        pnic("wan0", ether_channel_master="h1|BondEthernet0", virtual_switch="VPP"),
    ]
    assert found(*things) == [
        "host_pnic-host_pnic: h1|BondEthernet0 > h1|wan0",
        "vedge-host_pnic: h1|VPP > h1|BondEthernet0",
    ]


def test_what_vpp_reads_is_the_kernels() -> None:
    reads = nic("host-eth1", "af-packet", lower="eth1", networks=["n1"])
    assert networks_of(*vpp(reads), pnic("eth1"), of="vedge-host_pnic") == {"h1|VPP > h1|eth1": ["n1"]}
    assert found(*vpp(reads), pnic("eth2"), pnic("eth1", host="h2"), of="vedge-host_pnic") == []


# --- beside Open vSwitch


def test_open_vswitch_on_the_same_host_does_not_get_what_is_plugged_into_vpp() -> None:
    switch = ovs(*patch("int-br-ex", "phy-br-ex", "br-ex"), port("eth2", "br-ex"), mappings={"phys1": "br-ex"})
    inside = nic("VirtualEthernet0/0/0", "vhost-user", **PLUG)
    mine = server_nic(path="/s/1", port_id="p1", network="n1")
    things = [switch, pnic("eth2"), network("n1", "flat", "phys1"), mine]
    assert networks_of(*things, *vpp(inside), of="vedge-host_pnic") == {"h1|OVS > h1|eth2": []}
    other = instance_vnic("tap2", port_id="p2", network="n1")
    assert networks_of(*things, other, *vpp(inside), of="vedge-host_pnic") == {"h1|OVS > h1|eth2": ["n1"]}


def test_an_endpoint_of_vpp_serves_its_own_network_and_not_those_of_open_vswitch() -> None:
    switch = ovs(networks=[{"network": "n1", "network_type": "vxlan", "tag": 1}])
    ours, *_ = vpp()
    known = otep(ours, endpoint="VPP a", vni=5, network="n2", interface="wan0", stack=["wan0"])
    unknown = otep(ours, endpoint="VPP b", vni=6, ip="192.0.2.9")
    things = [switch, ours, otep(switch), known, unknown, pnic("wan0")]
    assert networks_of(*things, of="vedge-otep") == {
        "h1|OVS > h1|vxlan": ["n1"],
        "h1|VPP > h1|VPP a": "n2",
        "h1|VPP > h1|VPP b": [],
    }
    assert networks_of(*things, of="otep-host_pnic") == {"h1|VPP a > h1|wan0": "n2"}
