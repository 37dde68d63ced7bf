# SPDX-License-Identifier: Apache-2.0
"""The packed probe on a host with real Open vSwitch, Linux bridges, namespaces, dnsmasq and ping: break it, mend it."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.checks import archive
from tests.fixtures import needs
from tests.fixtures.private_host import PrivateHost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [needs.root("it makes namespaces"), pytest.mark.long]

GUEST = "fa:16:3e:00:00:05"
GUEST_SPEAKS = "ip netns exec guest ping -q -c 1 -w 5 10.0.0.2"
FORGET = "ip link set brq1 type bridge fdb_flush; ip -n qdhcp-1 neigh flush all"
CHECKS: dict[str, tuple[str, dict[str, Any]]] = {
    "otep": ("ping", {"source": "10.9.0.1", "target": "10.9.0.2", "count": 2, "interval": 0.2}),
    "host_pnic": ("pnic", {"device": "eth1"}),
    "vedge": ("vedge_ovs", {}),
    "vnic": ("vnic_ovs", {"device": "tap1", "bridge": "br-int"}),
    "vnic_inside": ("vnic_ovs", {"device": "tap2", "bridge": "br-int", "netns": "qdhcp-1"}),
    "uplink": ("vedge_pnic", {"bridge": "br-int", "device": "eth2"}),
    "vconnector": ("vconnector", {"bridge": "brq1"}),
    "vnic_lxb": ("vnic_lxb", {"device": "lxb1", "bridge": "brq1"}),
    "link": ("link_vnic_vconnector", {"bridge": "brq1", "device": "lxb1", "mac": GUEST}),
    "dhcp": ("vservice", {"service_type": "dhcp", "namespace": "qdhcp-1"}),
    "instance": ("instance_communications", {"namespace": "qdhcp-1", "addresses": [{"mac": GUEST, "ip": "10.0.0.5"}]}),
}
CLOUD = f"""
for name in far guest qdhcp-1; do ip netns add $name; ip -n $name link set lo up; done
ip link add eth1 type veth peer name far1 netns far; ip link set eth1 up; ip -n far link set far1 up
ip address add 10.9.0.1/24 dev eth1; ip -n far address add 10.9.0.2/24 dev far1
ip link add eth2 up type veth peer name eth2far; ip link set eth2far up
ip link add tap1 up type veth peer name tap1far; ip link set tap1far up
ovs-vsctl add-br br-int -- set bridge br-int datapath_type=netdev \\
  -- add-port br-int tap1 tag=1 -- add-port br-int eth2 -- add-port br-int tap2 tag=1 \\
  -- set interface tap2 type=internal
ip link set tap2 netns qdhcp-1; ip -n qdhcp-1 link set tap2 up
ip link add brq1 up type bridge
ip link add lxb1 up master brq1 type veth peer name g0 address {GUEST} netns guest
ip link add lxb2 up master brq1 type veth peer name ns0 netns qdhcp-1
ip -n guest link set g0 up; ip -n guest address add 10.0.0.5/24 dev g0
ip -n qdhcp-1 link set ns0 up; ip -n qdhcp-1 address add 10.0.0.2/24 dev ns0
{GUEST_SPEAKS}
"""
DNSMASQ = ("ip", "netns", "exec", "qdhcp-1", "dnsmasq", "--keep-in-foreground", "--port=0", "--conf-file=/dev/null")
FAULTS = {
    "a tap is switched off": ("ip link set tap1 down", "ip link set tap1 up", {"vnic": (2, "tap1 is switched off")}),
    "a tap has nobody at its end": (
        "ip link set tap1far down",
        "ip link set tap1far up",
        {"vnic": (2, "tap1 has no carrier")},
    ),
    "a tap is on the dead VLAN": (
        "ovs-vsctl set port tap1 tag=4095",
        "ovs-vsctl set port tap1 tag=1",
        {"vnic": (2, "tap1 has tag 4095: Neutron's agent has cut it off")},
    ),
    "a tap is taken out of its bridge": (
        "ovs-vsctl del-port tap1",
        "ovs-vsctl add-port br-int tap1 tag=1",
        {"vnic": (2, "tap1 is no port of any bridge, not of br-int")},
    ),
    "a tap of a namespace is switched off": (
        "ip -n qdhcp-1 link set tap2 down",
        "ip -n qdhcp-1 link set tap2 up",
        {"vnic_inside": (2, "tap2 is switched off"), "dhcp": (1, "tap2 in qdhcp-1 is switched off")},
    ),
    "a cable is pulled": (
        "ip link set eth2far down",
        "ip link set eth2far up",
        {"uplink": (2, "eth2 has no carrier")},
    ),
    "the other end of a tunnel is gone": (
        "ip -n far link set far1 down",
        "ip -n far link set far1 up",
        {"host_pnic": (2, "eth1 has no carrier"), "otep": (2, "10.9.0.2 does not answer")},
    ),
    "a tunnel loses its address": (
        "ip address del 10.9.0.1/24 dev eth1",
        "ip address add 10.9.0.1/24 dev eth1",
        {"otep": (2, "10.9.0.2 cannot be reached: ping: bind: Cannot assign requested address")},
    ),
    "an interface leaves its bridge": (
        f"ip link set lxb1 nomaster; {FORGET}",
        f"ip link set lxb1 master brq1; {GUEST_SPEAKS}",
        {
            "vnic_lxb": (2, "lxb1 is no member of any bridge, not of brq1"),
            "link": (2, "lxb1 is no member of any bridge, not of brq1"),
            "instance": (1, "10.0.0.5 does not answer in qdhcp-1"),
        },
    ),
    "a guest has another MAC address": (
        f"ip -n guest link set g0 address fa:16:3e:00:00:99; {FORGET}",
        f"ip -n guest link set g0 address {GUEST}; {FORGET}; {GUEST_SPEAKS}",
        {
            "link": (1, f"brq1 has not learned {GUEST}: lxb1 sent nothing lately"),
            "instance": (2, f"10.0.0.5 in qdhcp-1 is answered by fa:16:3e:00:00:99, not by {GUEST}"),
        },
    ),
    "a bridge is switched off": (
        f"ip link set brq1 down; {FORGET}",
        f"ip link set brq1 up; {GUEST_SPEAKS}",
        {
            "vconnector": (2, "bridge brq1 is switched off"),
            "instance": (1, "10.0.0.5 does not answer in qdhcp-1"),
            "link": (1, f"brq1 has not learned {GUEST}: lxb1 sent nothing lately"),
        },
    ),
}  # fmt: skip


class Probed:
    """The host, and its probe."""

    def __init__(self, host: PrivateHost, folder: Path) -> None:
        self.host, self.folder = host, folder
        (folder / archive.NAME).write_bytes(archive.archive())
        entries = [
            {
                "of": f"{n:024x}",
                "kind": "inventory",
                "type": "x",
                "name": name,
                "check": check,
                "parameters": parameters,
            }
            for n, (name, (check, parameters)) in enumerate(CHECKS.items())
        ]
        document = {"version": 1, "environment": "lab", "host": "cmp1", "checks": entries}
        (folder / "objects.json").write_text(json.dumps(document))

    def ask(self) -> dict[str, tuple[int, str]]:
        """Run the probe; return name -> status and text."""
        program = [
            sys.executable,
            str(self.folder / archive.NAME),
            "--objects",
            str(self.folder / "objects.json"),
            "--all",
        ]
        lines = self.host.run(*program).splitlines()
        return {one["name"]: (one["status"], one["text"]) for one in map(json.loads, lines)}

    def bad(self, expected: dict[str, tuple[int, str]]) -> dict[str, tuple[int, str]]:
        """Return what is not OK, as soon as it is this: kernel and switch take a moment to notice a change."""
        until = time.monotonic() + 20
        while True:
            found = {name: judged for name, judged in self.ask().items() if judged[0]}
            if found == expected or time.monotonic() > until:
                return found


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probed]:
    folder = tmp_path_factory.mktemp("host")
    with PrivateHost(folder) as host:
        host.start_openvswitch()
        host.sh(CLOUD)
        host.start(*DNSMASQ, "--pid-file=/run/dnsmasq.pid")
        host.wait_for("test", "-s", "/run/dnsmasq.pid")
        yield Probed(host, folder)


def test_all_is_well(probed: Probed) -> None:
    found = probed.ask()
    assert {name: status for name, (status, _) in found.items()} == dict.fromkeys(CHECKS, 0), found
    assert found["link"][1] == f"brq1 has learned {GUEST} from lxb1"
    assert found["dhcp"][1] == "qdhcp-1 has 2 interfaces, dnsmasq runs"


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_seen_and_mended(probed: Probed, fault: str) -> None:
    break_it, mend_it, expected = FAULTS[fault]
    probed.host.sh(break_it)
    try:
        assert probed.bad(expected) == expected
    finally:
        probed.host.sh(mend_it)
    assert probed.bad({}) == {}


def test_a_server_is_killed(probed: Probed) -> None:
    probed.host.sh("kill -9 $(cat /run/dnsmasq.pid); rm /run/dnsmasq.pid")
    gone = {"dhcp": (2, "dnsmasq does not run")}
    assert probed.bad(gone) == gone
    probed.host.start(*DNSMASQ, "--pid-file=/run/dnsmasq.pid")
    probed.host.wait_for("test", "-s", "/run/dnsmasq.pid")
    assert probed.bad({}) == {}


def test_open_vswitch_hangs_dies_and_comes_back(probed: Probed) -> None:
    host = probed.host
    host.sh("kill -STOP $(cat /run/openvswitch/ovs-vswitchd.pid)")
    try:
        assert probed.ask()["vedge"] == (2, "ovs-vswitchd does not answer within 5 s")
    finally:
        host.sh("kill -CONT $(cat /run/openvswitch/ovs-vswitchd.pid)")
    host.sh("kill -9 $(cat /run/openvswitch/ovsdb-server.pid)")
    found = probed.ask()
    assert found["vedge"] == (2, "ovsdb-server does not run")
    status, text = found["vnic"]
    assert status == 3, "nobody could look"
    assert text.startswith("could not look: ovs-vsctl ended with 1: ")
    host.start_ovsdb()
    host.wait_for("sh", "-c", "ovs-vsctl --timeout=1 get interface tap1 link_state | grep up")
    assert probed.bad({}) == {}
