# SPDX-License-Identifier: Apache-2.0
"""Whole clusters, from the API server and nodes to cliques (``tests/fixtures/clusters.py``, all written by hand)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.scan.engine import run_scan
from calipso_nornir.scan.plan import ScanPlan
from calipso_nornir.store import open_store
from tests.fixtures import clusters
from tests.fixtures.kubernetes_api import serving

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from calipso_nornir.scan.report import ScanReport

KINDS = {
    "Flannel": (clusters.flannel, "vxlan"),
    "Calico": (clusters.calico, "ipip"),
    "OVN": (clusters.ovn, "geneve"),
}


class Picture:
    """What a scan has stored, by names: ids of Kubernetes are UIDs."""

    def __init__(self, folder: Path, driver: str) -> None:
        make, types = KINDS[driver]
        api, machines = make()
        self.store = open_store(folder / "s.db")
        with serving(api, folder) as cluster:
            self.source = clusters.Whole(cluster, machines)
            self.report: ScanReport = run_scan(
                clusters.environment(driver, types), plan=ScanPlan(), store=self.store, source=self.source
            )
            self.source.close()
        view = self.store.view("k8s")
        self.documents = {one["_id"]: one for one in view.documents("inventory")}
        self.paths = {f"{one['type']} {one['name_path']}": one for one in self.documents.values()}
        self._links = {one["_id"]: one for one in view.documents("links")}
        self.cliques = {
            self.name(one.focal_point.document_id): sorted(self.told(self._links[id_]) for id_ in one.links)
            for one in view.cliques()
        }

    def name(self, id_: str) -> str:
        one = self.documents[id_]
        parts = one["name_path"].split("/")
        return f"{one['type']} {parts[-1]}" if one["type"] != "vnic" else f"vnic {parts[-3]}/{parts[-1]}"

    def told(self, link: Mapping[str, Any]) -> str:
        down = "" if link["state"] == "up" else f" ({link['state']})"
        return f"{self.name(link['source'])} > {self.name(link['target'])}{down}"

    def links(self, *types: str) -> list[str]:
        return sorted(self.told(one) for one in self._links.values() if one["link_type"] in types)

    def one(self, type_: str, name: str) -> Mapping[str, Any]:
        (found,) = [one for one in self.documents.values() if (one["type"], one["object_name"]) == (type_, name)]
        return found


@pytest.fixture(scope="module")
def flannel(tmp_path_factory: pytest.TempPathFactory) -> Picture:
    return Picture(tmp_path_factory.mktemp("flannel"), "Flannel")


@pytest.fixture(scope="module")
def calico(tmp_path_factory: pytest.TempPathFactory) -> Picture:
    return Picture(tmp_path_factory.mktemp("calico"), "Calico")


@pytest.fixture(scope="module")
def ovn(tmp_path_factory: pytest.TempPathFactory) -> Picture:
    return Picture(tmp_path_factory.mktemp("ovn"), "OVN")


def test_flannel_from_pods_to_the_tunnel(flannel: Picture) -> None:
    assert flannel.report.status == "completed"
    assert flannel.links("pod-vnic", "vnic-vconnector", "vconnector-vedge") == [
        "pod web-1 > vnic web-1/eth0",
        "pod web-2 > vnic web-2/eth0",
        "vconnector cni0 > vedge w1-Flannel",
        "vnic web-1/eth0 > vconnector cni0",
        "vnic web-2/eth0 > vconnector cni0",
    ]
    assert flannel.links("vedge-otep", "otep-otep", "otep-host_pnic") == [
        "otep cp1-otep-flannel.1 > host_pnic eth0",
        "otep cp1-otep-flannel.1 > otep w1-otep-flannel.1",
        "otep w1-otep-flannel.1 > host_pnic eth0",
        "otep w1-otep-flannel.1 > otep cp1-otep-flannel.1",
        "vedge cp1-Flannel > otep cp1-otep-flannel.1",
        "vedge w1-Flannel > otep w1-otep-flannel.1",
    ]
    assert flannel.links("vnic-vedge", "vedge-host_pnic", "vconnector-host_pnic") == []


def test_the_ends_of_a_pods_interface_are_those_that_the_kernel_names(flannel: Picture) -> None:
    vnics = {one["name_path"]: one for one in flannel.documents.values() if one["type"] == "vnic"}
    first = vnics["/k8s/Nodes/w1/Pods/web-1/vNICs/eth0"]
    assert (first["device"], first["namespace"], first["addresses"]) == ("veth11", "cni-a", ["10.244.1.2/24"])
    assert vnics["/k8s/Nodes/w1/Pods/web-2/vNICs/eth0"]["device"] == "veth22"
    assert len(vnics) == 2  # the pod that has ended has the address of another one


def test_what_flannel_is_on_a_node(flannel: Picture) -> None:
    vedge, otep = flannel.one("vedge", "w1-Flannel"), flannel.one("otep", "w1-otep-flannel.1")
    assert (vedge["backend"], vedge["ip_address"], vedge["bridges"]) == ("vxlan", "192.0.2.12", [{"name": "cni0"}])
    assert vedge["routes"] == [
        {"destination": "10.244.0.0/24", "via": "10.244.0.0", "device": "flannel.1", "encapsulation": "vxlan"}
    ]
    assert (otep["vni"], otep["udp_port"], otep["ip_address"], otep["stack"]) == (1, 8472, "192.0.2.12", ["eth0"])
    remotes = [one["remote_ip"] for one in otep["ports"]]
    assert remotes == ["192.0.2.11", "192.0.2.99"]  # the second one is no node any more, so no link leads to it


def test_services_lead_to_pods_through_their_endpoints(flannel: Picture) -> None:
    assert flannel.links("service-endpoint", "endpoint-pod") == [
        "endpoint 10.244.1.2 > pod web-1",
        "endpoint 10.244.1.3 > pod web-2 (down)",
        "service web > endpoint 10.244.1.2",
        "service web > endpoint 10.244.1.3 (down)",
    ]
    assert flannel.one("service", "none")["headless"] is True
    assert flannel.one("service", "web")["ports"][0]["target_port"] == "http"
    assert flannel.one("endpoint", "10.244.1.2")["host"] == "w1"


def test_a_pod_of_the_nodes_network_has_no_vnic(flannel: Picture) -> None:
    assert flannel.links("pod-host_pnic") == ["pod proxy > host_pnic eth0"]
    assert flannel.cliques["pod proxy"] == ["pod proxy > container main", "pod proxy > host_pnic eth0"]
    assert flannel.one("pod", "proxy")["host_network"] is True


def test_cliques_of_a_pod_a_service_and_a_node(flannel: Picture) -> None:
    outward = [
        "otep w1-otep-flannel.1 > host_pnic eth0",
        "vconnector cni0 > vedge w1-Flannel",
        "vedge w1-Flannel > otep w1-otep-flannel.1",
    ]
    assert flannel.cliques["pod web-1"] == sorted(
        [
            "endpoint 10.244.1.2 > pod web-1",
            "pod web-1 > container main",
            "pod web-1 > vnic web-1/eth0",
            "service web > endpoint 10.244.1.2",
            "vnic web-1/eth0 > vconnector cni0",
            *outward,
        ]
    )
    of_pods = flannel.links("pod-vnic", "vnic-vconnector")
    services = flannel.links("service-endpoint", "endpoint-pod")
    assert flannel.cliques["service web"] == sorted([*services, *of_pods, *outward])
    on_w1 = ["host w1 > pod old (down)", "host w1 > pod web-1", "host w1 > pod web-2"]
    assert flannel.cliques["host w1"] == sorted([*on_w1, *of_pods, *outward])


def test_calico_routes_to_each_pod(calico: Picture) -> None:
    assert calico.report.status == "completed"
    assert calico.links("pod-vnic", "vnic-vedge") == [
        "pod by-route > vnic by-route/eth0",
        "pod in-namespace > vnic in-namespace/eth0",
        "vnic by-route/eth0 > vedge n1-Calico",
        "vnic in-namespace/eth0 > vedge n1-Calico",
    ]
    vnics = {one["device"]: one for one in calico.documents.values() if one["type"] == "vnic"}
    assert "mac_address" in vnics["cali111"]
    assert "mac_address" not in vnics["cali222"]  # its namespace has no name, so what is in it is not known
    told = [str(one.error) for one in calico.report.notices if "interfaces of 1 pods" in str(one.error)]
    assert [one.partition(":")[0] for one in told] == ["n1"]
    assert "default/nowhere" in told[0]


def test_calico_uses_tunnels_to_some_nodes_and_none_to_others(calico: Picture) -> None:
    assert calico.links("otep-otep") == [
        "otep n1-otep-tunl0 > otep n2-otep-tunl0",
        "otep n2-otep-tunl0 > otep n1-otep-tunl0",
    ]
    assert calico.links("vedge-host_pnic") == [f"vedge n{number}-Calico > host_pnic eth0" for number in (1, 2, 3)]
    otep = calico.one("otep", "n1-otep-tunl0")
    assert (otep["overlay_type"], otep["ip_address"]) == ("ipip", "192.0.2.21")
    assert otep["ports"] == [{"name": "tunl0", "remote_ip": "192.0.2.22"}]
    assert "blackhole" not in str(calico.one("vedge", "n1-Calico")["routes"])
    assert calico.cliques["pod in-namespace"] == [
        "otep n1-otep-tunl0 > host_pnic eth0",
        "pod in-namespace > container main",
        "pod in-namespace > vnic in-namespace/eth0",
        "vedge n1-Calico > host_pnic eth0",
        "vedge n1-Calico > otep n1-otep-tunl0",
        "vnic in-namespace/eth0 > vedge n1-Calico",
    ]


def test_ovn_kubernetes_is_the_open_vswitch_of_a_chassis(ovn: Picture) -> None:
    assert ovn.report.status == "completed"
    vedge = ovn.one("vedge", "o1-OVN")
    assert (vedge["vedge_type"], vedge["chassis"]) == ("OVN", "chassis-o1")
    vnic = next(one for one in ovn.documents.values() if one["type"] == "vnic" and one["host"] == "o1")
    assert (vnic["port_id"], vnic["device"]) == ("default_web-o1", "0f" * 7 + "a")
    assert ovn.cliques["pod web-o1"] == [
        "otep o1-otep-geneve > host_pnic eth0",
        "pod web-o1 > container main",
        "pod web-o1 > vnic web-o1/eth0",
        "vedge o1-OVN > host_pnic eth0",
        "vedge o1-OVN > otep o1-otep-geneve",
        "vnic web-o1/eth0 > vedge o1-OVN",
    ]
    assert ovn.links("otep-otep") == [
        "otep o1-otep-geneve > otep o2-otep-geneve",
        "otep o2-otep-geneve > otep o1-otep-geneve",
    ]


@pytest.mark.parametrize("driver", KINDS)
def test_every_attribute_is_declared(driver: str, request: pytest.FixtureRequest) -> None:
    report: ScanReport = request.getfixturevalue(driver.lower()).report
    expected = ("ethtool", "lldpctl", "interfaces of 1 pods")
    told = [str(one.error) for one in [*report.failures, *report.notices]]
    assert not [one for one in told if not any(known in one for known in expected)]
