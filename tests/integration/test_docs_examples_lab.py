# SPDX-License-Identifier: Apache-2.0
"""The example of docs/nornir.md on the running lab: it passes; when cables are pulled, it fails and names servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from calipso_nornir.store import open_store
from calipso_nornir.store.environments import save_environment
from tests.fixtures import lab
from tests.fixtures.examples import run
from tests.lab import faults, oracle
from tests.lab.oracle.api import Api

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.lab.oracle import Truth

pytestmark = pytest.mark.lab


def _expected(path: Path, truth: Truth) -> Path:
    """Write what has to be true of the lab's cloud, as its planner and the oracle know it."""
    api = Api()
    running = {row["tenant_id"] for row in _running(api)}
    cables = [("t", "eth1"), ("p", "eth2"), ("q", "eth3")]
    bond = {} if lab.here().variant == "lxb" else {"cmp1": [("r", "eth4")]}
    cabling = [
        {"switch": "tor1", "port": f"{letter}-{host}", "host": host, "interface": interface}
        for host in lab.here().hosts
        if host != "ctl"
        for letter, interface in [*cables, *bond.get(host, [])]
    ]
    projects = [row["name"] for row in api.list(f"{api.keystone}/projects") if row["id"] in running]
    ends = {(link.source.host, link.target.host) for link in truth.links if link.type == "otep-otep"}
    tunnels = [[one, other] for one, other in sorted(ends) if one < other and (other, one) in ends]
    assert tunnels
    path.write_text(yaml.safe_dump({"projects": projects, "cabling": cabling, "tunnels": tunnels}), "utf-8")
    return path


def _running(api: Api) -> list[Mapping[str, Any]]:
    return api.list(f"{api.nova}/servers/detail?all_tenants=1&status=ACTIVE")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the example wants to be told, as its reader would tell it: the environment is in the store."""
    monkeypatch.setenv(lab.PASSWORD_VARIABLE, lab.here().password)
    known_hosts = lab.write_known_hosts(tmp_path / "known_hosts")
    store = open_store(tmp_path / "ci.db")
    save_environment(store, lab.environment(known_hosts))
    store.close()
    expected = _expected(tmp_path / "expected.yaml", oracle.read())
    return {"CLOUD": "lab", "CALIPSO_STORE": str(tmp_path / "ci.db"), "EXPECTED": str(expected)}


def test_it_passes_until_cables_are_pulled(tmp_path: Path, place: dict[str, str]) -> None:
    status, said = run(tmp_path, **place)
    assert status == 0, said
    assert "skipped" not in said
    api = Api()
    off = {row["device_id"] for row in api.list(f"{api.neutron}/ports") if not row["admin_state_up"]}
    server = next(one for one in _running(api) if one["id"] not in off)
    host = server["OS-EXT-SRV-ATTR:host"]
    with faults.cable_pulled(f"t-{host}"), faults.cable_pulled(f"p-{host}"):
        status, said = run(tmp_path, **place)
    assert status == 1, said
    assert "a NIC leads nowhere" in said, "the switch's port is not heard any more"
    assert f"[tor1 t-{host}]" in said
    status, said = run(tmp_path, **place)
    assert status == 0, said
