# SPDX-License-Identifier: Apache-2.0
"""The oracle by itself, in every variant: it imports nothing of the product, sources agree, chains are complete."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.lab.oracle import ovn
from tests.lab.oracle.reading import derive

if TYPE_CHECKING:
    from tests.lab.oracle.model import Truth
    from tests.lab.oracle.wiring import Site

IMPORT = "import sys, tests.lab.oracle.__main__; sys.exit(', '.join(m for m in sys.modules if 'calipso' in m) or 0)"


def test_the_oracle_knows_nothing_of_the_product() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.lab
def test_no_source_contradicts_another(truth: Truth) -> None:
    assert truth.contradictions == ()


@pytest.mark.lab
def test_every_nic_of_every_server_that_runs_has_a_complete_chain(truth: Truth, site: Site) -> None:
    """Only a port that Neutron has switched off has a chain that ends at the virtual switch."""
    off = {id_ for id_, port in site.cloud.ports.items() if not port["admin_state_up"]}
    silent = {one.end for one in truth.of_type("vnic") if one.facts["port"] in off}
    running = {one.end for one in truth.of_type("instance") if one.facts["status"] == "ACTIVE"}
    assert running
    for owner in running:
        own = [chain for chain in truth.chains if chain.owner == owner]
        nics = [one for one in truth.of_type("vnic") if one.facts["owner"] == owner.name]
        assert len({chain.interface for chain in own}) == len(nics) > 0
        for chain in own:
            if chain.interface in silent and any(hop.type == "vedge" and hop.name == "OVS" for hop in chain.hops):
                assert "wired to no network" in chain.stops, str(chain)
                continue
            assert chain.stops == "", str(chain)
            assert {"network", "switch"} <= {hop.type for hop in chain.hops}, str(chain)


@pytest.mark.lab
def test_every_router_and_dhcp_server_has_complete_chains(truth: Truth) -> None:
    chains = [chain for chain in truth.chains if chain.owner.type in ("vservice", "router")]
    assert chains
    assert [str(chain) for chain in chains if chain.stops] == []


@pytest.mark.lab
def test_hosts_that_do_not_say_what_nova_says_are_told(site: Site) -> None:
    host = next(one for one in site.hosts.values() if one.nics)
    first, *others = host.nics
    for nics in (
        tuple(others),
        (replace(first, mac="fa:16:3e:00:00:00"), *others),
        (replace(first, device="tap"), *others),
    ):
        changed = {**site.hosts, host.name: replace(host, nics=nics)}
        assert derive(replace(site, hosts=changed)).contradictions


@pytest.mark.lab
def test_ovn_tables_that_do_not_say_what_the_hosts_say_are_told(site: Site) -> None:
    tables = site.tables
    if tables is None:
        return
    assert ovn.contradictions(site, tables) == []
    running = [id_ for id_, row in site.cloud.servers.items() if row["status"] == "ACTIVE"]
    port = site.cloud.interfaces[running[0]][0]["port_id"]
    binding, chassis = tables.bindings[port], tables.bindings[port]["chassis"]
    other = next(uuid for uuid in tables.chassis if uuid != chassis)
    for changed in ({"chassis": other}, {"up": False}, {"mac": "fa:16:3e:00:00:00"}):
        assert ovn.contradictions(site, replace(tables, bindings={**tables.bindings, port: {**binding, **changed}}))
    assert ovn.contradictions(site, replace(tables, bindings={k: v for k, v in tables.bindings.items() if k != port}))
    assert ovn.contradictions(site, replace(tables, encaps=tables.encaps[1:]))
    assert ovn.contradictions(site, replace(tables, router_ports={}))
