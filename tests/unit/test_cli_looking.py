# SPDX-License-Identifier: Apache-2.0
"""tree, show, search, links, clique and explain, on what a scan of a recording has stored."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.fixtures.cli import calipso
from tests.fixtures.recorded import bundle, filled

if TYPE_CHECKING:
    from pathlib import Path

MAC = re.compile(r"fa:16:3e(?::[0-9a-f]{2}){3}")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("looking")
    return filled(folder / "s.db", bundle(folder / "ovs.calipso"))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two environments of which most objects have the same names."""
    folder = tmp_path_factory.mktemp("two")
    filled(folder / "s.db", bundle(folder / "ovs.calipso", name="ovs"))
    return filled(folder / "s.db", bundle(folder / "lb.calipso", "lb", name="lb"))


# --- tree


def test_the_tree_leaves_out_empty_folders(store: Path) -> None:
    shown = calipso("tree", "lab", store=store)
    assert shown.status == 0
    assert shown.err == ""
    lines = shown.out.splitlines()
    assert lines[0] == "lab  environment"
    assert any("web-1" in line and "instance" in line for line in lines)
    assert "Network vServices" not in shown.out
    assert "Network vServices (0)" in calipso("tree", "lab", "--all", store=store).out


def test_the_tree_ends_where_it_is_told_to(store: Path) -> None:
    lines = calipso("tree", "--depth", "1", store=store).out.splitlines()
    assert [re.sub(r"[├└─│ ]+", "", line) for line in lines[1:]] == ["Projects(4)", "Regions(1)", "Switches(1)"]
    assert calipso("tree", "--depth", "0", store=store).out == "lab  environment  (+3)\n"
    assert calipso("tree", "--depth", "-1", store=store).status == 2


def test_references_are_shown_as_such(store: Path) -> None:
    assert "cmp1 → host cmp1  host_ref" in calipso("tree", store=store).out


def test_a_tree_below_one_object(store: Path) -> None:
    shown = calipso("tree", "web-1", "--type", "instance", store=store)
    assert shown.out.splitlines()[0].startswith("web-1  instance")
    assert "tap" in shown.out
    assert "gw-1" not in shown.out
    assert calipso("tree", "--type", "instance", store=store).status == 2


def test_the_tree_as_data(store: Path) -> None:
    document = calipso("tree", "-o", "json", "--depth", "2", store=store).json
    assert document["type"] == "environment"
    assert {child["name"] for child in document["children"]} == {"Projects", "Regions", "Switches"}
    assert all("children" not in grandchild for child in document["children"] for grandchild in child["children"])
    assert yaml.safe_load(calipso("tree", "-o", "yaml", "--depth", "2", store=store).out) == document


def test_lists_are_the_same_every_time(store: Path) -> None:
    for arguments in (["tree"], ["links"], ["search", "e"], ["links", "-o", "json"]):
        assert calipso(*arguments, store=store).out == calipso(*arguments, store=store).out


# --- which environment, which store


def test_the_environment_may_be_left_out_when_there_is_one(store: Path, two: Path) -> None:
    assert calipso("tree", "--depth", "0", store=store).status == 0
    said = calipso("tree", store=two)
    assert said.status == 2
    assert "which environment? The store contains lb, ovs" in said.err
    assert calipso("tree", "--depth", "0", store=two, CALIPSO_ENV="lb").out.startswith("lb ")


def test_an_unknown_environment_is_told_with_the_known_ones(store: Path) -> None:
    said = calipso("tree", "-e", "prod", store=store)
    assert (said.status, said.out) == (2, "")
    assert 'no environment "prod" (the store holds: lab)' in said.err


def test_a_slip_of_the_pen_makes_no_store(tmp_path: Path) -> None:
    said = calipso("tree", store=tmp_path / "none.db")
    assert said.status == 2
    assert "there is no store" in said.err
    assert list(tmp_path.iterdir()) == []


def test_the_store_may_stand_on_either_side_of_the_command(store: Path) -> None:
    assert calipso("tree", "--depth", "0", "--store", store).status == 0
    assert calipso("tree", "--depth", "0", CALIPSO_STORE=str(store)).status == 0


def test_a_file_that_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("hello")
    said = calipso("tree", store=tmp_path / "x.db")
    assert said.status == 1
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    assert "Traceback" in calipso("tree", "-v", store=tmp_path / "x.db").err


def test_a_store_uri_of_no_known_kind() -> None:
    assert calipso("tree", store="http://example.invalid/x").status == 2


# --- show and search


def test_show_by_name_id_address_and_type(store: Path) -> None:
    document = calipso("show", "web-1", "-o", "json", store=store).json
    assert document["type"] == "instance"
    mac, address = document["network_info"][0]["address"], document["network_info"][0]["ips"][0]["address"]
    for way in (document["id"], f"instance:{document['id']}", "instance:web-1", "WEB-1"):
        assert calipso("show", way, "-o", "json", store=store).json == document, way
    for way in (mac, mac.upper().replace(":", "-"), address):
        found = calipso("show", way, "--type", "instance", "-o", "json", store=store)
        assert found.json == document, way
    vnic = calipso("show", mac, "--type", "vnic", "-o", "json", store=store).json
    assert vnic["mac_address"] == mac


def test_an_address_of_several_objects_lists_them(store: Path) -> None:
    mac = calipso("show", "web-1", "-o", "json", store=store).json["mac_addresses"][0]
    said = calipso("show", mac, store=store)
    assert (said.status, said.out) == (2, "")
    listed = [shlex.split(line)[0] for line in said.err.splitlines()[1:]]
    assert {one.partition(":")[0] for one in listed} == {"port", "vnic"}
    for one in listed:
        assert calipso("show", one, store=store).status == 0, one


def test_the_whole_of_an_object_is_shown(store: Path) -> None:
    shown = calipso("show", "web-1", store=store).out
    document = calipso("show", "web-1", "-o", "json", store=store).json
    assert document["id"] in shown
    assert document["network_info"][0]["devname"] in shown
    assert "m1.nano" in shown
    assert "last confirmed" in shown


def test_a_reference_tells_what_it_refers_to(store: Path) -> None:
    assert calipso("show", "cmp1", store=store).out.startswith("cmp1  host ")
    shown = calipso("show", "cmp1", "--type", "host_ref", store=store).out
    assert "refers to" in shown
    assert "host:cmp1" in shown


def test_what_is_not_there_is_told_with_what_is_like_it(store: Path) -> None:
    said = calipso("show", "web", store=store)
    assert said.status == 2
    assert "Did you mean" in said.err
    assert "web-1" in said.err
    assert calipso("show", "web-1", "--type", "host", store=store).status == 2
    assert calipso("show", "nonesuch", store=store).status == 2


def test_search(store: Path) -> None:
    shown = calipso("search", "web-1", store=store)
    assert shown.out.splitlines()[0].split() == ["TYPE", "NAME", "ID", "WHERE"]
    assert any(line.startswith("instance") for line in shown.out.splitlines())
    nothing = calipso("search", "nonesuch", store=store)
    assert (nothing.status, nothing.out) == (0, "")
    assert (
        calipso("search", "tap", "--type", "vnic", "--limit", "2", "-o", "json", store=store).json[0]["type"] == "vnic"
    )
    assert len(calipso("search", "a", "--limit", "3", "-o", "json", store=store).json) == 3


def test_search_with_conditions(store: Path) -> None:
    every = calipso("search", "e", "-o", "json", "--limit", "1000", store=store).json
    host = next(one["host"] for one in every if one["type"] == "instance")
    there = calipso("search", "e", "-w", f"host={host}", "-w", "type=instance", "-o", "json", store=store).json
    assert there == [one for one in every if (one["type"], one.get("host")) == ("instance", host)]
    nothing = calipso("search", "e", "-w", "host=nonesuch", store=store)
    assert (nothing.status, nothing.out) == (0, "")
    assert 'nothing that matches contains "e"' in nothing.err


def test_several_environments_are_searched_at_once(two: Path) -> None:
    found = calipso("search", "gw-1", "-t", "instance", "-o", "json", store=two).json
    assert [one["environment"] for one in found] == ["lb", "ovs"]
    said = calipso("show", "gw-1", store=two)
    assert said.status == 2
    assert " -e lb " in said.err
    assert calipso("show", "gw-1", "-e", "lb", store=two).status == 0


# --- links and cliques


def test_links_of_an_object_and_of_a_type(store: Path) -> None:
    rows = calipso("links", "web-1", "-o", "json", store=store).json
    assert [row["link_type"] for row in rows] == ["instance-vnic"]
    every = calipso("links", "--type", "vnic-vedge", "-o", "json", store=store).json
    assert every
    assert {row["link_type"] for row in every} == {"vnic-vedge"}
    table = calipso("links", "--type", "instance-vnic", store=store).out.splitlines()
    assert table[0].split() == ["TYPE", "SOURCE", "TARGET", "STATE", "HOST", "NETWORK", "_ID"]
    assert any("web-1" in line and "acme-web" in line for line in table)
    assert calipso("links", "--type", "vnic", store=store).status == 2
    assert calipso("links", "--implicit", store=store).err == "no matching links in lab\n"


def test_a_clique_is_drawn_as_the_way_to_switch_and_network(store: Path) -> None:
    shown = calipso("clique", "web-1", store=store)
    types = [line.lstrip("├└─│ ").split(" ")[0] for line in shown.out.splitlines() if line.strip("│ ")]
    order = ["instance", "vnic", "vconnector", "vedge", "otep", "host_pnic", "switch_pnic", "switch", "network"]
    assert [type_ for type_ in types if type_ != "path"][: len(order)] == order
    assert "VNI " in shown.out
    assert "tag " in shown.out
    assert "(see above)" not in shown.out, "an overlay's packets leave by the tunnel endpoint only"


def test_a_clique_as_data_has_its_links_and_nodes(store: Path) -> None:
    document = calipso("clique", "web-1", "-o", "json", store=store).json
    assert [link["_id"] for link in document["links_detailed"]] == document["links"]
    assert [node["_id"] for node in document["nodes_detailed"]] == document["nodes"]
    assert document["focal_point_object_id"] == document["nodes_detailed"][0]["id"]


def test_what_has_no_clique(store: Path) -> None:
    said = calipso("clique", "cmp1", store=store)
    assert said.status == 2
    assert "host cmp1 of lab has no clique: no link that it may begin with is there" in said.err
    said = calipso("clique", "acme", store=store)
    assert said.status == 2
    assert "a project has no clique; only these types do: " in said.err


def test_a_mac_address_finds_the_instance_to_draw(store: Path) -> None:
    mac = calipso("show", "web-1", "-o", "json", store=store).json["mac_addresses"][0]
    assert calipso("clique", mac, store=store).out == calipso("clique", "web-1", store=store).out


# --- explain


def test_an_object_is_explained_by_its_evidence(store: Path) -> None:
    shown = calipso("explain", "web-1", store=store).out
    assert "GET compute /servers/detail" in shown
    assert "ScanHost/instance/Instances" in shown
    assert "2026-01-02T03:04:05" in shown
    explained = calipso("explain", "web-1", "-o", "json", store=store).json
    assert {one["source"] for one in explained["evidence"]} == {"api"}
    assert explained["known_since"] == "2026-01-02T03:04:05+00:00"
    assert explained["last_confirmed"]


def test_a_link_is_explained_by_its_rule_and_both_ends(store: Path) -> None:
    link = calipso("links", "--type", "vnic-vconnector", "-o", "json", store=store).json[0]
    by_id = calipso("explain", link["_id"], store=store)
    assert "is a member of" in by_id.out
    assert "virsh" in by_id.out
    assert "ip -j -d address" in by_id.out
    ends = [f"{link[f'{end}_type']}:{link[f'{end}_id']}" for end in ("source", "target")]
    assert calipso("explain", *ends, store=store).out == by_id.out
    assert calipso("explain", *reversed(ends), store=store).out == by_id.out
    document = calipso("explain", link["_id"], "-o", "json", store=store).json
    assert document["ends"]["source"]["id"] == link["source_id"]


def test_a_link_that_is_not_there_or_not_the_only_one(store: Path) -> None:
    assert "no link joins" in calipso("explain", "web-1", "cmp1", store=store).err
    assert calipso("explain", "web-1", "nonesuch", store=store).status == 2
    assert calipso("explain", "0" * 24, store=store).status == 2
    several = calipso("explain", "gw-1", "vNICs", store=store)
    assert several.status == 2


def test_a_name_that_fits_many_is_tried_with_the_other_end(store: Path) -> None:
    assert calipso("show", "eth1", store=store).status == 2
    shown = calipso("explain", "eth1", "t-cmp1", store=store)
    assert shown.status == 0
    assert "hears t-cmp1 by LLDP" in shown.out
