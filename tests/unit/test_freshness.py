# SPDX-License-Identifier: Apache-2.0
"""What the last scan could not confirm is distinguished from what it saw: objects, links, cliques, and in output."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import ApiFailed, HostUnreachable, ViewRestricted
from calipso_nornir.model.protocols import Reply
from calipso_nornir.store.documents import object_document
from calipso_nornir.store.freshness import freshness_of
from calipso_nornir.store.names import KINDS
from calipso_nornir.store.record_retention import keep_records
from calipso_nornir.store.values import utc_ms
from calipso_nornir.testing import thing
from tests.fixtures.cli import calipso
from tests.fixtures.tiny_cloud import EXT, down

if TYPE_CHECKING:
    import pytest

    from tests.fixtures.scanning import Scanned

UNREACHABLE = HostUnreachable("cmp1", "192.0.2.21", "no route to host")
WEB1, WEB2 = "77656231-0000-0000-0000-000000000000", "77656232-0000-0000-0000-000000000000"
ON_CMP1 = {
    "host cmp1",
    "host_pnic cmp1|eth0",
    "host_pnic cmp1|eth1",
    "host_pnic cmp1|eth2",
    "otep cmp1|vxlan",
    "switch_pnic mac|aa:00:00:00:00:01|t-cmp1",  # other hosts hear the switch, nobody else this port
    "vedge cmp1|OVS",
    "vnic cmp1|tapweb10000-00",
}


def unconfirmed(scanned: Scanned) -> tuple[set[str], set[tuple[str, str]], set[str]]:
    """Return objects, links (their ends) and focal points of cliques that the last whole scan has not confirmed."""
    view, fresh = scanned.store.view("cloud"), freshness_of(scanned.store, "cloud")
    types = [type_ for type_ in view.counts() if not type_.endswith("_folder")]
    objects = [one for type_ in types for one in view.of_type(type_)]
    return (
        {str(one.ref) for one in objects if fresh.unconfirmed_since(one)},
        {(str(one.source), str(one.target)) for one in view.links() if fresh.unconfirmed_since(one)},
        {str(one.focal_point) for one in view.cliques() if fresh.unconfirmed_since(one)},
    )


def cmp1_down(scanned: Scanned) -> dict[Any, Any]:
    return down(scanned.cloud.answers(), "cmp1", UNREACHABLE)


def test_after_a_scan_that_saw_everything_all_is_confirmed(scanned: Scanned) -> None:
    assert unconfirmed(scanned) == (set(), set(), set())
    scanned.scan()
    assert unconfirmed(scanned) == (set(), set(), set())


def test_what_is_on_a_host_that_is_down_is_not(scanned: Scanned) -> None:
    every = {(str(one.source), str(one.target)) for one in scanned.store.view("cloud").links()}
    report = scanned.scan(cmp1_down(scanned))
    objects, links, cliques = unconfirmed(scanned)
    assert objects == ON_CMP1
    assert links == {ends for ends in every if not objects.isdisjoint(ends)}
    assert every > links > set()
    assert (f"instance {WEB1}" in cliques, f"instance {WEB2}" in cliques) == (True, False)
    assert (report.links.kept, report.cliques.kept) == (len(links), len(cliques))
    scanned.scan()
    assert unconfirmed(scanned) == (set(), set(), set())


def test_nor_is_what_only_the_api_tells_while_it_is_down(scanned: Scanned) -> None:
    failing = ApiFailed("any", "x", 503, "down")
    answers = scanned.cloud.answers()
    scanned.scan({key: failing if str(key).startswith("GET network /ports") else one for key, one in answers.items()})
    objects, _, _ = unconfirmed(scanned)
    assert {one for one in objects if one.startswith("port ")}
    assert not {one for one in objects if one.startswith(("host_pnic ", "network ", "instance "))}


def test_what_an_incomplete_list_tells_of_is_confirmed(scanned: Scanned) -> None:
    answers = scanned.cloud.answers()
    told = "GET network /networks"
    restricted = ViewRestricted("joe", "acme", ("member",), ("admin",))
    part = [row for row in answers[told] if row["name"] == "lan"]
    report = scanned.scan({**answers, told: Reply(part, datetime.now(UTC), restricted)})
    assert report.failures
    objects, _, _ = unconfirmed(scanned)
    assert {one for one in objects if one.startswith("network ")} == {f"network {EXT}"}


def test_a_partial_scan_confirms_what_it_looked_at(scanned: Scanned) -> None:
    scanned.scan(cmp1_down(scanned))
    before, _, _ = unconfirmed(scanned)
    scanned.scan(object_id="cmp1|eth1", object_type="host_pnic")
    after, _, _ = unconfirmed(scanned)
    assert before - after == {f"host_pnic cmp1|eth{number}" for number in range(3)}, "and what it may be bonded with"
    assert after < before


def test_a_look_at_nothing_confirms_nothing(scanned: Scanned) -> None:
    scanned.scan(cmp1_down(scanned))
    before = unconfirmed(scanned)
    scanned.scan({}, links_only=True)
    scanned.scan({}, cliques_only=True)
    assert unconfirmed(scanned) == before


def test_many_partial_scans_do_not_hide_it(scanned: Scanned) -> None:
    keep_records(scanned.store, scans=3)
    scanned.scan(cmp1_down(scanned))
    before = unconfirmed(scanned)
    for _ in range(5):
        scanned.scan({}, links_only=True)
    assert len(scanned.store.collection("scans").find()) == 4
    assert unconfirmed(scanned) == before


def test_commands_show_it(scanned: Scanned) -> None:
    where = scanned.store.uri
    commands = (["tree", "cloud"], ["show", "host:cmp1"], ["clique", f"instance:{WEB1}"])
    assert all("not confirmed" not in calipso(*command, store=where).out for command in commands)
    scanned.scan(cmp1_down(scanned))
    for command in commands:
        assert "? not confirmed since 20" in calipso(*command, store=where).out, command
    assert "not confirmed" not in calipso("clique", f"instance:{WEB2}", store=where).out
    assert calipso("tree", "host:cmp1", "-o", "json", store=where).json["unconfirmed_since"]
    assert "unconfirmed_since" not in calipso("tree", "host:cmp2", "-o", "json", store=where).json


def test_a_clock_that_was_ahead_once_stops_nothing(scanned: Scanned, caplog: pytest.LogCaptureFixture) -> None:
    ahead = datetime.now(UTC) + timedelta(days=300)
    [scan] = scanned.store.collection("scans").find()
    scanned.store.collection("scans").put(scan["scan_id"], {**scan, "start_timestamp": ahead.isoformat()})
    with scanned.store.write("cloud") as writer:
        for kind in KINDS:
            writer.seen(kind, list(writer.digests(kind)), ahead)
    assert unconfirmed(scanned) == (set(), set(), set())
    report = scanned.scan(replace(scanned.cloud, servers=[]).answers())
    assert "in the future" in caplog.text
    assert {(one["type"], one["id"]) for one in report.removed} >= {("instance", WEB1), ("instance", WEB2)}
    assert not {WEB1, WEB2} & {one.id for one in scanned.store.view("cloud").of_type("instance")}
    assert unconfirmed(scanned) == (set(), set(), set())
    assert all(one.scanned_at == utc_ms(report.started_at) for one in scanned.store.view("cloud").of_type("host"))


def test_what_others_own_is_never_swept(scanned: Scanned) -> None:
    rack = replace(thing("rack", id="r1", environment="cloud"), owner="somebody")
    with scanned.store.write("cloud") as writer:
        writer.put("inventory", [object_document(rack)])
    report = scanned.scan()
    assert report.objects.removed == 0
    assert scanned.store.view("cloud").of_type("rack") == [rack]
