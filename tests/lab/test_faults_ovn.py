# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in OVN: after each fault a scan tells the truth of then, or keeps and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures import lab
from tests.lab import faults_ovn as faults

if TYPE_CHECKING:
    from tests.lab.oracle import Truth
    from tests.lab.watching import Watch

pytestmark = [pytest.mark.lab, pytest.mark.faults]


def gateway_port(truth: Truth) -> str:
    """Return the port of a gateway that leads out."""
    return next(link.source.name.removeprefix("lrp-") for link in truth.links if link.type == "router_port-vedge")


@pytest.mark.parametrize("short", ["nb", "sb"])
def test_a_database_cannot_be_read(watch: Watch, short: str) -> None:
    with faults.unreadable(short):
        report = watch.keeps_everything()
        assert report.status == "completed_with_errors"
        routers = {one.end for one in watch.truth.of_type("router_port")}
        assert routers <= watch.unknown(), "nobody told of them"
    watch.tells_the_truth()
    assert watch.unknown() == set()


def test_northd_stopped(watch: Watch) -> None:
    with faults.northd_stopped():
        watch.tells_the_truth()


def test_a_provider_bridge_without_its_uplink(watch: Watch) -> None:
    before = watch.truth
    with faults.uplink_removed("net1"):
        truth = watch.tells_the_truth()
        assert any(chain.stops for chain in truth.chains if chain.interface.type == "router_port")
    assert watch.tells_the_truth().links == before.links


def test_a_mapping_without_the_physical_network(watch: Watch) -> None:
    with faults.mapping_changed("net1"):
        watch.tells_the_truth()
    watch.tells_the_truth()


def test_a_gateway_moves_to_another_chassis(watch: Watch) -> None:
    port, host = gateway_port(watch.truth), lab.here().computes[0]
    with faults.gateway_moved(port, host):
        truth = watch.tells_the_truth()
        [link] = [one for one in truth.links if one.type == "router_port-vedge" and one.source.name == f"lrp-{port}"]
        assert link.target.host == host
    watch.tells_the_truth()


class TestWithTheControllerKilled:
    """Nobody repairs what is broken there."""

    def test_a_controller_killed(self, watch: Watch, quiet: str) -> None:
        truth = watch.tells_the_truth()
        alive = {
            one.facts["kind"]: one.facts["alive"] for one in truth.of_type("network_agent") if one.end.host == quiet
        }
        assert alive["OVN Controller agent"] is False

    def test_a_tunnel_deleted(self, watch: Watch, quiet: str) -> None:
        before = {one for one in watch.truth.links if one.type == "otep-otep" and one.source.host == quiet}
        with faults.tunnel_deleted(quiet):
            after = {
                one for one in watch.tells_the_truth().links if one.type == "otep-otep" and one.source.host == quiet
            }
            assert len(after) < len(before)
