# SPDX-License-Identifier: Apache-2.0
"""Every golden pair passes, and every template and parser has the pairs that it needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from calipso_nornir.parsing.registry import PARSERS, load_parsers
from calipso_nornir.parsing.templates import shipped
from calipso_nornir.resources import data
from calipso_nornir.testing.parser_cases import ParserCase, find_cases, run_case

HERE = Path(__file__).parent
CASES = find_cases(HERE)
LOADED = load_parsers(())
TEMPLATES = sorted(shipped())
GENERIC = {"json", "lines"}  # they know no tool: tests/unit/test_parsing_registry.py


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_pair(case: ParserCase) -> None:
    assert run_case(case, LOADED) == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_template_has_a_pair_an_empty_case_and_one_that_names_the_line(name: str) -> None:
    assert [case for case in CASES if (case.parsed or {}).get(name)], "no pair with rows"
    assert [case for case in CASES if not case.raw.strip() and (case.parsed or {}).get(name) == []], "no empty case"
    refused = [case.fails[name] for case in CASES if case.fails and name in case.fails]
    assert [refusal for refusal in refused if refusal.get("line_number") and refusal.get("line")], "no must-fail case"


@pytest.mark.parametrize("name", sorted(PARSERS.keys() - GENERIC))
def test_parser_has_a_pair_and_a_case_that_it_refuses(name: str) -> None:
    assert [case for case in CASES if name in (case.parsed or {})]
    assert [case for case in CASES if name in (case.fails or {})]


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_state_ends_in_an_error(name: str) -> None:
    source = (data("parsers") / "templates" / f"{name}.textfsm").read_text()
    _, _, rules = source.partition("\n\n")
    states = [block.strip().splitlines() for block in rules.split("\n\n") if block.strip() != "EOF"]
    for state in states:
        assert state[-1] == "  ^. -> Error", state[0]
    assert "Required" not in source.partition("Value")[2]


def test_vocabulary_lists_what_the_templates_capture_and_nothing_else() -> None:
    vocabulary = (data("parsers") / "VOCABULARY.md").read_text()
    listed = set(
        re.findall(r"[A-Z][A-Z0-9_]+", " ".join(re.findall(r"^\| ([A-Z0-9_, ]+) \|", vocabulary, re.MULTILINE)))
    )
    captured = {column.upper() for template in shipped().values() for column in template.columns}
    assert listed == captured


@pytest.mark.parametrize(
    ("command", "template"),
    [
        ("ip -d address", "linux_ip_address"),
        ("ip addr", "linux_ip_address"),
        ("ip address show", "linux_ip_address"),
        ("ip -d address show eth0", None),  # a filter may leave interfaces out: not ours
        ("ip netns list", "linux_ip_netns"),
        ("bridge fdb show", "linux_bridge_fdb"),
        ("brctl show", "linux_brctl_show"),
        ("brctl showmacs br0", None),
        ("ovs-vsctl show", "linux_ovs-vsctl_show"),
        ("ethtool eth0", "linux_ethtool"),
        ("ethtool -i eth0", "linux_ethtool_-i"),
        ("ethtool -S eth0", None),
        ("cat /proc/net/bonding/bond0", "linux_cat_proc_net_bonding"),
        ("virsh list --all --uuid", "linux_virsh_list_uuid"),
        ("ls -l /sys/class/net", "linux_ls_-l_sys_class_net"),
        ("vppctl show version", "linux_vppctl_show_version"),
        ("vppctl show int", "linux_vppctl_show_interface"),
        ("vppctl show interface addr", "linux_vppctl_show_interface_addr"),
        ("vppctl show bridge-domain", "linux_vppctl_show_bridge-domain"),
        ("vppctl show bridge-domain 7 detail", None),
    ],
)
def test_index_finds_the_template_of_a_command(command: str, template: str | None) -> None:
    found = shipped().find("linux", command)
    assert (found and found.name) == template
    assert shipped().find("cisco_nxos", command) is None
