# SPDX-License-Identifier: Apache-2.0
"""Listening to OVN's databases: real ovsdb-servers with OVN's schemas."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.live.arrivals import Inbox
from calipso_nornir.live.listener_base import Post
from calipso_nornir.live.ovsdb_listener import OVSDB
from calipso_nornir.live.station import Station
from calipso_nornir.metadata.loading import installed_catalog
from calipso_nornir.model.environment import Environment
from calipso_nornir.model.notifications import Notification
from calipso_nornir.store import open_store
from tests.fixtures import needs
from tests.fixtures.living import eventually
from tests.unit.test_ovsdb_direct import SCHEMAS, free_port, made, run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SB = "OVN_Southbound"


class Cloud:
    """Two databases, a listener to them, and what it has handed over."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.unix = ""
        remote = f"tcp:127.0.0.1:{self.port}"
        section = {"nb": remote, "sb": remote}
        self.environment = Environment(name="cloud", mechanism_drivers=("OVN",), configuration={"ovsdb": section})
        self.inbox = Inbox()
        self.store = open_store(folder / "calipso.db")
        post = Post(environment=self.environment, catalog=installed_catalog(), store=self.store, inbox=self.inbox)
        self.station = Station("ovsdb", OVSDB.make(post))
        self.told: list[Notification] = []
        self.missed: list[str] = []

    def transact(self, *operations: Any, database: str = SB) -> None:  # noqa: ANN401 - JSON
        run("ovsdb-client", "transact", self.unix, json.dumps([database, *operations]))

    def hears(self, type_: str) -> list[Notification]:
        """Return the notifications of a type so far."""
        found, missed = self.inbox.take(at_most=100, wait_s=0.05)
        self.told += [one.body for one in found if isinstance(one.body, Notification)]
        self.missed += missed
        return [one for one in self.told if one.type == type_]


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    needs.program("ovsdb-server", packages="openvswitch-switch")
    if not SCHEMAS.exists():
        needs.missing("OVN's schemas are not installed; Debian: apt-get install ovn-central")
    one = Cloud(tmp_path)
    files = made(tmp_path)
    with serving(tmp_path / "server", f"--remote=ptcp:{one.port}:127.0.0.1", *files) as one.unix:
        one.station.start()
        yield one
        one.station.stop()
        one.station.join(10)
    assert not one.station.is_alive()
    one.store.close()


def chassis(name: str, host: str) -> list[Any]:
    encap = {"type": "geneve", "ip": "192.0.2.1", "chassis_name": name}
    return [
        {"op": "insert", "table": "Encap", "uuid-name": "e", "row": encap},
        {"op": "insert", "table": "Chassis", "row": {"name": name, "hostname": host, "encaps": ["named-uuid", "e"]}},
    ]


def test_bindings_chassis_and_routers_are_told(cloud: Cloud) -> None:
    eventually(lambda: cloud.station.state == "running", lambda: cloud.station.problem)
    cloud.transact(*chassis("c1", "cmp1"))
    eventually(lambda: cloud.hears("ovn.chassis.insert"))
    assert cloud.hears("ovn.chassis.insert")[0].payload["new"]["hostname"] == "cmp1"
    datapath = {"op": "insert", "table": "Datapath_Binding", "uuid-name": "d", "row": {"tunnel_key": 1}}
    row = {"logical_port": "p1", "tunnel_key": 1, "datapath": ["named-uuid", "d"], "type": ""}
    cloud.transact(datapath, {"op": "insert", "table": "Port_Binding", "row": row})
    eventually(lambda: cloud.hears("ovn.port_binding.insert"))
    where = [["logical_port", "==", "p1"]]
    out = subprocess.check_output(  # noqa: S603 - fixed words
        ["ovsdb-client", "query", cloud.unix, json.dumps([SB, {"op": "select", "table": "Chassis", "where": []}])]  # noqa: S607 - ours
    )
    id_ = json.loads(out)[0]["rows"][0]["_uuid"]
    cloud.transact({"op": "update", "table": "Port_Binding", "where": where, "row": {"chassis": id_}})
    eventually(lambda: cloud.hears("ovn.port_binding.update"))
    (bound,) = cloud.hears("ovn.port_binding.update")
    assert bound.payload["new"]["chassis"] == "cmp1"
    assert bound.payload["new"]["logical_port"] == "p1"
    cloud.transact({"op": "delete", "table": "Port_Binding", "where": where})
    eventually(lambda: cloud.hears("ovn.port_binding.delete"))
    assert cloud.hears("ovn.port_binding.delete")[0].payload["old"]["logical_port"] == "p1"
    router = {"op": "insert", "table": "Logical_Router", "row": {"name": "r1"}}
    cloud.transact(router, database="OVN_Northbound")
    eventually(lambda: cloud.hears("ovn.logical_router.insert"))
    assert cloud.missed == ["connected to OVN's databases"]


def test_a_server_that_goes_and_comes_back(cloud: Cloud, tmp_path: Path) -> None:
    eventually(lambda: cloud.station.state == "running", lambda: cloud.station.problem)
    subprocess.run(["ovs-appctl", "-t", f"{tmp_path}/server/ctl", "exit"], check=True)  # noqa: S603, S607 - ours
    eventually(lambda: cloud.station.state == "backoff")
    files = [f"{tmp_path}/nb.db", f"{tmp_path}/sb.db"]
    with serving(tmp_path / "again", f"--remote=ptcp:{cloud.port}:127.0.0.1", *files) as cloud.unix:
        eventually(lambda: cloud.station.state == "running", lambda: cloud.station.problem)
        cloud.transact(*chassis("c2", "cmp2"))
        eventually(lambda: cloud.hears("ovn.chassis.insert"))
        assert len(cloud.missed) == 2


def test_only_what_is_reached_directly_is_listened_to(cloud: Cloud) -> None:
    assert OVSDB.wanted(cloud.environment)
    assert not OVSDB.wanted(Environment(name="x", configuration={"ovsdb": {"host": "ctl"}}))
    assert not OVSDB.wanted(Environment(name="x"))
