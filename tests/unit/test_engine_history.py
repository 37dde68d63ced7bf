# SPDX-License-Identifier: Apache-2.0

"""Whatever a cloud was before, and whatever failed on the way: a scan that sees everything tells what is, no more."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from calipso_nornir.errors import ApiFailed, CommandTimedOut, HostUnreachable
from tests.fixtures.scanning import Scanned, Stored, content
from tests.fixtures.tiny_cloud import EXT, LAN, ROUTER, Server, TinyCloud

if TYPE_CHECKING:
    from calipso_nornir.scan.report import ScanReport

COMPUTES = ("cmp1", "cmp2")
GONE = HostUnreachable("any", "192.0.2.1", "no route to host")


@st.composite
def clouds(draw: st.DrawFn) -> TinyCloud:
    """Draw a cloud: which hosts, servers, networks, services … there are, and what they are called."""
    computes = [host for host in COMPUTES if draw(st.booleans())]
    names = draw(st.lists(st.sampled_from(["web1", "web2", "web3"]), unique=True)) if computes else []
    aggregated = st.lists(st.sampled_from(computes), unique=True) if computes else st.just([])
    networks = {LAN: draw(st.sampled_from(["lan", "other", ""]))} | ({EXT: "ext"} if draw(st.booleans()) else {})
    return TinyCloud(
        hosts=["ctl", "net1", *computes],
        servers=[Server(name, draw(st.sampled_from(computes))) for name in names],
        projects={"p0": draw(st.sampled_from(["admin", "root"])), "p1": "acme"},
        networks=networks,
        namespaces=draw(st.lists(st.sampled_from([f"qrouter-{ROUTER}", f"qdhcp-{LAN}"]), unique=True)),
        aggregates=draw(st.dictionaries(st.sampled_from([1, 2]), aggregated)),
        hardware=["eth0", "eth1", "eth2", *draw(st.sampled_from([[], ["eth3"]]))],
    )


def broken(answers: dict[Any, Any], questions: list[int]) -> dict[Any, Any]:
    """Return the answers with some questions failing."""
    changed = dict(answers)
    keys = sorted(key for key in answers if key != "db")
    for number in questions:
        key = keys[number % len(keys)]
        host, _, command = key.partition(": ")
        changed[key] = ApiFailed("any", key, 500, "oops") if not command else CommandTimedOut(host, command, 124)
    return changed


def fresh(cloud: TinyCloud, folder: Path) -> Stored:
    (folder / "fresh").mkdir()
    one = Scanned(folder / "fresh", cloud)
    try:
        assert one.scan().status == "completed"
        return content(one.stored())
    finally:
        one.store.close()


def no_loose_ends(stored: Stored) -> bool:
    """Tell whether every object but the topmost has its parent, every link its ends."""
    there = {(one["type"], one["id"]) for one in stored["inventory"].values()} | {("environment", "cloud")}
    parents = {(one["parent_type"], one["parent_id"]) for one in stored["inventory"].values()}
    ends = {end for one in stored["links"].values() for end in (one["source"], one["target"])}
    return parents <= there and ends <= stored["inventory"].keys()


@settings(max_examples=10)
@given(clouds(), clouds(), st.lists(st.integers(0, 200), max_size=6), st.lists(st.integers(0, 200), max_size=2))
def test_the_past_leaves_no_trace(before: TinyCloud, now: TinyCloud, failures: list[int], partial: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        truth = fresh(now, Path(folder))
        scanned = Scanned(Path(folder), before)
        assert scanned.scan().status == "completed"
        scanned.scan({**broken(now.answers(), failures), "cli": GONE})
        assert no_loose_ends(scanned.stored()), "after failures"
        for number in partial:
            objects = list(scanned.objects().values())
            one = objects[number % len(objects)]
            scanned.scan({**now.answers(), "cli": GONE}, object_id=one["id"], object_type=one["type"])
            assert no_loose_ends(scanned.stored()), f"after {one['type']} {one['id']}"
        report = scanned.scan(now.answers())
        assert (report.status, report.objects.kept) == ("completed", 0)
        assert content(scanned.stored()) == truth
        scanned.store.close()


def test_what_a_later_scan_has_found_is_not_removed_by_one_that_began_earlier(tmp_path: Path) -> None:
    """The first scan asks, a server comes, a second scan finds and stores it, the first ends without having seen it."""
    scanned = Scanned(tmp_path)
    scanned.scan()
    grown = TinyCloud(servers=[*scanned.cloud.servers, Server("web3", "cmp1")])
    later = Scanned(tmp_path, grown)
    ended: list[ScanReport] = []

    def overtake(queries: Any) -> None:  # noqa: ANN401 - queries
        if not ended and any(query.host for query in queries):
            ended.append(later.scan())

    scanned.scan(during=overtake)
    assert [one.status for one in ended] == ["completed"]
    assert later.stored()["inventory"].keys() == fresh(grown, tmp_path)["inventory"].keys()
