# SPDX-License-Identifier: Apache-2.0
"""A plug-in in the developer guide's form that asks an APIC, in scans of a whole cloud (``tests/fixtures/guide_aci``).

The APIC is a stand-in, asked over HTTPS; the plug-in's questions go through the scan's own client.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.store.freshness import freshness_of
from tests.fixtures.aci_cloud import CLOUD, EPG, Scanned, fabric
from tests.fixtures.apic import mo, refused, serving
from tests.fixtures.cloud import Response

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.scan.report import ScanReport
    from tests.fixtures.cloud import Request

PLUGIN = str(Path(__file__).parents[1] / "fixtures" / "guide_aci")
TENANT = "the shop's own network"
EXPECTED = Path(__file__).parents[1] / "fixtures" / "aci_guide.expected.txt"
"""The plug-in's objects, its links with states, and its cliques, which end at the fabric's leafs."""


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Scanned]:
    apic = fabric()
    apic.objects += [
        mo("fvAEPg", EPG, name="webfarm", prio="unspecified"),
        mo("fvTenant", "uni/tn-acme", name="acme", descr=TENANT),
        mo("fvTenant", "uni/tn-other", name="other", descr="not asked for"),
    ]
    with serving(apic, tmp_path) as controller:
        yield Scanned(controller, tmp_path)


def picture(found: Scanned) -> list[str]:
    """Return the plug-in's objects, links and cliques."""
    epgs = {one["_id"]: one for one in found.documents("inventory") if one["type"] == "epg"}
    links = {one["_id"]: one for one in found.documents("links")}

    def named(one: Mapping[str, Any]) -> str:
        return f"{one['link_type']}: {one['source_id']} > {one['target_id']}"

    return [
        *sorted(
            f"{one['id']} | {one['name_path']} | {one['encapsulation']} | {', '.join(one['tenants'])}"
            for one in epgs.values()
        ),
        *sorted(f"{named(one)} | {one['link_name']} | {one['state']}" for one in links.values() if "epg" in named(one)),
        *sorted(
            f"clique of {epgs[one['focal_point']]['id']}: {named(links[id_])}"
            for one in found.documents("cliques")
            for id_ in one["links"]
            if one["focal_point"] in epgs
        ),
    ]


def troubles(report: ScanReport) -> list[str]:
    return [str(one.error) for one in (*report.failures, *report.notices)]


def test_the_whole_picture(found: Scanned) -> None:
    """From the answers of the APIC to cliques; a second scan finds the same."""
    report = found.scan(metadata=[PLUGIN])
    assert (report.status, troubles(report)) == ("completed", [])
    assert picture(found) == EXPECTED.read_text("utf-8").splitlines()
    again = found.scan(metadata=[PLUGIN])
    assert (again.status, again.objects.new, again.objects.changed, again.objects.removed) == ("completed", 0, 0, 0)
    assert picture(found) == EXPECTED.read_text("utf-8").splitlines()


def test_its_questions_are_those_of_the_scan(found: Scanned) -> None:
    """One login for all, no question twice, and evidence of each answer."""
    found.scan(metadata=[PLUGIN])
    apic = found.controller.apic
    assert len(apic.asked("aaaLogin")) == len(apic.asked("aaaLogout")) == 1
    assert len(apic.asked(f"mo/{EPG}")) == len(apic.asked("class/fvTenant")) == 1, "asked by eight interfaces"
    filters = [one.query["query-target-filter"] for one in apic.asked("class/fvCEp")]
    assert len(filters) == len(set(filters))
    [one] = [one for one in found.documents("inventory") if one["id"] == "cmp1|eth1|webfarm"]
    assert [each["query"] for each in one["evidence"]] == [
        'GET aci /api/class/fvCEp.json?query-target-filter=eq(fvCEp.mac,"02:00:00:00:01:15")',
        f"GET aci /api/mo/{EPG}.json",
        'GET aci /api/class/fvTenant.json?query-target-filter=eq(fvTenant.name,"acme")',
    ]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (refused(403, "no rights"), f"refused /api/mo/{EPG}.json (403): no rights"),
        (refused(500, "Internal Server Error"), "with 500: Internal Server Error"),
        (Response({"totalCount": "2", "imdata": []}), "imdata: expected 2 objects in all, found 0"),
    ],
)
def test_what_is_not_answered_is_told_and_kept(found: Scanned, answer: Response, told: str) -> None:
    found.scan(metadata=[PLUGIN])
    found.controller.apic.first = lambda one: answer if one.path.endswith(f"{EPG}.json") else None
    report = found.scan(metadata=[PLUGIN])
    assert [one for one in troubles(report) if told in one], troubles(report)
    assert picture(found) == EXPECTED.read_text("utf-8").splitlines(), "nothing is lost"
    fresh = freshness_of(found.store, "cloud")
    assert all(fresh.unconfirmed_since(one) is not None for one in found.store.view("cloud").of_type("epg"))


def test_a_token_that_expires_meanwhile(found: Scanned) -> None:
    apic = found.controller.apic

    def first(request: Request) -> None:
        if request.path.endswith(f"{EPG}.json"):
            apic.tokens.clear()
            apic.first = lambda _request: None

    apic.first = first
    report = found.scan(metadata=[PLUGIN])
    assert (report.status, troubles(report)) == ("completed", [])
    assert len(apic.asked("aaaLogin")) == 2
    assert picture(found) == EXPECTED.read_text("utf-8").splitlines()


def test_without_a_fabric_the_step_does_not_run(found: Scanned) -> None:
    """The guide's environment_condition; the rest of the cloud is scanned as always."""
    report = found.scan(metadata=[PLUGIN], environment=replace(CLOUD, extra={}))
    assert report.status == "completed"
    assert picture(found) == []
    assert found.controller.apic.requests == []
