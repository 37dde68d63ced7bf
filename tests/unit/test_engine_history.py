# SPDX-License-Identifier: Apache-2.0

"""Whatever a cloud was before, and whatever failed meanwhile: a scan that sees all reports only what is there."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calipso_nornir.errors import ApiFailed, CommandTimedOut, HostUnreachable, Overtaken
from calipso_nornir.scan.progress_events import PhaseBegan
from calipso_nornir.store.sealing import digest
from tests.fixtures.scanning import Scanned, Stored, content
from tests.fixtures.tiny_cloud import EXT, LAN, ROUTER, Server, TinyCloud

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calipso_nornir.model.queries import Query
    from calipso_nornir.scan.report import ScanReport

    Answers = dict[str, Any]
    Overlap = Callable[[Scanned, Scanned, str], None]

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


@pytest.mark.long
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


def overlapping(scanned: Scanned, later: Scanned, answers: Answers, *, at: str, how: str) -> list[ScanReport]:
    """Scan all of a cloud, or one host of it; when a command is about to run, another scan begins and ends."""
    ended: list[ScanReport] = []

    def overtake(queries: Sequence[Query]) -> None:
        if not ended and any(at in str(query) for query in queries):
            ended.append(later.scan())

    target = {} if how == "whole" else {"object_id": "cmp1", "object_type": "host"}
    report = scanned.scan(answers, during=overtake, **target)
    assert [one.status for one in (*ended, report)] == ["completed", "completed"]
    return [*ended, report]


def takes_over_what_others_found(scanned: Scanned, later: Scanned, how: str) -> None:
    """The first scan has asked, a server comes and another goes, a second scan stores that, the first ends."""
    scanned.scan()
    before = scanned.cloud.answers()
    later.cloud = TinyCloud(servers=[Server("web2", "cmp2"), Server("web3", "cmp1")])
    overlapping(scanned, later, before, at="virsh", how=how)


def removes_nothing_that_others_have_seen(scanned: Scanned, later: Scanned, how: str) -> None:
    """The first scan finds no servers; meanwhile a second one finds them as they were, so it changes no document."""
    scanned.scan()
    ended, report = overlapping(scanned, later, TinyCloud(servers=[]).answers(), at="ethtool", how=how)
    assert (ended.objects.changed, report.objects.removed) == (0, 0)


OVERLAPS = (takes_over_what_others_found, removes_nothing_that_others_have_seen)


@pytest.mark.parametrize("how", ["whole", "small"])
@pytest.mark.parametrize("happens", OVERLAPS)
def test_a_scan_that_began_earlier_and_ends_later(tmp_path: Path, happens: Overlap, how: str) -> None:
    later = Scanned(tmp_path)
    happens(Scanned(tmp_path), later, how)
    assert content(later.stored()) == fresh(later.cloud, tmp_path)


def test_what_changes_at_every_commit_is_told(tmp_path: Path) -> None:
    """Somebody writes whenever the scan is about to commit: it does not write over that, and ends in the end."""
    scanned = Scanned(tmp_path)
    scanned.scan()
    document = scanned.objects()["host ctl"]
    numbers = itertools.count()

    def interfere(event: object) -> None:
        if isinstance(event, PhaseBegan) and event.phase == "store":
            changed = {key: value for key, value in document.items() if key != "digest"} | {"number": next(numbers)}
            with scanned.store.write("cloud") as writer:
                writer.put("inventory", [{**changed, "digest": digest(changed)}])

    with pytest.raises(Overtaken):
        scanned.scan(progress=interfere)
    assert scanned.objects()["host ctl"]["number"] == next(numbers) - 1
