# SPDX-License-Identifier: Apache-2.0
"""Whole scans of the shipped recordings, on both stores: every document is as expected, also after a bad answer.

The expected files are in ``tests/bundles/expected``; ``python -m tests.bundles.regenerate`` writes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.store import open_store
from tests.bundles import whole

if TYPE_CHECKING:
    from pathlib import Path

    from calipso_nornir.scan.report import Changes
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

WAYS = {
    "ovs": ("vnic", "vconnector", "vedge"),
    "lb": ("vnic", "vconnector"),
}
"""What stands between an instance and what its network is carried by."""


@pytest.mark.parametrize("variant", whole.VARIANTS)
def test_a_recording_gives_exactly_what_is_expected(place: Place, variant: str) -> None:
    store = place.open()
    report = whole.replay(store, whole.recording(variant))
    assert report.ok
    assert not report.notices
    export = whole.exported(store, report.environment)
    found, expected = whole.documents(export), whole.expected(variant)
    for kind in whole.KINDS:
        for one, other in zip(found[kind], expected[kind], strict=False):
            assert one == other
        assert len(found[kind]) == len(expected[kind])
    assert whole.text(found) == (whole.EXPECTED / f"{variant}.json").read_text(encoding="utf-8")
    links = {one["_id"]: one for kind in ("links", "implicit_links") for one in export[kind]}
    for clique in export["cliques"]:
        assert clique["links_detailed"] == [links[id_] for id_ in clique["links"]]


@pytest.mark.parametrize("variant", whole.VARIANTS)
def test_replaying_twice_changes_nothing(place: Place, variant: str) -> None:
    store = place.open()
    name = whole.replay(store, whole.recording(variant)).environment
    first = whole.exported(store, name)
    again = whole.replay(store, whole.recording(variant))
    for changes in (again.objects, again.links, again.cliques):
        assert _changed(changes) == (0, 0, 0, 0)
    second = whole.exported(store, name)
    assert whole.text(whole.documents(second)) == whole.text(whole.documents(first))
    for kind in whole.KINDS:
        assert [_timeless(one) for one in second[kind]] == [_timeless(one) for one in first[kind]]


def _changed(changes: Changes) -> tuple[int, int, int, int]:
    return (changes.new, changes.changed, changes.removed, changes.kept)


def _timeless(document: dict[str, Any]) -> dict[str, Any]:
    return {key: document[key] for key in document if key not in ("last_scanned", "links_detailed")}


# --- what the expected files have to say, whatever else is in them


@pytest.mark.parametrize("variant", whole.VARIANTS)
def test_every_nic_of_every_server_has_its_whole_way(variant: str) -> None:
    expected = whole.expected(variant)
    objects = {(one["type"], one["id"]): one for one in expected["inventory"]}
    networks = {one["id"]: one for one in expected["inventory"] if one["type"] == "network"}
    ports = {one["id"]: one for one in expected["inventory"] if one["type"] == "port"}
    servers = [one for one in expected["inventory"] if one["type"] == "instance"]
    links = {one["_id"]: one for one in expected["links"]}
    (switch,) = (one for one in expected["inventory"] if one["type"] == "switch")
    cliques = {(one["focal_point_type"], one["focal_point_object_id"]): one for one in expected["cliques"]}
    assert servers
    for server in servers:
        clique = cliques["instance", server["id"]]
        members = {(one["type"], one["id"]) for one in clique["node_refs"]}
        for nic in server["network_info"]:
            network = networks[nic["network"]["id"]]
            (vnic,) = [one for type_, one in members if type_ == "vnic" and objects[type_, one]["port_id"] == nic["id"]]
            assert objects["vnic", vnic]["mac_address"] == ports[nic["id"]]["mac_address"] == nic["address"]
            assert objects["vnic", vnic]["network"] == ports[nic["id"]]["network_id"] == network["id"]
            tunnelled = network["provider_network_type"] == "vxlan"
            device = f"{server['host']}|{'eth1' if tunnelled else 'eth2'}"
            way = (*WAYS[variant], *(["otep"] if tunnelled else []), "host_pnic", "switch_pnic", "switch")
            inside = [links[line.split(" ")[0]] for line in clique["links"]]
            carrying = [one for one in inside if network["id"] in _networks(one, network["id"])]
            steps = _steps(carrying, ("vnic", vnic), way[1:])
            assert steps[way.index("host_pnic") - 1] == {("host_pnic", device)}
            assert len(steps[-2]) == 1
            assert steps[-1] == {("switch", switch["id"])}
            assert _linked(clique, f"host_pnic-network: {device} > {network['id']}")
            assert _linked(clique, f"instance-vnic: {server['id']} > {vnic}")


def _networks(link: dict[str, Any], network: str) -> list[str]:
    """Return the networks that use a link; one that says nothing of them is everybody's."""
    users = link["attributes"].get("network", network)
    return [users] if isinstance(users, str) else list(users)


def _steps(links: list[dict[str, Any]], start: tuple[str, str], way: tuple[str, ...]) -> list[set[tuple[str, str]]]:
    """Follow links, in either direction, along object types."""
    ends = [((one["source_type"], one["source_id"]), (one["target_type"], one["target_id"])) for one in links]
    here, found = {start}, []
    for type_ in way:
        near = {b for a, b in ends if a in here} | {a for a, b in ends if b in here}
        here = {one for one in near if one[0] == type_}
        found.append(here)
    return found


def _linked(clique: dict[str, Any], link: str) -> bool:
    return any(line.endswith(f" {link}") for line in clique["links"])


@pytest.mark.parametrize("variant", whole.VARIANTS)
def test_every_link_joins_two_objects_of_its_types(variant: str) -> None:
    expected = whole.expected(variant)
    ids = {one["_id"]: one for one in expected["inventory"]}
    assert len(ids) == len(expected["inventory"])
    for link in expected["links"]:
        source, target = ids[link["source"]], ids[link["target"]]
        assert (source["type"], source["id"]) == (link["source_type"], link["source_id"])
        assert (target["type"], target["id"]) == (link["target_type"], link["target_id"])
        assert link["state"] == "up"
    for one in expected["inventory"]:
        parents = {(parent["type"], parent["id"]) for parent in expected["inventory"]}
        top = (one["parent_type"], one["parent_id"]) == ("environment", one["environment"])
        assert top or (one["parent_type"], one["parent_id"]) in parents


@pytest.mark.parametrize("variant", whole.VARIANTS)
def test_every_port_that_is_plugged_has_one_vnic(variant: str) -> None:
    expected = whole.expected(variant)
    plugged = {
        one["id"]: (one["mac_address"], one["network_id"], one["binding_host_id"])
        for one in expected["inventory"]
        if one["type"] == "port" and one["binding_host_id"]
    }
    vnics = [one for one in expected["inventory"] if one["type"] == "vnic"]
    assert {one["port_id"]: (one["mac_address"], one["network"], one["host"]) for one in vnics} == plugged
    assert len(vnics) == len(plugged)


def test_the_shipped_recordings_are_what_the_demo_scans(tmp_path: Path) -> None:
    for variant in whole.VARIANTS:
        store = open_store(tmp_path / f"{variant}.db")
        try:
            assert whole.replay(store, whole.recording(variant)).environment == f"demo-{variant}"
        finally:
            store.close()
