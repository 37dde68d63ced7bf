# SPDX-License-Identifier: Apache-2.0
"""Which objects each type of event touches, with real messages and recorded real clouds."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.errors import NotificationUnusable
from calipso_nornir.metadata.loading import installed_catalog
from calipso_nornir.model.finding import Equal, Find
from calipso_nornir.model.notifications import Notification
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.parsing.notifications import read_notification
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.sources.recording import ReplaySource
from calipso_nornir.store import open_store
from tests.cases.running import scanned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import StoreView

NOW = datetime(2026, 11, 29, 6, tzinfo=UTC)
SAMPLES: dict[str, Any] = json.loads((Path(__file__).parents[1] / "fixtures" / "notifications.json").read_text("utf-8"))
BUNDLES = Path(__file__).parents[1] / "lab" / "recorded"
HANDLERS = installed_catalog().event_handlers
CHANGES = ("create", "delete", "update")
SPECIFIED = [
    *(f"compute.instance.{one}" for one in ("create.end", "delete.end", "rebuild.end", "update")),
    "network.create.end",
    *(f"network.{one}{end}" for one in ("delete", "update") for end in ("", ".end")),
    *(f"{kind}.{one}{end}" for kind in ("port", "router", "subnet") for one in CHANGES for end in ("", ".end")),
    *(f"router.interface.{one}{end}" for one in ("create", "delete") for end in ("", ".end")),
]  # fmt: skip


@pytest.fixture(scope="module", params=["ovs", "ovn", "lxb"])
def view(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreView]:
    """A cloud as it was recorded."""
    source = ReplaySource(BUNDLES / f"{request.param}.calipso")
    with closing(open_store(tmp_path_factory.mktemp(request.param) / "calipso.db")) as store:
        run_scan(source.environment, store=store, source=source)
        yield store.view(source.environment.name)


def notified(type_: str, payload: dict[str, Any]) -> Notification:
    return Notification(id="1", source="neutron", type=type_, at=NOW, payload=payload)


def touched(view: StoreView, type_: str, **payload: Any) -> set[tuple[str, str]]:  # noqa: ANN401 - JSON
    return {(one.type, one.id) for one in HANDLERS[type_].touched(notified(type_, payload), view)}


def one_of(view: StoreView, type_: str, **attributes: Any) -> InventoryObject:  # noqa: ANN401 - as above
    where = (Equal("type", type_), *(Equal(key, value) for key, value in attributes.items()))
    return view.find(Find(where=where, limit=1))[0]


def a_running_server(view: StoreView) -> InventoryObject:
    return next(one for one in view.of_type("instance") if one.get("host") and one.get("network"))


def test_each_specified_type_has_a_handler() -> None:
    assert len(SPECIFIED) == 31
    assert set(SPECIFIED) <= HANDLERS.keys()


def test_messages_of_zed_are_understood(view: StoreView) -> None:
    for type_, sample in SAMPLES["zed"].items():
        notification = read_notification(json.dumps(sample["body"]), source=sample["exchange"], received=NOW)
        refs = list(HANDLERS[type_].touched(notification, view))
        assert all(isinstance(one, ObjectRef) for one in refs), type_
        assert bool(refs) != type_.startswith("security_group"), type_


def test_messages_of_the_newest_nova_are_understood(view: StoreView) -> None:
    for type_, sample in SAMPLES["nova_2026"].items():
        notification = read_notification(json.dumps(sample), source="nova", received=NOW)
        assert list(HANDLERS[type_].touched(notification, view)), type_


def test_a_server_with_its_ports_and_tunnels(view: StoreView) -> None:
    server = a_running_server(view)
    found = touched(view, "compute.instance.create.end", instance_id=server.id, host=server["host"])
    ports = [one for one in view.of_type("port") if one.get("device_id") == server.id]
    assert {("instance", server.id), *(("port", one.id) for one in ports)} <= found
    assert touched(view, "instance.delete.end", uuid=server.id) == found, "the picture knows its host"
    overlay = any(
        (network := view.get(ObjectRef(view.environment, "network", one))) is not None
        and network["provider_network_type"] == "vxlan"
        for one in server["network"]
    )
    switches = {one for one in found if one[0] in ("vedge", "vconnectors_folder")}
    assert bool(switches) == (overlay and "ovn" not in view.environment)
    assert touched(view, "compute.instance.update", instance_id=server.id) == {("instance", server.id)}


def test_a_server_on_a_new_host(view: StoreView) -> None:
    found = touched(view, "compute.instance.create.end", instance_id="new", host="unheard-of")
    assert ("instance", "new") in found
    assert {type_ for type_, _ in found} == {"instance", "availability_zones_folder"}


def test_a_network_renamed_is_shown_by_others(view: StoreView) -> None:
    server = a_running_server(view)
    network = view.get(ObjectRef(view.environment, "network", server["network"][0]))
    assert network is not None
    same = {"id": network.id, "name": network.object_name, "project_id": network["project_id"]}
    assert touched(view, "network.update.end", network=same) == {("network", network.id)}
    deleted = touched(view, "network.delete.end", network_id=network.id)
    services = [one for one in view.of_type("vservice") if network.id in (one.get("network") or ())]
    assert {("network", network.id), *(("vservice", one.id) for one in services)} <= deleted
    renamed = touched(view, "network.update.end", network={**same, "name": "other"})
    assert {("network", network.id), ("instance", server.id)} <= renamed
    assert {type_ for type_, _ in touched(view, "network.create.end", network={"id": "n", "project_id": "new"})} == {
        "network",
        "projects_folder",
    }


def test_a_subnet_is_about_its_network_and_dhcp_servers(view: StoreView) -> None:
    service = next(one for one in view.of_type("vservice") if one.get("service_type") == "dhcp")
    network = view.get(ObjectRef(view.environment, "network", service["network"][0]))
    assert network is not None
    found = touched(view, "subnet.delete.end", subnet_id=network["subnet_ids"][0])
    assert {("network", network.id), ("vservice", service.id)} <= found
    new = touched(view, "subnet.create.end", subnet={"id": "s", "network_id": "n"})
    assert ("network", "n") in new
    assert "vservices_folder" in {type_ for type_, _ in new}


def test_the_tunnels_of_a_network_follow_its_services(view: StoreView) -> None:
    """Neutron tells only the agents (seen in the lab: the DHCP server of a network left the only network node)."""
    services = [
        one for one in view.of_type("port") if one["device_owner"] in ("network:dhcp", "network:router_interface")
    ]
    overlays = {one.id for one in view.of_type("network") if one["provider_network_type"] == "vxlan"}
    interface = next((one for one in services if one["network"] in overlays), None)
    switches = {("vedge", one.id) for one in view.of_type("vedge") if one["vedge_type"] == "OVS"}
    if interface is None or not switches:  # OVN's tunnels do not depend on networks
        return

    def of(network: str) -> set[tuple[str, str]]:
        hosts = {one["binding_host_id"] for one in view.of_type("port") if one["network"] == network}
        return {("vedge", f"{host}|OVS") for host in hosts} & switches

    network = interface["network"]
    expected = of(network)
    assert len(expected) > 1
    agent = next(one for one in view.of_type("network_agent") if one["agent_type"] == "DHCP agent")
    moved = {"id": agent["agent_id"], "network_id": network}
    assert expected <= touched(view, "dhcp_agent.network.remove", agent=moved)
    assert expected <= touched(view, "subnet.create.end", subnet={"id": "s", "network_id": network})
    assert expected <= touched(view, "network.delete.end", network_id=network)
    added = {"id": "r", "port_id": "new", "network_id": network}
    assert expected <= touched(view, "router.interface.create", router_interface=added)
    router = next((one["device_id"] for one in services if one["device_owner"] == "network:router_interface"), None)
    assert router is not None
    (own,) = {one["network"] for one in services if one["device_id"] == router and one["network"] in overlays}
    assert of(own) <= touched(view, "router.delete.end", router_id=router)
    assert of(own) <= touched(view, "l3_agent.router.remove", agent={"id": "a", "router_id": router})


def test_a_port_is_about_who_has_it_and_who_had_it(view: StoreView) -> None:
    server = a_running_server(view)
    port = one_of(view, "port", device_id=server.id)
    now = {"id": port.id, "device_owner": "compute:nova", "device_id": "other", "network_id": port["network"]}
    found = touched(view, "port.update.end", port=now)
    assert {("port", port.id), ("instance", server.id), ("instance", "other")} <= found
    assert ("instance", server.id) in touched(view, "port.delete.end", port_id=port.id)


def test_a_router_its_ports_and_gateway(view: StoreView) -> None:
    gateway = next((one for one in view.of_type("port") if one["device_owner"] == "network:router_gateway"), None)
    assert gateway is not None
    router = gateway["device_id"]
    services = {("vservice", one.id) for one in view.of_type("vservice") if one.get("router_id") == router}
    expected = {("port", gateway.id), ("network", gateway["network"]), *services}
    assert expected <= touched(view, "router.delete.end", router_id=router)
    assert expected <= touched(view, "router.update.end", router={"id": router, "external_gateway_info": None})
    interface = {"id": router, "port_id": "new", "network_id": gateway["network"]}
    found = touched(view, "router.interface.create", router_interface=interface)
    assert {("port", "new"), ("network", gateway["network"]), *services} <= found
    new = touched(view, "router.create.end", router={"id": "r"})
    assert "vservices_folder" in {type_ for type_, _ in new}


def test_a_floating_ip_that_was_taken_away(view: StoreView) -> None:
    port = next((one for one in view.of_type("port") if one["floating_ips"]), None)
    if port is None:
        assert "lxb" in view.environment, "the other recordings have one"
        return
    row = port["floating_ips"][0]
    said = {"id": row["id"], "port_id": None, "router_id": None, "floating_ip_address": row["floating_ip_address"]}
    found = touched(view, "floatingip.update.end", floatingip=said)
    assert {("port", port.id), ("instance", port["device_id"])} <= found
    assert "vservice" in {type_ for type_, _ in found}


def test_a_floating_ip_whose_router_was_seen_without_it(view: StoreView) -> None:
    """Of several that are taken away, the first event's scan already shows the router without any."""
    port = next((one for one in view.of_type("port") if one["floating_ips"]), None)
    if port is None:
        assert "lxb" in view.environment, "the other recordings have one"
        return
    said = {"id": port["floating_ips"][0]["id"], "port_id": None, "router_id": None}
    assert ("port", port.id) in touched(view, "floatingip.update.end", floatingip={**said, "floating_ip_address": "x"})


def test_a_server_is_about_the_services_for_its_metadata(view: StoreView) -> None:
    """OVN's agent makes them on the hosts of servers, without an event (seen in the lab)."""
    server = a_running_server(view)
    port = view.find(Find(where=(Equal("type", "port"), Equal("device_id", server.id))))[0]
    folder = ("vservices_folder", f"{server['host']}|vservices")
    is_ovn = "OVN Metadata agent" in {one["agent_type"] for one in view.of_type("network_agent")}
    assert (folder in touched(view, "port.update.end", port={"id": port.id})) == is_ovn
    assert (folder in touched(view, "compute.instance.delete.end", instance_id=server.id)) == is_ovn
    bound = {"logical_port": port.id, "chassis": server["host"]}
    assert (folder in touched(view, "ovn.port_binding.update", new=bound, old={})) == is_ovn


def test_projects_hosts_agents_and_aggregates(view: StoreView) -> None:
    server = a_running_server(view)
    found = touched(view, "identity.project.updated", resource_info=server["project_id"])
    assert {("project", server["project_id"]), ("instance", server.id)} <= found
    assert {type_ for type_, _ in touched(view, "identity.project.created", resource_info="new")} == {"projects_folder"}
    assert ("host", server["host"]) in touched(view, "service.update", host=server["host"])
    assert "availability_zones_folder" in {type_ for type_, _ in touched(view, "service.create", host="new")}
    ports = {("port", one.id) for one in view.of_type("port") if one.get("binding_host_id") == server["host"]}
    assert ports, "its agent reports them anew, and no message says so"
    for change in ("create", "delete"):
        found = touched(view, f"service.{change}", host=server["host"])
        assert {one for one in found if one[0] == "port"} == ports
    agent = view.of_type("network_agent")[0]
    found = touched(view, "agent.update.end", agent={"id": agent["agent_id"]})
    assert {type_ for type_, _ in found} >= {"network_agents_folder", "vservices_folder"}
    aggregate = view.of_type("aggregate")[0]
    found = touched(view, "aggregate.addhost.end", aggregate_id=str(aggregate["number"]), host_name="cmp1")
    assert ("aggregate", aggregate.id) in found
    moved = touched(view, "dhcp_agent.network.add", agent={"id": agent["agent_id"], "network_id": "n"})
    assert ("network", "n") in moved


def test_with_a_port_go_its_floating_ips() -> None:
    """Neutron takes them from their router, and sends no event about them (seen in the lab)."""

    def look(view: StoreView) -> None:
        port = next(one for one in view.of_type("port") if one.get("floating_ips"))
        server, router = port["device_id"], port["floating_ips"][0]["router_id"]
        services = {("vservice", one.id) for one in view.of_type("vservice") if one.get("router_id") == router}
        assert services
        assert services <= touched(view, "port.delete.end", port_id=port.id)
        assert services <= touched(view, "compute.instance.delete.end", instance_id=server)
        said = {"new_task_state": "deleting"}
        assert services <= touched(view, "compute.instance.update", instance_id=server, **said)
        assert services <= touched(view, "instance.update", uuid=server, state_update=said)
        assert not services & touched(view, "compute.instance.update", instance_id=server)

    scanned("dvr", look)


def test_a_trunk_is_about_its_ports(view: StoreView) -> None:
    parent = next((one for one in view.of_type("port") if one.get("trunk_details")), None)
    if parent is None:
        said = {"id": "t", "port_id": "p", "sub_ports": [{"port_id": "s"}]}
        assert {("port", "p"), ("port", "s")} <= touched(view, "trunk.create.end", trunk=said)
        return
    found = touched(view, "trunk.delete.end", trunk_id=parent["trunk_details"]["trunk_id"])
    whole = {("port", parent.id), *(("port", row["port_id"]) for row in parent["trunk_details"]["sub_ports"])}
    assert whole <= found
    assert whole <= touched(view, "port.update.end", port={"id": parent.id}), "they go down with it, without an event"


def test_a_server_is_about_the_sub_ports_of_its_trunks() -> None:
    """Neutron binds them where their parent is, without an event (seen in the lab)."""

    def look(view: StoreView) -> None:
        parent = next(one for one in view.of_type("port") if one.get("trunk_details"))
        subs = {("port", row["port_id"]) for row in parent["trunk_details"]["sub_ports"]}
        found = touched(view, "instance.resize.end", uuid=parent["device_id"], host="elsewhere")
        assert subs
        assert {("port", parent.id), *subs} <= found

    scanned("ovs-trunk-port", look)


def test_what_ovn_tells_of_its_ports_chassis_and_routers(view: StoreView) -> None:
    if "ovn" not in view.environment:
        return
    server = a_running_server(view)
    port = one_of(view, "port", device_id=server.id)
    moved = {"new": {"logical_port": port.id, "chassis": "cmp2"}, "old": {"chassis": "cmp1"}}
    found = touched(view, "ovn.port_binding.update", **moved)
    assert {("port", port.id), ("instance", server.id), ("vedge", "cmp1|OVN"), ("vedge", "cmp2|OVN")} <= found
    gateway = next(one for one in view.of_type("port") if one["device_owner"] == "network:router_gateway")
    found = touched(view, "ovn.port_binding.update", new={"logical_port": f"cr-lrp-{gateway.id}"}, old={})
    assert {("port", gateway.id), ("vservice", gateway["device_id"])} <= found
    assert ("vedge", "cmp1|OVN") in touched(view, "ovn.chassis.insert", new={"hostname": "x"}, old={})
    assert touched(view, "ovn.logical_router.insert", new={}, old={}) == {
        ("vservices_folder", "RegionOne|vservices"),
        ("floating_ips_folder", "RegionOne|floating_ips"),
    }


def test_what_may_host_a_gateway_of_ovn_has_patch_ports_for_it(view: StoreView) -> None:
    chassis = {one["chassis"]: ("vedge", one.id) for one in view.of_type("vedge") if one.get("gateway")}
    router = {"id": "r", "external_gateway_info": {"network_id": "n"}}
    found = touched(view, "router.update.end", router=router)
    assert {one for one in found if one[0] == "vedge"} == set(chassis.values())
    assert not {one for one in touched(view, "router.update.end", router={"id": "r"}) if one[0] == "vedge"}
    for name, switch in chassis.items():
        added = touched(view, "ovn.gateway_chassis.insert", new={"chassis_name": name, "priority": 1}, old={})
        assert {one for one in added if one[0] == "vedge"} == {switch}
        gone = touched(view, "ovn.ha_chassis.delete", new={}, old={"chassis": switch[1].partition("|")[0]})
        assert {one for one in gone if one[0] == "vedge"} == {switch}
    assert bool(chassis) == ("ovn" in view.environment)


VALUES = st.none() | st.integers() | st.text(max_size=3) | st.just("x" * 300) | st.lists(st.text(), max_size=1)
PARTS = ("port", "network", "subnet", "router", "floatingip", "trunk", "router_interface", "agent", "target", "id")
FIELDS = (
    "id",
    "port_id",
    "network_id",
    "host",
    "sub_ports",
    "device_id",
    "device_owner",
    "uuid",
    "external_gateway_info",
)


@given(
    type_=st.sampled_from(sorted(HANDLERS)),
    payload=st.dictionaries(st.sampled_from(PARTS), VALUES | st.dictionaries(st.sampled_from(FIELDS), VALUES)),
)
def test_whatever_a_payload_holds_it_names_objects_or_is_unusable(
    view: StoreView, type_: str, payload: dict[str, Any]
) -> None:
    try:
        refs = list(HANDLERS[type_].touched(notified(type_, payload), view))
    except NotificationUnusable:
        return
    assert all(one.id for one in refs)


def test_a_device_of_a_host(view: StoreView) -> None:
    pnic = view.of_type("host_pnic")[0]
    host = one_of(view, "host", id=pnic["host"])
    bridges = {("vconnectors_folder", f"{host.id}|vconnectors")}
    type_, itself = "host.link.changed", ("host", host.id)
    assert touched(view, type_, host=host.id, names=[pnic.name]) == {("host_pnic", pnic.id), itself, *bridges}
    assert touched(view, type_, host=host.id, names=["unheard-of"]) == bridges
    assert touched(view, type_, host=host.id, names=[], many=True) == {itself, *bridges}
    assert touched(view, type_, host="unheard-of", names=["eth0"]) == set()
    vnic = next(one for one in view.of_type("vnic") if one.id == f"{one['host']}|{one.name}")
    assert ("vnic", vnic.id) in touched(view, type_, host=vnic["host"], names=[vnic.name])


def test_a_port_of_a_host_s_switch(view: StoreView) -> None:
    host = next(one for one in view.of_type("host") if any(one.id == edge["host"] for edge in view.of_type("vedge")))
    switches = {
        (one.type, one.id)
        for one in view.of_type("vedge")
        if one["host"] == host.id and one["vedge_type"] in ("OVS", "OVN")
    }
    type_ = "host.switch.changed"
    folder = set() if switches else {("vedges_folder", f"{host.id}|vedges")}
    assert touched(view, type_, host=host.id, names=["unheard-of"]) == switches | folder
    assert touched(view, type_, host=host.id, names=[]) == switches
    assert touched(view, "host.watch.begun", host=host.id) == {("host", host.id)}
