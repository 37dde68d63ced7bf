# SPDX-License-Identifier: Apache-2.0
"""env import asks a cloud on loopback for its drivers, and env check says what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures.cli import calipso
from tests.fixtures.cloud import PASSWORD, USER, Cloud, Response, error, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = pytest.mark.filterwarnings("ignore:Support for InfluxDB:PendingDeprecationWarning")


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with running() as served:
        for path, key, rows in (
            ("agents", "agents", [{"agent_type": "Open vSwitch agent", "host": "cmp1"}, {"agent_type": "L3 agent"}]),
            ("extensions", "extensions", [{"alias": "agent"}]),
            ("networks", "networks", [{"provider:network_type": "vxlan"}, {"provider:network_type": "vlan"}]),
        ):
            served.answers(f"/network/v2.0/{path}", Response({key: rows}))
        yield served


def variables(cloud: Cloud, tmp_path: Path) -> dict[str, str]:
    return {
        "OS_AUTH_URL": cloud.auth_url,
        "OS_USERNAME": USER,
        "OS_PASSWORD": PASSWORD,
        "OS_PROJECT_NAME": "admin",
        "OS_CLIENT_CONFIG_FILE": str(tmp_path / "none"),
    }


def test_drivers_come_from_the_cloud(cloud: Cloud, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    said = calipso("env", "import", "--name", "mine", store=store, **variables(cloud, tmp_path))
    assert said.status == 0, said.err
    assert "detected OVS, vxlan (1 x Open vSwitch agent; 1 vxlan networks)" in said.err
    document = calipso("env", "show", "-o", "json", store=store).json
    assert (document["mechanism_drivers"], document["type_drivers"]) == (["OVS"], "vxlan")
    given = calipso(
        "env", "import", "--name", "other", "--type-driver", "vlan", store=store, **variables(cloud, tmp_path)
    )
    assert given.status == 0
    document = calipso("env", "show", "other", "-o", "json", store=store).json
    assert (document["mechanism_drivers"], document["type_drivers"]) == (["OVS"], "vlan")


def test_a_cloud_that_shows_no_agents(cloud: Cloud, tmp_path: Path) -> None:
    cloud.answers("/network/v2.0/agents", error(404, "no such thing"))
    cloud.answers("/network/v2.0/extensions", Response({"extensions": [{"alias": "router"}]}))
    said = calipso(
        "env", "import", "--name", "mine", "--dry-run", store=tmp_path / "s.db", **variables(cloud, tmp_path)
    )
    assert said.status == 0, said.err
    assert 'lacks the extension "agent"' in said.err
    assert "give --mechanism-driver" in said.err
    assert not (tmp_path / "s.db").exists()
