# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - conditions are JSON of any shape
"""``when``: its meaning, the metadata check of it, the steps that it lets run and the cliques that it lets be built."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import ApiFailed, PromiseBroken
from calipso_nornir.model.when import UNKNOWN, about, about_objects, holds
from calipso_nornir.testing import thing
from tests.fixtures.scanning import Scanned
from tests.fixtures.tiny_cloud import CLOUD
from tests.metadata.test_faults import faults

if TYPE_CHECKING:
    from pathlib import Path

HOST = thing("host", id="cmp1", name="Compute 1", zone="nova", host_type=["Compute"], cpus=8, empty="")
L3 = thing("network_agent", id="cmp1|l3", agent_type="L3 agent", alive=True)
OVS = thing("network_agent", id="cmp1|ovs", agent_type="Open vSwitch agent", alive=False)
FACTS = {
    "environment": about(CLOUD),
    "object": about_objects([thing("vedge", id="e", vedge_type="OVS", ports=[{"name": "x"}])]),
    "host": about_objects([HOST]),
    "agents": about_objects([L3, OVS]),
}
NO_AGENTS = {**FACTS, "agents": about_objects([])}
BLIND = {**FACTS, "agents": UNKNOWN}
L3_AGENT = {"agents": {"agent_type": "L3 agent"}}


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (None, True),
        ({"object": {"vedge_type": "OVS"}}, True),
        ({"object": {"vedge_type": ["VPP", "OVS"]}}, True),
        ({"object": {"vedge_type": "VPP"}}, False),
        ({"object": {"vedge_type": "OVS", "id": "e", "type": "vedge"}}, True),
        ({"object": {"vedge_type": "OVS", "nothing": 1}}, False),
        ({"object": {"ports": {"exists": True}, "nothing": {"exists": False}}}, True),
        ({"host": {"empty": {"exists": True}}}, False),
        ({"host": {"host_type": "Compute", "name": "Compute 1", "cpus": 8}}, True),
        ({"host": {"cpus": "8"}}, False),
        (L3_AGENT, True),
        ({"agents": {"agent_type": "L3 agent", "alive": False}}, False),
        ({"agents": {"alive": [True]}, "host": {"zone": "nova"}}, True),
        ({"agents": {"alive": True}, "host": {"zone": "edge"}}, False),
        ([{"host": {"zone": "edge"}}, L3_AGENT], True),
        ([{"host": {"zone": "edge"}}, {"host": {"zone": "far"}}], False),
        ({"not": L3_AGENT}, False),
        ({"host": {"zone": "nova"}, "not": [{"host": {"cpus": 4}}, {"object": {"id": "x"}}]}, True),
        ({"environment": {"mechanism_drivers": "OVS"}, "not": {"environment": {"distribution": "Nobody"}}}, True),
        ({"environment": {"mechanism_drivers": ["VPP"]}}, False),
    ],
    ids=str,
)
def test_what_it_means(when: Any, expected: bool) -> None:  # noqa: FBT001
    assert holds(when, FACTS) is expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (L3_AGENT, None),
        ({"not": L3_AGENT}, None),
        ({**L3_AGENT, "host": {"zone": "nova"}}, None),
        ({**L3_AGENT, "host": {"zone": "edge"}}, False),
        ([L3_AGENT, {"host": {"zone": "nova"}}], True),
        ([L3_AGENT, {"host": {"zone": "edge"}}], None),
    ],
    ids=str,
)
def test_what_is_not_known_neither_holds_nor_fails(when: Any, expected: bool | None) -> None:  # noqa: FBT001
    assert holds(when, BLIND) is expected
    assert holds(L3_AGENT, NO_AGENTS) is False, "none is not the same as not known"
    assert holds(L3_AGENT, {**FACTS, "agents": about_objects([L3], whole=False)}) is True, "it is among those known"


# --- what the check says

WHEN_AT = "scanners.json: scanners/ScanHost/0/when"


def step(when: Any, scanner: str = "ScanHost", **more: Any) -> Any:
    return {"scanners": {scanner: [{"type": "host_pnic", "fetcher": "HostPnics", "when": when, **more}]}}


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        ({"hosts": {"zone": "x"}}, f'{WHEN_AT}/hosts: unknown key. Did you mean "host"?'),
        ({"not": {"agent": {}}}, f'{WHEN_AT}/not/agent: unknown key. Did you mean "agents"?'),
        ({"host": "OVS"}, f"{WHEN_AT}/host: must be an object, not 'OVS'"),
        ({"host": {"zone": {"exist": True}}}, f'{WHEN_AT}/host/zone/exist: unknown key. Did you mean "exists"?'),
        ({}, f"{WHEN_AT}: is empty: leave it out, or give a condition"),
        ([L3_AGENT, {}], f"{WHEN_AT}: is empty: leave it out, or give a condition"),
        ({"host": {"zon": "x"}}, f'{WHEN_AT}/host/zon: host has no attribute "zon". Did you mean "zone"?'),
        ({"not": {"host": {"Memory": 1}}}, f'{WHEN_AT}/not/host/Memory: host has no attribute "Memory"'),
        (
            {"agents": {"agent_typ": "x"}},
            f'{WHEN_AT}/agents/agent_typ: network_agent has no attribute "agent_typ". Did you mean "agent_type"?',
        ),
        (
            {"environment": {"mechanism_driver": "OVS"}},
            f'{WHEN_AT}/environment/mechanism_driver: unknown attribute. Did you mean "mechanism_drivers"?',
        ),
        (
            [{"host": {"zone": "x"}}, {"not": {"environment": {"mechanism_drivers": ["OVS", "LBX"]}}}],
            (
                f'{WHEN_AT}/1/not/environment/mechanism_drivers: "LBX" is not among the constants mechanism_drivers. '
                'Did you mean "LXB"?'
            ),
        ),
    ],
    ids=str,
)
def test_a_condition_that_makes_no_sense(tmp_path: Path, when: Any, fault: str) -> None:
    found = faults(tmp_path, scanners=step(when))
    assert fault in found
    assert {one.partition(": ")[0] for one in found} == {"scanners.json"}


def test_what_can_never_be_known_where_it_is_asked(tmp_path: Path) -> None:
    assert faults(tmp_path, scanners=step(L3_AGENT, "ScanRegion")) == [
        "scanners.json: scanners/ScanRegion/0/when/agents: region is on no host, so this is never true"
    ]
    clique = {"name": "x", "focal_point_type": "network", "environment": "e", "link_types": ["network-host_pnic"]}
    assert faults(tmp_path, scanners=step(L3_AGENT), clique_types=[{**clique, "when": {"host": {"zone": "x"}}}]) == [
        "clique_types.json: clique_types/0/when/host: network is on no host, so this is never true"
    ]


def test_a_step_that_would_wait_for_itself(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        scanners={
            "scanners": {
                "ScanHost": [
                    {"type": "network_agent", "fetcher": "NetworkAgents", "when": L3_AGENT},
                    {"type": "host", "fetcher": "HostDetails", "when": {"host": {"zone": "nova"}}},
                ]
            }
        },
    )
    waits = (
        "the step itself, or what runs on its objects, finds {}: it would wait for itself. "
        "Put it into a step further down"
    )
    assert found == [
        f"scanners.json: scanners/ScanHost/0/when/agents: {waits.format('network_agent')}",
        f"scanners.json: scanners/ScanHost/1/when/host: {waits.format('host')}",
    ]


def test_two_clique_types_with_one_condition(tmp_path: Path) -> None:
    one = {"focal_point_type": "vnic", "environment": "e", "link_types": ["vnic-vedge"], "when": L3_AGENT}
    assert faults(tmp_path, clique_types=[{**one, "name": "a"}, {**one, "name": "b"}]) == [
        'clique_types.json: clique_types/1: is for the same environments as "a" (clique_types.json: clique_types/0)'
    ]


# --- in a scan

RACK = {"type": "new_type", "fetcher": "CliFetchNewType"}
SERVICES = {"object": {"vnic_type": "vservice_vnic"}}
CLIQUE = {"focal_point_type": "vnic", "environment": "ANY"}


def metadata(folder: Path, when: Any, *cliques: Any) -> tuple[Path]:
    folder.mkdir(exist_ok=True)
    files: dict[str, Any] = {
        "object_types": [{"type": "new_type", "label": "New type", "parents": ["host"]}],
        "scanners": {
            "scanners_package": "tests.fixtures.guide_fetchers",
            "scanners": {"ScanHost": [{**RACK, "when": when}]},
        },
        "clique_types": [{**CLIQUE, **one} for one in cliques],
    }
    for stem, data in files.items():
        (folder / f"{stem}.json").write_text(json.dumps(data), encoding="utf-8")
    return (folder,)


def new(scanned: Scanned) -> list[str]:
    return sorted(one.removeprefix("new_type ") for one in scanned.objects() if one.startswith("new_type "))


def test_steps_are_run_on_the_hosts_that_it_is_about(tmp_path: Path) -> None:
    scanned = Scanned(tmp_path)
    report = scanned.scan(metadata=metadata(tmp_path / "m", L3_AGENT))
    assert (report.status, new(scanned)) == ("completed", ["net1|new"])
    assert scanned.source.rounds_of("net1") <= 3, "no host is asked more often for it"
    computes = {"host": {"zone": "nova"}, "not": {"host": {"name": ["cmp2", "net1"]}}}
    assert scanned.scan(metadata=metadata(tmp_path / "m", computes)).status == "completed"
    assert new(scanned) == ["cmp1|new"], "what nobody is to look for any more is gone"
    scanned.scan(metadata=metadata(tmp_path / "m", {"object": {"name": ["cmp1", "ctl"]}}), object_id="ctl")
    assert new(scanned) == ["cmp1|new", "ctl|new"], "a partial scan asks it, too"


def test_when_it_cannot_be_known_the_step_is_run(tmp_path: Path) -> None:
    scanned = Scanned(tmp_path)
    folder = metadata(tmp_path / "m", L3_AGENT)
    scanned.scan(metadata=folder)
    down = {**scanned.cloud.answers(), "GET network /agents": ApiFailed("GET", "/agents", 500, "")}
    report = scanned.scan(down, metadata=folder)
    assert report.status == "completed_with_errors"
    assert new(scanned) == ["cmp1|new", "cmp2|new", "ctl|new", "net1|new"]


def test_a_clique_type_is_chosen_for_each_object(tmp_path: Path) -> None:
    scanned = Scanned(tmp_path)
    cliques = [
        {
            "name": "of routers",
            "when": {"object": {"vnic_type": "vservice_vnic"}, **L3_AGENT},
            "link_types": ["vnic-vedge"],
        },
        {"name": "any", "link_types": ["vnic-vedge", "vedge-host_pnic"]},
    ]
    assert scanned.scan(metadata=metadata(tmp_path / "m", L3_AGENT, *cliques)).status == "completed"
    kinds = chosen(scanned)
    assert {kind for host, kind in kinds if host == "net1"} == {"of routers"}
    assert {kind for host, kind in kinds if host != "net1"} == {"any"}
    assert len({host for host, _ in kinds}) > 1


def test_two_that_fit_one_object_equally_well_are_told(tmp_path: Path) -> None:
    scanned = Scanned(tmp_path)
    cliques = [
        {"name": "first", "when": SERVICES, "link_types": ["vnic-vedge"]},
        {"name": "second", "when": {"host": {"name": "net1"}}, "link_types": ["vnic-vedge"]},
    ]
    [folder] = metadata(tmp_path / "m", L3_AGENT, *cliques)
    report = scanned.scan(metadata=[folder])
    [trouble] = report.failures
    assert isinstance(trouble.error, PromiseBroken)
    assert str(trouble.error).replace(f"{folder}/", "") == (
        'clique type "first" (clique_types.json: clique_types/0): fits some objects no better than "second" '
        "(clique_types.json: clique_types/1); the first is used. Make one more specific"
    )
    assert {kind for _, kind in chosen(scanned)} == {"first"}


def chosen(scanned: Scanned) -> set[tuple[Any, str]]:
    """Return host and clique type of every clique of an interface."""
    stored = scanned.stored()
    hosts = {one["id"]: one.get("host") for one in stored["inventory"].values() if one["type"] == "vnic"}
    rows = [one for one in stored["cliques"].values() if one["focal_point_type"] == "vnic"]
    return {(hosts[one["focal_point_object_id"]], one["clique_type"]) for one in rows}
