# SPDX-License-Identifier: Apache-2.0
"""Faults of OVN: after each, a scan reports the current truth, or keeps what was known and reports that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures import lab
from tests.lab import faults_ovn as faults
from tests.lab.faults import wait_until
from tests.lab.oracle import End
from tests.lab.watching import ordinary

if TYPE_CHECKING:
    from tests.lab.oracle import Truth
    from tests.lab.watching import Watch

pytestmark = [pytest.mark.lab, pytest.mark.faults]


def gateway_port(truth: Truth) -> str:
    """Return the port of a gateway."""
    return next(link.source.name.removeprefix("lrp-") for link in truth.links if link.type == "router_port-vedge")


def at(truth: Truth, port: str, *, standby: bool = False) -> str:
    """Return the host of a gateway, or the standby host."""
    ends = {
        one.target.host for one in truth.links if one.type == "router_port-vedge" and one.source.name == f"lrp-{port}"
    }
    [chain] = [one for one in truth.chains if one.interface.name == f"lrp-{port}"]
    active = next((one.source.host for one in chain.links if one.type == "vedge-host_pnic"), "")
    return next(iter(ends - {active}), "") if standby else active


@pytest.mark.parametrize("short", ["nb", "sb"])
def test_a_database_cannot_be_read(watch: Watch, short: str) -> None:
    with faults.unreadable(short):
        report = watch.keeps_everything()
        assert report.status == "completed_with_errors"
        unknown, truth = watch.unknown(), watch.truth
        assert {one.end for one in truth.of_type("router_port")} <= unknown, "no source reported them"
        ports = {one.end for one in truth.of_type("port") if one.facts.get("security")}
        assert ports, "bound ones"
        assert ports <= unknown, f"only {short} has their bindings, or their security groups"
    watch.tells_the_truth()
    assert watch.unknown() == set()


def test_northd_stopped(watch: Watch) -> None:
    with faults.northd_stopped():
        watch.tells_the_truth()


def test_a_provider_bridge_without_its_uplink(watch: Watch) -> None:
    before = watch.truth
    with faults.uplink_removed(faults.gateway_host(gateway_port(before))):
        watch.comes_to(lambda truth: any(one.stops for one in truth.chains if one.interface.type == "router_port"))
    watch.comes_to(lambda truth: truth.links == before.links)


def test_a_mapping_without_the_physical_network(watch: Watch) -> None:
    with faults.mapping_changed(faults.gateway_host(gateway_port(watch.truth))):
        watch.tells_the_truth()
    watch.tells_the_truth()


def test_a_gateway_moves_to_another_chassis(watch: Watch) -> None:
    port, host = gateway_port(watch.truth), lab.here().computes[0]
    with faults.gateway_backed(port, host, 99):
        wait_until(f"{host} has the gateway", lambda: faults.gateway_host(port) == host)
        watch.comes_to(lambda truth: at(truth, port) == host)
    watch.tells_the_truth()


def test_a_gateways_chassis_is_stopped(watch: Watch) -> None:
    """The standby chassis takes over, and the next scan reports it."""
    port = gateway_port(watch.truth)
    first, other = at(watch.truth, port), at(watch.truth, port, standby=True)
    assert {first, other} == {"net1", "net2"}
    with faults.chassis_stopped(first):
        wait_until(f"{other} has the gateway", lambda: faults.gateway_host(port) == other)
        watch.comes_to(lambda truth: at(truth, port) == other)
    wait_until(f"{first} has it again", lambda: faults.gateway_host(port) == first)
    watch.comes_to(lambda truth: at(truth, port) == first)


def endpoint(truth: Truth, host: str) -> tuple[object, bool]:
    """Return the address of a host's tunnel endpoint, and whether the cable by which its tunnels leave is known."""
    [otep] = [one for one in truth.of_type("otep") if one.end.host == host]
    return otep.facts["ip"], any(one.source == otep.end and one.type == "otep-host_pnic" for one in truth.links)


def test_an_endpoint_that_no_device_has(watch: Watch) -> None:
    before, host = watch.truth, lab.here().computes[0]
    with faults.endpoint_changed(host, "10.78.0.99"):
        watch.comes_to(lambda truth: endpoint(truth, host) == ("10.78.0.99", False))
    watch.comes_to(lambda truth: truth.links == before.links)


def nic_of_a_server(truth: Truth) -> tuple[End, str, str]:
    """Return an interface of a running server, its port, and a host other than the server's."""
    server = ordinary(truth)[0]
    other = next(one for one in (*lab.here().computes, "net1") if one != server.facts["on"])
    [nic, *_] = [one for one in truth.of_type("vnic") if one.facts["owner"] == server.end.name]
    return nic.end, str(nic.facts["port"]), other


def test_a_ports_binding_is_moved(watch: Watch) -> None:
    """The server stays on its host; its port is cut off there."""
    nic, port, other = nic_of_a_server(watch.truth)
    with faults.binding_moved(port, other):
        watch.comes_to(lambda truth: {one.type for one in truth.down if one.source == nic} == {"vnic-vedge"})
    watch.tells_the_truth()


def also_at(truth: Truth, port: str) -> set[str]:
    """Return the hosts, other than its server's, to which a port is linked."""
    return {one.target.host for one in truth.links if one.source == End("port", "", port)}


def test_a_port_on_two_hosts(watch: Watch) -> None:
    """As during live migration: the interface is on its host, and its port on another one as well."""
    nic, port, other = nic_of_a_server(watch.truth)
    with faults.binding_doubled(port, other):
        watch.comes_to(lambda truth: also_at(truth, port) == {other} and nic not in {one.source for one in truth.down})
    watch.tells_the_truth()


def alive(truth: Truth, host: str) -> dict[object, object]:
    """Return whether each agent of a host is alive, by its kind."""
    agents = (one for one in truth.of_type("network_agent") if one.end.host == host)
    return {one.facts["kind"]: one.facts["alive"] for one in agents}


class TestWithTheControllerKilled:
    """No agent repairs the faults."""

    def test_a_controller_killed(self, watch: Watch, quiet: str) -> None:
        watch.comes_to(lambda truth: set(alive(truth, quiet).values()) == {False})
        assert set(alive(watch.truth, quiet)) == {"OVN Controller agent", "OVN Metadata agent"}

    def test_a_controller_whose_clock_is_ahead(self, watch: Watch, quiet: str) -> None:
        """Neutron takes its last answer for a new one."""
        with faults.clock_ahead(quiet):
            watch.comes_to(lambda truth: alive(truth, quiet)["OVN Controller agent"] is True)
        watch.comes_to(lambda truth: alive(truth, quiet)["OVN Controller agent"] is False)

    def test_a_chassis_of_which_neutron_lists_no_agent(self, watch: Watch, quiet: str) -> None:
        """Its switch is still found, with everything plugged into it."""
        before = watch.truth
        with faults.chassis_unlisted(quiet):
            watch.comes_to(lambda truth: alive(truth, quiet) == {})
            assert watch.truth.links == before.links
        watch.comes_to(lambda truth: alive(truth, quiet)["OVN Controller agent"] is False)

    def test_a_tunnel_deleted(self, watch: Watch, quiet: str) -> None:
        def sent(truth: Truth) -> int:
            return sum(one.type == "otep-otep" and one.source.host == quiet for one in truth.links)

        before = sent(watch.truth)
        with faults.tunnel_deleted(quiet):
            watch.comes_to(lambda truth: sent(truth) < before)
