# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: D102, S101, PLR2004 - this module is tests: names say what they show, assertions are what it is for
"""Tests that every store must pass: revisions, statuses and history (see ``store_contract``)."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from calipso_nornir.errors import Overtaken, PastUnknown, TooManyChanges
from calipso_nornir.model.cliques import Clique
from calipso_nornir.model.finding import Equal, Find, Prefix, found_by
from calipso_nornir.model.status import Status
from calipso_nornir.store.documents import clique_document, link_document, object_document, status_document
from calipso_nornir.store.frozen import Frozen
from calipso_nornir.testing.store_samples import (
    AT,
    ENVIRONMENT,
    LATER,
    ZONE,
    check_lives,
    expected,
    host,
    link,
    pnic,
    put,
    stored,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.model.changes import Change
    from calipso_nornir.model.stores import Store

    Opened: TypeAlias = Callable[[], Store]


class RevisionContract:
    """The contract. Each test opens the store as often as it likes."""

    # --- revisions

    def test_every_commit_that_changes_something_makes_the_next_revision(self, opened: Opened) -> None:
        store = opened()
        view = store.view(ENVIRONMENT)
        assert (view.revision, list(store.commits(ENVIRONMENT))) == (0, [])
        put(store, "inventory", map(object_document, [host("h1"), host("h2")]))
        assert view.revision == 1
        with store.write(ENVIRONMENT, cause="why") as writer:
            writer.put("inventory", [object_document(host("h1", new=1)), object_document(host("h3"))])
            writer.remove("inventory", [host("h2").ref.document_id])
        assert opened().view(ENVIRONMENT).revision == 2
        newest, first = store.commits(ENVIRONMENT)
        assert (newest.revision, newest.cause, newest.new, newest.changed, newest.removed) == (2, "why", 1, 1, 1)
        assert (first.revision, first.new) == (1, 2)
        assert abs(datetime.now(UTC) - newest.at) < timedelta(minutes=1)
        assert "process" in newest.by
        assert store.commits(ENVIRONMENT, limit=1) == [newest]

    def test_nothing_new_makes_no_revision_and_no_past(self, opened: Opened) -> None:
        store = opened()
        put(store, "inventory", [object_document(host("h1"))])
        with store.write(ENVIRONMENT) as writer:
            writer.put("inventory", [object_document(replace(host("h1"), scanned_at=LATER))])
            writer.seen("inventory", [host("h1").ref.document_id], LATER)
            writer.remove("inventory", [host("h2").ref.document_id])
        with store.write(ENVIRONMENT):
            pass
        assert store.view(ENVIRONMENT).revision == 1
        assert store.changes(ENVIRONMENT, since=1) == []
        assert [one["last_scanned"] for one in stored(store).values()] == [LATER]

    def test_a_time_in_the_future_is_no_reason_to_keep_it(self, opened: Opened) -> None:
        store = opened()
        ahead = datetime.now(UTC) + timedelta(days=400)
        put(store, "inventory", [object_document(replace(host("h1"), scanned_at=ahead))])
        with store.write(ENVIRONMENT) as writer:
            writer.seen("inventory", [host("h1").ref.document_id], AT)
        assert [one["last_scanned"] for one in stored(store).values()] == [AT]

    def test_fields_come_in_one_order(self, opened: Opened) -> None:
        store = opened()
        one, other = host("h1", b={"z": 1, "a": [{"y": 1, "x": 2}]}, a=1), host("h2")
        clique = Clique(focal_point=one.ref, clique_type="x", links=(), nodes=(one.ref,))
        with store.write(ENVIRONMENT) as writer:
            writer.put("inventory", [object_document(one), {**object_document(other)}])
            writer.put("links", [link_document(link(one, other))])
            writer.put("cliques", [clique_document(clique)])
        view = store.view(ENVIRONMENT)
        for kind in ("inventory", "links", "cliques"):
            for document in view.documents(kind):
                assert list(document)[-2:] == ["digest", "last_scanned"]
                assert list(document)[:-2] == sorted(list(document)[:-2])
        found = view.get(one.ref)
        assert found is not None
        assert list(found["b"]) == ["a", "z"]
        assert list(found["b"]["a"][0]) == ["x", "y"]

    # --- snapshots and the past

    def test_a_snapshot_shows_one_revision(self, opened: Opened) -> None:
        store = opened()
        first = [host("h1"), host("h2"), pnic("h1", "eth0")]
        put(store, "inventory", map(object_document, first))
        put(store, "links", [link_document(link(first[0], first[2]))])
        with store.snapshot(ENVIRONMENT) as then:
            with opened().write(ENVIRONMENT) as writer:
                writer.put("inventory", [object_document(host("h1", new=1)), object_document(host("h3"))])
                writer.remove("inventory", [host("h2").ref.document_id])
                writer.remove("links", [link(first[0], first[2]).document_id])
            put(opened(), "inventory", [object_document(host("h1", new=2))])
            assert (then.revision, store.view(ENVIRONMENT).revision) == (2, 4)
            assert then.of_type("host") == [host("h1"), host("h2")]
            assert then.get(host("h3").ref) is None
            assert then.get(host("h2").ref) == host("h2")
            assert then.counts() == {"host": 2, "host_pnic": 1}
            assert then.search("h2") == [host("h2")]
            assert [one["id"] for one in sorted(then.documents("inventory"), key=lambda one: one["id"])] == [
                "h1",
                "h1|eth0",
                "h2",
            ]
            assert then.find(Find(where=(Equal("host", "h2"),))) == [host("h2")]
            assert then.links_of(first[0].ref) == [link(first[0], first[2])]
        assert store.view(ENVIRONMENT).counts() == {"host": 2, "host_pnic": 1}
        assert store.view(ENVIRONMENT).links() == []

    def test_what_was_true_at_a_time_can_be_read(self, opened: Opened) -> None:
        store = opened()
        times: list[datetime] = []
        revisions = []
        for number in range(3):
            put(store, "inventory", map(object_document, [host("h1", n=number), host(f"only-{number}")]))
            put(store, "links", [link_document(link(host("h1"), host(f"only-{number}")))])
            if number:
                with store.write(ENVIRONMENT) as writer:
                    writer.remove("inventory", [host(f"only-{number - 1}").ref.document_id])
                    writer.remove("links", [link(host("h1"), host(f"only-{number - 1}")).document_id])
            time.sleep(0.005)
            times.append(datetime.now(UTC))
            revisions.append(store.view(ENVIRONMENT).revision)
            time.sleep(0.005)
        moments: list[tuple[int, datetime | int]] = [*enumerate(times), *enumerate(revisions)]
        for number, at in moments:
            with store.snapshot(ENVIRONMENT, at=at) as then:
                assert [one.id for one in then.of_type("host")] == ["h1", f"only-{number}"]
                one = then.get(host("h1").ref)
                assert one is not None
                assert one["n"] == number
                assert then.counts() == {"host": 2}
                assert [each.target.id for each in then.links()] == [f"only-{number}"]
                assert [each.id for each in then.search("only")] == [f"only-{number}"]
                assert len(list(then.documents("inventory"))) == 2
                assert [each.id for each in then.find(Find(where=(Prefix("id", "only"),)))] == [f"only-{number}"]
                assert then.find(Find(where=(found_by(ZONE),), order=("id",), limit=1))[0].id == "h1"
        with expected(PastUnknown), store.snapshot(ENVIRONMENT, at=AT - timedelta(days=1000)):
            pass
        with expected(PastUnknown), store.snapshot("never seen", at=times[0]):
            pass
        with expected(PastUnknown), store.snapshot(ENVIRONMENT, at=revisions[-1] + 1):
            pass
        with store.snapshot(ENVIRONMENT, at=revisions[0]) as then:
            assert then.revision == revisions[0]

    def test_the_lives_of_a_document(self, opened: Opened) -> None:
        """Put, replaced, removed and put again, by small commits and by one of many documents."""
        store = opened()
        many, h1 = [object_document(host(f"many-{number}")) for number in range(40)], host("h1").ref.document_id
        assert store.lives(ENVIRONMENT, "inventory", h1) == []
        put(store, "inventory", [object_document(host("h1"))])
        put(store, "inventory", [object_document(host("h1", n=1)), *many])
        put(store, "inventory", [object_document(host("h2"))])
        put(store, "inventory", [object_document(host("h1", n=2))])
        with store.write(ENVIRONMENT) as writer:
            writer.remove("inventory", [h1])
        known = [(one.revision, one.until, one.document.get("n")) for one in store.lives(ENVIRONMENT, "inventory", h1)]
        assert known == [(4, 5, 2), (2, 4, 1), (1, 2, None)]
        put(opened(), "inventory", [object_document(host("h1", n=3))])
        newest = store.lives(ENVIRONMENT, "inventory", h1, limit=2)
        assert [(one.revision, one.until) for one in newest] == [(6, None), (4, 5)]
        assert newest[0].document == store.view(ENVIRONMENT).get_by_id("inventory", h1)
        for kind, other in (("inventory", host("h3").ref.document_id), ("links", h1)):
            assert store.lives(ENVIRONMENT, kind, other) == []  # type: ignore[arg-type]  # two kinds
        assert store.lives("another", "inventory", h1) == []
        for one in (h1, host("h2").ref.document_id, many[0]["_id"]):
            check_lives(store, "inventory", one)
        assert Frozen(store).lives(ENVIRONMENT, "inventory", h1, limit=2) == newest

    # --- who was too late

    def test_what_was_computed_from_something_old_is_refused(self, opened: Opened) -> None:
        store = opened()
        put(store, "inventory", map(object_document, [host("h1"), host("h2"), host("h3")]))
        base = store.view(ENVIRONMENT).revision
        with store.write(ENVIRONMENT) as writer:
            writer.put("inventory", [object_document(host("h1", by="event")), object_document(host("h4"))])
            writer.remove("inventory", [host("h2").ref.document_id])
        before = stored(store)
        ids = {name: host(name).ref.document_id for name in ("h1", "h2", "h3", "h4", "h5")}
        for name in ("h1", "h2", "h4"):
            overtaken = _refused(store, base, put=name)
            assert overtaken.by_kind() == {"inventory": [ids[name]]}, name
            assert (overtaken.base, overtaken.revision) == (base, base + 1)
            assert _refused(store, base, put="h5", depends=name).documents == (f"inventory/{ids[name]}",)
        assert _refused(store, base, remove="h1").documents == (f"inventory/{ids['h1']}",)
        assert stored(store) == before
        for name in ("h3", "h5"):
            with store.write(ENVIRONMENT, base=base) as writer:
                writer.put("inventory", [object_document(host(name, by="scan"))])
                writer.depends_on("inventory", [ids["h3"]] if name == "h3" else [])
        with store.write(ENVIRONMENT, base=base) as writer:
            writer.put("inventory", [object_document(host("h1", by="event"))])  # the same as the other
            writer.remove("inventory", [ids["h2"]])  # gone already
            writer.seen("inventory", [ids["h4"]], LATER)
        with store.write(ENVIRONMENT, base=store.view(ENVIRONMENT).revision) as writer:
            writer.put("inventory", [object_document(host("h1", by="scan"))])
        with store.write(ENVIRONMENT) as writer:
            writer.put("inventory", [object_document(host("h4", by="whoever"))])
        assert {one.id for one in store.view(ENVIRONMENT).of_type("host")} == {"h1", "h3", "h4", "h5"}

    # --- changes

    def test_changes_are_told_in_their_order(self, opened: Opened) -> None:
        store = opened()
        put(store, "inventory", map(object_document, [host("h1"), host("h2")]))
        put(store, "links", [link_document(link(host("h1"), host("h2")))])
        with store.write(ENVIRONMENT) as writer:
            writer.put("inventory", [object_document(host("h1", new=1))])
            writer.remove("inventory", [host("h2").ref.document_id])
        put(store, "inventory", [object_document(host("h3"))])
        with store.write(ENVIRONMENT) as writer:
            writer.remove("inventory", [host("h3").ref.document_id])
        told = [(one.revision, one.op, one.kind, one.document_id) for one in store.changes(ENVIRONMENT, since=1)]
        h1, h2 = host("h1").ref.document_id, host("h2").ref.document_id
        between = link(host("h1"), host("h2")).document_id
        wanted = [(2, "put", "links", between), (3, "put", "inventory", h1), (3, "remove", "inventory", h2)]
        assert sorted(told) == sorted(wanted), "what came and went in between is not told"
        assert [one[0] for one in told] == [2, 3, 3]
        [put_again] = [one for one in store.changes(ENVIRONMENT, since=1) if one.document_id == h1]
        assert put_again.document == object_document(host("h1", new=1))
        first = {one.revision for one in store.changes(ENVIRONMENT, since=0, limit=1)}
        assert first in ({1}, {2}), "whole revisions, as few as that; what was replaced since need not be told"
        assert store.changes(ENVIRONMENT, since=5) == []
        with expected(PastUnknown):
            store.changes(ENVIRONMENT, since=6)

    def test_more_changes_than_wanted_are_not_read(self, opened: Opened) -> None:
        """Those of small revisions before them are."""
        store = opened()
        put(store, "inventory", [object_document(host("h1"))])
        put(store, "inventory", [object_document(host(f"many-{number}")) for number in range(20)])
        put(store, "inventory", [object_document(host("h2"))])
        for limit in (1, 2, 1000):
            assert [one.revision for one in store.changes(ENVIRONMENT, since=0, limit=limit, most=10)] == [1]
            with expected(TooManyChanges):
                store.changes(ENVIRONMENT, since=1, limit=limit, most=10)
            assert [one.revision for one in store.changes(ENVIRONMENT, since=2, limit=limit, most=10)] == [3]
        assert len(store.changes(ENVIRONMENT, since=1, most=21)) == 21
        with store.write(ENVIRONMENT) as writer:
            writer.remove("inventory", [host(f"many-{number}").ref.document_id for number in range(15)])
        with expected(TooManyChanges):
            store.changes(ENVIRONMENT, since=3, most=14)
        assert {one.op for one in store.changes(ENVIRONMENT, since=3, most=15)} == {"remove"}

    def test_changes_can_be_waited_for(self, opened: Opened) -> None:
        store, stop = opened(), threading.Event()
        put(store, "inventory", [object_document(host("h1"))])
        told: list[Change] = []

        def watch() -> None:
            for change in opened().watch(ENVIRONMENT, since=0, stop=stop):
                told.append(change)
                if len(told) == 3:
                    stop.set()

        watcher = threading.Thread(target=watch)
        watcher.start()
        for name in ("h2", "h3"):
            time.sleep(0.15)
            put(store, "inventory", [object_document(host(name))])
        watcher.join(20)
        assert [one.revision for one in told] == [1, 2, 3]
        stop.set()
        assert list(store.watch(ENVIRONMENT, since=0, stop=stop)) == []

    # --- what is beside discovery

    def test_a_status_is_joined_and_survives_and_goes_with_what_it_is_of(self, opened: Opened) -> None:
        store = opened()
        one, other = host("h1"), host("h2")
        between = link(one, other)
        with store.write(ENVIRONMENT) as writer:
            writer.put("inventory", map(object_document, (one, other)))
            writer.put("links", [link_document(between)])
        sick = Status(environment=ENVIRONMENT, of=one.ref.document_id, value=2, label="Critical", text="down", since=AT)
        slow = replace(sick, of=between.document_id, kind="links", value=1, label="Warning", attributes={"a.b": 1})
        put(store, "status", map(status_document, (sick, slow)))
        view = store.view(ENVIRONMENT)
        assert view.get(one.ref) == replace(one, status=sick)
        assert [each.status for each in view.of_type("host")] == [sick, None]
        assert view.links() == [replace(between, status=slow)]
        assert view.status(one.ref.document_id) == sick
        put(store, "inventory", [object_document(host("h1", new=1))])  # a scan
        assert view.status(one.ref.document_id) == sick
        with store.snapshot(ENVIRONMENT) as then:
            put(store, "status", [status_document(replace(sick, value=0, label="OK"))])
            assert then.status(one.ref.document_id) == sick, "it has a history"
        with store.write(ENVIRONMENT) as writer:
            writer.remove("inventory", [one.ref.document_id])
        assert view.status(one.ref.document_id) is None
        assert view.status(between.document_id) == slow

    def test_objects_have_an_owner(self, opened: Opened) -> None:
        own = replace(host("h1"), owner="somebody")
        put(opened(), "inventory", map(object_document, (own, host("h2"))))
        assert [one.owner for one in opened().view(ENVIRONMENT).of_type("host")] == ["somebody", "scan"]
        assert "owned_by" not in object_document(host("h2"))


def _refused(store: Store, base: int, *, put: str = "", remove: str = "", depends: str = "") -> Overtaken:
    """Return the Overtaken error that a commit raises."""
    try:
        with store.write(ENVIRONMENT, base=base) as writer:
            if put:
                writer.put("inventory", [object_document(host(put, by="scan"))])
            if remove:
                writer.remove("inventory", [host(remove).ref.document_id])
            if depends:
                writer.depends_on("inventory", [host(depends).ref.document_id])
    except Overtaken as error:
        return error
    raise AssertionError("it was not refused")
