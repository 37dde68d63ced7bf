# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - attributes and conditions are JSON of any shape
"""Objects, links, folders, evidence, and the environments to which a condition applies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from calipso_nornir.model.environment import Environment, SecretRef
from calipso_nornir.model.evidence import Evidence, derived
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.links import Link, LinkType
from calipso_nornir.model.objects import RESERVED, root_of
from calipso_nornir.model.queries import Command
from calipso_nornir.model.refs import Folder, ObjectRef
from calipso_nornir.store.documents import OBJECT_FIELDS
from calipso_nornir.testing import thing


def test_no_attribute_can_hide_a_field_of_the_frame() -> None:
    assert OBJECT_FIELDS <= RESERVED
    for name in RESERVED:
        with pytest.raises(ValueError, match=f"attributes may not be called {name}"):
            Fetched(id="a", name="a", attributes={name: 1})


@pytest.mark.parametrize("id_", ["", "a/b", "/"])
def test_an_id_that_would_break_paths_is_refused(id_: str) -> None:
    with pytest.raises(ValueError, match=r"is not an id: make it with calipso_nornir\.model\.ids"):
        Fetched(id=id_, name="a")


@pytest.mark.parametrize(("id_", "name"), [(7, "a"), (None, "a"), ("a", None), ("a", 7), (b"a", "a")])
def test_id_and_name_are_text(id_: Any, name: Any) -> None:
    with pytest.raises(TypeError, match="id and name of an object are text"):
        Fetched(id=id_, name=name)


def test_a_folder_on_demand_has_the_identity_of_one_by_metadata() -> None:
    host = thing("host", id="h1")
    folder = Folder(type="vnics_folder", types_name="vnics", text="vNICs")
    assert folder.ref(host.ref) == ObjectRef("cloud", "vnics_folder", "h1|vnics")


def test_attributes_of_an_object() -> None:
    one = thing("host", id="h1", mtu=0)
    assert (one["mtu"], one.get("mtu", 7), one.get("other", 7), "mtu" in one, "other" in one) == (0, 0, 7, True, False)
    assert one.with_attributes({"a": 1}).attributes == {"a": 1}
    assert one.sibling("vnic", "x") == ObjectRef("cloud", "vnic", "x")
    assert (str(one.ref), one.ref.document_id) == ("host h1", thing("host", id="h1").ref.document_id)


def test_the_root_of_an_environment_with_a_strange_name() -> None:
    root = root_of("a/b")
    assert (root.id_path, root.name, root.parent) == ("/a%2Fb", "a/b", None)


@pytest.mark.parametrize("name", ["", "a", "-", "a-", "-b", "a-b-c", "switch_pnic-switch-pnic"])
def test_names_that_are_no_link_types(name: str) -> None:
    with pytest.raises(ValueError, match="expected <source type>-<target type>"):
        LinkType.of(name)


def test_link_types_have_two_directions() -> None:
    assert LinkType.of("vnic-vedge").reverse == LinkType("vedge", "vnic")
    assert str(LinkType.of("a-a").reverse) == "a-a"
    link = Link(source=ObjectRef("e", "vnic", "1"), target=ObjectRef("e", "vedge", "2"))
    assert (link.type, link.environment) == ("vnic-vedge", "e")


def test_two_looks_at_the_same_are_the_same_but_for_the_time() -> None:
    one = Evidence("cli", "ip a", "h1", datetime(2026, 1, 1, tzinfo=UTC))
    assert one.stable == Evidence("cli", "ip a", "h1").stable
    assert one.stable != Evidence("cli", "ip a", "h2").stable
    assert derived("rule") == (Evidence("derived", "rule"),)


def test_a_secrets_reference_says_where_it_is() -> None:
    assert str(SecretRef("env", "OS_PASSWORD")) == "env:OS_PASSWORD"


ENVIRONMENT = Environment(
    name="e",
    distribution="Kolla",
    mechanism_drivers=("OVS", "SRIOV"),
    type_drivers="vxlan",
    extra={"aci_enabled": True},
)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (None, True),
        ({}, True),
        ([], False),
        ({"mechanism_drivers": "OVS"}, True),
        ({"mechanism_drivers": ["LXB", "SRIOV"]}, True),
        ({"mechanism_drivers": ["LXB"]}, False),
        ({"mechanism_drivers": []}, False),
        ({"distribution": ["Kolla", "RDO"], "type_drivers": "vxlan"}, True),
        ({"distribution": "Kolla", "type_drivers": "vlan"}, False),
        ({"environment_type": "Kubernetes"}, False),
        ({"environment_type": ["Kubernetes", "OpenStack"]}, True),
        ([{"distribution": "RDO"}, {"mechanism_drivers": "OVS"}], True),
        ([{"distribution": "RDO"}, {"environment_type": "Kubernetes", "mechanism_drivers": "OVS"}], False),
        ({"distribution_version": "1"}, False),
        ({"aci_enabled": True}, True),
        ({"aci_enabled": False}, False),
        ({"unknown": "x"}, False),
    ],
)
def test_conditions(condition: Any, holds: bool) -> None:  # noqa: FBT001 - the expected value
    assert ENVIRONMENT.applies(condition) is holds


@pytest.mark.parametrize(
    ("restriction", "out"),
    [
        (None, False),
        ({}, False),
        ([], False),
        ({"mechanism_drivers": "OVS"}, True),
        ({"mechanism_drivers": "OVS", "distribution": "RDO"}, False),
        ([{"distribution": "RDO"}, {"distribution": "Kolla"}], True),
    ],
)
def test_restrictions(restriction: Any, out: bool) -> None:  # noqa: FBT001 - the expected value
    assert ENVIRONMENT.restricted(restriction) is out


def test_a_condition_without_an_environment_type_is_for_openstack() -> None:
    other = Environment(name="k", environment_type="Kubernetes", mechanism_drivers=("OVS",))
    assert not other.applies(None)
    assert not other.applies({"mechanism_drivers": "OVS"})
    assert other.applies({"environment_type": "Kubernetes"})
    assert other.restricted({"mechanism_drivers": "OVS"}), "a restriction is for all types"


def test_sections() -> None:
    one = Environment(name="e", configuration={"CLI": {"user": "u"}})
    assert (one.section("CLI"), one.section("mysql")) == ({"user": "u"}, None)


def test_an_object_knows_its_sources() -> None:
    query = Command("h1", "ip a")
    assert Fetched(id="a", name="a", sources=(query,)).sources == (query,)
