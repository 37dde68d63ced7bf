# SPDX-License-Identifier: Apache-2.0
"""network_paths: each path from each NIC, on the network of the NIC, and whether it is up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir import NetworkPath, network_paths, open_store
from calipso_nornir.model.links import Link
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.sources.bundle import Exchange
from calipso_nornir.testing import thing
from tests.bundles import whole
from tests.bundles.editing import edited

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Store


@pytest.fixture(scope="module", params=whole.VARIANTS)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(tmp_path_factory.mktemp("paths") / "store.db")
    whole.replay(opened, whole.recording(request.param))
    yield opened
    opened.close()


def server(store: Store, name: str) -> ObjectRef:
    view = store.view(store.environments()[0])
    return next(one.ref for one in view.of_type("instance") if one.name == name)


def types(path: NetworkPath) -> str:
    return " ".join(one.type for one in path.nodes[1:])


def test_every_way_of_every_nic(store: Store) -> None:
    paths = network_paths(store, server(store, "gw-1"))
    assert {(path.network.name, path.end.name) for path in paths if path.network} == {
        ("acme-web", "t-cmp1"),
        ("acme-db", "t-cmp1"),
    }
    through = "vnic vconnector vedge" if store.environments() == ["demo-ovs"] else "vnic vconnector"
    for nic in {path.nic.id for path in paths}:
        found = [types(path) for path in paths if path.nic.id == nic]
        assert found == [f"{through} otep host_pnic switch_pnic"]
    assert all(path.up for path in paths)
    assert all(len(path.links) == len(path.nodes) - 1 for path in paths)


def test_a_nic_takes_the_way_of_its_own_network(store: Store) -> None:
    paths = network_paths(store, server(store, "app-2"))
    ports = {path.network.name: path.end.name for path in paths if path.network}
    assert ports == {"globex-lan": "t-cmp3", **({"vlan101": "p-cmp3"} if len(ports) > 1 else {})}
    assert {path.nic["network"] for path in paths} == {path.network.id for path in paths if path.network}


def test_ways_to_other_things(store: Store) -> None:
    start = server(store, "app-1")
    assert {path.end.name for path in network_paths(store, start, to="network")} == {"globex-lan"}
    assert {path.end.name for path in network_paths(store, start, to="switch")} == {"tor1"}
    assert [path.end.type for path in network_paths(store, start, to="vnic")] == ["vnic"]
    assert network_paths(store, start, to="region") == ()


def test_ways_of_a_router(store: Store) -> None:
    view = store.view(store.environments()[0])
    (router,) = (one.ref for one in view.of_type("vservice") if one.name == "qrouter-acme-router")
    ports = {path.network.name: path.end.name for path in network_paths(store, router) if path.network}
    assert ports == {"public": "p-net1", "acme-web": "t-net1", "acme-db": "t-net1"}


def test_what_has_no_clique_has_no_way(store: Store) -> None:
    environment = store.environments()[0]
    assert network_paths(store, ObjectRef(environment, "host", "cmp1")) == ()
    assert network_paths(store, ObjectRef(environment, "instance", "gone")) == ()
    assert network_paths(store, ObjectRef("nowhere", "instance", "gone")) == ()


def test_a_way_in_words_and_its_parts(store: Store) -> None:
    path = network_paths(store, server(store, "app-1"))[0]
    assert str(path).startswith(f"instance app-1 - vnic {path.nic.name} - vconnector ")
    assert str(path).endswith("- host_pnic eth1 - switch_pnic t-cmp2")
    pnic = path.first("host_pnic")
    assert pnic is not None
    assert pnic.name == "eth1"
    assert path.first("switch") is None


def test_a_cable_that_is_out_is_told(tmp_path: Path) -> None:
    def unplug(one: Exchange) -> Exchange:
        if (one.query.host, str(one.query)) != ("cmp2", "ethtool eth1"):
            return one
        assert isinstance(one.answer, Reply)
        text = one.answer.data.replace("Link detected: yes", "Link detected: no")
        return Exchange(one.query, Reply(text, one.answer.at))

    store = open_store(tmp_path / "store.db")
    whole.replay(store, edited(whole.recording("ovs"), tmp_path / "out.calipso", unplug))
    assert {path.up for path in network_paths(store, server(store, "app-1"))} == {False}
    assert {path.up for path in network_paths(store, server(store, "web-1"))} == {True}
    store.close()


@pytest.mark.parametrize(
    ("device", "link", "up"),
    [
        ({"state": "UP"}, "up", True),
        ({}, "up", True),
        ({"state": "UNKNOWN"}, "up", True),
        ({"state": "DOWN"}, "up", False),
        ({"state": "LOWERLAYERDOWN"}, "up", False),
        ({"link_detected": "no"}, "up", False),
        ({"link_detected": ["odd"]}, "up", True),
        ({"state": "UP"}, "down", False),
    ],
)
def test_up_is_what_nothing_speaks_against(device: dict[str, Any], link: Any, up: bool) -> None:  # noqa: ANN401, FBT001
    one, other = thing("instance", id="i"), thing("vnic", device, id="v")
    path = NetworkPath(None, (one, other), (Link(source=one.ref, target=other.ref, state=link),))
    assert path.up is up
