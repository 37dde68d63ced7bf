# SPDX-License-Identifier: Apache-2.0
"""The oracle by itself, in every variant: it knows nothing of the product, sources agree, chains are complete."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.oracle.model import Truth

IMPORT = "import sys, tests.lab.oracle.__main__; sys.exit(', '.join(m for m in sys.modules if 'calipso' in m))"


def test_the_oracle_knows_nothing_of_the_product() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.lab
def test_no_source_contradicts_another(truth: Truth) -> None:
    assert truth.contradictions == ()


@pytest.mark.lab
def test_every_nic_of_every_server_that_runs_has_a_complete_chain(truth: Truth) -> None:
    running = {one.end for one in truth.of_type("instance") if one.facts["status"] == "ACTIVE"}
    assert running
    for owner in running:
        own = [chain for chain in truth.chains if chain.owner == owner]
        nics = [one for one in truth.of_type("vnic") if one.facts["owner"] == owner.name]
        assert len(own) == len(nics) > 0
        for chain in own:
            assert chain.stops == "", str(chain)
            assert {"network", "switch"} <= {hop.type for hop in chain.hops}, str(chain)


@pytest.mark.lab
def test_every_router_and_dhcp_server_has_complete_chains(truth: Truth) -> None:
    chains = [chain for chain in truth.chains if chain.owner.type in ("vservice", "router")]
    assert chains
    assert [str(chain) for chain in chains if chain.stops] == []
