# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: D102, S101 - this module is tests: names say what they show, assertions are what it is for
"""Tests that every store must pass, to be inherited: third parties run them on their own stores.

Derive from ``StoreContract``, ``RevisionContract``, ``QueryContract``, ``SearchContract`` and ``CollectionContract``
(plain documents), and add a pytest fixture ``opened``, a function without arguments that always opens the same store,
empty at first::

    class TestMyStore(StoreContract, RevisionContract, QueryContract, SearchContract, CollectionContract):
        @pytest.fixture
        def opened(self, tmp_path):
            return lambda: MyStore(tmp_path)
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from calipso_nornir.errors import DocumentRefused
from calipso_nornir.model.cliques import Clique
from calipso_nornir.model.evidence import Evidence
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.store import clear, clear_all
from calipso_nornir.store.documents import clique_document, link_document, object_document
from calipso_nornir.testing.store_samples import (
    AT,
    ENVIRONMENT,
    LATER,
    ODD_ATTRIBUTES,
    expected,
    host,
    link,
    pnic,
    put,
    stored,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calipso_nornir.model.stores import Document, Kind, Store

    Opened: TypeAlias = Callable[[], Store]


class StoreContract:
    """The contract. Each test opens the store as often as it likes."""

    # --- what comes back

    def test_objects_come_back_as_they_were(self, opened: Opened) -> None:
        full, plain = host("h1", mac=None, os={"name": "Debian"}), pnic("h1", "eth0")
        put(opened(), "inventory", map(object_document, (full, plain)))
        view = opened().view(ENVIRONMENT)
        assert view.get(full.ref) == full
        assert view.get(plain.ref) == plain
        assert view.get(ObjectRef(ENVIRONMENT, "host_pnic", "h1")) is None, "an id says nothing without its type"

    def test_odd_attributes_come_back_as_they_were(self, opened: Opened) -> None:
        odd = host("h1", **ODD_ATTRIBUTES)
        put(opened(), "inventory", [object_document(odd)])
        back = opened().view(ENVIRONMENT).get_by_id("inventory", odd.ref.document_id)
        assert back == object_document(odd)
        assert back["true"] is True
        assert type(back["one"]) is int
        assert all(type(number) is int for number in back["64 bit"]), "YAML writers know no integers but int"

    def test_what_no_store_holds_comes_back_as_text(self, opened: Opened) -> None:
        attributes: dict[str, Any] = {"tuple": (1, (2,)), "surrogate": "a\udc80b", "\udc80": 1}
        lost = host("h\udce9", **attributes)
        put(opened(), "inventory", [object_document(lost)])
        back = opened().view(ENVIRONMENT).get(lost.ref)
        assert back is not None
        assert (back.id, back["tuple"], back["surrogate"], back["\\udc80"]) == ("h\\udce9", [1, [2]], "a\\udc80b", 1)
        assert opened().view(ENVIRONMENT).get(back.ref) == back, "what came back is found by its own identity"

    def test_links_come_back_as_they_were(self, opened: Opened) -> None:
        one, other = host("h1"), pnic("h1", "eth0")
        full = link(
            one,
            other,
            name="a name",
            state="down",
            weight=3,
            host="h1",
            switch="s1",
            source_label="from",
            target_label="to",
            attributes={"network": ["n1"], "x.y": {"$z": 1}},
            evidence=(Evidence("cli", "ip -j link", "h1", AT),),
        )
        bare = link(other, one)
        put(opened(), "links", map(link_document, (full, bare)))
        view = opened().view(ENVIRONMENT)
        assert set(map(repr, view.links())) == {repr(full), repr(bare)}
        assert view.links("host-host_pnic", source=one.ref, target=other.ref) == [full]

    def test_cliques_come_back_as_they_were(self, opened: Opened) -> None:
        one, other = host("h1"), pnic("h1", "eth0")
        between = link(one, other)
        clique = Clique(
            focal_point=one.ref,
            clique_type="ANY:host",
            links=(between.document_id,),
            nodes=(one.ref, other.ref),
            constraints={"network": ["n1"], "a.b": None},
            scanned_at=AT,
        )
        put(opened(), "cliques", [clique_document(clique)])
        view = opened().view(ENVIRONMENT)
        assert view.cliques() == [clique]
        assert view.cliques(one.ref) == [clique]
        assert view.cliques(other.ref) == []

    def test_plain_documents_have_the_form_both_stores_agree_on(self, opened: Opened) -> None:
        one, other = host("h1"), pnic("h1", "eth0")
        put(opened(), "inventory", [object_document(one)])
        put(opened(), "links", [link_document(link(one, other))])
        [document] = opened().view(ENVIRONMENT).documents("inventory")
        assert document == object_document(one)
        assert (document["_id"], document["last_scanned"]) == (one.ref.document_id, AT)
        assert document["last_scanned"].tzinfo is not None
        [between] = opened().view(ENVIRONMENT).documents("links")
        assert (between["source"], between["target"]) == (one.ref.document_id, other.ref.document_id)

    # --- look-ups

    def test_look_ups_are_ordered(self, opened: Opened) -> None:
        pnics = [pnic("h1", "eth2", label="a"), pnic("h1", "eth0", label="c"), pnic("h1", "eth1", label="b")]
        child = replace(host("h0"), parent=ObjectRef(ENVIRONMENT, "host", "h1"))
        put(opened(), "inventory", map(object_document, [*pnics, child, pnic("h2", "eth9"), host("h1")]))
        view = opened().view(ENVIRONMENT)
        assert [one.id for one in view.of_type("host_pnic")] == ["h1|eth0", "h1|eth1", "h1|eth2", "h2|eth9"]
        assert [one.name for one in view.children(ObjectRef(ENVIRONMENT, "host", "h1"))] == ["H0", "a", "b", "c"]
        assert view.children(ObjectRef(ENVIRONMENT, "vedge", "h1")) == [], "a parent's id says nothing without its type"
        assert [one["_id"] for one in view.documents("inventory")] == sorted(stored(opened()))
        assert view.of_type("no_such_type") == []

    def test_links_by_type_and_ends(self, opened: Opened) -> None:
        one, other, third = host("h1"), pnic("h1", "eth0"), pnic("h1", "eth1")
        links = [link(one, other), link(one, third), link(third, other)]
        put(opened(), "links", map(link_document, links))
        view = opened().view(ENVIRONMENT)
        by_id = sorted(links, key=lambda each: each.document_id)
        assert view.links() == by_id
        assert view.links("host-host_pnic") == [each for each in by_id if each.source == one.ref]
        assert view.links(source=one.ref) == view.links("host-host_pnic")
        assert view.links(target=other.ref) == [each for each in by_id if each.target == other.ref]
        assert view.links("host-host_pnic", target=other.ref) == [links[0]]
        assert view.links("vnic-vedge") == []

    def test_two_relations_between_two_objects_are_two_links(self, opened: Opened) -> None:
        one, other = pnic("h1", "eth0"), pnic("h1", "eth1")
        found, derived = link(one, other), link(one, other, implicit=True, attributes={"path": 3})
        with opened().write(ENVIRONMENT) as writer:
            writer.put("links", [link_document(found), link_document(link(other, one))])
            writer.put("implicit_links", [link_document(derived)])
        view = opened().view(ENVIRONMENT)
        assert len(view.links()) == 2  # noqa: PLR2004 - both directions
        assert view.implicit_links() == [derived]
        assert found in view.links()

    def test_search_ignores_case_and_keys(self, opened: Opened) -> None:
        named, described = host("tor-host"), pnic("h1", "eth0")
        put(opened(), "inventory", map(object_document, [described, named, host("h3")]))
        view = opened().view(ENVIRONMENT)
        assert [one.ref for one in view.search("TOR-")] == [named.ref, described.ref], "names come before attributes"
        assert [one.ref for one in view.search("9001")] == [described.ref]
        assert view.search("lldp") == [], "a key is not a value"
        assert view.search("hypervisors") == [], "evidence is not an attribute"
        assert view.search("") == []
        assert len(view.search("h", limit=2)) == 2  # noqa: PLR2004 - the limit
        assert view.search("h", limit=0) == []

    def test_search_knows_letters_beyond_ascii_and_what_json_escapes(self, opened: Opened) -> None:
        odd = host("h1", motto='Straße "ÄÖ\\"\n\0x', big=10**30, on=True)
        put(opened(), "inventory", map(object_document, [odd, host("h2")]))
        view = opened().view(ENVIRONMENT)
        for text in ("STRASSE", "äö", '"äö\\"', "\n\0X", str(10**30), "0" * 30, "TRUE"):
            assert [one.ref for one in view.search(text)] == [odd.ref], repr(text)

    def test_it_says_how_much_room_it_takes(self, opened: Opened) -> None:
        before = opened().sizes()
        many = [host(f"h{number}", motto=f"{number}" * 1000) for number in range(2000)]
        put(opened(), "inventory", map(object_document, many))
        opened().close()
        after = opened().sizes()
        assert after.keys() == before.keys()
        assert all(size >= 0 for size in before.values())
        assert sum(after.values()) > sum(before.values())

    def test_counts(self, opened: Opened) -> None:
        put(opened(), "inventory", map(object_document, [host("h1"), host("h2"), pnic("h1", "eth0")]))
        assert opened().view(ENVIRONMENT).counts() == {"host": 2, "host_pnic": 1}
        assert opened().view("another").counts() == {}

    def test_environments_never_see_each_other(self, opened: Opened) -> None:
        here, there = host("h1", motto="here"), host("h1", environment="there", motto="there")
        put(opened(), "inventory", [object_document(here)])
        put(opened(), "inventory", [object_document(there)], environment="there")
        put(opened(), "links", [link_document(link(there, there))], environment="there")
        store = opened()
        assert store.environments() == [ENVIRONMENT, "there"]
        assert store.view(ENVIRONMENT).of_type("host") == [here]
        assert store.view("there").get(here.ref) is None
        assert store.view(ENVIRONMENT).get(there.ref) is None
        assert store.view(ENVIRONMENT).children(there.parent or there.ref) == []
        assert store.view(ENVIRONMENT).links(source=there.ref) == []
        with store.write(ENVIRONMENT) as writer:
            writer.remove("inventory", [there.ref.document_id])
            writer.seen("inventory", [there.ref.document_id], LATER)
        assert store.view("there").get(there.ref) == there

    # --- generations

    def test_nothing_is_seen_before_the_end(self, opened: Opened) -> None:
        store = opened()
        put(store, "inventory", map(object_document, [host("h1"), host("h2")]))
        before = stored(store)
        with store.write(ENVIRONMENT) as writer:
            writer.put("inventory", [object_document(host("h1", new=1)), object_document(host("h3"))])
            writer.remove("inventory", [host("h2").ref.document_id])
            writer.seen("inventory", list(before), LATER)
            assert stored(store) == before
            assert stored(opened()) == before
        assert store.view(ENVIRONMENT).counts() == {"host": 2}
        assert {one.id for one in opened().view(ENVIRONMENT).of_type("host")} == {"h1", "h3"}

    def test_an_error_leaves_the_old_generation(self, opened: Opened) -> None:
        store = opened()
        put(store, "inventory", [object_document(host("h1"))])
        before = stored(store)
        with suppress(ZeroDivisionError), store.write(ENVIRONMENT) as writer:
            writer.put("inventory", [object_document(host("h2"))])
            writer.remove("inventory", list(before))
            len(before) / 0
        assert stored(store) == before
        put(store, "inventory", [object_document(host("h2"))])
        assert store.view(ENVIRONMENT).counts() == {"host": 2}

    def test_an_error_of_the_documents_source_is_its_own(self, opened: Opened) -> None:
        def documents() -> Iterator[Document]:
            yield object_document(host("h1"))
            raise OSError(28, "no space on a disk that is not the store's")

        try:
            put(opened(), "inventory", documents())
        except OSError as error:
            assert "not the store's" in str(error)  # noqa: PT017 - this module does without pytest
        else:
            raise AssertionError("the error was swallowed")
        assert stored(opened()) == {}

    def test_documents_are_replaced_whole_and_keep_their_id(self, opened: Opened) -> None:
        put(opened(), "inventory", [object_document(host("h1", old=1))])
        put(opened(), "inventory", [object_document(host("h1", new=1))])
        [document] = opened().view(ENVIRONMENT).documents("inventory")
        assert document["_id"] == host("h1").ref.document_id
        assert "old" not in document
        assert document["new"] == 1

    def test_seen_writes_the_time_only_and_never_goes_back(self, opened: Opened) -> None:
        store = opened()
        put(store, "inventory", map(object_document, [host("h1"), host("h2")]))
        before = stored(store)
        one, other = sorted(before)
        with store.write(ENVIRONMENT) as writer:
            writer.seen("inventory", [one], LATER)
            writer.seen("inventory", [other], AT - timedelta(days=1))
            writer.seen("inventory", ["0" * 24], LATER)
        assert stored(store) == {one: {**before[one], "last_scanned": LATER}, other: before[other]}

    def test_of_two_times_that_one_writer_has_seen_a_document_the_later_counts(self, opened: Opened) -> None:
        one, other = host("h1"), host("h2")
        put(opened(), "inventory", map(object_document, (one, other)))
        with opened().write(ENVIRONMENT) as writer:
            for at in (LATER, AT):
                writer.seen("inventory", [one.ref.document_id], at)
            for at in (AT, LATER):
                writer.seen("inventory", [other.ref.document_id], at)
        assert {one["last_scanned"] for one in stored(opened()).values()} == {LATER}

    def test_seen_reaches_documents_that_have_no_time_yet(self, opened: Opened) -> None:
        never = replace(host("h1"), scanned_at=None)
        put(opened(), "inventory", [object_document(never)])
        assert opened().view(ENVIRONMENT).get(never.ref) == never
        with opened().write(ENVIRONMENT) as writer:
            writer.seen("inventory", [never.ref.document_id], LATER)
        assert opened().view(ENVIRONMENT).get(never.ref) == replace(never, scanned_at=LATER)

    def test_the_last_word_on_a_document_counts(self, opened: Opened) -> None:
        store = opened()
        put(store, "inventory", [object_document(host("h1"))])
        ids = {name: host(name).ref.document_id for name in ("h1", "h2", "h3", "h4")}
        with store.write(ENVIRONMENT) as writer:
            writer.remove("inventory", [ids["h1"]])
            writer.put("inventory", [object_document(host("h1", back=1))])
            writer.put("inventory", [object_document(host("h2", n=1)), object_document(host("h2", n=2))])
            writer.put("inventory", [object_document(host("h2", n=3))])
            writer.put("inventory", [object_document(host("h3"))])
            writer.remove("inventory", [ids["h3"], ids["h3"]])
            writer.put("inventory", [object_document(host("h4"))])
            writer.seen("inventory", [ids["h4"]], LATER)
        view = store.view(ENVIRONMENT)
        assert [(one.id, one.get("back"), one.get("n")) for one in view.of_type("host")] == [
            ("h1", 1, None),
            ("h2", None, 3),
            ("h4", None, None),
        ]
        assert stored(store)[ids["h4"]]["last_scanned"] == LATER

    def test_a_writer_tells_what_was_there_before(self, opened: Opened) -> None:
        store = opened()
        old = object_document(host("h1"))
        put(store, "inventory", [old])
        with store.write(ENVIRONMENT) as writer:
            writer.put("inventory", [object_document(host("h1", new=1)), object_document(host("h2"))])
            assert writer.digests("inventory") == {old["_id"]: old["digest"]}
            assert writer.digests("links") == {}
            wanted = [old["_id"], host("h2").ref.document_id]
            assert list(writer.documents("inventory", wanted)) == [old]
            assert list(writer.documents("inventory", [])) == []

    def test_the_same_again_touches_nothing_but_the_time(self, opened: Opened) -> None:
        objects = [host("h1", **ODD_ATTRIBUTES), pnic("h1", "eth0")]
        put(opened(), "inventory", map(object_document, objects))
        before = stored(opened())
        with opened().write(ENVIRONMENT) as writer:
            known = writer.digests("inventory")
            again = [object_document(replace(one, scanned_at=LATER, evidence=_later(one.evidence))) for one in objects]
            changed = [document for document in again if known.get(document["_id"]) != document["digest"]]
            assert changed == []
            writer.seen("inventory", [document["_id"] for document in again], LATER)
        assert stored(opened()) == {key: {**document, "last_scanned": LATER} for key, document in before.items()}

    def test_documents_that_do_not_belong_are_refused(self, opened: Opened) -> None:
        store = opened()
        good = object_document(host("h1"))
        put(store, "inventory", [good])
        between = link_document(link(host("h1"), pnic("h1", "eth0")))
        wrong: list[tuple[Kind, Document]] = [
            ("inventory", {**good, "_id": "f" * 24}),
            ("inventory", {**good, "_id": "nonsense"}),
            ("inventory", {**good, "environment": "another"}),
            ("inventory", {**good, "type": None}),
            ("inventory", {**good, "last_scanned": "yesterday"}),
            ("links", {**between, "source": "nonsense"}),
            ("links", {**between, "link_type": 5}),
        ]
        for kind, document in wrong:
            with expected(DocumentRefused):
                put(store, kind, [object_document(host("h2")), document] if kind == "inventory" else [document])
        with expected(DocumentRefused), store.write(ENVIRONMENT) as writer:
            writer.remove("inventory", ["nonsense"])
        assert stored(store) == {good["_id"]: good}
        assert stored(store, "links") == {}

    # --- clearing

    def test_clear_empties_one_environment(self, opened: Opened) -> None:
        store = opened()
        one, other = host("h1"), pnic("h1", "eth0")
        with store.write(ENVIRONMENT) as writer:
            writer.put("inventory", map(object_document, (one, other)))
            writer.put("links", [link_document(link(one, other))])
            writer.put("implicit_links", [link_document(link(other, one, implicit=True))])
            writer.put("cliques", [clique_document(Clique(focal_point=one.ref, clique_type="x", links=(), nodes=()))])
        put(store, "inventory", [object_document(host("h1", environment="there"))], environment="there")
        store.collection("environments_config").put(ENVIRONMENT, {"name": ENVIRONMENT})
        assert clear(store, ENVIRONMENT) == 5  # noqa: PLR2004 - all of them
        kinds: tuple[Kind, ...] = ("inventory", "links", "implicit_links", "cliques")
        assert [list(store.view(ENVIRONMENT).documents(kind)) for kind in kinds] == [[], [], [], []]
        assert store.environments() == ["there"]
        assert store.collection("environments_config").get(ENVIRONMENT) == {"name": ENVIRONMENT}
        assert clear_all(store) == ["there"]
        assert store.environments() == []
        assert clear(store, "never seen") == 0

    # --- the address

    def test_the_uri_opens_the_store(self, opened: Opened) -> None:
        assert opened().uri == opened().uri
        assert "@" not in opened().uri or ":" not in opened().uri.rpartition("@")[0].partition("//")[2]


def _later(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    return tuple(replace(one, at=LATER) for one in evidence)
