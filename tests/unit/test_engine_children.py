# SPDX-License-Identifier: Apache-2.0
"""Children run per object and step, including those of a step that adds to what another found, and in partial scans."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.errors import FetcherRaised
from tests.fixtures.guide_fetchers.api_fetch_project_hosts import ApiFetchProjectHosts
from tests.fixtures.scanning import Scanned, content

if TYPE_CHECKING:
    from pathlib import Path

    from calipso_nornir.model.fetching import Fetched
    from calipso_nornir.model.objects import InventoryObject

HOSTS = {"type": "host", "fetcher": "ApiFetchProjectHosts", "children_scanner": "NewTypeScanner"}
FILES = {
    "object_types": [{"type": "new_type", "label": "New type", "parents": ["host"]}],
    "scanners": {
        "scanners_package": "tests.fixtures.guide_fetchers",
        "scanners": {
            "ScanHost": [{**HOSTS, "object_id_to_use_in_child": "place"}],
            "NewTypeScanner": [{"type": "new_type", "fetcher": "CliFetchNewType"}],
        },
    },
}
"""The guide, "Add new scanner as a child of an existing one", its first way."""
ALL = ["new_type cmp1|new", "new_type cmp2|new", "new_type ctl|new", "new_type net1|new"]


@pytest.fixture
def scanned(tmp_path: Path) -> Scanned:
    return Scanned(tmp_path)


@pytest.fixture
def metadata(tmp_path: Path) -> tuple[Path]:
    folder = tmp_path / "mine"
    folder.mkdir()
    for stem, data in FILES.items():
        (folder / f"{stem}.json").write_text(json.dumps(data), encoding="utf-8")
    return (folder,)


def new(scanned: Scanned) -> list[str]:
    return sorted(one for one in scanned.objects() if one.startswith("new_type "))


def test_the_guides_first_way(scanned: Scanned, metadata: tuple[Path]) -> None:
    report = scanned.scan(metadata=metadata)
    assert (report.status, new(scanned)) == ("completed", ALL)
    one = scanned.objects()["new_type cmp1|new"]
    assert (one["name"], one["seen"], one["machine"]) == ("rack of cmp1", "rack of cmp1", "x86_64")
    assert one["name_path"] == "/cloud/Regions/R1/Availability zones/nova/cmp1/rack of cmp1"
    assert report.steps["NewTypeScanner/new_type/CliFetchNewType"].attempted == 4, "once an object"
    before = scanned.stored()
    assert scanned.scan(metadata=metadata).objects.changed == 0
    assert content(scanned.stored()) == content(before)


@pytest.mark.parametrize("id_", ["cmp1", "cmp1|new"])
def test_partial_scans_run_them_too(scanned: Scanned, metadata: tuple[Path], id_: str) -> None:
    scanned.scan(metadata=metadata)
    before = scanned.stored()
    report = scanned.scan(metadata=metadata, object_id=id_)
    assert (report.status, report.objects.changed, report.objects.removed) == ("completed", 0, 0)
    assert content(scanned.stored()) == content(before)


def test_they_run_on_what_a_step_could_not_add_to(
    scanned: Scanned, metadata: tuple[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host is there; that one of its steps failed is no reason not to look below it."""
    scanned.scan(metadata=metadata)

    def broken(_self: ApiFetchProjectHosts, parent: InventoryObject) -> list[Fetched]:
        raise RuntimeError(f"no place of {parent.id}")

    monkeypatch.setattr(ApiFetchProjectHosts, "get", broken)
    report = scanned.scan(metadata=metadata)
    assert {type(one.error) for one in report.failures} == {FetcherRaised}
    assert report.steps["NewTypeScanner/new_type/CliFetchNewType"].ok == 4
    assert scanned.objects()["host cmp1"]["place"] == "rack of cmp1", "kept"
    assert new(scanned) == ALL
