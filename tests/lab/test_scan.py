# SPDX-License-Identifier: Apache-2.0
"""A scan of the running lab, compared with what the hosts' own tools say (oracle.py).

The tests stand in the order in which they run: those at the end change the cloud.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir import ScanPlan, ScanReport, run_scan
from calipso_nornir.errors import HostUnreachable
from calipso_nornir.sources.recording import ReplaySource
from calipso_nornir.store import open_store
from tests.fixtures import lab
from tests.lab import oracle

if TYPE_CHECKING:
    from pathlib import Path

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.objects import InventoryObject, ObjectRef
    from calipso_nornir.model.protocols import Store, StoreView

pytestmark = pytest.mark.lab


def end(view: StoreView, ref: ObjectRef) -> str:
    """Name an object as the oracle does."""
    one = view.get(ref)
    assert one is not None
    if one.type == "host_pnic":
        return f"host_pnic {one['host']} {one.name}"
    if one.type == "switch_pnic":
        switch = view.get(one.parent) if one.parent else None
        assert switch is not None
        return f"switch_pnic {switch.name} {one.name}"
    if one.type in ("instance", "network"):
        return f"{one.type} {one.id}"  # names are hostile, empty or given twice
    return f"{one.type} {one['local_service_id'] if one.type == 'vservice' else one.name}"


def clique_of(view: StoreView, focal_point: InventoryObject) -> oracle.Way:
    """Return the links of an object's clique as the oracle names them."""
    (clique,) = view.cliques(focal_point.ref)
    links = {link.document_id: link for link in view.links()}
    return {(links[one].type, end(view, links[one].source), end(view, links[one].target)) for one in clique.links}


def objects(view: StoreView) -> dict[str, dict[str, Any]]:
    """Return all objects, by id, without what a scan's time changes."""
    left_out = {"last_scanned", "evidence", "digest"}
    return {
        document["_id"]: {key: value for key, value in document.items() if key not in left_out}
        for document in view.documents("inventory")
    }


def test_nothing_fails(first_scan: ScanReport) -> None:
    assert [str(one.error) for one in first_scan.failures] == []
    assert [str(one.error) for one in first_scan.notices] == []
    assert first_scan.status == "completed"


def test_a_host_is_asked_in_at_most_three_rounds(first_scan: ScanReport) -> None:
    assert first_scan.rounds["cli"] <= 3


def test_every_server_has_its_whole_way_and_nothing_else(first_scan: ScanReport, store: Store) -> None:
    view = store.view(first_scan.environment)
    ways = oracle.server_ways()
    assert ways
    found = {one.id: clique_of(view, one) for one in view.of_type("instance") if one.id in ways}
    assert found == ways


def test_every_router_and_dhcp_server_has_its_whole_way_and_nothing_else(first_scan: ScanReport, store: Store) -> None:
    view = store.view(first_scan.environment)
    ways = oracle.vservice_ways()
    assert ways
    found = {one["local_service_id"]: clique_of(view, one) for one in view.of_type("vservice")}
    assert found == ways


def test_every_tunnel_is_a_link_and_every_link_a_tunnel(first_scan: ScanReport, store: Store) -> None:
    view = store.view(first_scan.environment)
    found = {(end(view, link.source), end(view, link.target)) for link in view.links("otep-otep")}
    assert found == oracle.tunnels()


def test_every_physical_interface_hears_the_switch(first_scan: ScanReport, store: Store) -> None:
    view = store.view(first_scan.environment)
    heard = {
        (f"host_pnic {host.name} {device}", f"switch_pnic {told['chassis.name']} {told['port.descr']}")
        for host in oracle.hosts().values()
        for device, told in host.neighbours.items()
    }
    found = {(end(view, link.source), end(view, link.target)) for link in view.links("host_pnic-switch_pnic")}
    assert found == heard


def test_the_network_of_every_interface_is_its_ports(first_scan: ScanReport, store: Store) -> None:
    view = store.view(first_scan.environment)
    ports = oracle.cloud().ports()
    for vnic in view.of_type("vnic"):
        port = ports[vnic["port_id"]]
        assert (vnic["network"], vnic["mac_address"]) == (port["network_id"], port["mac_address"])


def test_everything_has_evidence(first_scan: ScanReport, store: Store) -> None:
    view = store.view(first_scan.environment)
    for kind in ("inventory", "links"):
        for document in view.documents(kind):
            assert document["evidence"], document
            for one in document["evidence"]:
                assert one["source"] == "derived" or one["at"] is not None


def test_scanning_again_changes_nothing(environment: Environment, first_scan: ScanReport, store: Store) -> None:
    before = objects(store.view(first_scan.environment))
    again = run_scan(environment, store=store)
    for changes in (again.objects, again.links, again.cliques):
        assert (changes.new, changes.changed, changes.removed, changes.kept) == (0, 0, 0, 0)
    assert objects(store.view(first_scan.environment)) == before


def test_a_recording_replays_to_the_same_inventory(environment: Environment, tmp_path: Path) -> None:
    bundle = tmp_path / "lab.calipso"
    recorded, replayed = open_store(tmp_path / "recorded.db"), open_store(tmp_path / "replayed.db")
    run_scan(environment, store=recorded, plan=ScanPlan(record=bundle))
    source = ReplaySource(bundle)
    report = run_scan(source.environment, store=replayed, source=source)
    assert report.ok
    assert lab.here().password.encode() not in bundle.read_bytes()
    for kind in ("inventory", "links", "cliques"):
        one, other = ({d["_id"]: d["digest"] for d in s.view("lab").documents(kind)} for s in (recorded, replayed))
        assert one == other
    recorded.close()
    replayed.close()


def test_without_the_database_only_its_own_attributes_are_missing(
    known_hosts: Path, first_scan: ScanReport, store: Store, tmp_path: Path
) -> None:
    other = open_store(tmp_path / "nodb.db")
    assert run_scan(lab.environment(known_hosts, mysql=False), store=other).ok
    complete, without = objects(store.view(first_scan.environment)), objects(other.view("lab"))
    for document in complete.values():
        document.pop("binding_levels", None)
        document.pop("endpoint", None)
    assert without == complete
    other.close()


@pytest.mark.parametrize(
    "type_", ["region", "project", "availability_zone", "host", "network", "port", "instance", "vnic", "vservice",
              "host_pnic", "vconnector", "vedge", "otep", "network_agent", "switch", "switch_pnic", "aggregate"]
)  # fmt: skip
def test_a_partial_scan_touches_only_its_object(
    environment: Environment, first_scan: ScanReport, store: Store, type_: str
) -> None:
    view = store.view(first_scan.environment)
    known = view.of_type(type_)
    if not known:
        pytest.fail(
            f"the lab has no {type_}"
        ) if type_ != "vconnector" or lab.here().variant != "ovs-nativefw" else None
        return
    target = known[0]
    inside = {target.ref.document_id}
    todo = [target.ref]
    while todo:
        below = view.children(todo.pop())
        inside |= {one.ref.document_id for one in below}
        todo += [one.ref for one in below]
    before = {d["_id"]: d["last_scanned"] for d in view.documents("inventory")}
    report = run_scan(environment, store=store, plan=ScanPlan(object_id=target.id, object_type=type_))
    assert report.ok
    assert (report.objects.new, report.objects.changed, report.objects.removed) == (0, 0, 0)
    after = {d["_id"]: d["last_scanned"] for d in view.documents("inventory")}
    assert {one for one in after if after[one] != before[one]} == inside


def test_a_host_that_cannot_be_reached_loses_nothing(
    environment: Environment, first_scan: ScanReport, store: Store
) -> None:
    view = store.view(first_scan.environment)
    before = objects(view)
    host = lab.here().computes[-1]
    with lab.without_sshd(host):
        report = run_scan(environment, store=store)
        assert report.status == "completed_with_errors"
        assert [type(one.error) for one in report.failures] == [HostUnreachable]
        assert report.failures[0].host == host
        assert report.objects.removed == report.links.removed == report.cliques.removed == 0
        assert objects(view) == before
    assert run_scan(environment, store=store).ok
    assert objects(view) == before


def test_a_deleted_server_goes_with_exactly_its_objects(
    environment: Environment, first_scan: ScanReport, store: Store
) -> None:
    view = store.view(first_scan.environment)
    before = objects(view)
    running = set(oracle.server_ways())
    server = min(
        (one for one in view.of_type("instance") if one.id in running), key=lambda one: len(one["network_info"])
    )
    oracle.cloud().delete(f"{oracle.cloud().nova}/servers/{server.id}")
    _wait_until_gone(server)
    report = run_scan(environment, store=store)
    assert report.ok
    after = objects(view)
    gone = {(before[one]["type"], before[one]["name"]) for one in before.keys() - after.keys()}
    host, ports = server["host"], oracle.cloud().ports()
    expected = {("instance", server.name), ("vnics_folder", "vNICs")}
    for port in server["network_info"]:
        expected.add(("vnic", f"tap{port['id'][:11]}"))
        if port["id"] not in ports:  # those that were made before the server outlive it
            expected.add(("port", port["address"]))
    devices = lab.ssh(host, "ls /sys/class/net").split()
    for one in before.values():  # bridges and tunnels go when the agent takes their devices away
        device = one.get("bridge_name") or one["name"].removeprefix(f"{host}-otep-")
        if one["type"] in ("vconnector", "otep") and one["host"] == host and device not in (*devices, "vxlan"):
            expected.add((one["type"], one["name"]))
    assert gone == expected
    assert after.keys() <= before.keys()
    assert {link.document_id for link in view.links()} >= {link for clique in view.cliques() for link in clique.links}


def _wait_until_gone(server: InventoryObject) -> None:
    """Wait until Nova has forgotten the server and the agent has taken away what served it."""
    suffix = server["network_info"][0]["id"][:11]
    for _ in range(60):
        known = oracle.cloud().get(f"{oracle.cloud().nova}/servers/{server.id}")
        if known is None and suffix not in lab.ssh(server["host"], "ls /sys/class/net; ovs-vsctl show 2>&1 || true"):
            time.sleep(5)  # the agent's next round takes away what served the network
            return
        time.sleep(1)
    pytest.fail(f"{server.name} did not go")
