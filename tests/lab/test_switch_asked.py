# SPDX-License-Identifier: Apache-2.0
"""The lab's switch is asked itself, as a Linux switch of the inventory, and what it says is true.

The oracle reads the switch's kernel and its lldpd through the console. A scan that asks the switch reports everything
that a scan without it reports, and more of each port.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.store import open_store
from tests.fixtures import lab
from tests.lab.faults import cable_pulled
from tests.lab.oracle.reading import read_site
from tests.lab.told import told
from tests.lab.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import StoreView
    from tests.lab.oracle.hosts import Device
    from tests.lab.oracle.model import Truth

pytestmark = pytest.mark.lab


def cabled(view: StoreView) -> Truth:
    """Return what a picture tells, without the ports of switches that no host is cabled to: the oracle has none."""
    said = told(view)
    unused = {one.end for one in said.of_type("switch_pnic") if not one.facts["heard_by"]}

    def kept(*ends: object) -> bool:
        return unused.isdisjoint(ends)

    return replace(
        said,
        things={end: one for end, one in said.things.items() if kept(end)},
        links=frozenset(one for one in said.links if kept(one.source, one.target)),
        down=frozenset(one for one in said.down if kept(one.source, one.target)),
    )


@pytest.fixture(scope="module")
def asked(known_hosts: Path, password: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:  # noqa: ARG001 - scans look it up
    """The lab with a login to its switch, scanned once."""
    here = lab.here()
    hosts = {name: {"host": address} for name, address in here.hosts.items()}
    switches = {name: {"host": address, "platform": "linux_switch"} for name, address in here.switches.items()}
    environment = lab.environment(known_hosts, name="asked", hosts={**hosts, **switches})
    with closing(open_store(tmp_path_factory.mktemp("asked") / "asked.db")) as store:
        watch = Watch(environment, store, tells=cabled)
        watch.tells_the_truth()
        yield watch


def ports(watch: Watch, switch: str) -> dict[str, InventoryObject]:
    """Return the ports of a switch, by their names there."""
    view = watch.store.view("asked")
    [own] = [one for one in view.of_type("switch") if one.name == switch]
    return {one["local_name"]: one for one in view.of_type("switch_pnic") if one["switch"] == own.id}


def kernel(switch: str) -> dict[str, Device]:
    """Return the members of bridges that a switch's kernel has."""
    devices = read_site().switches[switch].devices.values()
    return {one.name: one for one in devices if one.master and not one.namespace}


def test_its_ports_are_those_of_its_kernel(asked: Watch) -> None:
    for switch in lab.here().switches:
        there = kernel(switch)
        assert {
            name: (one["mac_address"], one["state"], one["bridge"]) for name, one in ports(asked, switch).items()
        } == {name: (one.mac, "up" if one.up else "down", one.master) for name, one in there.items()}


def test_both_ends_of_each_cable_say_so(asked: Watch) -> None:
    cables = asked.store.view("asked").links("host_pnic-switch_pnic")
    assert {str(one.attributes.get("told_by")) for one in cables} == {"['host', 'switch']"}
    assert [one.attributes["contradictions"] for one in cables if "contradictions" in one.attributes] == []


def test_it_has_learned_the_addresses_of_the_hosts(asked: Watch) -> None:
    """Hosts are asked over their eth0, so the switch knows its address."""
    [switch] = lab.here().switches
    found, site = ports(asked, switch), read_site()
    for name, host in site.hosts.items():
        card = host.device("eth0")
        assert card is not None
        assert card.mac in [one["mac_address"] for one in found[f"m-{name}"]["macs"]]


def test_a_cable_that_is_pulled(asked: Watch) -> None:
    """The port is down, and its cable is gone for both ends; then it is there again."""
    [switch] = lab.here().switches
    port = f"t-{lab.here().computes[0]}"
    with cable_pulled(port):
        truth = asked.comes_to(lambda known: all(one.end.name != port for one in known.of_type("switch_pnic")))
        assert truth.of_type("switch_pnic"), "the others are there"
        assert ports(asked, switch)[port]["state"] == "down"
    asked.comes_to(lambda known: any(one.end.name == port for one in known.of_type("switch_pnic")))
    assert ports(asked, switch)[port]["state"] == "up"
