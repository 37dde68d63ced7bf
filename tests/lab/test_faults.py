# SPDX-License-Identifier: Apache-2.0
"""Everyday faults in the lab: after each, a scan reports the current truth, or keeps what was known and reports that.

The tests are in the order in which they run; each repairs the lab, but those at the end leave a changed cloud.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calipso_nornir.errors import (
    ApiFailed,
    ApiUnreachable,
    CellUnreachable,
    DatabaseUnavailable,
    HostUnreachable,
    NotAuthenticated,
)
from tests.fixtures import lab
from tests.lab import faults, oracle
from tests.lab.oracle.api import ask_cloud
from tests.lab.watching import ordinary, running

if TYPE_CHECKING:
    from tests.lab.oracle import End, Truth
    from tests.lab.oracle.model import Link
    from tests.lab.watching import Watch

pytestmark = [pytest.mark.lab, pytest.mark.faults]


def seen_only_by(truth: Truth, host: str) -> set[End]:
    """Return the objects that only the host itself can report."""
    own = ("host", "host_pnic", "otep", "vconnector", "vedge", "vnic", "vservice")
    heard = {one.end: {row[0] for row in one.facts["heard_by"]} for one in truth.of_type("switch_pnic")}  # type: ignore[index, union-attr]
    ports = {end for end, ears in heard.items() if ears == {host}}
    return ports | {end for end in truth.things if end.host == host and end.type in own}


def tap_on(truth: Truth, host: str) -> End:
    """Return an interface without a trunk of a running server on a host."""
    trunks = {one.end for one in truth.of_type("vnic") if one.facts.get("trunk")}
    return next(
        chain.interface
        for chain in truth.chains
        if chain.owner.type == "instance"
        and chain.interface.host == host
        and not chain.stops
        and chain.interface not in trunks
    )


def stopped(truth: Truth, nic: End) -> bool:
    """Return whether an interface's chain ends before the switch."""
    return any(chain.interface == nic and chain.stops for chain in truth.chains)


# --- sources do not answer: what was known is kept, and the report says why


def test_an_sshd_stopped(watch: Watch) -> None:
    host = lab.here().computes[-1]
    with lab.without_sshd(host):
        report = watch.keeps_everything()
        assert report.status == "completed_with_errors"
        assert [(type(one.error), one.host) for one in report.failures] == [(HostUnreachable, host)]
        assert watch.unknown() == seen_only_by(watch.truth, host)
    watch.tells_the_truth()
    assert watch.unknown() == set()


def test_keystone_refuses(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv(lab.PASSWORD_VARIABLE, "no longer the password")
        report = watch.keeps_everything()
        assert (report.status, [type(one.error) for one in report.failures]) == ("failed", [NotAuthenticated])
    watch.tells_the_truth()


def test_keystone_stopped(watch: Watch) -> None:
    with faults.service_stopped("keystone"):
        report = watch.keeps_everything()
        assert ApiUnreachable in [type(one.error) for one in report.failures]
    watch.tells_the_truth()


def test_mariadb_stopped(watch: Watch) -> None:
    with faults.service_stopped("mariadb"):
        report = watch.keeps_everything()
        errors = {type(one.error) for one in report.failures}
        assert set() < errors <= {DatabaseUnavailable, ApiFailed, ApiUnreachable}
    watch.tells_the_truth()


def test_a_cell_does_not_answer(watch: Watch) -> None:
    with faults.cell_unreachable():
        report = watch.keeps_everything()
        # os-hypervisors of Zed answers 500 then; all other lists are short, with status 200
        assert CellUnreachable in {type(one.error) for one in report.failures} <= {CellUnreachable, ApiFailed}
        servers = {one.end for one in watch.truth.of_type("instance")}
        assert servers <= watch.unknown(), "no source reported them"
    watch.tells_the_truth()
    assert watch.unknown() == set()


def test_a_compute_disabled(watch: Watch) -> None:
    host = next(str(one.facts["on"]) for one in running(watch.truth))
    with faults.compute_disabled(host):
        watch.tells_the_truth()
        assert any(one.facts["on"] == host for one in running(watch.truth))
    watch.tells_the_truth()


# --- the wiring of a compute, with its agents killed


class TestWithAgentsKilled:
    """No agent repairs the faults."""

    def test_the_agents_of_a_compute_killed(self, watch: Watch, quiet: str) -> None:
        def alive(truth: Truth) -> bool:
            return any(one.facts["alive"] for one in truth.of_type("network_agent") if one.end.host == quiet)

        truth = watch.comes_to(lambda truth: not alive(truth))
        assert [one for one in running(truth) if one.facts["on"] == quiet]

    def test_a_bridge_deleted_under_a_server(self, watch: Watch, quiet: str) -> None:
        before = watch.truth
        tap = tap_on(before, quiet)
        bridge = next(
            (link.target for link in before.links if link.source == tap and link.type == "vnic-vconnector"), None
        )
        if bridge is None:
            assert lab.here().variant == "ovs-nativefw"  # no Linux bridge anywhere
            assert before.of_type("vconnector") == []
            return
        with faults.bridge_deleted(quiet, bridge.name):
            watch.comes_to(lambda truth: bridge not in truth.things and stopped(truth, tap))
        watch.comes_to(lambda truth: bridge in truth.things)

    def test_a_tap_taken_out_of_its_bridge(self, watch: Watch, quiet: str) -> None:
        tap = tap_on(watch.truth, quiet)
        with faults.tap_unplugged(quiet, tap.name):
            watch.comes_to(lambda truth: stopped(truth, tap))
        watch.comes_to(lambda truth: not stopped(truth, tap))

    def test_a_tunnel_removed(self, watch: Watch, quiet: str) -> None:
        def sent(truth: Truth) -> set[Link]:
            return {link for link in truth.links if link.type == "otep-otep" and link.source.host == quiet}

        before = sent(watch.truth)
        with faults.tunnel_removed(quiet):
            watch.comes_to(lambda truth: len(sent(truth)) < len(before))
        watch.comes_to(lambda truth: before <= sent(truth))


# --- the cloud


def test_an_unbound_port(watch: Watch) -> None:
    network = watch.truth.of_type("network")[0].end.name
    with faults.unbound_port(network) as port:
        watch.comes_to(lambda truth: oracle.End("port", "", port) in truth.things)
    watch.comes_to(lambda truth: oracle.End("port", "", port) not in truth.things)


def test_a_network_renamed(watch: Watch) -> None:
    truth = watch.truth
    network = next(end for link in truth.links for end in (link.target,) if end.type == "network")
    with faults.network_renamed(network.name, "`renamed` / $(halt)"):
        assert watch.tells_the_truth().things[network].facts["label"] == "`renamed` / $(halt)"
    assert watch.tells_the_truth().things[network] == truth.things[network]


def test_a_routers_gateway_cleared(watch: Watch) -> None:
    with faults.gateway_cleared() as router:
        watch.comes_to(lambda truth: not has_gateway(truth, router))
    watch.comes_to(lambda truth: has_gateway(truth, router))


def has_gateway(truth: Truth, router: str) -> bool:
    """Return whether the namespace of a router has a device for its gateway."""
    return any(f"{router}/qg-" in end.name for end in truth.things)


def test_an_interface_attached_and_detached(watch: Watch) -> None:
    truth = watch.truth
    one = ordinary(truth)[-1]
    network = next(net for net in truth.of_type("network") if net.facts["kind"] == "vxlan" and net.facts["cidrs"])
    with faults.interface_attached(one.end.name, network.end.name) as port:
        watch.comes_to(lambda truth: any(port[:11] in one.interface.name and not one.stops for one in truth.chains))
    watch.comes_to(lambda truth: not any(port[:11] in end.name for end in truth.things if end.type == "vnic"))


# --- servers and hosts: these tests leave a changed cloud


@pytest.fixture(scope="module")
def copying() -> None:
    """Let the computes copy disks to each other."""
    faults.let_computes_copy(lab.here().computes, lab.here().key.read_text("utf-8"))


@pytest.mark.usefixtures("copying")
def test_a_server_resized(watch: Watch) -> None:
    one = ordinary(watch.truth)[0].end
    faults.resize(one.name)
    assert one in watch.tells_the_truth().things


@pytest.mark.usefixtures("copying")
def test_a_server_resized_whose_port_is_switched_off(watch: Watch) -> None:
    """The Open vSwitch agent never handles its new port, which then has no VLAN, not even that of dead ports."""
    off = {row["device_id"] for row in ask_cloud().ports.values() if not row["admin_state_up"]}
    servers = [one.end for one in running(watch.truth) if one.end.name in off]
    assert servers
    faults.resize(servers[0].name)
    assert servers[0] in watch.tells_the_truth().things


@pytest.mark.usefixtures("copying")
def test_a_server_migrated(watch: Watch) -> None:
    truth = watch.truth
    zone_of = {one.end.name: one.facts["zone"] for one in truth.of_type("host")}
    for one in ordinary(truth):
        source = str(one.facts["on"])
        others = [host for host in lab.here().computes if host != source and zone_of[host] == zone_of[source]]
        if others:
            faults.migrate(one.end.name, others[0])
            assert watch.tells_the_truth().things[one.end].facts["on"] == others[0]
            return
    assert len({zone_of[host] for host in lab.here().computes}) == len(lab.here().computes)  # nowhere to go


def test_a_server_deleted(watch: Watch) -> None:
    one = ordinary(watch.truth)[-1].end
    faults.delete_server(one.name)
    watch.comes_to(lambda truth: one not in truth.things)


def test_a_host_removed_and_added(watch: Watch) -> None:
    servers = watch.truth.of_type("instance")
    on = {host: [one.end.name for one in servers if one.facts["on"] == host] for host in lab.here().computes}
    host = min(on, key=lambda name: len(on[name]))
    for one in on[host]:
        faults.delete_server(one)
    with faults.host_removed(host):
        watch.comes_to(lambda truth: oracle.End("host", host, host) not in truth.things)
    watch.comes_to(lambda truth: oracle.End("host", host, host) in truth.things)
