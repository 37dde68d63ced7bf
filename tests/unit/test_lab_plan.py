# SPDX-License-Identifier: Apache-2.0
"""The lab's random clouds (tests/lab/cloud/plan.py) and parameters, without a lab."""

from __future__ import annotations

import ipaddress
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.cloud.plan import PUBLIC, VLAN, Cloud, plan

LAB = Path(__file__).parents[1] / "lab" / "cloud" / "lab"


def planned(variant: str = "ovs", seed: str = "1", sizes: tuple[int, int, int, int] = (3, 2, 2, 6)) -> Cloud:
    computes, projects, networks, servers = sizes
    return plan(variant=variant, computes=computes, projects=projects, networks=networks, servers=servers, seed=seed)


def test_the_same_seed_is_the_same_cloud_and_another_another() -> None:
    assert planned(seed="1") == planned(seed="1")
    assert planned(seed="1") != planned(seed="2")


@given(
    st.sampled_from(["ovs", "ovs-dvr", "lxb"]),
    st.integers(0, 10**6).map(str),
    st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6), st.integers(1, 24)),
)
def test_every_cloud_can_be_made(variant: str, seed: str, sizes: tuple[int, int, int, int]) -> None:
    cloud = planned(variant, seed, sizes)
    computes, projects, networks, servers = sizes
    assert (len(cloud.projects), len(cloud.servers)) == (projects, servers)
    assert len([one for one in cloud.networks if one.project is not None]) == projects * networks
    assert {one.host for one in cloud.servers} <= {f"cmp{number}" for number in range(1, computes + 1)}
    assert len({one.name for one in cloud.projects}) == projects
    for number, router in enumerate(cloud.routers):
        blocks = [ipaddress.ip_network(cloud.networks[n].subnets[0].cidr) for n in router.networks]
        assert not any(a.overlaps(b) for i, a in enumerate(blocks) for b in blocks[:i]), number
    given_out = [(nic.network, nic.address) for one in cloud.servers for nic in one.nics if nic.address]
    assert len(set(given_out)) == len(given_out)
    for network, address in given_out:
        subnet = cloud.networks[network].subnets[0]
        assert subnet.pool is not None
        first, last, own = (int(ipaddress.IPv4Address(one)) for one in (*subnet.pool, address))
        assert ipaddress.ip_address(address) in ipaddress.ip_network(subnet.cidr)
        assert not first <= own <= last, "Neutron could choose it, too"
    for server in cloud.servers:
        assert 1 <= len(server.nics) - server.loses_last_nic <= 3
        assert {cloud.networks[nic.network].project for nic in server.nics} <= {server.project, None}


@pytest.mark.parametrize("seed", [str(number) for number in range(50)])
def test_what_every_cloud_has(seed: str) -> None:
    cloud = planned(seed=seed)
    names = [one.name for one in cloud.networks]
    nics = [len(one.nics) for one in cloud.servers]
    attached = {nic.network for one in cloud.servers for nic in one.nics}
    assert "" in names
    assert len(set(names)) < len(names)
    assert cloud.servers[0].name == cloud.servers[1].name
    assert max(nics) >= 2
    (second,) = (n for n, one in enumerate(cloud.networks) if one.physical == "physnet2")
    assert {PUBLIC, VLAN, second} <= attached
    assert any(one.shut_off for one in cloud.servers)
    assert any(one.loses_last_nic for one in cloud.servers)
    assert sum(nic.off for one in cloud.servers for nic in one.nics) == 1
    assert all(nic.port for one in cloud.servers for nic in one.nics if nic.off), "it is found by its name"
    assert {one.gateway for one in cloud.routers} == {True, False}
    assert any(not subnet.dhcp for network in cloud.networks[PUBLIC + 1 :] for subnet in network.subnets)
    assert any(subnet.mode for network in cloud.networks for subnet in network.subnets)
    assert {one.host for one in cloud.servers} == {"cmp1", "cmp2", "cmp3"}
    assert cloud.networks[VLAN].vlan
    [(parent, nic)] = [(one, nic) for one in cloud.servers for nic in one.nics if nic.trunk]
    assert nic.port
    assert not nic.off
    assert not parent.shut_off
    assert nic.network not in {sub.network for sub in nic.trunk}


@pytest.mark.parametrize("seed", [str(number) for number in range(20)])
def test_routers_are_of_every_kind_where_they_can_be(seed: str) -> None:
    routers = planned("ovs-dvr", seed).routers
    kinds = {(one.distributed, one.highly_available) for one in routers}
    assert kinds == {(False, False), (False, True), (True, False), (True, True)}
    assert {(one.distributed, one.highly_available) for one in routers if one.gateway} >= kinds - {(False, False)}
    assert not any(one.distributed or one.highly_available for one in planned("ovs", seed).routers)


def test_linux_bridge_has_no_vlan_network() -> None:
    assert all(one.vlan is None for one in planned("lxb").networks)
    assert not any(nic.trunk for one in planned("lxb").servers for nic in one.nics)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("COMPUTES", "0", "COMPUTES=0: it must be a whole number from 1 to 6"),
        ("COMPUTES", "7", "COMPUTES=7: it must be a whole number from 1 to 6"),
        ("COMPUTES", "x", "COMPUTES=x: it must be a whole number"),
        ("SERVERS", "-1", "SERVERS=-1: it must be a whole number"),
        ("VARIANT", "lb", "VARIANT=lb: there are ovs ovs-nativefw ovs-dvr lxb ovn"),
        ("SEED", "$(id)", "SEED=$(id): letters, digits"),
    ],
)
def test_a_wrong_parameter_is_told_before_anything_is_done(name: str, value: str, said: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own script
        [LAB, "up"], env={**os.environ, name: value}, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stdout == ""
