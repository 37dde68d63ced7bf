# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - JSON of any shape
"""Declared tables in switches' answers: paths, columns, words; port names and sets of VLANs."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.column_values import mac_or_text, value_of
from calipso_nornir.parsing.json_paths import Unlike, column_problem, path_problem, rows
from calipso_nornir.parsing.port_names import PortNames
from calipso_nornir.parsing.switch_rows import LagMember, LearnedMac
from calipso_nornir.parsing.switch_tables import SwitchParser, Table, json_of, junos_of
from calipso_nornir.parsing.templates import Template
from calipso_nornir.parsing.vlan_ranges import EVERY, ranges, vlans_in

NESTED = {"a": {"x": {"b": [{"c": 1}, {"c": 2}]}, "y": {"b": {"c": 3}}}}


@pytest.mark.parametrize(
    ("document", "path", "column", "expected"),
    [
        (NESTED, "a.*.b.[]", "c", [1, 2, 3]),
        (NESTED, "a.*.b.[]", "^@key", ["x", "x", "y"]),
        ({"x": {"b": {"c": 3}}, "y": {}}, "*", "b?.c?", [3, None]),
        ([{"c": 1}], "[]", "c", [1]),
        ({"c": 1}, "[]", "c", [1]),
        ({"t": [{"c": 1}]}, "t", "c", [1]),
        ({}, "t?.r.[]", "c", []),
        ({"t": ""}, "t.r?.[]", "c", []),
        ({"t": {"r": []}}, "t.r.[]", "c", []),
    ],
)
def test_rows_and_columns(document: Any, path: str, column: str, expected: list[Any]) -> None:
    assert [row.get(column) for row in rows(document, path)] == expected


@pytest.mark.parametrize(
    ("document", "path", "column", "told"),
    [
        ({"a": {}}, "a.b", "c", '$.a: "b" is missing; there are no members'),
        ({"a": {"d": 1}}, "a.b", "c", '$.a: "b" is missing; there are d'),
        (7, "", "c?", '$: expected an object with "c", found 7'),
        ({"a": 5}, "a.*", "c", "$.a: expected an object, found 5"),
        ({"a": 5}, "a.[]", "c", "$.a: expected a list, found 5"),
        ({"a": [{"c": {"d": 1}}]}, "a.[]", "c.e", '$.a[0].c: "e" is missing; there are d'),
        ({"a": ["x"]}, "a.[]", "c", "$.a[0]: expected an object with \"c\", found 'x'"),
        ({"a": [1]}, "a.[]", "^^c", '$: "^c" leads above the document'),
    ],
)
def test_another_shape_is_told_with_its_place(document: Any, path: str, column: str, told: str) -> None:
    with pytest.raises(Unlike, match=re.escape(told)):
        [row.get(column) for row in rows(document, path)]


def test_paths_that_are_none() -> None:
    assert (path_problem("a.*.b?.[]"), column_problem("^@key", "a.*"), path_problem("")) == ("", "", "")
    assert '"a b" is not a part of a path' in path_problem("x.a b")
    assert '"a..b" is not a path' in column_problem("a..b")
    assert "goes up 2 times, and only 1" in column_problem("^^a", "x.*")


NAMES = PortNames(
    ["Ethernet1/1", "Ethernet1/10", "port-channel5", "GigabitEthernet1/0/1", "xe-0/0/2", "ae0", "swp1", "bond0", "eth1"]
)


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("Ethernet1/1", "Ethernet1/1"),
        ("Eth1/1", "Ethernet1/1"),
        ("Et1/1", "Ethernet1/1"),
        ('"Ethernet1/10"', "Ethernet1/10"),
        ("Po5", "port-channel5"),
        ("Port-Channel5", "port-channel5"),
        ("Gi1/0/1", "GigabitEthernet1/0/1"),
        ("xe-0/0/2.0*", "xe-0/0/2"),
        ("ae0.0", "ae0"),
        ("swp1", "swp1"),
        ("Et1", "eth1"),
        ("Ethernet1/2", None),
        ("Vlan1", None),
        ("nve1(10.0.0.1)", None),
        ("CPU", None),
        ("", None),
        (None, None),
    ],
)
def test_forms_of_port_names(told: str | None, name: str | None) -> None:
    assert NAMES.find(told) == name


def test_a_form_that_could_be_several_ports_is_none() -> None:
    assert PortNames(["TwoGigabitEthernet1/0/1", "TwentyFiveGigE1/0/1"]).find("Tw1/0/1") is None


def test_sets_of_vlans() -> None:
    assert ranges([30, 10, 20, 21, 22, 20]) == "10,20-22,30"
    assert ranges([]) == ""
    assert vlans_in("10, 20-22") == {10, 20, 21, 22}
    assert vlans_in("ALL") == vlans_in(EVERY) == set(range(1, 4095))
    assert vlans_in("none") == set()
    for wrong in ("x", "10-", "22-20", "0", "5000", "1;2"):
        with pytest.raises(ValueError, match="is not a VLAN or a range"):
            vlans_in(wrong)


@pytest.mark.parametrize(
    ("text", "mac"),
    [
        ("0200.0000.0015", "02:00:00:00:00:15"),
        ("02-00-00-00-00-15", "02:00:00:00:00:15"),
        ("02:00:00:00:00:AB", "02:00:00:00:00:ab"),
        ("192.168.128.102", "192.168.128.102"),
        ("020000000015", "020000000015"),
    ],
)
def test_forms_of_mac_addresses(text: str, mac: str) -> None:
    assert mac_or_text(text) == mac


@pytest.mark.parametrize(
    ("name", "type_", "told", "words", "value"),
    [
        ("mtu", "int | None", "9000", None, 9000),
        ("mtu", "int | None", 9000, None, 9000),
        ("mtu", "int | None", "N/A", None, None),
        ("tagged", "bool | None", 1, None, True),
        ("allowed", "str | None", ["1-3", "5"], None, "1-3,5"),
        ("serial", "str | None", ["A1", "B2"], None, "A1"),
        ("tagged", "bool | None", ["PVID", "Egress Untagged"], {"*Untagged*": False, "*": True}, False),
        ("tagged", "bool | None", None, {"*Untagged*": False, "*": True}, True),
    ],
)
def test_values(name: str, type_: str, told: Any, words: Any, value: Any) -> None:
    assert value_of(name, type_, told, words) == value


@pytest.mark.parametrize(
    ("name", "type_", "told", "words", "problem"),
    [
        ("mtu", "int | None", "many", None, "expected a whole number, found 'many'"),
        ("mtu", "int | None", True, None, "expected a whole number, found True"),
        ("up", "bool", "up", None, "expected true or false, found 'up'"),
        ("up", "bool", "dim", {"up": True}, "expected one of 'up', found 'dim'"),
        ("port", "str", {"a": 1}, None, "expected a text, found {'a': 1}"),
        ("mac_address", "str", "router", None, "expected a MAC address, found 'router'"),
        ("allowed", "str", "1-x", None, '"1-x" is not a VLAN or a range of VLANs'),
    ],
)
def test_values_that_are_none(name: str, type_: str, told: Any, words: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        value_of(name, type_, told, words)


def lags(reads: Any = None, **more: Any) -> SwitchParser:
    columns = {"lag": ("l",), "port": ("p",), "active": ("a?",)}
    return SwitchParser(
        name="lags", kind="lags", reads=reads or json_of("lags"), tables=[Table(rows="[]", columns=columns, **more)]
    )


def test_lists_side_by_side_make_one_row_each() -> None:
    parser = lags(each=("p", "a?"), words={"active": {"P": True, "s": False}})
    assert parser(json.dumps([{"l": "Po1", "p": ["x", "y"], "a": ["P", "s"]}])) == (
        LagMember(lag="Po1", port="x", active=True),
        LagMember(lag="Po1", port="y", active=False),
    )
    with pytest.raises(ParseError, match=r"\$\[0\]: expected lists of one length in p, a\?"):
        parser(json.dumps([{"l": "Po1", "p": ["x", "y"], "a": ["P"]}]))


def test_rows_are_chosen_by_what_they_say() -> None:
    parser = lags(where={"l": ("Po1",)}, unless={"a?": ("false",)})
    told = [{"l": "Po1", "p": "x", "a": True}, {"l": "Po1", "p": "y", "a": False}, {"l": "Po2", "p": "z", "a": True}]
    assert parser(json.dumps(told)) == (LagMember(lag="Po1", port="x", active=True),)


def test_a_row_without_what_it_needs() -> None:
    with pytest.raises(ParseError, match=r'lags cannot read it: \$\[0\]: "active" has no value \(a\?\)'):
        lags()(json.dumps([{"l": "Po1", "p": "x"}]))


def test_junos_writes_every_value_in_a_list() -> None:
    parser = lags(junos_of("lags"))
    one = {"l": [{"data": "ae0"}], "p": [{"data": "xe-0/0/1", "attributes": {}}], "a": [{"data": True}]}
    assert parser(json.dumps([one])) == (LagMember(lag="ae0", port="xe-0/0/1", active=True),)


TEMPLATE = "Value PORT (\\S+)\nValue MAC_ADDRESS ([0-9a-f.]+)\n\nStart\n  ^${PORT} has ${MAC_ADDRESS}$$ -> Record\n"


def macs(**more: Any) -> SwitchParser:
    columns = {"port": ("port",), "mac_address": ("mac_address",)}
    template = Template("macs", TEMPLATE)
    tables = [Table(rows="[]", columns=columns)]
    return SwitchParser(name="macs", kind="macs", reads=template.rows_of_known_lines, tables=tables, **more)


def test_a_line_that_no_rule_knows_is_an_error_unless_it_is_declared_to_say_nothing() -> None:
    text = "---\n\nEt1 has 0200.0000.0015\n"
    with pytest.raises(ParseError, match="unexpected line, line 1 '---'"):
        macs()(text)
    found = (LearnedMac(port="Et1", mac_address="02:00:00:00:00:15"),)
    assert macs(skip=(re.compile("^-+$"),))(text) == found
    assert Template("macs", TEMPLATE).rows(text) == [{"port": "Et1", "mac_address": "0200.0000.0015"}]


def test_answers_that_mean_nothing() -> None:
    parser = macs(nothing=(re.compile(""), re.compile("no addresses")))
    assert parser("") == parser(" no addresses\n") == ()
