# SPDX-License-Identifier: Apache-2.0
"""A real Linux switch: its bridges, cables and lldpd are the kernel's and Debian's, asked as the platform declares it.

It is built as the lab builds ``tor1``: a bridge of management, one of tunnels, and one of a provider network; each host
is a network namespace with cables to them. Everything else of the cloud is the tiny cloud's.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.metadata.loading import load_catalog
from tests.fixtures import needs
from tests.fixtures.private_host import PrivateHost
from tests.fixtures.scanning import Scanned
from tests.fixtures.switch_cloud import REACHABLE, host_mac
from tests.fixtures.tiny_cloud import TinyCloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LLDP = "lldpctl -f json"
PLATFORM = "linux_switch"
COMMANDS = {one.command for one in load_catalog().switch_platforms.by_name[PLATFORM].questions.values()}
CABLES = (
    ("cmp1", "m-cmp1", "br-mgmt", 0),
    ("cmp1", "t-cmp1", "br-tunnel", 1),
    ("net1", "m-net1", "br-mgmt", 0),
    ("net1", "t-net1", "br-tunnel", 1),
    ("net1", "p-net1", "br-prov", 2),
)
"""Host, port of the switch, its bridge, and the number of the host's interface."""
HOSTS = ("cmp1", "net1")
BUILD = """
for bridge in br-mgmt br-tunnel br-prov; do ip link add $bridge up type bridge; done
cable() {  # HOST PORT ADDRESS BRIDGE DEVICE ADDRESS
  ip link add $2 address $3 type veth peer name $5 address $6 netns $1
  ip -n $1 link set $5 up
  ip link set $2 master $4 up
}
"""


def port_mac(port: str) -> str:
    """Return the address of a port of the switch."""
    number = [one for _, one, _, _ in CABLES].index(port)
    return f"02:5e:00:00:05:{number + 1:02x}"


class LinuxSwitch:
    """The switch, in a private host, and its hosts."""

    def __init__(self, folder: Path) -> None:
        self.machine = PrivateHost(folder)

    def build(self) -> None:
        """Lay the cables, and start lldpd at both ends, with announcements every second."""
        script = [BUILD, *(f"ip netns add {host}; ip -n {host} link set lo up" for host in HOSTS)]
        for host, port, bridge, number in CABLES:
            script.append(f"cable {host} {port} {port_mac(port)} {bridge} eth{number} {host_mac(host, number)}")
        self.machine.sh("\n".join(script))
        self._lldpd("tor1")
        for host in HOSTS:
            self._lldpd(host, "ip", "netns", "exec", host)
        heard = {host: sum(one == host for one, *_ in CABLES) for host in HOSTS} | {"tor1": len(CABLES)}
        self.until(lambda: all(self.hears(name) == number for name, number in heard.items()))

    def _lldpd(self, name: str, *within: str) -> None:
        self.machine.start(*within, "lldpd", "-d", "-u", f"/run/lldpd-{name}.socket")
        told = ("lldpcli", "-u", f"/run/lldpd-{name}.socket")
        self.machine.wait_for(*told, "show", "chassis")
        self.machine.run(*told, "configure", "system", "hostname", name)
        self.machine.run(*told, "configure", "lldp", "tx-interval", "1")

    def ask(self, name: str, command: str) -> str:
        """Return what a command prints on the switch, or a question to the lldpd of a host."""
        program, _, rest = command.partition(" ")
        lldp = f" -u /run/lldpd-{name}.socket" if program.startswith("lldp") else ""
        return self.machine.sh(f"{program}{lldp} {rest}")

    def hears(self, name: str) -> int:
        """Return how many neighbours the lldpd of the switch or of a host has."""
        found = json.loads(self.ask(name, LLDP))["lldp"].get("interface", [])
        return len(found) if isinstance(found, list) else 1

    @staticmethod
    def until(true: Callable[[], bool]) -> None:
        end = time.monotonic() + 30
        while not true():
            assert time.monotonic() < end
            time.sleep(0.2)


class Cloud(TinyCloud):
    """The tiny cloud; the switch and the lldpd of two hosts answer for themselves."""

    def __init__(self, switch: LinuxSwitch) -> None:
        super().__init__()
        self._switch = switch

    def answers(self) -> dict[Any, Any]:
        found = super().answers()
        found["GET network /networks"] = [{**row, "mtu": 1450} for row in found["GET network /networks"]]
        found |= {f"{host}: {LLDP}": json.dumps({"lldp": {}}) for host in self.hosts}
        found |= {f"{host}: {LLDP}": self._switch.ask(host, LLDP) for host in HOSTS}
        found |= {f"tor1: {command}": self._switch.ask("tor1", command) for command in COMMANDS}
        hosts = [{"host": host, "platform": "", "address": host, "groups": []} for host in self.hosts]
        found[REACHABLE] = [*hosts, {"host": "tor1", "platform": PLATFORM, "address": "tor1", "groups": []}]
        return found


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LinuxSwitch]:
    needs.program("lldpd", packages="lldpd")
    made = LinuxSwitch(tmp_path_factory.mktemp("switch"))
    with made.machine:
        made.build()
        yield made


SHOWN = ("local_name", "bridge", "mtu", "state", "allowed_vlans", "macs", "hears", "neighbours")


def ports(found: Scanned) -> dict[str, dict[str, Any]]:
    """Return the ports of the switch by name, with the attributes that ``SHOWN`` names."""
    rows = [one for one in found.stored()["inventory"].values() if one["type"] == "switch_pnic"]
    return {one["name"]: {name: one[name] for name in SHOWN if name in one} for one in rows}


def cables(found: Scanned) -> dict[str, tuple[str, str, Any, Any]]:
    """Return the links to hosts: host's interface -> port, state, who says so, contradictions."""
    names = {one["id"]: one["name"] for one in found.stored()["inventory"].values() if one["type"] == "switch_pnic"}
    links = [one for one in found.stored()["links"].values() if one["link_type"] == "host_pnic-switch_pnic"]
    return {
        one["source_id"]: (
            names[one["target_id"]],
            one["state"],
            one["attributes"].get("told_by"),
            one["attributes"].get("contradictions"),
        )
        for one in links
    }


def test_from_the_switch_to_cliques(switch: LinuxSwitch, tmp_path: Path) -> None:
    found = Scanned(tmp_path, cloud=Cloud(switch))
    report = found.scan()
    assert (report.status, [str(one.error) for one in (*report.failures, *report.notices)]) == ("completed", [])
    [own] = [one for one in found.stored()["inventory"].values() if one["type"] == "switch"]
    assert (own["id"], own["name"], own["login"], own["platform"]) == (
        f"mac|{port_mac('m-cmp1')}",
        "tor1",
        "tor1",
        PLATFORM,
    )
    assert ports(found) == {
        port: {
            "local_name": port,
            "bridge": bridge,
            "mtu": 1500,
            "state": "up",
            "allowed_vlans": "1-4094",  # its bridges do not look at VLANs
            "macs": [{"mac_address": host_mac(host, number)}],
            "hears": [
                {
                    "chassis_id": host_mac(host, 0),
                    "port_description": f"eth{number}",
                    "port_id": host_mac(host, number),
                    "system_name": host,
                }
            ],
            "neighbours": [{"host": host, "interface": f"eth{number}"}],
        }
        for host, port, bridge, number in CABLES
    }
    both = ["host", "switch"]
    assert cables(found) == {f"{host}|eth{number}": (port, "up", both, None) for host, port, _, number in CABLES}
    stored = found.stored()
    [server] = [one for one in stored["inventory"].values() if one["type"] == "instance" and one.get("host") == "cmp1"]
    [clique] = [one for one in stored["cliques"].values() if one["focal_point"] == server["_id"]]
    ends = [stored["links"][id_] for id_ in clique["links"]]
    assert [one["source_id"] for one in ends if one["link_type"] == "host_pnic-switch_pnic"] == ["cmp1|eth1"]
    assert [one["source_id"] for one in ends if one["link_type"] == "switch-switch_pnic"] == [own["id"]]


def test_a_cable_that_is_pulled_and_a_port_for_small_packets(switch: LinuxSwitch, tmp_path: Path) -> None:
    found = Scanned(tmp_path, cloud=Cloud(switch))
    found.scan()
    switch.machine.sh("ip link set m-net1 down; ip link set t-cmp1 mtu 1400")
    try:
        report = found.scan()
    finally:
        switch.machine.sh("ip link set m-net1 up; ip link set t-cmp1 mtu 1500")
    assert ports(found)["m-net1"]["state"] == "down"
    assert ports(found)["t-cmp1"]["mtu"] == 1400
    told = cables(found)
    assert told["net1|eth0"][1] == "down"
    contradiction = "packets of lan need 1500 bytes on eth1 of cmp1; t-cmp1 lets 1400 through"
    assert told["cmp1|eth1"][3] == [contradiction]
    assert [str(one.error).partition(" contradict each other: ")[2] for one in report.notices] == [contradiction]
