# SPDX-License-Identifier: Apache-2.0

"""A full scan derives only what changes affect; the result always equals that of deriving everything."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from calipso_nornir.errors import CommandTimedOut
from calipso_nornir.link_finders.instance_vnics import InstanceVnics
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.model.status import Status
from calipso_nornir.scan import differences, lineage
from calipso_nornir.scan.lineage import Lineage, rules_of
from calipso_nornir.store.documents import object_document, status_document
from tests.fixtures.scanning import Scanned, content
from tests.fixtures.tiny_cloud import CLOUD, Server, TinyCloud
from tests.unit.test_engine_history import GONE, broken, clouds, fresh
from tests.unit.test_small_scans import WEB1, ref, rescanned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.scan.report import ScanReport

OTHER = TinyCloud(servers=[Server("web1", "cmp1"), Server("web2", "cmp2"), Server("web3", "cmp2")])
"""The same cloud with one more server."""


@pytest.fixture(autouse=True)
def _small_clouds_change_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differences, "FEW", 1)


@pytest.fixture
def again(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the number of differences of each scan that derives only these again."""
    found: list[int] = []
    write = differences.DifferencesDerivation.write

    def counting(self: Any, generation: Any) -> None:  # noqa: ANN401 - as it is
        found.append(len(self._changed.objects))
        write(self, generation)

    monkeypatch.setattr(differences.DifferencesDerivation, "write", counting)
    return found


@pytest.fixture
def scanned(tmp_path: Path) -> Iterator[Scanned]:
    one = Scanned(tmp_path)
    assert one.scan().status == "completed"
    yield one
    one.store.close()


def confirmed(scanned: Scanned, report: ScanReport) -> set[str]:
    """Return the documents that a scan has confirmed."""
    return {
        id_
        for documents in scanned.stored().values()
        for id_, one in documents.items()
        if one["last_scanned"] == report.started_at
    }


# --- the law


@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    st.lists(clouds(), min_size=2, max_size=3),
    st.lists(st.integers(0, 200), max_size=2),
    st.sampled_from(["", "inventory_only", "links_only", "cliques_only"]),
)
def test_all_is_as_if_everything_had_been_derived(life: list[TinyCloud], failures: list[int], only: str) -> None:
    """Objects, links, cliques, what is confirmed, and what the report counts.

    The first cloud stays open, and remembers what parsers made of earlier answers; the other one is opened each time.
    """
    steps: list[tuple[TinyCloud, list[int], str]] = [(cloud, [], "") for cloud in life]
    steps += [(life[0], failures, ""), (life[1], [], only), (life[0], [], "")]
    with (
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as two,
        pytest.MonkeyPatch.context() as patch,
        ExitStack() as opened,
    ):
        patch.setattr(differences, "FEW", 1)
        last = Scanned(Path(one)), Scanned(Path(two))
        opened.enter_context(last[0].staying_open())
        holds = Lineage.holds
        for cloud, broken_ones, mode in steps:
            reports = []
            for scanned, sees in zip(last, (holds, lambda *_: False), strict=True):
                patch.setattr(Lineage, "holds", sees)
                answers = {**broken(cloud.answers(), broken_ones), "cli": GONE}
                reports.append(scanned.scan(answers, **({mode: True} if mode else {})))
            again, anew = last
            assert content(again.stored()) == content(anew.stored())
            assert confirmed(again, reports[0]) == confirmed(anew, reports[1])
            for told in ("status", "objects", "links", "cliques", "counts"):
                assert getattr(reports[0], told) == getattr(reports[1], told), told
        opened.close()
        for scanned in last:
            scanned.store.close()


def test_what_has_not_changed_is_confirmed_without_being_derived(
    scanned: Scanned, again: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = scanned.store.view("cloud").revision
    monkeypatch.setattr(InstanceVnics, "find", None)
    report = scanned.scan()
    assert (again, report.status) == ([0], "completed")
    assert (report.objects.changed, report.links.changed, report.cliques.changed) == (0, 0, 0)
    assert report.links.unchanged == len(scanned.stored()["links"])
    assert confirmed(scanned, report) == {id_ for kind in scanned.stored().values() for id_ in kind}
    assert scanned.store.view("cloud").revision == revision


def test_a_new_server_is_derived_alone(scanned: Scanned, again: list[int], tmp_path: Path) -> None:
    report = scanned.scan(OTHER.answers())
    assert len(again) == 1
    assert 0 < again[0] < report.objects.unchanged
    assert content(scanned.stored()) == fresh(OTHER, tmp_path)


def test_of_much_that_has_changed_everything_is_derived(
    scanned: Scanned, again: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(differences, "FEW", 1000)
    scanned.scan(OTHER.answers())
    scanned.scan()
    assert not again


def test_after_a_small_scan_it_is_still_known_what_everything_was_derived_from(
    scanned: Scanned, again: list[int]
) -> None:
    assert rescanned(scanned, OTHER, ref("host", "cmp2")).status == "completed"
    scanned.scan(OTHER.answers())
    assert again == [0]


# --- when everything is derived


def test_other_rules(scanned: Scanned, again: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineage, "_code", lambda: "another release")
    scanned.scan()
    assert not again
    scanned.scan()
    assert again == [0]


def test_clear(scanned: Scanned, again: list[int]) -> None:
    scanned.scan(clear=True)
    assert not again


def test_objects_were_stored_without_links(scanned: Scanned, again: list[int], tmp_path: Path) -> None:
    scanned.scan(OTHER.answers(), inventory_only=True)
    scanned.scan(OTHER.answers())
    assert not again
    assert content(scanned.stored()) == fresh(OTHER, tmp_path)


def test_others_have_written(scanned: Scanned, again: list[int]) -> None:
    theirs = InventoryObject(
        ref=ObjectRef("cloud", "host", "mine"),
        name="mine",
        parent=ObjectRef("cloud", "environment", "cloud"),
        id_path="/cloud/mine",
        name_path="/cloud/mine",
        owner="user",
    )
    with scanned.store.write("cloud", cause="a user") as writer:
        writer.put("inventory", [object_document(theirs)])
    scanned.scan()
    assert not again
    scanned.scan()
    assert again == [0]
    assert "host mine" in scanned.objects()


def test_a_status_says_nothing_about_links(scanned: Scanned, again: list[int]) -> None:
    status = Status(
        environment="cloud",
        of=ref("instance", WEB1).document_id,
        kind="inventory",
        value=0,
        label="up",
        since=datetime.now(UTC),
        source="monitoring",
    )
    with scanned.store.write("cloud", cause="monitoring") as writer:
        writer.put("status", [status_document(status)])
    scanned.scan()
    assert again == [0]


def test_a_link_finder_had_failed(
    scanned: Scanned, again: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(InstanceVnics, "find", None)
        assert scanned.scan(OTHER.answers()).failures
        assert len(again) == 1
        assert scanned.scan(OTHER.answers()).failures, "it is asked, and reported, each time"
    assert scanned.scan(OTHER.answers()).status == "completed"
    assert len(again) == 1
    assert content(scanned.stored()) == fresh(OTHER, tmp_path)


def test_something_could_not_be_examined(scanned: Scanned, again: list[int]) -> None:
    answers = scanned.cloud.answers()
    failing = next(key for key in answers if key.startswith("cmp1: ip -j -d address"))
    report = scanned.scan({**answers, failing: CommandTimedOut("cmp1", "ip", 124)})
    assert report.objects.kept
    assert not again


def test_somebody_committed_meanwhile(scanned: Scanned, again: list[int]) -> None:
    """What this scan derived does not match what is stored then, and it does not claim so."""
    later = Scanned.__new__(Scanned)
    later.__dict__.update(scanned.__dict__, cloud=OTHER)
    ended: list[ScanReport] = []

    def overtake(_queries: Any) -> None:  # noqa: ANN401 - queries
        if not ended:
            ended.append(later.scan(inventory_only=True))

    scanned.scan(during=overtake)
    before = list(again)
    scanned.scan(during=lambda _queries: None)
    assert again == before


def test_a_third_party_finder_may_change_without_a_trace() -> None:
    class Theirs(InstanceVnics):
        """Of a module that is not this program's."""

    Theirs.__module__ = "their_plugin"
    catalog = load_catalog()
    assert rules_of(catalog, CLOUD) is not None
    theirs = replace(catalog, link_finders=[*catalog.link_finders, ("Theirs", Theirs())])
    assert rules_of(theirs, CLOUD) is None
    assert rules_of(catalog, replace(CLOUD, type_drivers="vlan")) != rules_of(catalog, CLOUD)
