# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers are of any shape
"""Nodes that do not answer, or answer in part: what is then kept, told, and not guessed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from calipso_nornir.errors import CommandFailed, HostUnreachable, NamespaceOfSeveral, NotAuthorized, PodsUnwired
from calipso_nornir.fetchers.kubernetes.oteps import RoutedOteps
from calipso_nornir.fetchers.kubernetes.plugins import calico_address, flannel_of, plugins_of
from calipso_nornir.fetchers.kubernetes.pods import Pods
from calipso_nornir.fetchers.kubernetes.services import Endpoints
from calipso_nornir.fetchers.kubernetes.vedges import OvnNodeVedges, RoutedVedges
from calipso_nornir.fetchers.kubernetes.vnics import PodVnics
from calipso_nornir.parsing.kubernetes import read
from calipso_nornir.parsing.kubernetes_rows import Meta, Node
from calipso_nornir.preflight.detecting_cluster import concluded
from calipso_nornir.testing import drive, thing
from tests.fixtures.clusters import NETNS, device, flannel, inside
from tests.fixtures.kubernetes_objects import endpoint_slice, namespace, node, pod, service

API, MACHINES = flannel()
W1 = MACHINES["w1"].outputs()
NODE = thing("host", id="w1", name="w1", annotations={})
PODS = [
    thing(
        "pod",
        id=f"p{number}",
        name=f"web-{number}",
        host="w1",
        namespace="default",
        ip_addresses=[f"10.244.1.{number}"],
    )
    for number in (2, 3)
]
REFUSED = NotAuthorized("kubernetes", "/api/v1/x", "x is forbidden")


def lists(**objects: list[Any]) -> dict[str, Any]:
    """Return answers to the lists, as the source's kind hands them on."""
    given = {"nodes": [node("w1", "192.0.2.12")], "namespaces": [namespace("default")], "pods": [], "services": []}
    kinds = {"nodes": "NodeList", "namespaces": "NamespaceList", "pods": "PodList", "services": "ServiceList"}
    answers = {
        f"GET kubernetes /api/v1/{name}": read(kind, (given | objects)[name], asked="")[0]
        for name, kind in kinds.items()
    }
    slices = read("EndpointSliceList", objects.get("slices", []), asked="")[0]
    return {**answers, "GET kubernetes /apis/discovery.k8s.io/v1/endpointslices": slices}


def vnics(**changes: Any) -> Any:
    return drive(PodVnics(), NODE, {"pod": PODS, **W1, **changes})


def test_a_namespace_that_is_gone_meanwhile_is_a_gap() -> None:
    gone = CommandFailed("w1", NETNS.format("cni-a"), 1, 'Cannot open network namespace "cni-a"')
    text = NETNS.format("cni-a").replace("-j ", "")
    driven = vnics(**{NETNS.format("cni-a"): gone, text: gone})
    assert [one.id for one in driven] == ["p3|eth0"]
    assert list(driven.gaps.values()) == [gone]


def test_a_namespace_with_addresses_of_two_pods_is_given_to_none() -> None:
    both = json.dumps(inside(2, 5, "10.244.1.2/24", "10.244.1.3/24"))
    driven = vnics(**{NETNS.format("cni-a"): both})
    assert [one.id for one in driven] == ["p3|eth0"]
    assert NamespaceOfSeveral("w1", "cni-a", ("web-2", "web-3")) in driven.told


def test_pods_whose_interface_nothing_shows_are_told() -> None:
    driven = vnics(**{"ip -j netns list": "", "ip netns list": ""})
    assert list(driven) == []
    assert driven.told == [PodsUnwired("w1", ("default/web-2", "default/web-3"))]
    assert "interfaces of 2 pods" in str(driven.told[0])


def test_without_routes_what_only_they_show_is_kept() -> None:
    broken = CommandFailed("w1", "ip -j route", 1, "x")
    driven = vnics(**{"ip -j netns list": "", "ip netns list": "", "ip -j route": broken})
    assert list(driven.gaps.values()) == [broken]


def test_a_second_interface_of_a_pod() -> None:
    two = json.dumps([*inside(2, 5, "10.244.1.2/24"), device(3, "net1", "198.51.100.7/24", kind="macvlan")])
    found = {one.id: one.attributes for one in vnics(**{NETNS.format("cni-a"): two})}
    assert found["p2|net1"]["device"] is None
    assert found["p2|eth0"]["device"] == "veth11"


def test_a_device_that_only_looks_like_the_other_end() -> None:
    devices = [{**one, "link_index": 77} if one["ifname"] == "veth11" else one for one in MACHINES["w1"].devices]
    found = {one.id: one.attributes for one in vnics(**{"ip -j -d address": json.dumps(devices)})}
    assert found["p2|eth0"]["device"] is None


def test_a_node_without_pods_of_its_own_is_not_asked() -> None:
    driven = drive(
        PodVnics(), NODE, {"pod": [thing("pod", id="p", host="w1", host_network=True, ip_addresses=["192.0.2.12"])]}
    )
    assert list(driven) == []
    assert [str(one) for one in driven.rounds[-1]] == ["pod with {'host': 'w1'}"]


@pytest.mark.parametrize("fetcher", [RoutedVedges(), OvnNodeVedges()])
def test_a_node_without_annotations_of_a_plugin_has_no_vedge(fetcher: Any) -> None:
    assert list(drive(fetcher, NODE, {})) == []


def test_a_node_that_cannot_be_reached_raises() -> None:
    down = HostUnreachable("w1", "192.0.2.12", "timed out")
    told = thing("host", id="w1", name="w1", annotations={"projectcalico.org/IPv4Address": "192.0.2.12/24"})
    with pytest.raises(HostUnreachable):
        drive(RoutedVedges(), told, {"cli": down, "host": []})


def test_forwarding_entries_that_cannot_be_read_leave_the_tunnels_unknown() -> None:
    failed = CommandFailed("w1", "bridge fdb show", 1, "x")
    vedge = thing("vedge", id="w1|Flannel", host="w1", vedge_type="Flannel", ip_address="192.0.2.12", routes=[])
    (otep,) = drive(RoutedOteps(), vedge, {**W1, "bridge -j fdb show": failed, "bridge fdb show": failed})
    assert "ports" not in otep.attributes
    assert otep.attributes["ip_address"] == "192.0.2.12"


def test_pods_without_the_right_to_list_nodes() -> None:
    with pytest.raises(NotAuthorized):
        drive(Pods(), thing("nodes_folder", id="k|nodes"), {**lists(), "GET kubernetes /api/v1/nodes": REFUSED})


def test_pods_without_the_right_to_list_namespaces() -> None:
    waiting = pod("late", "default", None, None, phase="Pending")
    answers = lists(pods=[pod("web", "default", "w1", "10.244.1.2"), waiting])
    driven = drive(
        Pods(), thing("nodes_folder", id="k|nodes"), {**answers, "GET kubernetes /api/v1/namespaces": REFUSED}
    )
    assert [one.name for one in driven] == ["web"]
    assert list(driven.gaps.values()) == [REFUSED]


def test_a_pod_that_is_newer_than_the_lists_has_no_place_yet() -> None:
    answers = lists(pods=[pod("new", "newer", "n99", "10.244.9.2")])
    assert list(drive(Pods(), thing("nodes_folder", id="k|nodes"), answers)) == []


def test_an_endpoint_that_is_in_two_slices_is_one() -> None:
    slices = [endpoint_slice(name, "web", "default", ("web", "10.244.1.2", "w1")) for name in ("a", "b")]
    answers = lists(services=[service("web", "default", "10.96.0.10")], slices=slices)
    (found,) = drive(Endpoints(), thing("namespaces_folder", id="k|namespaces"), answers)
    assert found.attributes["host"] == "w1"


@pytest.mark.parametrize(
    ("annotations", "plugins", "vni", "address"),
    [
        ({}, [], None, None),
        (
            {"flannel.alpha.coreos.com/backend-type": "host-gw", "flannel.alpha.coreos.com/backend-data": "null"},
            ["Flannel"],
            None,
            None,
        ),
        (
            {"flannel.alpha.coreos.com/backend-type": "vxlan", "flannel.alpha.coreos.com/backend-data": "{"},
            ["Flannel"],
            None,
            None,
        ),
        (
            {"flannel.alpha.coreos.com/backend-type": "vxlan", "flannel.alpha.coreos.com/backend-data": '{"VNI": 7}'},
            ["Flannel"],
            7,
            None,
        ),
        ({"projectcalico.org/IPv4Address": "192.0.2.21/24"}, ["Calico"], None, "192.0.2.21"),
        ({"projectcalico.org/IPv4Address": "nonsense"}, ["Calico"], None, None),
        ({"k8s.ovn.org/node-subnets": "{}"}, ["OVN"], None, None),
    ],
)
def test_plugins(annotations: Any, plugins: list[str], vni: int | None, address: str | None) -> None:
    told = thing("host", id="w1", annotations=annotations)
    assert (plugins_of(told), flannel_of(told)["vni"], calico_address(told)) == (plugins, vni, address)


CALICO = "projectcalico.org"
FLANNEL = "flannel.alpha.coreos.com/backend-type"


@pytest.mark.parametrize(
    ("annotations", "drivers", "types"),
    [
        ([{FLANNEL: "vxlan"}, {FLANNEL: "host-gw"}, {FLANNEL: "host-gw"}], ("Flannel",), "host-gw"),
        ([{FLANNEL: "wireguard"}], ("Flannel",), ""),
        ([{f"{CALICO}/IPv4Address": "192.0.2.1/24"}], ("Calico",), "bgp"),
        ([{f"{CALICO}/IPv4Address": "192.0.2.1/24", f"{CALICO}/IPv4IPIPTunnelAddr": "10.1.0.0"}], ("Calico",), "ipip"),
        (
            [{f"{CALICO}/IPv4Address": "192.0.2.1/24", f"{CALICO}/IPv4VXLANTunnelAddr": "10.1.0.0"}],
            ("Calico",),
            "vxlan",
        ),
        ([{"k8s.ovn.org/node-subnets": "{}"}, {}], ("OVN",), "geneve"),
        (
            [{f"{CALICO}/IPv4Address": "192.0.2.1/24", FLANNEL: "vxlan"}, {FLANNEL: "vxlan"}],
            ("Calico", "Flannel"),
            "vxlan",
        ),
        ([{}], (), ""),
        ([], (), ""),
    ],
)
def test_drivers_of_a_cluster(annotations: list[dict[str, str]], drivers: tuple[str, ...], types: str) -> None:
    nodes = [Node(Meta(f"w{n}", f"u{n}", annotations=one)) for n, one in enumerate(annotations)]
    found = concluded(nodes)
    assert (found.mechanism_drivers, found.type_drivers) == (drivers, types)
    assert found.because
