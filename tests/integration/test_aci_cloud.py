# SPDX-License-Identifier: Apache-2.0
"""A whole cloud on an ACI fabric, from inventory to cliques (``tests/fixtures/aci_cloud.py``, written by hand)."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.scan.plan import ScanPlan
from calipso_nornir.sources.anonymising.anonymise import anonymise
from calipso_nornir.sources.recording import RecordingSource, ReplaySource
from calipso_nornir.sources.secrets import Vault
from calipso_nornir.store import open_store
from tests.fixtures.aci_cloud import CLOUD, AciCloud, Scanned, WholeAci, fabric
from tests.fixtures.apic import PASSWORD, mo, refused, serving
from tests.fixtures.canned import CannedSource
from tests.fixtures.cloud import Response

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.stores import StoreView

EXPECTED = Path(__file__).parent.parent / "fixtures" / "aci_cloud.expected.txt"
"""All switches and ports with their attributes, their links with states, and the servers' cliques around them."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    folder = tmp_path_factory.mktemp("aci")
    with serving(fabric(), folder) as controller:
        found = Scanned(controller, folder)
        report = found.scan()
        assert [str(one.error) for one in (*report.failures, *report.notices)] == []
        assert report.status == "completed"
        yield found


def lines(found: Scanned) -> list[str]:
    """Return the picture in the form of ``EXPECTED``."""
    types = load_catalog().object_types
    inventory = found.documents("inventory")
    links = {one["_id"]: one for one in found.documents("links")}
    focal = {one["_id"]: one["id"] for one in inventory}

    def facts(one: Mapping[str, Any]) -> str:
        names = [attribute.name for attribute in types[one["type"]].attributes]
        return json.dumps({name: one[name] for name in names if name in one}, sort_keys=True)

    def named(one: Mapping[str, Any]) -> str:
        return f"{one['link_type']}: {one['source_id']} > {one['target_id']}"

    ours = sorted(
        (one["type"], one["id"], one["name_path"], facts(one)) for one in inventory if "switch" in one["type"]
    )
    return [
        *(" | ".join(one) for one in ours),
        *sorted(
            f"{named(one)} | {one['link_name']} | {one['state']} | {json.dumps(one['attributes'], sort_keys=True)}"
            for one in links.values()
            if "switch" in one["link_type"]
        ),
        *sorted(
            f"clique of {focal[one['focal_point']]}: {named(links[id_])}"
            for one in found.documents("cliques")
            for id_ in one["links"]
            if one["focal_point_type"] == "instance"
        ),
    ]


def test_the_whole_picture(sound: Scanned) -> None:
    assert lines(sound) == EXPECTED.read_text("utf-8").splitlines()


def test_a_second_scan_changes_nothing(sound: Scanned) -> None:
    before = lines(sound)
    report = sound.scan()
    assert (report.status, report.objects.changed, report.objects.new, report.objects.removed) == ("completed", 0, 0, 0)
    assert lines(sound) == before


def test_what_hosts_hear_and_what_the_apic_tells_is_one_object(sound: Scanned) -> None:
    ports = [one for one in sound.documents("inventory") if one["type"] == "switch_pnic"]
    assert len({(one["switch"], one["local_name"]) for one in ports}) == len(ports)
    assert [len(one["found_by"]) for one in ports if one.get("neighbours")] == [2, 2]


def test_no_addresses_but_those_of_hosts_are_asked_for(sound: Scanned) -> None:
    asked = [one.query["query-target-filter"] for one in sound.controller.apic.asked("class/fvCEp")]
    assert asked
    assert not [one for one in asked if "02:5E:99" in one]


def test_without_an_apic_hosts_give_leafs_and_ports_the_same_ids(sound: Scanned, tmp_path: Path) -> None:
    store = open_store(tmp_path / "s.db")
    run_scan(replace(CLOUD, extra={}), plan=ScanPlan(), store=store, source=CannedSource(AciCloud().answers()))
    view = store.view("cloud")
    assert [one.id for one in view.of_type("switch")] == ["local|leaf101", "local|leaf102"]
    heard = [one.id for one in view.of_type("switch_pnic")]
    assert heard == ["local|leaf101|eth1%2F1", "local|leaf102|eth1%2F1"]
    assert {one["id"] for one in sound.documents("inventory")} > set(heard)


def test_a_recording_is_replayed_and_can_be_given_away(sound: Scanned, tmp_path: Path) -> None:
    """The copy has the same links, and nothing by which the fabric could be recognised."""
    bundle, copy = tmp_path / "aci.calipso", tmp_path / "copy.calipso"
    vault = Vault(environ={"APIC": PASSWORD})
    source = RecordingSource(WholeAci(sound.controller, sound.cloud), bundle, environment=CLOUD, scrub=vault.scrub)
    run_scan(CLOUD, plan=ScanPlan(), store=open_store(tmp_path / "s.db"), source=source)
    source.complete()
    source.close()
    anonymise(bundle, copy)
    told = gzip.decompress(copy.read_bytes()).decode()
    original = gzip.decompress(bundle.read_bytes()).decode()
    for name in (
        "leaf101",
        "spine201",
        "FDO00000101",
        "acme",
        "epg-webfarm",
        "[CTL]",
        "02:00:00:00:01:15",
        "192.0.2.101",
    ):
        assert name in original, name
        assert name not in told, name
    assert not [secret for secret in (PASSWORD, "c4n4ry-token", "bookworm) Linux") if secret in original]
    expected = _links_of(sound.store.view("cloud"))
    for file in (bundle, copy):
        replayed = ReplaySource(file)
        store = open_store(tmp_path / f"{file.stem}.db")
        report = run_scan(replayed.environment, plan=ScanPlan(), store=store, source=replayed)
        assert (report.status, [str(one.error) for one in report.failures]) == ("completed", [])
        assert _links_of(store.view(replayed.environment.name)) == expected


def _links_of(view: StoreView) -> list[tuple[str, str, str]]:
    links = [one for one in view.links() if "switch" in f"{one.source.type} {one.target.type}"]
    return sorted(
        (f"{one.source.type}-{one.target.type}", one.state, str(one.attributes.get("told_by"))) for one in links
    )


@pytest.mark.parametrize(
    ("class_name", "answer", "told"),
    [
        ("fabricNode", refused(403, "no rights"), "refused /api/class/fabricNode.json (403): no rights"),
        (
            "lldpAdjEp",
            refused(400, "Unable to process"),
            "answered /api/class/lldpAdjEp.json with 400: Unable to process",
        ),
        ("l1PhysIf", Response({"totalCount": "9", "imdata": []}), "imdata: expected 9 objects in all, found 0"),
        (
            "fvCEp",
            Response({"totalCount": "1", "imdata": [mo("fvCEp", "uni/cep-x", mac="x")]}),
            "imdata[0].fvCEp.attributes.mac: expected a MAC address, found 'x'",
        ),
        ("pcAggrIf", refused(500, "Internal Server Error"), "with 500: Internal Server Error"),
    ],
)
def test_what_is_not_answered_is_told_and_kept(tmp_path: Path, class_name: str, answer: Response, told: str) -> None:
    with serving(fabric(), tmp_path) as controller:
        found = Scanned(controller, tmp_path)
        assert found.scan().status == "completed"
        before = {one["id"]: one for one in found.documents("inventory") if "switch" in one["type"]}
        controller.apic.first = lambda one: answer if f"{class_name}.json" in one.path else None
        report = found.scan()
    assert [one for one in report.failures if told in str(one.error)], [str(one.error) for one in report.failures]
    after = {one["id"]: one for one in found.documents("inventory") if "switch" in one["type"]}
    assert after.keys() == before.keys()
    assert [one["id"] for one in after.values() if one.get("state") != before[one["id"]].get("state")] == []


def test_a_login_that_is_refused_leaves_the_rest_of_the_cloud(tmp_path: Path) -> None:
    with serving(fabric(), tmp_path) as controller:
        controller.apic.password = "another"  # noqa: S105 - of a stand-in
        found = Scanned(controller, tmp_path)
        report = found.scan()
    assert report.status == "completed_with_errors" or report.failures
    assert "Check ACI.user, ACI.pwd and ACI.domain" in str(report.failures[0].error)
    assert [one["id"] for one in found.documents("inventory") if one["type"] == "switch"] == [
        "local|leaf101",
        "local|leaf102",
    ]
