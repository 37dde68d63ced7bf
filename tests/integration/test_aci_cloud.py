# SPDX-License-Identifier: Apache-2.0
"""A whole cloud on an ACI fabric, from inventory to cliques (``tests/fixtures/aci_cloud.py``, written by hand)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.scan.plan import ScanPlan
from calipso_nornir.store import open_store
from tests.fixtures.aci_cloud import CLOUD, AciCloud, WholeAci, fabric
from tests.fixtures.apic import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.scan.report import ScanReport
    from tests.fixtures.apic import Controller

EXPECTED = Path(__file__).parent.parent / "fixtures" / "aci_cloud.expected.txt"
"""All switches and ports with their attributes, their links with states, and the servers' cliques around them."""


class Scanned:
    """The cloud in a store of its own, and scans of it."""

    def __init__(self, controller: Controller, folder: Path) -> None:
        self.controller, self.cloud = controller, AciCloud()
        self.store = open_store(folder / "s.db")

    def scan(self) -> ScanReport:
        """Scan once."""
        source = WholeAci(self.controller, self.cloud)
        try:
            return run_scan(CLOUD, plan=ScanPlan(), store=self.store, source=source)
        finally:
            source.close()

    def documents(self, kind: str) -> list[Mapping[str, Any]]:
        """Return the documents of a kind."""
        return list(self.store.view("cloud").documents(kind))  # type: ignore[arg-type]


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
