# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401, E501 - rows of a table, with JSON of any shape
"""Each check's judgement: OK, warning, error, unknown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from calipso_nornir.checks.named_checks import CHECKS
from calipso_nornir.checks.values import ERROR, OK, UNKNOWN, WARNING, Answer
from tests.checks.judging import NO_CARRIER, OFF, Written, interface, judged, link, links, simple_port, switch

GONE = Answer(failure="it is not installed")
LATE = Answer(failure="it did not end within 10 s")
NO_SUDO = (1, "sudo: a password is required")
NO_NAMESPACE = (1, 'Cannot open network namespace "qdhcp-1": No such file or directory')

ETH0 = {"device": "eth0"}
PING = {"target": "192.0.2.2", "source": "192.0.2.1"}
VPP = {"interface": "GigabitEthernet0/8/0"}
MAC, IP = "fa:16:3e:00:00:01", "10.0.0.5"
IN_BRIDGE = {"bridge": "brq1", "device": "tap1"}
LEARNS = {**IN_BRIDGE, "mac": MAC}
OVS_PORT = {"bridge": "br-int", "device": "tap1"}
INSIDE = {**OVS_PORT, "netns": "qdhcp-1"}
UPLINK = {"bridge": "br-ex", "device": "bond0", "member": "eth1"}
DHCP = {"service_type": "dhcp", "namespace": "qdhcp-1", "id": "1"}
ROUTER = {"service_type": "router", "namespace": "qrouter-1"}
REACHES = {"namespace": "qdhcp-1", "addresses": [{"mac": MAC, "ip": IP}]}
REACHES_MAC = {"namespace": "qdhcp-1", "addresses": [{"mac": MAC}]}
BR = link("brq1", kind="bridge", ageing_time=30000)
OLD_VSWITCHD = (
    1,
    'ovs-appctl: cannot read pidfile "/var/run/openvswitch/ovs-vswitchd.pid" (No such file or directory)',
)
REFUSED = (1, 'ovs-appctl: cannot connect to "/var/run/openvswitch/ovs-vswitchd.7.ctl" (Connection refused)')


def pinged(loss: str, times: str = "0.1/0.2/0.3/0.1") -> str:
    """Return ping's summary."""
    trips = f"rtt min/avg/max/mdev = {times} ms\n" if times else ""
    return f"\n--- 192.0.2.2 ping statistics ---\n5 packets transmitted, 5 received, {loss}% packet loss, time 8ms\n{trips}"


def fdb(*rows: tuple[str, str, str]) -> str:
    """Return the text of ``bridge -j fdb``: MAC, device and its master."""
    return json.dumps([{"mac": mac, "ifname": name, "master": master, "state": ""} for mac, name, master in rows])


def neighbours(state: str, mac: str = MAC, ip: str = IP) -> str:
    """Return the text of ``ip -j neigh`` with one row."""
    return json.dumps([{"dst": ip, "dev": "tap1", **({"lladdr": mac} if mac else {}), "state": [state]}])


def domains(**states: int) -> str:
    """Return the text of ``virsh domstats --state``."""
    return "".join(f"Domain: '{name}'\n  state.state={number}\n  state.reason=1\n\n" for name, number in states.items())


def vpp_table(*rows: tuple[str, str]) -> str:
    """Return the text of ``vppctl show interface``, or the first lines of the one about hardware."""
    head = "              Name               Idx       State          Counter          Count     \n"
    return head + "".join(f"{name:<34}{n:<11}{state:<9}rx packets      12\n" for n, (name, state) in enumerate(rows))


def vpp(state: str = "up", link_state: str = "up", name: str = "GigabitEthernet0/8/0") -> dict[str, Written]:
    """Return what VPP says of two interfaces, of which one is bad."""
    rows = ("GigabitEthernet0/9/0", "down"), (name, state), ("local0", "down")
    return {
        "show interface": vpp_table(*rows),
        "show hardware": vpp_table(("GigabitEthernet0/9/0", "down"), (name, link_state)),
    }


def namespace(
    *rows: dict[str, Any], pids: str = "7\n8\n", processes: str = "7 S dnsmasq\n8 S haproxy\n"
) -> dict[str, Written]:
    """Return what is in a namespace."""
    return {"-d link": links(*rows), "netns pids": pids, "ps -e": processes}


def ovs(*ports: Any, bridge: str = "br-int", **more: Any) -> dict[str, Written]:
    """Return what Open vSwitch has: a bridge with ports, and one more bridge."""
    return {"ovs-vsctl": switch({bridge: [simple_port(bridge, None), *ports], "br-x": more.get("other", [])})}


def both(vswitchd: Written = "ovs-vswitchd 3.1\n", ovsdb: Written = "ovsdb-server 3.1\n") -> dict[str, Written]:
    """Return the answers of Open vSwitch's daemons."""
    return {"target=ovs-vswitchd": vswitchd, "target=ovsdb-server": ovsdb}


BOND = [interface("eth1"), interface("eth2", state="down")]
BRIDGE_DOMAINS = (
    "  BD-ID   Index   BSN  Age(min)  Learning  U-Forwrd   UU-Flood   Flooding  ARP-Term  arp-ufwd Learn-co Learn-li   BVI-Intf \n"
    "    1       1      0     off        on        on       flood        on       off       off        0    16777216     N/A    \n"
    "    2       2      0     off        on        off      flood        on       off       off        0    16777216     N/A    \n"
)
OLD_DOMAINS = (
    " ID   Index   Learning   U-Forwrd   UU-Flood   Flooding   ARP-Term     BVI-Intf   \n"
    "200     1        on         on         on         on         off          N/A     \n"
)

Row = tuple[str, dict[str, Any], dict[str, Written], int, str]
ROWS: list[Row] = [
    # pnic, link_up, vnic
    ("pnic", ETH0, {"ip": links(link("eth0"))}, OK, "eth0 is up"),
    ("pnic", ETH0, {"ip": links(link("eth0", state="UNKNOWN"))}, OK, "eth0 is up"),
    ("pnic", ETH0, {"ip": links({"ifname": "eth0", **OFF})}, ERROR, "switched off"),
    ("pnic", ETH0, {"ip": links({"ifname": "eth0", **NO_CARRIER})}, ERROR, "no carrier"),
    ("pnic", ETH0, {"ip": links(link("eth0", state="DORMANT"))}, ERROR, "DORMANT"),
    ("pnic", ETH0, {"ip": links(link("eth00"))}, ERROR, "no interface eth0"),
    ("pnic", ETH0, {"ip": ""}, ERROR, "no interface eth0"),
    ("pnic", {**ETH0, "unused": True}, {"ip": links({"ifname": "eth0", **NO_CARRIER})}, OK, "eth0 has no carrier, and nothing uses it"),
    ("pnic", {**ETH0, "unused": True}, {"ip": links({"ifname": "eth0", **OFF})}, OK, "switched off, and nothing uses it"),
    ("pnic", {**ETH0, "unused": True}, {"ip": links(link("eth00"))}, ERROR, "no interface eth0"),
    ("pnic", {**ETH0, "unused": True}, {"ip": GONE}, UNKNOWN, "could not look: it is not installed"),
    ("pnic", ETH0, {"ip": GONE}, UNKNOWN, "could not look: it is not installed"),
    ("pnic", ETH0, {"ip": "no JSON"}, UNKNOWN, "unknown form"),
    ("pnic", ETH0, {"ip": "[7]"}, UNKNOWN, "unknown form"),
    ("link_up", ETH0, {"ip": links(link("eth0"))}, OK, "up"),
    ("link_up", ETH0, {"ip": links(link("eth1"))}, ERROR, "no interface"),
    ("link_up", ETH0, {"ip": LATE}, UNKNOWN, "did not end"),
    ("vnic", {"device": "tap1", "netns": "qdhcp-1"}, {"ip -n": links(link("tap1"))}, OK, "tap1 is up"),
    ("vnic", {"device": "tap1", "netns": "qdhcp-1"}, {"ip -n": links()}, ERROR, "no interface tap1 in qdhcp-1"),
    ("vnic", {"device": "tap1", "netns": "qdhcp-1"}, {"ip -n": NO_NAMESPACE}, ERROR, "no network namespace qdhcp-1"),
    ("vnic", {"device": "tap1", "netns": "qdhcp-1"}, {"ip -n": NO_SUDO}, UNKNOWN, "sudo does not allow ip -n qdhcp-1"),
    ("vnic", {"device": "tap1"}, {"ip -j": links({"ifname": "tap1", **NO_CARRIER})}, ERROR, "no carrier"),
    # vconnector, vnic_lxb, link_vnic_vconnector
    ("vconnector", {"bridge": "brq1"}, {"ip": links(BR, link("tap1", master="brq1"))}, OK, "1 of 1 members"),
    ("vconnector", {"bridge": "brq1"}, {"ip": links(BR)}, WARNING, "none of the 0 members"),
    ("vconnector", {"bridge": "brq1"}, {"ip": links(BR, {"ifname": "tap1", "master": "brq1", **NO_CARRIER})}, WARNING, "none"),
    ("vconnector", {"bridge": "brq1"}, {"ip": links({**BR, **OFF})}, ERROR, "switched off"),
    ("vconnector", {"bridge": "brq1"}, {"ip": links(link("brq1"))}, ERROR, "no Linux bridge"),
    ("vconnector", {"bridge": "brq1"}, {"ip": links()}, ERROR, "no bridge brq1"),
    ("vconnector", {"bridge": "brq1"}, {"ip": (2, "Cannot send dump request")}, UNKNOWN, "ip ended with 2: Cannot send"),
    ("vnic_lxb", IN_BRIDGE, {"ip": links(BR, link("tap1", master="brq1"))}, OK, "member of brq1"),
    ("vnic_lxb", IN_BRIDGE, {"ip": links(BR, link("tap1", master="brq2"))}, ERROR, "a member of brq2, not of brq1"),
    ("vnic_lxb", IN_BRIDGE, {"ip": links(BR, link("tap1"))}, ERROR, "no member of any bridge"),
    ("vnic_lxb", IN_BRIDGE, {"ip": links(link("tap1"))}, ERROR, "no bridge brq1"),
    ("vnic_lxb", IN_BRIDGE, {"ip": links(BR, {"ifname": "tap1", "master": "brq1", **OFF})}, ERROR, "switched off"),
    ("vnic_lxb", IN_BRIDGE, {"ip": links(BR)}, ERROR, "no interface tap1"),
    ("vnic_lxb", IN_BRIDGE, {"ip": LATE}, UNKNOWN, "could not look"),
    ("link_vnic_vconnector", IN_BRIDGE, {"ip": links(BR, link("tap1", master="brq1"))}, OK, "member"),
    ("link_vnic_vconnector", LEARNS, {"ip": links(BR, link("tap1", master="brq1")), "fdb": fdb((MAC.upper(), "tap1", "brq1"))}, OK, "learned"),
    ("link_vnic_vconnector", LEARNS, {"ip": links(BR, link("tap1", master="brq1")), "fdb": fdb((MAC, "tap2", "brq1"))}, WARNING, "another member"),
    ("link_vnic_vconnector", LEARNS, {"ip": links(BR, link("tap1", master="brq1")), "fdb": fdb((MAC, "tap2", "brq2"))}, WARNING, "sent nothing"),
    ("link_vnic_vconnector", LEARNS, {"ip": links(BR, link("tap1", master="brq1")), "fdb": ""}, WARNING, "sent nothing"),
    ("link_vnic_vconnector", LEARNS, {"ip": links(link("brq1", kind="bridge", ageing_time=0), link("tap1", master="brq1")), "fdb": "[]"}, OK, "learns no"),
    ("link_vnic_vconnector", LEARNS, {"ip": links(BR, link("tap1")), "fdb": fdb((MAC, "tap1", "brq1"))}, ERROR, "no member"),
    ("link_vnic_vconnector", LEARNS, {"ip": links(BR, link("tap1", master="brq1")), "fdb": GONE}, UNKNOWN, "not installed"),
    # Open vSwitch
    ("vedge_ovs", {}, both(), OK, "ovs-vswitchd and ovsdb-server answer"),
    ("vedge_ovs", {}, both(OLD_VSWITCHD), ERROR, "ovs-vswitchd does not run"),
    ("vedge_ovs", {}, both(REFUSED), ERROR, "ovs-vswitchd does not run"),
    ("vedge_ovs", {}, both(ovsdb=OLD_VSWITCHD), ERROR, "ovsdb-server does not run"),
    ("vedge_ovs", {}, both((-14, "")), ERROR, "ovs-vswitchd does not answer within 5 s"),
    ("vedge_ovs", {}, both((142, "Alarm clock")), ERROR, "does not answer"),
    ("vedge_ovs", {}, both(GONE, OLD_VSWITCHD), ERROR, "ovsdb-server does not run"),
    ("vedge_ovs", {}, both(GONE), UNKNOWN, "could not look"),
    ("vedge_ovs", {}, both(NO_SUDO), UNKNOWN, "sudo does not allow ovs-appctl"),
    ("vedge_ovn", {}, {**both(), "ovn-appctl": "connected\n"}, OK, "is connected"),
    ("vedge_ovn", {}, {**both(), "ovn-appctl": "not connected\n"}, ERROR, "not connected"),
    ("vedge_ovn", {}, {**both(), "ovn-appctl": OLD_VSWITCHD}, ERROR, "ovn-controller does not run"),
    ("vedge_ovn", {}, {**both(REFUSED), "ovn-appctl": "connected\n"}, ERROR, "ovs-vswitchd does not run"),
    ("vedge_ovn", {}, {**both(), "ovn-appctl": LATE}, UNKNOWN, "did not end"),
    ("vnic_ovs", OVS_PORT, ovs(simple_port("tap1")), OK, "tap1 is up, and a port of br-int"),
    ("vnic_ovs", OVS_PORT, ovs(simple_port("tap1", 4095)), ERROR, "tag 4095"),
    ("vnic_ovs", OVS_PORT, ovs(simple_port("tap1", state="down")), ERROR, "no carrier"),
    ("vnic_ovs", OVS_PORT, ovs(simple_port("tap1", admin="down", state="down")), ERROR, "switched off"),
    ("vnic_ovs", OVS_PORT, ovs(simple_port("tap1", error="could not open\x1b[31m device", ofport=-1)), ERROR, "could not open[31m device"),
    ("vnic_ovs", OVS_PORT, ovs(simple_port("tap1", ofport=-1)), ERROR, "could not add"),
    ("vnic_ovs", OVS_PORT, ovs(), ERROR, "no port of any bridge"),
    ("vnic_ovs", OVS_PORT, ovs(other=[simple_port("tap1")]), ERROR, "a port of br-x, not of br-int"),
    ("vnic_ovs", OVS_PORT, ovs(bridge="br-y"), ERROR, "no bridge br-int"),
    ("vnic_ovs", OVS_PORT, {"ovs-vsctl": (1, "ovs-vsctl: database connection failed")}, UNKNOWN, "connection failed"),
    ("vnic_ovs", OVS_PORT, {"ovs-vsctl": "{}\n"}, UNKNOWN, "unknown form"),
    ("vnic_ovs", INSIDE, {**ovs(simple_port("tap1", state="")), "ip -n": links(link("tap1"))}, OK, "a port of br-int"),
    ("vnic_ovs", INSIDE, {**ovs(simple_port("tap1")), "ip -n": links({"ifname": "tap1", **OFF})}, ERROR, "switched off"),
    ("vnic_ovs", INSIDE, {**ovs(simple_port("tap1")), "ip -n": links()}, OK, "tap1 is up"),
    ("vnic_ovs", INSIDE, {**ovs(simple_port("tap1", state="down")), "ip -n": links()}, ERROR, "no carrier"),
    ("vnic_ovs", INSIDE, {**ovs(simple_port("tap1")), "ip -n": NO_NAMESPACE}, ERROR, "no network namespace"),
    ("vnic_ovs", INSIDE, {**ovs(simple_port("tap1", 4095)), "ip -n": links(link("tap1"))}, ERROR, "4095"),
    ("vnic_ovs", INSIDE, {**ovs(simple_port("tap1")), "ip -n": LATE}, UNKNOWN, "did not end"),
    ("vedge_pnic", UPLINK, ovs(("bond0", None, BOND), bridge="br-ex"), OK, "eth1 is up"),
    ("vedge_pnic", {**UPLINK, "member": "eth2"}, ovs(("bond0", None, BOND), bridge="br-ex"), ERROR, "eth2 has no carrier"),
    ("vedge_pnic", {**UPLINK, "member": None}, ovs(("bond0", None, BOND), bridge="br-ex"), OK, "bond0 is up"),
    ("vedge_pnic", {**UPLINK, "member": "eth7"}, ovs(("bond0", None, BOND), bridge="br-ex"), ERROR, "no member of the bond"),
    ("vedge_pnic", UPLINK, ovs(bridge="br-ex"), ERROR, "no port of any bridge"),
    ("vedge_pnic", UPLINK, ovs(("bond0", None, []), bridge="br-ex"), ERROR, "has no interface"),
    ("vedge_pnic", UPLINK, {"ovs-vsctl": LATE}, UNKNOWN, "did not end"),
    # VPP
    ("pnic_vpp", VPP, vpp(), OK, "GigabitEthernet0/8/0 is up"),
    ("pnic_vpp", VPP, vpp(state="down"), ERROR, "switched off"),
    ("pnic_vpp", VPP, vpp(link_state="down"), ERROR, "has no link"),
    ("pnic_vpp", VPP, vpp(state="error"), ERROR, "faulty"),
    ("pnic_vpp", VPP, vpp(name="GigabitEthernet0/8/1"), ERROR, "no interface GigabitEthernet0/8/0"),
    ("pnic_vpp", {"interface": "TwentyFiveGigabitEthernet5e/0/1.100"}, vpp(name="TwentyFiveGigabitEthernet5e/0/1."), OK, "is up"),
    ("pnic_vpp", VPP, {"vppctl": (1, "clib_socket_init: connect")}, UNKNOWN, "vppctl ended with 1"),
    ("pnic_vpp", VPP, {"vppctl": "gibberish"}, UNKNOWN, "unknown form"),
    ("vnic_vpp", {"interface": "VirtualEthernet0/0/0"}, vpp(name="VirtualEthernet0/0/0"), OK, "is up"),
    ("vnic_vpp", {"interface": "VirtualEthernet0/0/0"}, vpp("down", name="VirtualEthernet0/0/0"), ERROR, "off"),
    ("vnic_vpp", {"interface": "VirtualEthernet0/0/0"}, {"vppctl": GONE}, UNKNOWN, "not installed"),
    ("vconnector_vpp", {"bridge_domain": 1}, {"vppctl": BRIDGE_DOMAINS}, OK, "domain 1 forwards"),
    ("vconnector_vpp", {"bridge_domain": 2}, {"vppctl": BRIDGE_DOMAINS}, WARNING, "does not forward"),
    ("vconnector_vpp", {"bridge_domain": 200}, {"vppctl": OLD_DOMAINS}, OK, "forwards"),
    ("vconnector_vpp", {"bridge_domain": 3}, {"vppctl": BRIDGE_DOMAINS}, ERROR, "no bridge domain 3"),
    ("vconnector_vpp", {"bridge_domain": 3}, {"vppctl": "no bridge-domains in use\n"}, ERROR, "no bridge domain 3"),
    ("vconnector_vpp", {"bridge_domain": 1}, {"vppctl": "gibberish"}, UNKNOWN, "unknown form"),
    ("vedge_vpp", {}, {"vppctl": "Name  State\nstartup-config-process          done    1   0   2  1.3e4\n"}, OK, "start-up"),
    ("vedge_vpp", {}, {"vppctl": "startup-config-process       any wait    1   0   2  1.3e4\n"}, WARNING, "has not run"),
    ("vedge_vpp", {}, {"vppctl": "Name State\n"}, WARNING, "has not run"),
    ("vedge_vpp", {}, {"vppctl": (1, "clib_socket_init: connect (fd 3): No such file")}, ERROR, "does not answer"),
    ("vedge_vpp", {}, {"vppctl": NO_SUDO}, UNKNOWN, "sudo does not allow vppctl show runtime"),
    ("vedge_vpp", {}, {"vppctl": GONE}, UNKNOWN, "not installed"),
    # ping
    ("ping", PING, {"ping": pinged("0")}, OK, "0 % lost"),
    ("ping", PING, {"ping": pinged("1")}, OK, "1 % lost"),
    ("ping", PING, {"ping": pinged("1.3")}, WARNING, "1.3 % lost"),
    ("ping", PING, {"ping": pinged("10")}, WARNING, "10 % lost"),
    ("ping", PING, {"ping": pinged("10.5")}, ERROR, "10.5 % lost"),
    ("ping", PING, {"ping": pinged("0", "1/300/301/1")}, WARNING, "300 ms on average"),
    ("ping", PING, {"ping": pinged("0", "1/2/600/1")}, WARNING, "600 ms at most"),
    ("ping", PING, {"ping": pinged("0", "1/1000/1001/1")}, ERROR, "1000 ms"),
    ("ping", PING, {"ping": pinged("0", "1/2/2000.5/1")}, ERROR, "2000.5 ms"),
    ("ping", {**PING, "warning_loss": 50, "error_loss": 60}, {"ping": pinged("40")}, OK, "40 % lost"),
    ("ping", PING, {"ping": (1, "", pinged("100", ""))}, ERROR, "192.0.2.2 does not answer"),
    ("ping", PING, {"ping": (2, "ping: connect: Network is unreachable")}, ERROR, "Network is unreachable"),
    ("ping", PING, {"ping": (2, "ping: bind: Cannot assign requested address")}, ERROR, "Cannot assign"),
    ("ping", PING, {"ping": (2, "ping: socktype: SOCK_RAW: Operation not permitted")}, UNKNOWN, "not permitted"),
    ("ping", PING, {"ping": "PING?"}, UNKNOWN, "no summary"),
    ("ping", PING, {"ping": GONE}, UNKNOWN, "not installed"),
    # services
    ("vservice", DHCP, namespace(link("tap1")), OK, "dnsmasq runs"),
    ("vservice", DHCP, namespace(link("tap1"), processes="7 Ss dnsmasq\n"), OK, "dnsmasq runs"),
    ("vservice", DHCP, namespace(link("tap1"), processes="7 Sl dnsmasq\n9 Z dnsmasq\n"), OK, "dnsmasq runs"),
    ("vservice", DHCP, namespace(link("tap1"), processes="7 D dnsmasq\n"), WARNING, "waits for a device"),
    ("vservice", DHCP, namespace(link("tap1"), processes="7 Zs dnsmasq\n"), ERROR, "dnsmasq is dead"),
    ("vservice", DHCP, namespace(link("tap1"), processes="7 T dnsmasq\n"), ERROR, "dnsmasq is stopped"),
    ("vservice", DHCP, namespace(link("tap1"), pids="8\n"), ERROR, "dnsmasq does not run"),
    ("vservice", DHCP, namespace(link("tap1"), pids=""), ERROR, "dnsmasq does not run"),
    ("vservice", DHCP, namespace(), ERROR, "has no interface"),
    ("vservice", DHCP, namespace({"ifname": "tap1", **OFF}), ERROR, "all interfaces"),
    ("vservice", DHCP, namespace(link("tap1"), {"ifname": "tap2", **OFF}), WARNING, "tap2 in qdhcp-1 is switched off"),
    ("vservice", DHCP, {**namespace(), "-d link": NO_NAMESPACE}, ERROR, "no network namespace"),
    ("vservice", DHCP, {**namespace(link("tap1")), "ps -e": LATE}, UNKNOWN, "did not end"),
    ("vservice", DHCP, {**namespace(link("tap1")), "netns pids": NO_SUDO}, UNKNOWN, "sudo does not allow"),
    ("vservice", {**DHCP, "service_type": "metadata"}, namespace(link("tap1")), OK, "haproxy runs"),
    ("vservice", ROUTER, namespace(link("qr-1"), pids=""), OK, "qrouter-1 has 1 interfaces"),
    ("vservice", ROUTER, namespace(link("qr-1"), link("ha-1"), pids=""), ERROR, "keepalived does not run"),
    ("vservice", ROUTER, namespace({"ifname": "qg-1", **OFF}, link("ha-1"), processes="7 S keepalived\n"), OK, "keepalived runs"),
    ("instance_communications", REACHES, {"exec": "", "neigh": neighbours("REACHABLE")}, OK, f"{MAC} is known in qdhcp-1"),
    ("instance_communications", REACHES, {"exec": (1, ""), "neigh": neighbours("STALE", MAC.upper())}, OK, "is known"),
    ("instance_communications", REACHES, {"exec": (1, ""), "neigh": neighbours("INCOMPLETE", "")}, WARNING, "does not answer"),
    ("instance_communications", REACHES, {"exec": (1, ""), "neigh": neighbours("FAILED")}, WARNING, "does not answer"),
    ("instance_communications", REACHES, {"exec": "", "neigh": neighbours("REACHABLE", "fa:16:3e:00:00:99")}, ERROR, "not by fa:16:3e:00:00:01"),
    ("instance_communications", REACHES, {"exec": "", "neigh": "[]"}, ERROR, "is not known"),
    ("instance_communications", REACHES, {"exec": NO_NAMESPACE, "neigh": NO_NAMESPACE}, ERROR, "no network namespace"),
    ("instance_communications", REACHES, {"exec": LATE, "neigh": LATE}, UNKNOWN, "did not end"),
    ("instance_communications", REACHES, {"exec": LATE, "neigh": neighbours("REACHABLE")}, OK, "is known"),
    ("instance_communications", REACHES_MAC, {"neigh": neighbours("STALE")}, OK, "is known"),
    ("instance_communications", {**REACHES_MAC, "addresses": [{"mac": MAC}, {"mac": "fa:16:3e:00:00:02"}]}, {"neigh": neighbours("STALE")}, ERROR, "00:02 is not known"),
    ("instance", {"domain": "instance-1"}, {"virsh": domains(**{"instance-2": 5, "instance-1": 1})}, OK, "is running"),
    ("instance", {"domain": "instance-1"}, {"virsh": domains(**{"instance-2": 1, "instance-1": 5})}, WARNING, "shut off"),
    ("instance", {"domain": "instance-1"}, {"virsh": domains(**{"instance-1": 6})}, ERROR, "crashed"),
    ("instance", {"domain": "instance-1"}, {"virsh": domains(**{"instance-1": 3})}, ERROR, "paused"),
    ("instance", {"domain": "instance-1"}, {"virsh": domains(**{"instance-1": 99})}, UNKNOWN, "state 99"),
    ("instance", {"domain": "instance-1"}, {"virsh": "\n"}, ERROR, "no domain instance-1"),
    ("instance", {"domain": "instance-1"}, {"virsh": (1, "error: failed to connect to the hypervisor")}, UNKNOWN, "failed to connect"),
    ("vedge_lxb", {}, {"ps": "7 Ss neutron-linuxbr\n", "ip": links()}, OK, "neutron-linuxbridge-agent runs"),
    ("vedge_lxb", {}, {"ps": "7 Ss python3\n", "ip": links()}, ERROR, "does not run"),
    ("vedge_lxb", {"bridges": ["brq1"]}, {"ps": "7 Ss neutron-linuxbr\n", "ip": links(BR, link("tap1", master="brq1"))}, OK, "runs"),
    ("vedge_lxb", {"bridges": ["brq1"]}, {"ps": "7 Ss neutron-linuxbr\n", "ip": links()}, ERROR, "no bridge brq1"),
    ("vedge_lxb", {"bridges": ["brq1"]}, {"ps": "7 Ss neutron-linuxbr\n", "ip": links(BR)}, WARNING, "none of the 0 members"),
    ("vedge_lxb", {}, {"ps": GONE, "ip": links()}, UNKNOWN, "not installed"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "parameters", "written", "status", "said"), ROWS)
def test_judgements(
    check: str, parameters: dict[str, Any], written: dict[str, Written], status: int, said: str
) -> None:
    judgement = judged(check, parameters, written)
    assert judgement.status == status, judgement
    assert said in judgement.text
    assert len(judgement.text) < 300
    assert judgement.text.isprintable()


def test_each_check_has_a_row_for_ok_error_and_unknown() -> None:
    seen = {(check, status) for check, _, _, status, _ in ROWS}
    assert {(name, status) for name in CHECKS for status in (OK, ERROR, UNKNOWN)} <= seen


WARN = {"ping", "vconnector", "link_vnic_vconnector", "vconnector_vpp", "vedge_vpp", "vservice", "vedge_lxb"}
WARN |= {"instance", "instance_communications"}


def test_what_can_warn() -> None:
    assert {check for check, _, _, status, _ in ROWS if status == WARNING} == WARN
