# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - options are of any type
"""Plans: which options can be combined, which steps apply and what they lead to, what a partial scan examines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from calipso_nornir.errors import InvalidRequest, UnknownObject
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.model.environment import Environment
from calipso_nornir.model.objects import root_of
from calipso_nornir.model.refs import ObjectRef, Witness
from calipso_nornir.scan.before import Before
from calipso_nornir.scan.plan import ScanPlan, Steps, Target, find_targets
from calipso_nornir.testing import thing, view
from tests.fixtures.canned import catalog, step

CLOUD = Environment(name="cloud", mechanism_drivers=("OVS", "LXB"))
SHIPPED = load_catalog()


def nothing(_parent: Any) -> list[Any]:
    return []


@pytest.mark.parametrize(
    ("options", "wants"),
    [
        ({}, (True, True, True)),
        ({"inventory_only": True}, (True, False, False)),
        ({"links_only": True}, (False, True, False)),
        ({"cliques_only": True}, (False, False, True)),
    ],
)
def test_what_a_plan_wants(options: Any, wants: tuple[bool, bool, bool]) -> None:
    plan = ScanPlan(**options)
    assert (plan.wants_inventory, plan.wants_links, plan.wants_cliques) == wants


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"inventory_only": True, "links_only": True}, "inventory_only and links_only exclude each other"),
        ({"links_only": True, "cliques_only": True}, "links_only and cliques_only exclude each other"),
        ({"object_id": "a", "links_only": True}, "links_only is for whole environments, not for one object"),
        ({"object_id": "a", "cliques_only": True}, "cliques_only is for whole environments, not for one object"),
        ({"object_id": "a", "clear": True}, "clear is for whole environments, not for one object"),
        ({"links_only": True, "record": "x"}, "links_only asks no source: there is nothing to record"),
        ({"cliques_only": True, "record": "x"}, "cliques_only asks no source: there is nothing to record"),
    ],
)
def test_options_that_contradict_each_other(options: Any, problem: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        ScanPlan(**options)
    assert str(caught.value) == problem


def test_one_object_may_be_scanned_without_links() -> None:
    assert ScanPlan(object_id="a", inventory_only=True).wants_inventory


# --- steps


STEPS = Steps(
    catalog(
        step("region", nothing, children="R"),
        step("host", nothing, scanner="R", children="H"),
        step("port", nothing, scanner="R"),
        step("host", nothing, scanner="H", name="H/details"),
        step("pnic", nothing, scanner="H"),
        step("vedge", nothing, scanner="H", condition={"mechanism_drivers": "VPP"}),
        step("switch", nothing, scanner="H", children="S"),
        step("other", nothing, scanner="S", condition={"environment_type": "Kubernetes"}),
        parents={"host": ["region"], "pnic": ["host"], "port": ["network"], "network": ["region"]},
    ),
    CLOUD,
)


def names(steps: Any) -> list[str]:
    return [one.name for one in steps]


def test_steps_that_do_not_apply_are_not_there() -> None:
    assert names(STEPS.by_scanner["H"]) == ["H/details", "H/pnic", "H/switch"]
    assert STEPS.by_scanner["S"] == ()
    assert STEPS.named("H/vedge") is None


def test_what_may_come_out_of_a_step() -> None:
    assert STEPS.yields["ScanEnvironment/region"] == {"region", "host", "port", "pnic", "switch"}
    assert STEPS.yields["R/host"] == {"host", "pnic", "switch"}
    assert STEPS.yields["H/pnic"] == {"pnic"}


def test_what_steps_are_run_on() -> None:
    assert STEPS.run_on["ScanEnvironment/region"] == {"environment"}
    assert STEPS.run_on["H/details"] == {"host"}
    assert names(STEPS.of_object_type("host")) == ["H/details", "H/pnic", "H/switch"]
    assert names(STEPS.of_object_type("pnic")) == []
    assert names(STEPS.below(STEPS.by_scanner["R"][0])) == ["H/details", "H/pnic", "H/switch"]
    assert names(STEPS.root) == ["ScanEnvironment/region"]


def test_what_a_step_is_run_on_depends_on_who_found_it() -> None:
    steps = Steps(SHIPPED, CLOUD)
    vnics, regions = (
        steps.named("ScanInstance/vnic/InstanceVnics"),
        steps.named("ScanEnvironment/regions_folder/folder"),
    )
    assert vnics is not None
    assert regions is not None
    parent = thing("host", id="h1").ref
    with_host = replace(thing("instance"), found_by=frozenset({Witness("ScanHost/instance/Instances", parent)}))
    without = replace(thing("instance"), found_by=frozenset({Witness("ScanRegion/instance/HostlessInstances", parent)}))
    assert [steps.runs_on(vnics, one) for one in (with_host, without, thing("instance"))] == [True, False, True]
    assert not steps.runs_on(vnics, thing("host")), "another type"
    assert not steps.runs_on(vnics, replace(thing("instance"), on_demand=True))
    assert steps.runs_on(regions, root_of("cloud"))


def test_steps_from_elsewhere_that_place_below_an_object() -> None:
    assert names(STEPS.placing_below("network")) == ["R/port"]
    assert names(STEPS.placing_below("region")) == []
    assert names(STEPS.placing_below("pnic")) == []


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("network", {"ScanRegion/port/Ports"}),
        ("project", {"ScanRegion/network/Networks", "ScanRegion/port/Ports"}),
        ("switch", {"ScanHost/switch_pnic/LldpSwitchPnics"}),
        ("switches_folder", {"ScanHost/switch/LldpSwitches", "ScanHost/switch_pnic/LldpSwitchPnics"}),
        ("host_pnic", set()),
        ("instance", {"ScanVservice/vnic/VserviceVnics", "ScanHost/vnic/HostVnics"}),
        (
            "pnics_folder",
            {"ScanHost/host_pnic/HostPnics", "ScanHost/host_pnic/HostBonds", "ScanHost/host_pnic/VppPnics"},
        ),
        (
            "vnics_folder",
            {"ScanInstance/vnic/InstanceVnics", "ScanVservice/vnic/VserviceVnics", "ScanHost/vnic/HostVnics"},
        ),
    ],
)
def test_shipped_steps_from_elsewhere(type_: str, expected: set[str]) -> None:
    assert set(names(Steps(SHIPPED, CLOUD).placing_below(type_))) == expected


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        ("ScanVservice/vnic/VserviceVnics", True),
        ("ScanRegion/network/Networks", True),
        ("ScanHost/switch_pnic/LldpSwitchPnics", False),
        ("ScanHost/switch/LldpSwitches", False),
    ],
)
def test_steps_whose_objects_may_hang_below_what_they_are_run_on(name: str, stays: bool) -> None:  # noqa: FBT001
    steps = Steps(SHIPPED, CLOUD)
    known = steps.named(name)
    assert known is not None
    assert steps.may_stay(known) is stays


# --- targets


def before(*things: Any) -> Any:
    return Before(view(*things))  # type: ignore[arg-type]  # as much of a store's view as is needed


ZONE, REGION, HOST = thing("availability_zone", id="nova"), thing("region", id="nova"), thing("host", id="h1")


def test_a_whole_scan_is_about_no_object() -> None:
    assert find_targets(ScanPlan(), before(), SHIPPED) == []
    assert find_targets(ScanPlan(object_id="cloud"), before(), SHIPPED) == [], "the environment is everything"


def test_a_target_is_found_by_id_or_by_id_and_type() -> None:
    for plan in (ScanPlan(object_id="h1"), ScanPlan(object_id="h1", object_type="host", scan_self=False)):
        assert find_targets(plan, before(ZONE, REGION, HOST), SHIPPED) == [Target(HOST.ref, HOST, plan.scan_self)]


@pytest.mark.parametrize(("type_", "wanted"), [(None, "h9"), ("host", "host h9")])
def test_an_object_that_is_not_known(type_: str | None, wanted: str) -> None:
    with pytest.raises(UnknownObject) as caught:
        find_targets(ScanPlan(object_id="h9", object_type=type_), before(HOST), SHIPPED)
    assert (caught.value.environment, caught.value.wanted) == ("cloud", wanted)


def test_a_type_that_does_not_fit() -> None:
    with pytest.raises(UnknownObject):
        find_targets(ScanPlan(object_id="h1", object_type="network"), before(HOST), SHIPPED)


def test_an_id_that_several_types_have_needs_the_type() -> None:
    with pytest.raises(
        InvalidRequest, match=r'"nova" is the id of objects of several types \(region, availability_zone\)'
    ):
        find_targets(ScanPlan(object_id="nova"), before(ZONE, REGION), SHIPPED)
    (target,) = find_targets(ScanPlan(object_id="nova", object_type="region"), before(ZONE, REGION), SHIPPED)
    assert target.ref == REGION.ref


def test_what_nobody_knows_may_be_named_where_its_id_is_enough() -> None:
    new = ObjectRef("cloud", "instance", "x")
    assert find_targets(ScanPlan(refs=(new, new, HOST.ref)), before(HOST), SHIPPED) == [
        Target(new, None),
        Target(HOST.ref, HOST),
    ]
    with pytest.raises(UnknownObject, match="vedge x"):
        find_targets(ScanPlan(refs=(ObjectRef("cloud", "vedge", "x"),)), before(HOST), SHIPPED)
