# SPDX-License-Identifier: Apache-2.0
"""Which failure is the cause of which: a table, from the bottom up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calipso_nornir.monitoring.causes import Effect, FailingThing, effects

NONE: dict[str, frozenset[str]] = {}
HOST = FailingThing(of="host", type="host", height=0, host="cmp1", value=2, own=True)
SWITCH_PORT = FailingThing(of="port", type="switch_pnic", height=1, host=None, value=2, own=True)
NIC = FailingThing(of="nic", type="host_pnic", height=2, host="cmp1", value=2, own=True)
OTEP = FailingThing(of="otep", type="otep", height=4, host="cmp1", value=2)
BRIDGE = FailingThing(of="bridge", type="vconnector", height=5, host="cmp1", value=2, own=True)
VNIC = FailingThing(of="vnic", type="vnic", height=6, host="cmp1", value=2, own=True)
WIRE = FailingThing(of="wire", type="vnic-vconnector", height=6.5, host="cmp1", value=2, link=True)
SERVER = FailingThing(of="server", type="instance", height=8, host="cmp1", value=2)
ALL = frozenset({"host", "port", "nic", "otep", "bridge", "vnic", "wire", "server"})


def below(*conditions: FailingThing) -> dict[str, frozenset[str]]:
    """Everything is near everything."""
    return {one.of: ALL - {one.of} for one in conditions}


@pytest.mark.parametrize(
    ("conditions", "causes"),
    [
        ([NIC], {"nic": None}),
        ([NIC, SERVER], {"nic": None, "server": "nic"}),
        ([NIC, OTEP, SERVER], {"nic": None, "otep": "nic", "server": "nic"}),
        ([VNIC, WIRE, SERVER], {"vnic": None, "wire": "vnic", "server": "vnic"}),
        ([WIRE, SERVER], {"wire": None, "server": "wire"}),
        ([NIC, VNIC], {"nic": None, "vnic": None}),
        ([NIC, replace(SERVER, own=True)], {"nic": None, "server": None}),
        ([replace(NIC, value=1), SERVER], {"nic": None, "server": "nic"}),
        ([replace(NIC, value=3), SERVER], {"nic": None, "server": None}),
        ([replace(NIC, height=None), SERVER], {"nic": None, "server": None}),
        ([NIC, replace(SERVER, height=None)], {"nic": None, "server": None}),
        ([NIC, replace(SERVER, value=0)], {"nic": None, "server": None}),
    ],
)
def test_the_cause_is_what_is_furthest_down(conditions: list[FailingThing], causes: dict[str, str | None]) -> None:
    found = effects(conditions, below(*conditions), NONE)
    assert {of: one.cause for of, one in found.items()} == causes
    assert {of: one.value for of, one in found.items()} == {one.of: one.value for one in conditions}


def test_only_what_is_near_counts() -> None:
    found = effects([NIC, SERVER], {"server": frozenset({"bridge"})}, NONE)
    assert found["server"].cause is None


def test_what_is_on_a_dead_host_is_unknown_because_of_it() -> None:
    elsewhere = replace(SERVER, of="other", host="cmp2")
    conditions = [HOST, NIC, replace(VNIC, value=0), SERVER, elsewhere]
    assert effects(conditions, below(*conditions), NONE) == {
        "host": Effect(2),
        "nic": Effect(3, "host"),
        "vnic": Effect(3, "host"),
        "server": Effect(3, "host"),
        "other": Effect(2, "host"),
    }


def test_when_the_host_is_back_all_is_as_its_checks_say() -> None:
    conditions = [replace(HOST, value=0), NIC, replace(VNIC, value=0)]
    assert effects(conditions, below(*conditions), NONE) == {"host": Effect(0), "nic": Effect(2), "vnic": Effect(0)}


def test_a_bond_fails_because_of_its_members_and_not_the_other_way_round() -> None:
    bond = replace(NIC, of="bond")
    found = effects([bond, NIC], NONE, {"bond": frozenset({"nic"})})
    assert (found["bond"].cause, found["nic"].cause) == ("nic", None)


def test_the_far_end_of_a_tunnel_follows_from_the_nic_of_the_near_one() -> None:
    far = replace(OTEP, of="far", host="net1", value=1)
    pairs = {"otep": frozenset({"far"}), "far": frozenset({"otep"})}
    found = effects([NIC, OTEP, far], {"otep": frozenset({"nic"})}, pairs)
    assert {of: one.cause for of, one in found.items()} == {"nic": None, "otep": "nic", "far": "nic"}


@pytest.mark.parametrize(("far", "cause"), [(2, None), (1, "otep")])
def test_two_that_need_each_other_do_not_blame_each_other(far: int, cause: str | None) -> None:
    other = replace(OTEP, of="far", host="net1", value=far)
    found = effects([OTEP, other], NONE, {"otep": frozenset({"far"}), "far": frozenset({"otep"})})
    assert (found["otep"].cause, found["far"].cause) == (None, cause)


def test_three_members_of_a_circle_have_a_cause_among_them_or_none() -> None:
    ring = [replace(NIC, of=name) for name in "abc"]
    found = effects(ring, NONE, {"a": frozenset("b"), "b": frozenset("c"), "c": frozenset("a")})
    assert all(one.cause in {"a", "b", "c", None} for one in found.values())
    assert {one.value for one in found.values()} == {2}
