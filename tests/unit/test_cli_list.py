# SPDX-License-Identifier: Apache-2.0
"""list, get, and what they share with other verbs: conditions, columns, order, unknown names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.analysis.filtering import condition, filtered, rank, told
from calipso_nornir.errors import InvalidRequest, UnknownName
from tests.fixtures.cli import calipso
from tests.fixtures.recorded import bundle, filled

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("list")
    return filled(folder / "s.db", bundle(folder / "ovs.calipso"))


# --- conditions

ROW: dict[str, Any] = {
    "name": "web-1",
    "status": "ACTIVE",
    "mtu": 1450,
    "weight": 1.5,
    "up": True,
    "mac_address": "fa:16:3e:aa:00:01",
    "addresses": ["10.1.2.3/24", "2001:db8::1/64"],
    "cidr": "10.1.2.0/24",
    "created": "2026-01-02T03:04:05+00:00",
    "OS": {"name": "Debian", "version": "12"},
    "ips": [{"address": "10.9.0.1"}, {"address": "10.9.0.2"}],
    "provider:network_type": "vxlan",
    "empty": None,
    "nothing": [],
}


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("name=web-1", True),
        ("name=WEB-1", True),
        ("name=web-*", True),
        ("name=*-?", True),
        ("name=web", False),
        ("name=db-*", False),
        ("status!=ERROR", True),
        ("status!=active", False),
        ("mtu=1450", True),
        ("mtu=1450.0", True),
        ("mtu=1400..1500", True),
        ("mtu=1451..", False),
        ("mtu=..1450", True),
        ("mtu>1450", False),
        ("mtu>=1450", True),
        ("mtu<9000", True),
        ("mtu<=100", False),
        ("weight=1.5", True),
        ("weight=1.4..1.6", True),
        ("name>5", False),
        ("mtu>high", False),
        ("OS>high", False),
        ("OS<high", False),
        ("up=true", True),
        ("up=yes", True),
        ("up=no", False),
        ("mac_address=FA-16-3E-AA-00-01", True),
        ("addresses=10.0.0.0/8", True),
        ("addresses=10.1.2.3", True),
        ("addresses=2001:0db8:0::1", True),
        ("addresses=2001:db8::/32", True),
        ("addresses=192.168.0.0/16", False),
        ("addresses=10.1.2.1..10.1.2.9", True),
        ("cidr=10.1.0.0/16", True),
        ("created>2026-01-01", True),
        ("created=2026-01-01..2026-01-02T12", True),
        ("created<2025", False),
        ("OS.name=debian", True),
        ("OS.version>=12", True),
        ("ips.address=10.9.0.2", True),
        ("ips.address!=10.9.0.2", False),
        ("provider:network_type=vxlan", True),
        ("mtu", True),
        ("empty", False),
        ("!empty", True),
        ("nothing=", True),
        ("!mtu", False),
    ],
)
def test_conditions(text: str, fits: bool) -> None:  # noqa: FBT001 - a row of a table
    assert (filtered([ROW], [condition(text)]) == [0]) is fits


@pytest.mark.parametrize("text", ["", "=x", "!", "!a=b", "  "])
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is not a condition"):
        condition(text)


def test_an_unknown_attribute_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r'"stauts" is not an attribute\. Did you mean status'):
        filtered([ROW], [condition("stauts=x")])
    assert filtered([], [condition("stauts=x")]) == []


def test_order_is_natural_and_what_is_missing_comes_last() -> None:
    rows: list[dict[str, Any]] = [
        {"a": "eth10"},
        {"a": "eth9"},
        {},
        {"a": None},
        {"a": "10.0.0.10"},
        {"a": "10.0.0.9"},
        {"a": 7},
    ]
    ordered = [row.get("a") for row in sorted(rows, key=lambda row: rank(row, "a"))]
    assert ordered == [7, "10.0.0.9", "10.0.0.10", "eth9", "eth10", None, None]


def test_cells() -> None:
    assert told(ROW, "addresses") == "10.1.2.3/24, 2001:db8::1/64"
    assert told(ROW, "ips.address") == "10.9.0.1, 10.9.0.2"
    assert told(ROW, "up") == "yes"
    assert told(ROW, "OS") == '{"name": "Debian", "version": "12"}'
    assert told(ROW, "empty") == ""


# --- the command


def test_types_are_listed_without_one(store: Path) -> None:
    lines = calipso("list", store=store).out.splitlines()
    assert lines[0].split() == ["TYPE", "COUNT"]
    assert ["instance", "2"] in [line.split() for line in lines]
    assert "instance" in calipso("list", "-o", "name", store=store).out.split()
    assert {"environment": "lab", "type": "instance", "count": 2} in calipso("list", "-o", "json", store=store).json


@pytest.mark.parametrize("type_", ["instance", "instances", "Instance", "INSTANCES"])
def test_a_type_by_any_of_its_names(store: Path, type_: str) -> None:
    for verb in ("list", "get"):
        said = calipso(verb, type_, store=store)
        assert said.out.splitlines()[0].split() == ["NAME", "HOST", "DETAILS"]
        assert [line.split()[0] for line in said.out.splitlines()[1:]] == ["gw-1", "web-1"]


def test_dashes_and_plurals(store: Path) -> None:
    assert calipso("list", "host-pnics", "-o", "json", store=store).json
    assert calipso("list", "switches", "-o", "json", store=store).json
    assert calipso("list", "aggregates", store=store).status == 0


def test_unknown_types_are_refused_with_the_nearest_everywhere(store: Path) -> None:
    for arguments in (
        ["list", "instnce"],
        ["show", "web-1", "-t", "instnce"],
        ["search", "web", "-t", "instnce"],
        ["tree", "web-1", "-t", "instnce"],
        ["clique", "web-1", "-t", "instnce"],
        ["explain", "web-1", "-t", "instnce"],
    ):
        said = calipso(*arguments, store=store)
        assert (said.status, said.out) == (2, ""), arguments
        assert "Did you mean instance" in said.err, arguments
    said = calipso("links", "-t", "vnic-vege", store=store)
    assert said.status == 2
    assert "Did you mean vnic-vedge" in said.err


def test_a_declared_type_without_objects_is_no_mistake(store: Path) -> None:
    said = calipso("list", "port", "-w", "name=nonesuch", store=store)
    assert (said.status, said.out, said.err) == (0, "", "no port matches in lab\n")


def test_filters_columns_and_order(store: Path) -> None:
    rows = calipso("list", "vnic", "-w", "host=cmp1", "-w", "mac_address=fa:*", "-o", "json", store=store).json
    assert rows
    assert {row["host"] for row in rows} == {"cmp1"}
    shown = calipso("list", "host_pnic", "-c", "host,name,mac_address", "-s", "host", "-s", "name", store=store).out
    lines = [line.split() for line in shown.splitlines()]
    assert lines[0] == ["HOST", "NAME", "MAC_ADDRESS"]
    assert [line[:2] for line in lines[1:]] == sorted(line[:2] for line in lines[1:])
    back = calipso(
        "list", "host_pnic", "-c", "host,name,mac_address", "-s", "host", "-s", "name", "-r", store=store
    ).out
    assert back.splitlines()[1:] == shown.splitlines()[:0:-1]
    for option in (["-c", "hots"], ["-s", "hots"], ["-w", "hots=cmp1"]):
        said = calipso("list", "vnic", *option, store=store)
        assert said.status == 2
        assert "Did you mean host" in said.err
    assert calipso("list", "vnic", "-c", ",", store=store).status == 2


def test_only_some_objects(store: Path) -> None:
    names = [row["name"] for row in calipso("get", "instance", "web-1", "gw-1", "-o", "json", store=store).json]
    assert names == ["gw-1", "web-1"]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["get", "instance", "nonesuch"], '"instance nonesuch" was not found in environment lab.\n'),
        (["get", "instance", "web-1", "wbe-1"], '"instance wbe-1" was not found in environment lab. Did you mean'),
        (["get", "instance", "host=cmp1"], "Did you mean --where host=cmp1?"),
        (["show", "wbe-1"], "(web-1)"),
        (["show", "WBE-1"], "(web-1)"),
        (["show", "instance:wbe-1"], "(web-1)"),
        (["links", "wbe-1"], "(web-1)"),
        (["clique", "wbe-1"], "(web-1)"),
        (["tree", "wbe-1"], "(web-1)"),
        (["explain", "wbe-1"], "(web-1)"),
        (["links", "--type", "vnic-vegde"], '"vnic-vegde" is not a link type. Did you mean vnic-vedge'),
        (["links", "--state", "donw"], '"donw" is not a link state. Did you mean down?'),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(store: Path, command: list[str], told: str) -> None:
    said = calipso(*command, store=store)
    assert (said.status, said.out) == (2, "")
    assert told in said.err


def test_names_may_be_given_to_other_commands(store: Path) -> None:
    for name in calipso("list", "instance", "-o", "name", store=store).out.splitlines():
        assert calipso("show", name.strip("'"), store=store).status == 0


def test_wide_output_has_ids_and_places(store: Path) -> None:
    lines = calipso("list", "instance", "-o", "wide", store=store).out.splitlines()
    assert lines[0].split() == ["NAME", "HOST", "DETAILS", "ID", "LAST", "CONFIRMED", "WHERE"]


def test_several_environments(tmp_path: Path) -> None:
    both = filled(tmp_path / "two.db", bundle(tmp_path / "ovs.calipso", name="ovs"))
    assert calipso("replay", bundle(tmp_path / "lb.calipso", "lb", name="lb"), store=both).status == 0
    lines = calipso("list", "instance", store=both).out.splitlines()
    assert lines[0].split()[0] == "ENVIRONMENT"
    assert {line.split()[0] for line in lines[1:]} == {"ovs", "lb"}
    assert calipso("list", "instance", "-e", "lb", store=both).out.splitlines()[0].split()[0] == "NAME"


# --- links


def test_links_by_state_and_attribute(store: Path) -> None:
    every = calipso("links", "-o", "json", store=store).json
    for state in ("up", "down"):
        found = calipso("links", "--state", state, "-o", "json", store=store).json
        assert [one["_id"] for one in found] == [one["_id"] for one in every if one["state"] == state]
    hosts = calipso("links", "--where", "host=cmp1", "-o", "json", store=store).json
    assert {one["host"] for one in hosts} == {"cmp1"}
    assert calipso("links", "--state", "sideways", store=store).status == 2
    assert calipso("links", "--state", "UP", store=store).out == calipso("links", "--state", "up", store=store).out


def test_links_by_type_in_either_direction(store: Path) -> None:
    found = [
        calipso("links", "--type", type_, "-o", "json", store=store).json for type_ in ("vnic-vedge", "vedge-vnic")
    ]
    assert found[0]
    assert found[1] == found[0]


# --- scans show


def test_one_scan(store: Path) -> None:
    (row,) = calipso("scans", "-o", "json", store=store).json
    shown = calipso("scans", "show", store=store).out
    assert row["scan_id"] in shown
    assert "queries in" in shown
    assert "inventory " in shown
    assert calipso("scans", "show", row["scan_id"][:6], "-o", "json", store=store).json == row
    assert calipso("scans", "show", "last", "-e", "lab", store=store).out == shown
    assert "Instances" in calipso("scans", "show", "--all", store=store).out
    assert calipso("scans", "show", "zzz", store=store).status == 2
    said = calipso("scans", "-e", "lab", "show", store=store)
    assert said.status == 2
    assert "belongs after scans show" in said.err


def test_the_failures_of_a_scan_are_there_with_what_was_not_seen(tmp_path: Path) -> None:
    partly = tmp_path / "s.db"
    assert calipso("replay", bundle(tmp_path / "b.calipso", whole=False), store=partly).status == 3
    shown = calipso("scans", "show", store=partly).out
    assert "completed with errors" in shown
    assert "connection refused" in shown
    assert "not seen: " in shown
