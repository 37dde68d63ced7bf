# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - files hold JSON of any shape
"""Files as the developer guide writes them: names of former days, constants as documents, a base finder; mistakes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from calipso_nornir.errors import MetadataError
from calipso_nornir.metadata.catalog import ROOT_SCANNER
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.metadata.older_names import OLDER_FETCHERS, OLDER_FINDERS, OLDER_SCANNERS
from calipso_nornir.metadata.written import Written, WrittenRow

PLUGIN = Path(__file__).parents[1] / "fixtures" / "guide_plugin" / "guide_plugin"
SHIPPED = load_catalog()
HOSTS = {"type": "host", "fetcher": "ApiFetchProjectHosts"}
NEW = {"type": "new_type", "fetcher": "CliFetchNewType"}
PROJECTS = {
    "type": "project",
    "fetcher": "ApiFetchProjects",
    "object_id_to_use_in_child": "name",
    "environment_condition": {"mechanism_drivers": "VPP"},
    "children_scanner": "ScanProject",
}
"""The guide's example of a simple fetch type, as it is."""
AGGREGATES = {
    "type": "aggregates_folder",
    "fetcher": {"folder": True, "types_name": "aggregates", "parent_type": "region"},
    "object_id_to_use_in_child": "name",
    "environment_condition": {"mechanism_drivers": "VPP"},
    "children_scanner": "ScanAggregatesRoot",
}
"""The guide's example of a folder fetch type, as it is."""


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """Return a copy of the guide's plug-in."""
    return Path(shutil.copytree(PLUGIN, tmp_path / "plugin", ignore=shutil.ignore_patterns("__pycache__")))


def write(folder: Path, **files: Any) -> Path:
    for stem, data in files.items():
        (folder / f"{stem}.json").write_text(json.dumps(data), encoding="utf-8")
    return folder


def faults(folder: Path, **files: Any) -> list[str]:
    try:
        load_catalog([write(folder, **files)])
    except MetadataError as error:
        return [str(one).replace(f"{folder}/", "") for one in error.faults]
    return []


# --- names of former days


@pytest.mark.parametrize(
    ("scanner", "steps"),
    [
        ("ScanHost", [HOSTS]),
        ("ScanHost", [{**HOSTS, "children_scanner": "ScanHostPnic"}, NEW]),
        ("ScanProjectsRoot", [PROJECTS]),
        ("ScanRegion", [AGGREGATES]),
    ],
)
def test_the_guides_examples_load_as_they_stand(plugin: Path, scanner: str, steps: Any) -> None:
    """Those of its chapter "Updating scanners"; what the older fetchers found, the shipped ones find."""
    rest = {"NewTypeScanner": [NEW]}
    lead = {} if NEW in steps else {"ScanAvailabilityZone": [{**HOSTS, "children_scanner": "NewTypeScanner"}], **rest}
    catalog = load_catalog([write(plugin, scanners={"scanners": {scanner: steps, **lead}})])
    added = [one.type for one in catalog.scanners[scanner][len(SHIPPED.scanners[scanner]) :]]
    expected = {"ScanHost": ["new_type"], "ScanRegion": ["aggregates_folder"]}
    assert added == expected.get(scanner, []), "what older fetchers found is not asked for twice"


@pytest.mark.parametrize(("name", "type_", "now"), [(name, *found) for name, found in OLDER_FETCHERS.items()])
def test_every_older_fetcher_stands_for_steps_that_find_its_type(name: str, type_: str, now: Any) -> None:
    found = [one for steps in SHIPPED.scanners.values() for one in steps if type(one.fetcher).__name__ in now]
    assert {one.type for one in found} == {type_}, name
    assert {type(one.fetcher).__name__ for one in found} == set(now)


def test_older_scanners_and_finders_are_none_of_ours() -> None:
    assert not OLDER_SCANNERS & SHIPPED.scanners.keys()
    assert ROOT_SCANNER not in OLDER_SCANNERS
    assert not OLDER_FINDERS & {name for name, _ in SHIPPED.link_finders}


def test_an_older_finder_is_no_second_one() -> None:
    added = [name for name, _ in load_catalog([PLUGIN]).link_finders[len(SHIPPED.link_finders) :]]
    assert added == ["FindLinksForNewType"]


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        (
            {**HOSTS, "type": "vnic"},
            'type: is "vnic", but ApiFetchProjectHosts finds objects of type "host" (Hosts today)',
        ),
        ({**HOSTS, "fetcher": "ApiFetchProjectHost"}, 'Did you mean "ApiFetchProjectHosts"?'),
        ({**HOSTS, "environment_condition": {"mechanism_drivers": "VPP"}}, "whose conditions cannot be changed"),
        (
            {**HOSTS, "object_id_to_use_in_child": "name"},
            'is "name", but the step ScanAvailabilityZone/host/Hosts hands',
        ),
        ({"type": "host_ref", "fetcher": "DbFetchAggregateHosts"}, "nothing runs on objects of type host_ref"),
        (
            {**HOSTS, "children_scanner": "NewTypeScaner"},
            '"NewTypeScaner" is not a scanner. Did you mean "NewTypeScanner"?',
        ),
    ],
)
def test_mistakes_in_steps_of_older_fetchers(plugin: Path, step: Any, fault: str) -> None:
    told = faults(
        plugin,
        scanners={"scanners": {"ScanHost": [{"children_scanner": "NewTypeScanner", **step}], "NewTypeScanner": [NEW]}},
    )
    assert any(one.startswith("scanners.json: scanners/ScanHost/0") and fault in one for one in told), told


# --- constants


def test_constants_declare_types() -> None:
    catalog = load_catalog([PLUGIN])
    one = catalog.object_types["new_type"]
    assert (one.label, one.parents, one.is_closed) == ("New type", ("host",), False)
    assert "constants.json: constants/object_types/0" in one.origin
    assert "host-new_type" in catalog.link_types
    assert catalog.constants["object_types"] == ("new_type",), "the values, without their labels"


@pytest.mark.parametrize(
    "values", [["new_type"], [{"value": "new_type", "label": "New"}], [{"value": "host", "label": "Host"}, "new_type"]]
)
def test_each_form_of_a_constant(plugin: Path, values: Any) -> None:
    links = ["host-new_type", "vnic-vedge", "vedge-vnic"]
    catalog = load_catalog([write(plugin, constants={"constants": {"object_types": values, "link_types": links}})])
    assert catalog.object_types["new_type"].label in ("new_type", "New")
    assert catalog.object_types["host"] == SHIPPED.object_types["host"], "declared already"
    assert len(catalog.link_types) == len(SHIPPED.link_types) + 1


def test_a_user_adds_them_in_the_store(plugin: Path) -> None:
    documents = json.loads((plugin / "constants.json").read_text(encoding="utf-8"))
    (plugin / "constants.json").unlink()
    assert any('"new_type" is not an object type' in one for one in faults(plugin))
    rows = [WrittenRow(id=one["name"], kind="constants", text=json.dumps(one)) for one in documents]
    cliques = (plugin / "clique_types.json").read_text(encoding="utf-8")
    (plugin / "clique_types.json").unlink()
    rows += [WrittenRow(id="1", kind="clique_types", text=json.dumps(json.loads(cliques)[0]))]
    catalog = load_catalog([plugin], written=Written(1, tuple(rows)))
    assert catalog.object_types["new_type"].parents == ("host",)
    assert catalog.object_types["new_type"].origin.startswith("written metadata/constants/object_types")
    assert "new_type" in catalog.focal_types()


@pytest.mark.parametrize(
    ("constants", "fault"),
    [
        ({"object_types": ["new_type", "New"]}, 'object_types/1: "New" cannot be an object type: lower-case letters'),
        (
            {"object_types": ["new_type", "rack"]},
            'object_types/1: no step of scanners.json finds objects of type "rack"',
        ),
        ({"link_types": ["new_type"]}, 'link_types/0: "new_type" cannot be a link type: <source type>-<target type>'),
        ({"link_types": ["host-rack"]}, 'link_types/0: "rack" is not an object type'),
        (
            {"object_types": [{"text": "new_type", "label": "x"}]},
            "constants.json: constants/object_types/0: must be text",
        ),
        ({"object_types": {"value": "new_type"}}, "constants.json: constants/object_types: must be a list"),
        ([{"constant": "object_types", "data": []}], "constants.json: constants: must be"),
    ],
)
def test_mistakes_in_constants(plugin: Path, constants: Any, fault: str) -> None:
    told = faults(plugin, constants={"constants": constants} if isinstance(constants, dict) else constants)
    assert any(fault in one for one in told), told


# --- link finders


BASED = """from calipso_nornir.guide import FindLinks


class FindLinksBase(FindLinks):
    pass


NUMBER = 7


class FindLinksForNewType(FindLinksBase):
    def add_links(self):
        self.create_links([], link_type="host-new_type")


class FindLinksOther(FindLinks):
    link_types = ("host-new_type",)

    def add_links(self):
        pass


class FindLinksSlip(FindLinks):
    def add_links(self):
        self.create_link(link_type="hots-new_type")

"""


def test_a_custom_file_with_a_base_finder(plugin: Path) -> None:
    (plugin / "links.py").write_text(BASED, encoding="utf-8")
    file = {"base_finder": "links.py:FindLinksBase", "link_finders": ["links.py:FindLinksForNewType"]}
    name, finder = load_catalog([write(plugin, link_finders=file)]).link_finders[-1]
    assert (name, finder.link_types) == ("links.py:FindLinksForNewType", ("host-new_type",))


@pytest.mark.parametrize(
    ("file", "fault"),
    [
        (
            {"base_finder": "links.py:FindLinksBase", "link_finders": ["links.py:FindLinksOther"]},
            "link_finders/0 (links.py:FindLinksOther): is based on FindLinks; this file's base_finder is FindLinksBase",
        ),
        (
            {"base_finder": "links.py:FindLinksBas", "link_finders": ["FindLinksForNewType"]},
            '"links.py:FindLinksBas" cannot be loaded: the file has no FindLinksBas. Did you mean "FindLinksBase"?',
        ),
        (
            {"base_finder": "links.py:NUMBER", "link_finders": ["FindLinksForNewType"]},
            'base_finder: "links.py:NUMBER" is 7; a class is expected',
        ),
        (
            {"link_finders": ["FindLinksForNewTyp"]},
            '"FindLinksForNewTyp" names no link finder',
        ),
        ({"link_finders": ["FindLinksForVedge"]}, 'Did you mean "FindLinksForVedges"?'),
        (
            {"link_finders": ["links.py:FindLinksSlip"]},
            '"hots-new_type" is not a link type. Did you mean "host-new_type"?',
        ),
    ],
)
def test_mistakes_in_a_custom_file(plugin: Path, file: Any, fault: str) -> None:
    (plugin / "links.py").write_text(BASED, encoding="utf-8")
    told = faults(plugin, link_finders=file)
    assert any(one.startswith("link_finders.json: ") and fault in one for one in told), told
