# SPDX-License-Identifier: Apache-2.0
"""What monitors of hosts print, and how many events become of it. Lines as iproute2 6.1 and Open vSwitch 3.1 print."""

from __future__ import annotations

import re

import pytest

from calipso_nornir.fetchers.questions import ovs_queries
from calipso_nornir.live.waiting_changes import BETWEEN_S, FIRST_S, MOST_NAMES, WaitingChanges
from calipso_nornir.parsing.host_monitors import LinkLines, names_changed, tunnel_changed
from calipso_nornir.sources.host_monitor_programs import programs

MAC = "c2:a2:20:49:22:d3"
UP = f"3: tap1: <BROADCAST,UP> mtu 1500 qdisc noqueue master br0 state DOWN group default \\    link/ether {MAC} brd f"
OF_BRIDGE = f"3: tap1: <BROADCAST,UP> mtu 1500 master br0 state DOWN \\    link/ether {MAC}"
OUT = f"3: tap1: <BROADCAST,UP> mtu 1500 qdisc noqueue state DOWN group default \\    link/ether {MAC} brd f"
PAIR = f"7: qvb1@qvo1: <BROADCAST,UP> mtu 1450 qdisc noqueue state UP group default \\    link/ether {MAC} brd f"
ADDRESS = "2: br0    inet 192.0.2.3/24 scope global br0\\       valid_lft forever preferred_lft forever"
SHORT_LIVED = "2: br0    inet6 2001:db8::5/64 scope global dynamic \\       valid_lft {}sec preferred_lft 10sec"


@pytest.mark.parametrize(
    ("lines", "changed"),
    [
        ([UP, UP, OF_BRIDGE], ["tap1", None, None]),
        ([UP, OUT, UP], ["tap1", "tap1", "tap1"]),
        ([OF_BRIDGE, f"Deleted {OF_BRIDGE}", OUT], ["tap1", "tap1", "tap1"]),
        ([UP, UP.replace("BROADCAST,UP", "BROADCAST")], ["tap1", "tap1"]),
        ([UP, UP.replace("BROADCAST,UP", "UP,BROADCAST")], ["tap1", None]),
        ([UP, UP.replace("state DOWN", "state UP")], ["tap1", "tap1"]),
        ([UP, UP.replace(MAC, "02:00:00:00:00:01")], ["tap1", "tap1"]),
        ([UP, UP.replace("group default", "group default event NOTIFY PEERS")], ["tap1", None]),
        ([PAIR, f"Deleted {PAIR}", PAIR], ["qvb1", "qvb1", "qvb1"]),
        ([ADDRESS, ADDRESS, f"Deleted {ADDRESS}", ADDRESS], ["br0", None, "br0", "br0"]),
        ([SHORT_LIVED.format(30), SHORT_LIVED.format(29)], ["br0", None]),
        (["", "3: ", "Cannot open netlink socket", "\udcff: \x00"], [None, None, None, None]),
    ],
)
def test_what_is_a_change(lines: list[str], changed: list[str | None]) -> None:
    known = LinkLines()
    assert [known.changed(one.encode(errors="surrogateescape")) for one in lines] == changed


@pytest.mark.parametrize(
    ("line", "device"),
    [
        ("00:00:00:00:00:00 dev vx5 dst 10.78.0.11 self permanent", "vx5"),
        ("Deleted fa:16:3e:00:00:01 dev vx5 dst 10.78.0.12 self permanent", "vx5"),
        ("00:00:00:00:00:00 dev vx6 dst 239.1.1.1 via lo self permanent", "vx6"),
        ("fa:16:3e:00:00:01 dev vx5 master br0 static", None),
        ("fa:16:3e:00:00:09 dev vx5 dst 10.78.0.11 self ", None),
        ("02:00:00:00:00:01 dev tap1 master br0 permanent", None),
        ("", None),
    ],
)
def test_where_a_device_sends_to(line: str, device: str | None) -> None:
    assert tunnel_changed(line.encode()) == device


def test_what_is_remembered_of_a_host_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calipso_nornir.parsing.host_monitors.MOST_KNOWN", 10)
    known = LinkLines()
    for number in range(100):
        assert known.changed(UP.replace("tap1", f"tap{number}").encode()) == f"tap{number}"
        assert len(vars(known)["_known"]) <= 11


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (
            (
                b'{"data":[["3ee5","insert","tap1","",["map",[]]],["a696","insert","br-int","internal",["map",[]]]],'
                b'"headings":["row","action","name","type","options"]}'
            ),
            ["tap1", "br-int"],
        ),
        (
            (
                b'{"data":[["3ee5","old",null,["map",[["a","b"]]]],["","new","tap1",["map",[["a","c"]]]]],'
                b'"headings":["row","action","name","external_ids"]}'
            ),
            ["tap1"],
        ),
        (b"", None),
        (b"[]", None),
        (b'{"headings": ["row"], "data": []}', None),
        (b'{"headings": ["name"], "data": [7]}', None),
        (b"[" * 100_000, None),
    ],
)
def test_rows_of_open_vswitch(line: bytes, names: list[str] | None) -> None:
    assert names_changed(line) == names


def test_a_flood_is_an_event_now_and_then_and_does_not_grow() -> None:
    waiting, events = WaitingChanges(), []
    for number in range(100_000):  # for ten seconds, ten thousand in each
        now = number / 10_000
        waiting.add("cmp1", "link", f"veth{number}", now=now)
        events += waiting.take(now)
        assert len(vars(waiting)["_waiting"]) == 1
    assert len(events) == 10 / BETWEEN_S
    assert [one.is_flood for one in events] == [True] * len(events)
    assert all(len(one.names) <= MOST_NAMES for one in events)
    assert len(waiting.take(100)) == 1
    assert waiting.take(200) == []


def test_hosts_and_kinds_do_not_wait_for_each_other() -> None:
    waiting = WaitingChanges()
    waiting.add("cmp1", "link", "tap1", now=0)
    waiting.add("cmp1", "switch", now=0.1)
    waiting.add("cmp2", "link", "tap2", now=0.1)
    assert [(one.host, one.names) for one in waiting.take(FIRST_S)] == [("cmp1", ("tap1",))]
    assert [(one.host, one.kind) for one in waiting.take(0.1 + FIRST_S)] == [("cmp1", "switch"), ("cmp2", "link")]
    waiting.add("cmp1", "link", "tap1", now=1)
    waiting.forget("cmp1")
    assert waiting.take(100) == []


def test_a_change_of_all_that_a_scan_reads_of_open_vswitch_is_noticed() -> None:
    tables, _ = ovs_queries("cmp1")
    read = {table: set(columns.split(",")) for columns, table in re.findall(r"--columns=(\S+) list (\w+)", tables.text)}
    read["Port"].add("bond_active_slave")
    for table, columns in read.items():
        watched = re.search(rf" {table} '(\S+),!initial'$", programs("cmp1")[table].text)
        assert watched is not None
        assert columns - {"_uuid"} == set(watched[1].split(",")), table
