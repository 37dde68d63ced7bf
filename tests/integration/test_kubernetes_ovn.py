# SPDX-License-Identifier: Apache-2.0
"""A whole cluster of OVN-Kubernetes with OVN's databases: real ovsdb-servers with OVN's schemas, read over TCP.

The rows are written by hand (``tests/fixtures/ovn_kubernetes.py`` says from what), in central mode and, with
interconnect, for the zone of node o1.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.model.ovsdb import OvsdbTables
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.scan.plan import ScanPlan
from calipso_nornir.sources.ovsdb_direct import DirectOvsdb
from calipso_nornir.sources.ovsdb_kind import OvsdbSection
from calipso_nornir.store import open_store
from tests.fixtures import clusters, needs
from tests.fixtures.kubernetes_api import serving as serving_api
from tests.fixtures.kubernetes_objects import endpoint_slice, service
from tests.fixtures.ovn_kubernetes import Ovn
from tests.unit.test_ovsdb_direct import SCHEMAS, free_port, made, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.protocols import Reply
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.stores import Kind
    from calipso_nornir.scan.report import ScanReport
    from tests.fixtures.kubernetes_api import Cluster

EXPECTED, OF_ZONE = (
    Path(__file__).parents[1] / "fixtures" / f"kubernetes_ovn{of}.expected.txt" for of in ("", "_zone")
)
"""All objects with some of their attributes, links with states, and cliques."""
TOLD = ("ethtool eth0", "ethtool -i eth0", "lldpctl")
"""Programs that the nodes lack."""
SHOWN = (
    *("vnic_type", "port_id", "ovn", "logical_switch", "cluster_ips", "ovn_vips", "vedge_type", "chassis", "addresses"),
    *(
        "ready",
        "zone",
        "cidrs",
        "provider_physical_network",
        "gateway_routes",
        "remote_ports",
        "network",
        "distributed",
    ),
    *("gateways", "nat", "peer", "gateway", "gateway_networks"),
)


class Whole(clusters.Whole):
    """The cluster as a source: API server and databases are really asked, nodes' outputs come from a dictionary."""

    def __init__(self, cluster: Cluster, machines: Mapping[str, clusters.Machine], remote: str) -> None:
        super().__init__(cluster, machines)
        self._ovn = DirectOvsdb(OvsdbSection(nb=remote, sb=remote))

    def answer(self, queries: Sequence[Query]) -> dict[Query, Reply | CalipsoError]:
        mine = [one for one in queries if isinstance(one, OvsdbTables)]
        others = super().answer([one for one in queries if not isinstance(one, OvsdbTables)])
        return {**others, **(self._ovn.answer(mine) if mine else {})}

    def close(self) -> None:
        super().close()
        self._ovn.close()


class Scanned:
    """The cluster in a store, and scans of it."""

    def __init__(self, folder: Path, cluster: Cluster, machines: Mapping[str, clusters.Machine], ovn: Ovn) -> None:
        self.store, self.ovn = open_store(folder / "s.db"), ovn
        self._given = cluster, machines

    def scan(self, *, remote: str | None = None) -> ScanReport:
        source = Whole(*self._given, remote or self.ovn.remote)
        environment = clusters.environment("OVN", "geneve")
        try:
            return run_scan(environment, plan=ScanPlan(), store=self.store, source=source)
        finally:
            source.close()

    def documents(self, kind: Kind) -> list[Mapping[str, Any]]:
        return list(self.store.view("k8s").documents(kind))

    def picture(self) -> list[str]:
        """Return the picture in the form of ``EXPECTED``; names stand for ids, which are UIDs."""
        objects = {one["_id"]: one for one in self.documents("inventory")}
        links = {one["_id"]: one for one in self.documents("links")}

        def named(id_: str) -> str:
            return str(objects[id_]["name_path"]).removeprefix("/k8s/")

        def told(one: Mapping[str, Any]) -> str:
            return f"{one['link_type']}: {named(one['source'])} > {named(one['target'])} | {one['state']}"

        def facts(one: Mapping[str, Any]) -> str:
            return json.dumps({name: one[name] for name in SHOWN if name in one}, sort_keys=True)

        return [
            *sorted(
                f"{one['type']} {named(id_)} | {facts(one)}"
                for id_, one in objects.items()
                if not one["type"].endswith("_folder")
            ),
            *sorted(told(one) for one in links.values()),
            *sorted(
                f"clique of {named(one['focal_point'])}: {told(links[id_])}"
                for one in self.documents("cliques")
                for id_ in one["links"]
            ),
        ]


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Scanned]:
    """Give a cluster whose databases have no rows yet."""
    needs.program("ovsdb-server", packages="openvswitch-switch")
    if not SCHEMAS.exists():
        needs.missing("OVN's schemas are not installed; Debian: apt-get install ovn-central")
    api, machines = clusters.ovn()
    api.objects["services"] = [service("web", "default", "10.96.0.7", app="web"), service("none", "default", None)]
    api.objects["endpointslices"] = [endpoint_slice("web-1", "web", "default", ("web-o1", "10.128.1.5", "o1"))]
    port = free_port()
    with (
        serving(tmp_path / "ovn", f"--remote=ptcp:{port}:127.0.0.1", *made(tmp_path)) as unix,
        serving_api(api, tmp_path) as served,
    ):
        yield Scanned(tmp_path, served, machines, Ovn(unix, port))


@pytest.fixture
def cluster(empty: Scanned) -> Scanned:
    """Return a cluster in central mode."""
    empty.ovn.central()
    return empty


def troubles(report: ScanReport) -> list[str]:
    found = [str(one.error) for one in (*report.failures, *report.notices)]
    return [one for one in found if not any(known in one for known in TOLD)]


def test_the_whole_picture(cluster: Scanned) -> None:
    """From the API server, the nodes and both databases to cliques; a second scan finds the same."""
    report = cluster.scan()
    assert (report.status, troubles(report)) == ("completed", [])
    assert cluster.picture() == EXPECTED.read_text("utf-8").splitlines()
    again = cluster.scan()
    assert (again.objects.new, again.objects.changed, again.objects.removed) == (0, 0, 0)
    assert cluster.picture() == EXPECTED.read_text("utf-8").splitlines()


def test_the_whole_picture_of_one_zone(empty: Scanned) -> None:
    """With interconnect: what the databases of zone o1 have; the other node is known by the API and its own answers."""
    empty.ovn.zone("o1")
    report = empty.scan()
    assert report.status == "completed"
    [told] = troubles(report)
    assert "of zone o1." in told
    assert "not missing: o2." in told
    assert empty.picture() == OF_ZONE.read_text("utf-8").splitlines()
    again = empty.scan()
    assert (again.objects.new, again.objects.changed, again.objects.removed) == (0, 0, 0)


def test_a_port_that_moves_is_followed(cluster: Scanned) -> None:
    cluster.scan()
    where = [["logical_port", "==", "default_web-o2"]]
    cluster.ovn.transact(
        "OVN_Southbound", {"op": "update", "table": "Port_Binding", "where": where, "row": {"up": True}}
    )
    cluster.ovn.transact("OVN_Northbound", {"op": "delete", "table": "Load_Balancer", "where": []})
    report = cluster.scan()
    assert (report.objects.changed, troubles(report)) == (2, [])
    objects = cluster.documents("inventory")
    assert [one["ovn"]["up"] for one in objects if one["type"] == "vnic"] == [True, True]
    assert [one for one in objects if "ovn_vips" in one] == []


def test_databases_in_silence_are_told_and_what_was_known_is_kept(cluster: Scanned) -> None:
    cluster.scan()
    report = cluster.scan(remote=f"tcp:127.0.0.1:{free_port()}")
    assert report.status == "completed_with_errors" or report.failures
    assert len([one for one in troubles(report) if "refused" in one]) == 2, "each database once"
    assert cluster.picture() == EXPECTED.read_text("utf-8").splitlines()
