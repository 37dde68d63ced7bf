# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - files hold JSON of any shape
"""``monitoring_checks.json``: what a third party may add, and how each mistake in it is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import MetadataError
from calipso_nornir.metadata.loading import load_catalog

if TYPE_CHECKING:
    from pathlib import Path

AT = "monitoring_checks.json: monitoring_checks/0"
ROW = {"type": "host_pnic", "check": "pnic", "part": "more", "parameters": {"device": "local_name"}}
WIRE = {
    "link_type": "otep-otep",
    "check": "ping",
    "part": "more",
    "parameters": {"target": {"of": "target", "attribute": "id"}},
}


def written(folder: Path, **content: Any) -> Path:
    (folder / "monitoring_checks.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_a_folder_adds_checks_types_and_heights(tmp_path: Path) -> None:
    row = {"type": "switch_pnic", "check": "snmp_port", "parameters": {"port": "name"}}
    folder = written(
        tmp_path,
        checks={"snmp_port": {"needs": ["port"]}},
        monitoring_checks=[row, WIRE],
        bottom_up=[["vservice", "floating_ip"]],
        any_of=["switch_pnic"],
    )
    found = load_catalog([folder]).monitoring
    shipped = load_catalog().monitoring
    assert [one.check for one in found.objects["switch_pnic"]] == ["snmp_port"]
    assert [one.part for one in found.links["otep-otep"]] == ["", "more"]
    assert found.height("floating_ip") == shipped.height("vservice")
    assert found.any_of == shipped.any_of | {"switch_pnic"}
    assert found.height("host_pnic") == shipped.height("host_pnic")


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({**ROW, "type": "host_pnik"}, f'{AT}/type: "host_pnik" is not an object type. Did you mean "host_pnic"?'),
        (
            {**WIRE, "link_type": "otep-otp"},
            f'{AT}/link_type: "otep-otp" is not a link type. Did you mean "otep-otep"?',
        ),
        ({**ROW, "link_type": "otep-otep"}, f"{AT}: names a type and a link_type, or neither: give one of them"),
        ({**ROW, "check": "pnik"}, f'{AT}/check: "pnik" is not a check. Did you mean "pnic"?'),
        (
            {**ROW, "parameters": {"device": "local_nam"}},
            f'{AT}/parameters/device/attribute: host_pnic has no attribute "local_nam". Did you mean "local_name"?',
        ),
        (
            {**ROW, "parameters": {"device": "local_name", "devise": "local_name"}},
            f'{AT}/parameters/devise: pnic takes no "devise"; it takes device, unused. Did you mean "device"?',
        ),
        ({**ROW, "parameters": {}}, f'{AT}/parameters: "device" is missing: pnic needs it'),
        ({**ROW, "when": {"object": {"stat": "UP"}}}, f'{AT}/when/object/stat: host_pnic has no attribute "stat"'),
        ({**ROW, "each": "membres"}, f'{AT}/each: host_pnic has no attribute "membres". Did you mean "members"?'),
        ({**ROW, "each": "members"}, f"{AT}/suffix: is missing: with each, it distinguishes the checks"),
        ({**ROW, "planner": "Communications"}, f'{AT}/planner: "Communications" names no planner of checks'),
        ({**ROW, "when_target": {"object": {"state": "UP"}}}, f"{AT}/when_target: is for links only"),
        (
            {**ROW, "parameters": {"device": {"of": "hosst", "attribute": "name"}}},
            f'{AT}/parameters/device/of: "hosst" is none of: object, host, a link type host_pnic-…',
        ),
        (
            {**ROW, "parameters": {"device": {"of": "vnic-vedge", "attribute": "name"}}},
            f'{AT}/parameters/device/of: "vnic-vedge" does not begin at host_pnic',
        ),
        (
            {**WIRE, "parameters": {"target": "nme"}},
            f'{AT}/parameters/target/attribute: a link has no field "nme". Did you mean "name"?',
        ),
    ],
)
def test_each_mistake_is_told_with_its_place(tmp_path: Path, row: dict[str, Any], fault: str) -> None:
    with pytest.raises(MetadataError) as raised:
        load_catalog([written(tmp_path, monitoring_checks=[row])])
    assert fault in str(raised.value)


def test_a_check_is_declared_once_and_a_type_stands_at_one_height(tmp_path: Path) -> None:
    content: dict[str, Any] = {"checks": {"pnic": {}}, "monitoring_checks": [], "bottom_up": [["instance", "vnic"]]}
    with pytest.raises(MetadataError) as raised:
        load_catalog([written(tmp_path, **content)])
    assert "checks/pnic: is already declared; files only add" in str(raised.value)
    assert '"instance" is listed at two heights' in str(raised.value)
