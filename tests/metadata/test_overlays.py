# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - files hold JSON of any shape
"""Overlays on the shipped metadata, which only add; the developer guide's format; the shipped metadata's promises."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest

from calipso_nornir.errors import MetadataError
from calipso_nornir.metadata import layers
from calipso_nornir.metadata.forms import FILES
from calipso_nornir.metadata.layers import SHIPPED
from calipso_nornir.metadata.loading import installed_catalog, load_catalog
from tests.fixtures.scanning import Scanned
from tests.fixtures.tiny_cloud import CLOUD

GUIDE = Path(__file__).parents[1] / "fixtures" / "metadata" / "guide"
SHIPPED_CATALOG = load_catalog()


HEIGHT = {"name": "height", "type": "integer", "unit": "units", "first": True}


def write(folder: Path, **files: Any) -> Path:
    folder.mkdir(exist_ok=True)
    for stem, data in files.items():
        (folder / f"{stem}.json").write_text(json.dumps(data), encoding="utf-8")
    return folder


# --- the guide's format


def test_a_file_in_the_guides_format_loads_as_it_is() -> None:
    scanners = load_catalog([GUIDE]).scanners
    of_host = scanners["ScanHost"]
    shipped = SHIPPED_CATALOG.scanners["ScanHost"]
    assert [one.name for one in of_host[: len(shipped)]] == [one.name for one in shipped], "appended, not replaced"
    folder, pnics = of_host[len(shipped) :]
    assert (folder.type, folder.children_scanner, folder.hand_down) == ("vservices_folder", "GuideServices", "id")
    assert folder.condition == {"mechanism_drivers": ["OVS", "LXB"]}
    assert [one["distribution"] for one in pnics.condition if "distribution" in one] == ["Mercury"]
    [services] = scanners["GuideServices"]
    assert (services.hand_down, type(services.fetcher).__name__) == ("local_service_id", "CliFetchGuideServices")
    [vnics] = scanners["GuideVnics"]
    assert type(vnics.fetcher).__name__ == "CliFetchGuideVnics"


@pytest.mark.parametrize(
    ("changes", "applies"),
    [
        ({}, True),
        ({"mechanism_drivers": ("LXB",)}, False),
        ({"type_drivers": "gre"}, False),
        ({"mechanism_drivers": ("LXB",), "distribution": "Mercury"}, True),
        ({"distribution": "Mirantis"}, False),
        ({"environment_type": "Kubernetes"}, False),
    ],
)
def test_conditions_and_restrictions(changes: Any, applies: bool) -> None:  # noqa: FBT001
    """Any one condition of a list is enough, within one all must hold; a restriction wins."""
    pnics = load_catalog([GUIDE]).scanners["ScanHost"][-1]
    assert pnics.applies_to(replace(CLOUD, **changes)) is applies


def test_a_scan_with_the_guides_file(tmp_path: Path) -> None:
    scanned = Scanned(tmp_path)
    assert scanned.scan(metadata=(GUIDE,)).status == "completed"
    objects = scanned.objects()
    assert objects["vservices_folder cmp1|guide_services"]["name"] == "Guide services"
    assert objects["pnics_folder cmp1|guide_pnics"]["name"] == "Guide pnics"
    assert objects["vservice cmp1|guide_services|svc"]["local_service_id"] == "cmp1|guide_services!"
    assert objects["vnic cmp1|guide_services|svc|vnic"]["name"] == "cmp1|guide_services!", "what was handed down"
    scanned.scan()
    assert "vservice cmp1|guide_services|svc" not in scanned.objects(), "nobody looks for it any more"


# --- overlays append


def test_what_is_laid_over_is_appended(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        object_types=[
            {"type": "host", "parents": ["rack", "availability_zone"], "attributes": [{**HEIGHT, "name": "rack_unit"}]},
            {"type": "rack", "label": "Rack", "parents": ["region"], "attributes": [HEIGHT]},
        ],
        link_types=[{"type": "rack-host", "description": "stands in it"}],
        constants={"constants": {"mechanism_drivers": ["Mine", "OVS"], "colours": ["blue"]}},
        link_finders=["tests.fixtures.guide_fetchers.link_finders:RackHosts"],
        scanners={
            "scanners": {
                "ScanRegion": [{"type": "rack", "fetcher": "Regions", "children_scanner": "ScanRack"}],
                "ScanRack": [],
            }
        },
        clique_types=[
            {"name": "rack", "focal_point_type": "rack", "environment": "ANY", "link_types": ["rack-host"]},
            {"name": "host", "focal_point_type": "host", "mechanism_drivers": "Mine", "link_types": ["host-rack"]},
        ],
        clique_constraints=[{"focal_point_type": "rack", "constraints": ["network"]}],
        network_agent_types=[{"type": "bgp", "folder_text": "BGP"}],
        command_prefixes=[{"distribution": "Mine", "program": "virsh", "prefix": ["podman", "exec", "x"]}],
    )
    laid, shipped = load_catalog([folder]), SHIPPED_CATALOG
    assert list(laid.object_types) == [*shipped.object_types, "rack"]
    assert list(laid.link_types) == [*shipped.link_types, "rack-host"]
    assert laid.object_types["host"].parents == ("availability_zone", "nodes_folder", "rack"), (
        "added to what was declared"
    )
    assert laid.constants["mechanism_drivers"] == (*shipped.constants["mechanism_drivers"], "Mine"), "OVS stays one"
    assert laid.constants["colours"] == ("blue",)
    region = [one.name for one in laid.scanners["ScanRegion"]]
    assert region == [*(one.name for one in shipped.scanners["ScanRegion"]), "ScanRegion/rack/Regions"]
    assert laid.scanners["ScanRack"] == ()
    assert [one.name for one in laid.clique_types] == [*(one.name for one in shipped.clique_types), "rack", "host"]
    assert laid.clique_constraints == {**shipped.clique_constraints, "rack": ("network",)}
    hover = {row["type"]: row["attributes"] for row in laid.documents["attributes_for_hover_on_data"]}
    before = {row["type"]: row["attributes"] for row in shipped.documents["attributes_for_hover_on_data"]}
    assert hover["rack"] == ["object_name", "height", "status", "status_timestamp", "status_text"]
    assert {**hover, "host": None} == {**before, "host": None, "rack": hover["rack"]}
    assert set(hover["host"]) - set(before["host"]) == {"rack_unit"}
    assert [one.name for one in laid.object_types["host"].attributes][-1] == "rack_unit"
    for kind in ("network_agent_types", "command_prefixes"):
        assert len(laid.documents[kind]) == len(shipped.documents[kind]) + 1
    assert [name for name, _ in laid.link_finders[:-1]] == [name for name, _ in shipped.link_finders]


def test_layers_lie_in_the_order_in_which_they_are_given(tmp_path: Path) -> None:
    one = write(tmp_path / "one", constants={"constants": {"x": ["1"]}})
    two = write(tmp_path / "two", constants={"constants": {"x": ["2", "1"]}})
    assert load_catalog([one, two]).constants["x"] == ("1", "2")
    assert load_catalog([two, one]).constants["x"] == ("2", "1")


def test_steps_of_one_fetcher_have_names_of_their_own(tmp_path: Path) -> None:
    step = {"type": "host_pnic", "fetcher": "HostPnics"}
    folder = write(
        tmp_path,
        scanners={"scanners": {"ScanHostPnic": [step, {**step, "environment_condition": {"distribution": "RDO"}}]}},
    )
    assert [one.name for one in load_catalog([folder]).scanners["ScanHostPnic"]] == [
        "ScanHostPnic/host_pnic/HostPnics",
        "ScanHostPnic/host_pnic/HostPnics#2",
    ]


def test_other_files_in_a_folder_are_left_alone(tmp_path: Path) -> None:
    (write(tmp_path, network_agent_types=[]) / "README.md").write_text("about it", encoding="utf-8")
    (tmp_path / "old").mkdir()
    laid = load_catalog([tmp_path])
    assert (laid.object_types, laid.constants) == (SHIPPED_CATALOG.object_types, SHIPPED_CATALOG.constants)


# --- installed overlays


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """Entry points that a test installs."""
    points: list[EntryPoint] = []

    def some(*, group: str) -> Any:
        return points if group == layers.ENTRY_POINTS else entry_points(group=group)

    monkeypatch.setattr(layers, "entry_points", some)
    return points


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, layers.ENTRY_POINTS)


def test_an_entry_point_leads_to_a_package_or_a_path(
    installed: list[EntryPoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = write(tmp_path / "calipso_overlay_a", constants={"constants": {"x": ["package"]}})
    (package / "__init__.py").write_text("FOLDER = __path__[0]\n", encoding="utf-8")
    shutil.copytree(package, tmp_path / "calipso_overlay_b")
    monkeypatch.syspath_prepend(tmp_path)
    installed += [point("b", "calipso_overlay_b:FOLDER"), point("a", "calipso_overlay_a")]
    assert installed_catalog.__wrapped__().constants["x"] == ("package",)
    (tmp_path / "calipso_overlay_b" / "constants.json").write_text('{"constants": {"x": ["path"]}}', encoding="utf-8")
    assert installed_catalog.__wrapped__().constants["x"] == ("package", "path"), "in the order of their names"


def test_entry_points_that_lead_nowhere(installed: list[EntryPoint], tmp_path: Path) -> None:
    installed += [point("a", "no_such_package_anywhere"), point("b", "json:dumps"), point("c", "json.decoder")]
    with pytest.raises(MetadataError) as caught:
        load_catalog([tmp_path / "nor_here"])
    assert [str(one) for one in caught.value.faults] == [
        (
            "entry point calipso_nornir.metadata: a: cannot be loaded: "
            "ModuleNotFoundError(\"No module named 'no_such_package_anywhere'\")"
        ),
        "entry point calipso_nornir.metadata: b: json:dumps is neither a package nor a path",
        "entry point calipso_nornir.metadata: c: json.decoder is neither a package nor a path",
        f"{tmp_path}/nor_here: is not a folder",
    ]


# --- what is shipped


@pytest.mark.parametrize(
    "group", ["calipso_nornir.fetchers", "calipso_nornir.link_finders", "nornir.plugins.connections", "console_scripts"]
)
def test_every_shipped_entry_point_resolves(group: str) -> None:
    own = [one for one in entry_points(group=group) if one.value.startswith("calipso_nornir.")]
    assert own
    for one in own:
        loaded = one.load()
        if group.startswith("calipso_nornir."):
            assert callable(getattr(loaded(), "get" if group.endswith("fetchers") else "find")), one.value


def test_everything_that_is_shipped_is_used() -> None:
    used = {type(step.fetcher).__name__ for steps in SHIPPED_CATALOG.scanners.values() for step in steps}
    assert {
        one.name
        for one in entry_points(group="calipso_nornir.fetchers")
        if one.dist and one.dist.name == "calipso_nornir"
    } <= used
    finders = {name for name, _ in SHIPPED_CATALOG.link_finders}
    assert {one.name for one in entry_points(group="calipso_nornir.link_finders")} >= finders
    assert {path.stem for path in SHIPPED.glob("*.json")} == FILES.keys() - {"parsers"}, "ours are in parsing/"


def test_every_link_type_of_a_finder_is_declared() -> None:
    found = {name for _, finder in SHIPPED_CATALOG.link_finders for name in finder.link_types}
    assert found == SHIPPED_CATALOG.link_types.keys() - {"instance-network"}, "that one is derived"
