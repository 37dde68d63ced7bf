# SPDX-License-Identifier: Apache-2.0
"""Every fetcher on a real cloud's answers: the exact objects, the same by JSON and by text, in few rounds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.fetchers.api.aggregates import AggregateHosts, Aggregates
from calipso_nornir.fetchers.api.instances import HostlessInstances, Instances
from calipso_nornir.fetchers.api.network_agents import NetworkAgents
from calipso_nornir.fetchers.api.networks import Networks
from calipso_nornir.fetchers.api.ports import Ports
from calipso_nornir.fetchers.api.projects import Projects
from calipso_nornir.fetchers.api.regions import Regions
from calipso_nornir.fetchers.api.zones import AvailabilityZones, Hosts
from calipso_nornir.fetchers.cli.host_details import HostDetails
from calipso_nornir.fetchers.cli.host_pnics import HostBonds, HostPnics
from calipso_nornir.fetchers.cli.instance_vnics import InstanceVnics
from calipso_nornir.fetchers.cli.linux_bridges import LinuxBridges
from calipso_nornir.fetchers.cli.lldp import LldpSwitches, LldpSwitchPnics
from calipso_nornir.fetchers.cli.oteps import LinuxBridgeOteps, OvsOteps
from calipso_nornir.fetchers.cli.vedges import LinuxBridgeVedges, OvsVedges
from calipso_nornir.fetchers.cli.vservices import Vservices, VserviceVnics
from calipso_nornir.testing import drive, thing
from calipso_nornir.testing.parser_cases import differences
from tests.fixtures.captured import ANSWERS, HOSTS, REGION, everything, host, inventory, placed, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calipso_nornir.model.fetching import Fetched
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import Fetcher

    Row = tuple[Fetcher, list[InventoryObject]]

VARIANTS = ("ovs", "lb")
MAX_ROUNDS = 3


def parents_below(variant: str, fetcher: Fetcher, type_: str, host_name: str, answers: dict[Any, Any]) -> Any:  # noqa: ANN401
    """Run a fetcher on one host for the objects that another one is run on."""
    return placed(type_, drive(fetcher, host(variant, host_name), answers))


def on_hosts(variant: str, answers: dict[Any, Any]) -> dict[str, Callable[[str], Row]]:
    """Return what is run on a host, or on something of it: name -> host -> fetcher and parents."""

    def of_host(fetcher: Fetcher) -> Callable[[str], Row]:
        return lambda name: (fetcher, [host(variant, name)])

    def of(fetcher: Fetcher, below: Fetcher, type_: str) -> Callable[[str], Row]:
        return lambda name: (fetcher, parents_below(variant, below, type_, name, answers))

    pnics = {
        f"host_pnic of {name}": placed("host_pnic", drive(HostPnics(), host(variant, name), answers)) for name in HOSTS
    }
    answers["host_pnic"] = [one for row in pnics.values() for one in row]
    vedge: tuple[Fetcher, Fetcher] = (
        (OvsVedges(), OvsOteps()) if variant == "ovs" else (LinuxBridgeVedges(), LinuxBridgeOteps())
    )
    below_otep = (OvsVedges(), "vedge") if variant == "ovs" else (LinuxBridges(), "vconnector")
    return {
        "instances": of_host(Instances()),
        "network_agents": of_host(NetworkAgents()),
        "host_details": of_host(HostDetails()),
        "host_pnics": of_host(HostPnics()),
        "host_bonds": of_host(HostBonds()),
        "linux_bridges": of_host(LinuxBridges()),
        "lldp_switches": of_host(LldpSwitches()),
        "lldp_switch_pnics": of_host(LldpSwitchPnics()),
        "vservices": of_host(Vservices()),
        "vservice_vnics": of(VserviceVnics(), Vservices(), "vservice"),
        "instance_vnics": of(InstanceVnics(), Instances(), "instance"),
        "vedges": of_host(vedge[0]),
        "oteps": of(vedge[1], *below_otep),
    }


def in_region(variant: str) -> Iterator[tuple[str, Row]]:
    """Yield what is run above the hosts."""
    yield "regions", (Regions(), [thing("regions_folder")])
    yield "projects", (Projects(), [thing("projects_folder")])
    yield "availability_zones", (AvailabilityZones(), [REGION])
    yield "hosts", (Hosts(), inventory(variant)["availability_zone"])
    yield "networks", (Networks(), [REGION])
    yield "ports", (Ports(), [REGION])
    yield "hostless_instances", (HostlessInstances(), [REGION])
    yield "aggregates", (Aggregates(), [REGION])
    yield "aggregate_hosts", (AggregateHosts(), placed("aggregate", drive(Aggregates(), REGION, everything(variant))))


def found_of(fetcher: Fetcher, parents: list[InventoryObject], answers: dict[Any, Any]) -> list[Fetched]:
    """Run a fetcher on all parents; nothing may be lacking, and nothing may take too long."""
    found: list[Fetched] = []
    for parent in parents:
        driven = drive(fetcher, parent, answers)
        assert not driven.gaps
        assert not driven.blanks
        assert sum(any(query.source == "cli" for query in queries) for queries in driven.rounds) <= MAX_ROUNDS
        found += driven
    return found


def check(variant: str, name: str, found: list[Fetched]) -> None:
    """Compare with what is expected."""
    path = ANSWERS / variant / "expected" / f"{name}.json"
    expected = json.loads(path.read_text(encoding="utf-8"))
    assert list(differences(expected, plain(found))) == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_the_api_tells(variant: str) -> None:
    for name, (fetcher, parents) in in_region(variant):
        check(variant, name, found_of(fetcher, parents, everything(variant)))


HOST_FETCHERS = tuple(on_hosts("ovs", everything("ovs")))


@pytest.mark.parametrize("name", HOST_FETCHERS)
@pytest.mark.parametrize("host_name", HOSTS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_what_hosts_tell(variant: str, host_name: str, name: str) -> None:
    answers = everything(variant)
    fetcher, parents = on_hosts(variant, answers)[name](host_name)
    check(variant, f"{host_name}-{name}", found_of(fetcher, parents, answers))


TOLD_BY_JSON_ONLY = ("id", "link_state", "mac_address", "port_id", "attached_mac", "network", "network_type")


@pytest.mark.parametrize("name", HOST_FETCHERS)
@pytest.mark.parametrize("host_name", HOSTS)
@pytest.mark.parametrize("variant", VARIANTS)
def test_old_hosts_tell_the_same_by_text(variant: str, host_name: str, name: str) -> None:
    answers, old_answers = everything(variant), everything(variant, old=True)
    fetcher, parents = on_hosts(variant, answers)[name](host_name)
    old_fetcher, old_parents = on_hosts(variant, old_answers)[name](host_name)
    found, old = found_of(fetcher, parents, answers), found_of(old_fetcher, old_parents, old_answers)
    assert [(one.id, one.name, one.under) for one in old] == [(one.id, one.name, one.under) for one in found]
    assert list(differences([less(one) for one in plain(found)], [less(one) for one in plain(old)])) == []


def less(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out what ``ovs-vsctl show`` does not tell, and which command it was."""
    attributes = dict(row["attributes"])
    if "ports" in attributes and "bridges" in attributes:
        ports = [{k: v for k, v in port.items() if k not in _NOT_SHOWN} for port in attributes["ports"]]
        attributes |= {"ports": ports, "networks": None, "bridges": [one["name"] for one in attributes["bridges"]]}
    return {**row, "attributes": attributes, "sources": None}


_NOT_SHOWN = {*TOLD_BY_JSON_ONLY, "physical_network", "segmentation_id"}
