# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - objects of the API are JSON
"""Objects of Kubernetes' lists and routes of its nodes: what is read, and every fault in them."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from calipso_nornir.errors import ParseError, RowsIncomplete
from calipso_nornir.parsing.kubernetes import read, used
from calipso_nornir.parsing.routes import route_json
from calipso_nornir.parsing.rows import Route
from tests.fixtures.kubernetes_objects import endpoint_slice, namespace, node, pod, service

ROWS: dict[str, Any] = {
    "NamespaceList": namespace("default"),
    "NodeList": node("w1", "192.0.2.12", cidr="10.244.1.0/24", master=True),
    "PodList": pod("web", "default", "w1", "10.244.1.2"),
    "ServiceList": service("web", "default", "10.96.0.10", app="web"),
    "EndpointSliceList": endpoint_slice("web-a", "web", "default", ("web", "10.244.1.2", "w1")),
}


def changed(kind: str, place: str, value: Any) -> dict[str, Any]:
    row: dict[str, Any] = deepcopy(ROWS[kind])
    where: Any = row
    *way, last = [int(part) if part.isdecimal() else part for part in place.split("/")]
    for part in way:
        where = where[part]
    where[last] = value
    return row


def one(kind: str, row: Any) -> Any:
    (found,), incomplete = read(kind, [row], asked="GET")
    assert incomplete is None
    return found


@pytest.mark.parametrize("kind", ROWS)
def test_what_is_recorded_is_read_as_what_came(kind: str) -> None:
    kept = used(kind, ROWS[kind])
    assert one(kind, kept).meta.uid == ROWS[kind]["metadata"]["uid"]
    assert "c4n4ry" not in json.dumps(kept)


@pytest.mark.parametrize(
    ("kind", "place", "value", "said"),
    [
        ("NodeList", "metadata/uid", None, 'items[0].metadata: "uid" is missing'),
        ("NodeList", "metadata/name", "", "name and uid must not be empty"),
        ("NodeList", "metadata", [], "items[0].metadata: expected an object, found []"),
        ("NodeList", "metadata/labels/x", 7, "items[0].metadata.labels.x: expected a text, found 7"),
        ("NodeList", "spec/podCIDRs", "10.0.0.0/8", "spec.podCIDRs: expected a list of texts"),
        ("NodeList", "status/addresses/0/address", 7, "status.addresses[0].address: expected a text"),
        ("NodeList", "status/conditions/0/status", True, "status.conditions[0].status: expected a text"),
        ("PodList", "spec/hostNetwork", "yes", "spec.hostNetwork: expected an integer"),
        ("PodList", "spec/containers/0/name", None, 'spec.containers[0]: "name" is missing'),
        ("PodList", "spec/containers/0/ports/0/containerPort", "http", "containerPort: expected an integer"),
        ("PodList", "status/podIPs", [{}], 'status.podIPs[0]: "ip" is missing'),
        ("PodList", "status/containerStatuses/0/state", 1, "state: expected an object"),
        ("ServiceList", "spec/ports/0/port", 2**70, "spec.ports[0].port: expected an integer"),
        ("ServiceList", "spec/ports/0/targetPort", True, '"targetPort" must be a number or a name'),
        ("ServiceList", "spec/selector", ["app"], "spec.selector: expected an object"),
        ("EndpointSliceList", "addressType", None, '"addressType" is missing'),
        ("EndpointSliceList", "endpoints/0/addresses", [], '"addresses" must not be empty'),
        ("EndpointSliceList", "endpoints", {}, "items[0].endpoints: expected a list"),
        ("NamespaceList", "status", "Active", "items[0].status: expected an object"),
    ],
)
def test_a_fault_names_its_place_and_leaves_the_other_rows(kind: str, place: str, value: Any, said: str) -> None:
    broken = changed(kind, place, value)
    with pytest.raises(ParseError) as raised:
        read(kind, [broken], asked="GET")
    assert said in str(raised.value)
    rows, incomplete = read(kind, [ROWS[kind], broken], asked="GET")
    assert len(rows) == 1
    assert isinstance(incomplete, RowsIncomplete)
    assert (incomplete.incomplete, incomplete.rows) == (1, 2)
    assert said.replace("items[0]", "items[1]") in incomplete.first


@pytest.mark.parametrize("rows", [{}, "x", None])
def test_an_answer_that_is_no_list(rows: Any) -> None:
    with pytest.raises(ParseError, match="a list of objects was expected"):
        read("PodList", rows, asked="GET")


def test_what_is_no_object_is_left_for_the_reader_to_refuse() -> None:
    assert used("PodList", 7) == 7
    with pytest.raises(ParseError, match="expected an object"):
        read("PodList", [7], asked="GET")


def test_annotations_of_networks_only() -> None:
    row = node("w1", "192.0.2.12", annotations={"k8s.ovn.org/node-chassis-id": "c", "k8s.v1.cni.cncf.io/networks": "n"})
    row["metadata"]["annotations"]["evilprojectcalico.org/x"] = "y"
    kept: Any = used("NodeList", row)
    assert kept["metadata"]["annotations"] == {"k8s.ovn.org/node-chassis-id": "c", "k8s.v1.cni.cncf.io/networks": "n"}


def test_older_servers_say_one_address_only() -> None:
    row = changed("PodList", "status/podIPs", None)
    assert one("PodList", row).ips == ("10.244.1.2",)
    row = changed("ServiceList", "spec/clusterIPs", None)
    assert one("ServiceList", row).cluster_ips == ("10.96.0.10",)


def test_routes() -> None:
    text = json.dumps(
        [
            {"dst": "default", "gateway": "192.0.2.1", "dev": "eth0", "protocol": "static", "flags": []},
            {"dst": "10.1.1.2", "dev": "cali1", "scope": "link", "flags": []},
            {"type": "blackhole", "dst": "10.1.1.0/26", "protocol": "bird", "flags": []},
            {
                "dst": "10.2.0.0/16",
                "nexthops": [{"gateway": "192.0.2.3", "dev": "a"}, {"gateway": "192.0.2.4", "dev": "b"}],
            },
            {"dst": "10.3.0.0/16", "via": {"family": "inet6", "host": "fe80::1"}, "dev": "eth0"},
        ]
    )
    assert route_json(text) == (
        Route("default", "eth0", "192.0.2.1", "static"),
        Route("10.1.1.2", "cali1"),
        Route("10.1.1.0/26", protocol="bird", kind="blackhole"),
        Route("10.2.0.0/16", "a", "192.0.2.3"),
        Route("10.2.0.0/16", "b", "192.0.2.4"),
        Route("10.3.0.0/16", "eth0", "fe80::1"),
    )
    assert route_json("") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10.0.0.0/8 dev eth0", "not a JSON document"),
        ("{}", "expected a list"),
        ('[{"dev": "eth0"}]', '"dst" is missing'),
        ('[{"dst": "10.0.0.0/8", "dev": 7}]', "dev: expected a text, found 7"),
        ('[{"dst": "10.0.0.0/8", "nexthops": {}}]', "nexthops: expected a list"),
    ],
)
def test_routes_that_cannot_be_read(text: str, said: str) -> None:
    with pytest.raises(ParseError) as raised:
        route_json(text)
    assert "ip_route_json" in str(raised.value)
    assert said in str(raised.value)
