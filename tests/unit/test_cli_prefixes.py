# SPDX-License-Identifier: Apache-2.0
"""Command prefixes of distributions whose tools live in containers."""

from __future__ import annotations

import shlex
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir import metadata
from calipso_nornir.errors import EnvironmentInvalid
from calipso_nornir.metadata.forms import CommandPrefixesFile
from calipso_nornir.model.queries import Command
from calipso_nornir.sources.cli.framing import ScriptStep
from calipso_nornir.sources.cli.prefixes import Prefixes

ROOT = "docker exec --user root"


def shipped() -> list[dict[str, Any]]:
    rules = CommandPrefixesFile.model_validate_json((files(metadata) / "data" / "command_prefixes.json").read_bytes())
    return [rule.model_dump() for rule in rules.command_prefixes]


def step(text: str, distribution: str, version: str = "", *, own: tuple[dict[str, Any], ...] = ()) -> ScriptStep:
    prefixes = Prefixes.of(shipped(), distribution=distribution, distribution_version=version, own=own)
    return prefixes.step(Command("h", text))


# spec discovery 3.3, "Command translation for Mercury", with the options that our own fetchers use
@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("virsh list --uuid --all", "novalibvirt_10239"),
        ("ip link show bond0", "ovs_vswitch_10239"),
        ("ip -d link show bond0", "ovs_vswitch_10239"),
        ("ip -j -d link", "ovs_vswitch_10239"),
        ("bridge fdb show", "ovs_vswitch_10239"),
        ("brctl show", "ovs_vswitch_10239"),
        ("ovs-vsctl -f json list Bridge", "ovs_vswitch_10239"),
        ("ovs-dpctl show", "ovs_vswitch_10239"),
        ("ip netns exec qdhcp-11 ip -j -d address", "neutron_dhcp_agent_10239"),
        ("ip netns exec qrouter-11 ip link", "neutron_l3_agent_10239"),
    ],
)
def test_mercury(text: str, prefix: str) -> None:
    assert step(text, "Mercury", "10239") == ScriptStep((f"{ROOT} {prefix} {text}",), 30, root=True)


@pytest.mark.parametrize(
    "text", ["ip address show", "ip -j -d address", "ethtool eth0", "ls -l /sys", "cat x", "vppctl show int"]
)
def test_mercury_leaves_the_rest_on_the_host(text: str) -> None:
    assert step(text, "Mercury", "10239") == ScriptStep((text,), 30, root=False)


def test_name_spaces_that_are_spread_over_two_containers() -> None:
    prefixes = [f"{ROOT} neutron_{agent}_agent_1 ip netns list" for agent in ("l3", "dhcp")]
    assert step("ip netns list", "Mercury", "1") == ScriptStep(tuple(prefixes), 30, root=True)


def test_kolla() -> None:
    assert step("ovs-vsctl show", "Kolla").texts == (f"{ROOT} openvswitch_vswitchd ovs-vsctl show",)
    assert step("virsh dumpxml x", "Kolla").texts == (f"{ROOT} nova_libvirt virsh dumpxml x",)
    query = "ovsdb-client --timeout=60 --no-leader-only query {} '[]'"
    for remote, container in (
        ("unix:/var/run/ovn/ovnnb_db.sock", "ovn_nb_db"),
        ("unix:/var/run/ovn/ovnsb_db.sock", "ovn_sb_db"),
        ("tcp:192.0.2.1:6642", "openvswitch_vswitchd"),
    ):
        assert step(query.format(remote), "Kolla").texts == (f"{ROOT} {container} {query.format(remote)}",)
    assert step("ip netns list", "Kolla") == ScriptStep(("ip netns list",), 30)


def test_other_distributions_have_none() -> None:
    for text in ("virsh list", "ip netns list", "ovs-vsctl show"):
        assert step(text, "Debian") == ScriptStep((text,), 30)


def test_rules_of_the_environment_go_first() -> None:
    own = {"program": "virsh", "prefix": ["podman", "exec", "nova virt'queue"]}
    assert step("virsh list", "Kolla", own=(own,)).texts == ("podman exec 'nova virt'\"'\"'queue' virsh list",)
    for_others = {**own, "distribution": "Other"}
    assert step("virsh list", "Kolla", own=(for_others,)).texts == (f"{ROOT} nova_libvirt virsh list",)


def test_a_version_of_its_own() -> None:
    rules = [{"distribution": "X", "distribution_version": 27747, "program": "virsh", "prefix": ["new"]}]
    for version, text in (("27747", "new virsh"), ("1", "virsh")):
        prefixes = Prefixes.of(rules, distribution="X", distribution_version=version)
        assert prefixes.step(Command("h", "virsh")).texts == (text,)


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ({"prefix": ["x"]}, "program"),
        ({"program": " ", "prefix": ["x"]}, "program"),
        ({"program": 7, "prefix": ["x"]}, "program"),
        ({"program": "x"}, "prefix"),
        ({"program": "x", "prefix": []}, "prefix"),
        ({"program": "x", "prefix": "docker exec y"}, "prefix"),
        ({"program": "x", "prefix": ["a", None]}, "prefix"),
    ],
)
def test_a_rule_that_is_none_is_a_fault_with_its_place(rule: dict[str, Any], where: str) -> None:
    with pytest.raises(EnvironmentInvalid, match=f"CLI/prefixes/0/{where}"):
        Prefixes.of([], distribution="", distribution_version="", own=[rule])


@given(st.text(max_size=40), st.text(max_size=10))
def test_a_hostile_text_or_version_changes_nothing_but_itself(text: str, version: str) -> None:
    plain = step(text, "Mercury", version)
    assert all(one.endswith(text) for one in plain.texts)
    if plain.root:
        words = shlex.split(plain.texts[0].removesuffix(text))
        assert words[:4] == ["docker", "exec", "--user", "root"]
        assert len(words) == 5
        assert words[4].endswith(f"_{version}")
