# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: D102, S101 - this module is tests: names say what they show, assertions are what it is for
"""Tests that every store must pass: queries (see ``store_contract``)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.cliques import Clique
from calipso_nornir.model.finding import Addresses, Equal, Find, Holds, HoldsAny, OneOf, Prefix, Range, found_by
from calipso_nornir.store.documents import clique_document, link_document, object_document
from calipso_nornir.store.query_matching import page
from calipso_nornir.testing.store_samples import AT, ENVIRONMENT, ZONE, expected, host, link, pnic, put

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.model.stores import Store

    Opened: TypeAlias = Callable[[], Store]


class QueryContract:
    """The contract. Each test opens the store as often as it likes."""

    def test_queries_go_by_every_condition(self, opened: Opened) -> None:
        store = opened()
        hosts = [host(f"h{n}", n=n, big=n * 1.5, tags=["all", f"t{n}"], port_id=f"p{n % 2}") for n in range(6)]
        pnics = [pnic("h1", f"eth{n}") for n in range(3)]
        put(store, "inventory", map(object_document, [*hosts, *pnics, host("odd", n="3", tags="all", port_id=7)]))
        view = store.view(ENVIRONMENT)

        def ids(*where: object, **more: object) -> list[str]:
            return [one.id for one in view.find(Find(where=where, **{"order": ("id",), **more}))]  # type: ignore[arg-type]

        assert ids(Equal("type", "host_pnic")) == ["h1|eth0", "h1|eth1", "h1|eth2"]
        assert ids(Equal("type", "host"), Equal("port_id", "p1")) == ["h1", "h3", "h5"]
        assert ids(Equal("port_id", 7)) == ["odd"]
        assert ids(Equal("n", 3)) == ["h3"]
        assert ids(Equal("n", "3")) == ["odd"]
        assert ids(OneOf("id", ("h1", "h3", "nobody"))) == ["h1", "h3"]
        assert ids(OneOf("n", (1, "3"))) == ["h1", "odd"]
        assert ids(OneOf("id", ())) == []
        assert ids(Prefix("id", "h1")) == ["h1", "h1|eth0", "h1|eth1", "h1|eth2"]
        assert ids(Prefix("id", ""), Equal("host", "h2")) == ["h2"]
        assert ids(Range("id", "h2", "h4")) == ["h2", "h3"]
        assert ids(Range("n", 2, 4)) == ["h2", "h3"]
        assert ids(Range("n", at_least=4)) == ["h4", "h5"]
        assert ids(Range("last_scanned", below=AT)) == []
        assert ids(Range("last_scanned", at_least=AT), Equal("n", 1)) == ["h1"]
        assert ids(Holds("tags", "t4")) == ["h4"]
        assert ids(HoldsAny("tags", ("t4", "t5"))) == ["h4", "h5"]
        assert ids(found_by(ZONE), Equal("n", 2)) == ["h2"]
        assert ids(Holds("found_by", {"step": "zone.host"}), Range("n", 0, 2)) == ["h0", "h1"]
        assert ids(Holds("found_by", {"step": "another"})) == []
        assert ids(limit=2) == ["h0", "h1"]
        assert ids(Equal("type", "host"), order=("type", "id"), limit=2) == ["h0", "h1"]
        assert ids(order=("n", "id"), limit=4) == ["h1|eth0", "h1|eth1", "h1|eth2", "h0"], "what is missing comes first"
        assert ids(Equal("type", "host"), order=("n",))[-1] == "odd", "texts come after numbers"
        with expected(InvalidRequest):
            view.find(Find(kind="links"))
        with expected(InvalidRequest):
            ids(after=("h1",))

    def test_queries_give_page_after_page(self, opened: Opened) -> None:
        store = opened()
        put(store, "inventory", (object_document(host(f"h{n}", n=n % 3)) for n in range(10)))
        view = store.view(ENVIRONMENT)
        for order in (("id",), ("type", "id"), ("n",), (), ("-id",), ("type", "-id"), ("-n", "id"), ("-_id",)):
            pages, after = [], None
            while found := view.find_documents(Find(order=order, after=after, limit=3)):
                pages.append([one["id"] for one in found])
                after = (*(found[-1][name.removeprefix("-")] for name in order), found[-1]["_id"])
            assert [len(page) for page in pages] == [3, 3, 3, 1]
            assert [id_ for page in pages for id_ in page] == [
                one["id"] for one in view.find_documents(Find(order=order))
            ]

    def test_pages_in_the_order_of_any_field(self, opened: Opened) -> None:
        """Each order of values of every type, page by page; some of the objects are written later, one is removed."""
        values: tuple[Any, ...] = (
            None, False, True, -1, 0, 0.5, 1, 1.0, 2**40, -(2**62), float("inf"), "", "B", "a", "b", "b\0", "ä", "ß"
        )  # fmt: skip
        odd = (*values, [1], {"x": 1}, float("nan"), 2**70, AT)
        some = [host(f"h{n:02}", plain=one, kind=n % 3) for n, one in enumerate(values)]
        some += [pnic("h1", f"eth{n}") for n in range(3)]
        some += [replace(pnic("p", f"eth{n}"), attributes={"odd": one, "plain": n % 2}) for n, one in enumerate(odd)]
        put(opened(), "inventory", map(object_document, some[4:]))
        put(opened(), "inventory", map(object_document, some[:4]))
        with opened().write(ENVIRONMENT) as writer:
            writer.remove("inventory", [some[7].ref.document_id])
        view = opened().view(ENVIRONMENT)
        documents = list(view.documents("inventory"))
        for where in ((), (Equal("type", "host"),), (Equal("type", "host_pnic"), Prefix("id", "p"))):
            for order in (("plain",), ("-plain", "name"), ("kind", "-plain"), ("odd",), ("-odd",), ("name", "kind")):
                everything = Find(where=where, order=order)
                wanted = [one["_id"] for one in page(documents, everything)]
                assert [one["_id"] for one in view.find_documents(everything)] == wanted
                after: tuple[Any, ...] | None = None
                found: list[str] = []
                while some_ := view.find_documents(replace(everything, after=after, limit=4)):
                    found += [one["_id"] for one in some_]
                    names = [name.removeprefix("-") for name in order]
                    after = (*(some_[-1].get(name) for name in names), some_[-1]["_id"])
                assert found == wanted, (where, order)

    def test_a_position_may_be_that_of_another_query(self, opened: Opened) -> None:
        put(opened(), "inventory", [object_document(host(f"h{n}")) for n in range(4)])
        put(opened(), "inventory", [object_document(pnic("h1", f"eth{n}")) for n in range(4)])
        view = opened().view(ENVIRONMENT)
        documents = list(view.documents("inventory"))
        one = Equal("id", "h1")
        for where in ((), (Equal("type", "host"),), (one,), (Equal("type", "host"), one)):
            for order in (("type", "-id"), ("-type", "id"), ("id",), ("-id", "type"), ("type",)):
                for at in documents:
                    position = (*(at[name.removeprefix("-")] for name in order), at["_id"])
                    query = Find(where=where, order=order, after=position, limit=3)
                    assert view.find_documents(query) == page(documents, query), query

    def test_orders_go_either_way(self, opened: Opened) -> None:
        store = opened()
        hosts = [host(f"h{n}", n=n % 3) for n in range(6)]
        pnics = [pnic("h1", f"eth{n}") for n in range(2)]
        put(store, "inventory", map(object_document, [*hosts, *pnics]))
        view = store.view(ENVIRONMENT)

        def ids(*order: str, **more: Any) -> list[str]:  # noqa: ANN401 - the fields of Find
            return [one.id for one in view.find(Find(order=order, **more))]

        assert ids("-id") == ["h5", "h4", "h3", "h2", "h1|eth1", "h1|eth0", "h1", "h0"]
        assert ids("type", "-id", limit=4) == ["h5", "h4", "h3", "h2"]
        assert ids("-type", "id", limit=3) == ["h1|eth0", "h1|eth1", "h0"]
        assert ids("-n", "-id", where=(Equal("type", "host"),)) == ["h5", "h2", "h4", "h1", "h3", "h0"]
        assert ids("-n", "id")[-2:] == ["h1|eth0", "h1|eth1"], "what is missing comes last, then"
        by_id = [one["_id"] for one in view.find_documents(Find())]
        assert [one["_id"] for one in view.find_documents(Find(order=("-_id",)))] == by_id[::-1]

    def test_fields_are_chosen(self, opened: Opened) -> None:
        store = opened()
        one, two = host("h1", n=1, **{"odd.name": "x"}), host("h2", n=2)
        put(store, "inventory", map(object_document, [one, two]))
        put(store, "links", [link_document(link(one, two))])
        view = store.view(ENVIRONMENT)
        wanted = ("odd.name", "n", "nothing")
        for query in (Find(order=("-id",), fields=wanted, limit=9), Find(order=("-n",), fields=wanted)):
            assert view.find_documents(query) == [
                {"_id": two.ref.document_id, "n": 2},
                {"_id": one.ref.document_id, "odd.name": "x", "n": 1},
            ]
        [found] = view.find_documents(
            Find(kind="links", fields=("source",), where=(Equal("source", one.ref.document_id),))
        )
        assert found == {"_id": link(one, two).document_id, "source": one.ref.document_id}
        assert view.find_documents(Find(fields=("n",), where=(Range("n", 2),))) == [
            {"_id": two.ref.document_id, "n": 2}
        ]
        with store.snapshot(ENVIRONMENT) as then:
            put(opened(), "inventory", [object_document(host("h2", n=7))])
            assert then.find_documents(Find(fields=("n",), order=("-id",), limit=1)) == [
                {"_id": two.ref.document_id, "n": 2}
            ]
        with expected(InvalidRequest):
            view.find(Find(fields=("n",)))

    def test_what_fits_is_counted(self, opened: Opened) -> None:
        store = opened()
        some = [host(f"h{n}", n=n % 3, tag="a" if n % 2 else ["a", "b"], up=n > 1) for n in range(6)]
        put(store, "inventory", map(object_document, [*some, pnic("h1", "eth0")]))
        wanted = (
            ((), 7),
            ((Equal("type", "host"),), 6),
            ((Equal("type", "host"), Prefix("id", "h")), 6),
            ((Equal("n", 1),), 2),
            ((Equal("up", value=True),), 4),
            ((Equal("tag", "a"),), 3),
            ((OneOf("id", ("h1", "h2", "no")),), 2),
            ((Range("id", "h1", "h3"),), 3),
            ((Range("n", 1),), 4),
            ((Range("tag"),), 6),
            ((Holds("tag", "b"),), 3),
            ((Equal("type", "nothing"),), 0),
        )
        view = store.view(ENVIRONMENT)
        found = {str(where): view.count(Find(where=where, order=("id",), limit=1)) for where, _ in wanted}
        assert found == {str(where): count for where, count in wanted}
        with store.snapshot(ENVIRONMENT) as then:
            put(opened(), "inventory", [object_document(host("h1", n=7)), object_document(host("h9", n=1))])
            assert [then.count(Find(where=where)) for where, _ in wanted] == [count for _, count in wanted]
        changed = ((Equal("n", 1),), (Equal("n", 7),), ())
        assert [view.count(Find(where=where)) for where in changed] == [2, 1, 8]
        assert view.count(Find(kind="links")) == 0

    def test_objects_are_found_by_what_small_scans_know(self, opened: Opened) -> None:
        store = opened()
        one = pnic("h1", "eth0")
        vnic = replace(
            one,
            attributes={"port_id": "p1", "mac_address": "fa:16:3e:00:00:01", "device": "tap1", "host": "h1"},
            found_by=frozenset({ZONE}),
        )
        instance = host("i1", mac_addresses=["fa:16:3e:00:00:01", "fa:16:3e:00:00:02"])
        put(store, "inventory", map(object_document, [vnic, instance, host("h2")]))
        view = store.view(ENVIRONMENT)
        for field, value in (("port_id", "p1"), ("mac_address", "fa:16:3e:00:00:01"), ("device", "tap1")):
            assert view.find(Find(where=(Equal(field, value),))) == [vnic]
        assert view.find(Find(where=(Holds("mac_addresses", "fa:16:3e:00:00:02"),))) == [instance]
        assert view.find(Find(where=(found_by(ZONE), Equal("type", "host_pnic")))) == [vnic]
        put(
            store,
            "inventory",
            [object_document(replace(instance, attributes={"mac_addresses": ["02:00:00:00:00:09"]}))],
        )
        assert view.find(Find(where=(Holds("mac_addresses", "fa:16:3e:00:00:02"),))) == []
        assert [o.id for o in view.find(Find(where=(Holds("mac_addresses", "02:00:00:00:00:09"),)))] == ["i1"]

    def test_addresses_count_however_they_are_written(self, opened: Opened) -> None:
        some = [
            host("h1", mac_address="FA-16-3E-00-00-01", ips=["2001:DB8:0::1", 7], net="10.0.0.0/24"),
            host("h2", mac_address="fa:16:3e:00:00:01", ips=["2001:db8:0:0:0:0:0:1"], net="10.0.0.1"),
            host("h3", mac_address="fa:16:3e:00:00:11", ips=["2001:db8::11"], net="10.0.0.11"),
            host("h4", ips="2001:0db8::0001", net=["10.0.0.1"]),
            host("2001:DB8::1", ips=None),
        ]
        put(opened(), "inventory", map(object_document, some[1:]))
        opened().index_texts(ENVIRONMENT)
        put(opened(), "inventory", map(object_document, some[:1]))
        cases: dict[tuple[str, tuple[str, ...]], list[str]] = {
            ("mac_address", ("fa16.3e00.0001",)): ["h1", "h2"],
            ("ips", ("2001:DB8::1",)): ["h1", "h2", "h4"],
            ("ips", ("2001:db8:0:0:0:0:0:1", "2001:db8:0::11")): ["h1", "h2", "h3", "h4"],
            ("net", ("10.0.0.1",)): ["h2", "h4"],
            ("net", ("10.0.0.1", "x", "10.0.0.0/24")): ["h1", "h2", "h4"],
            ("net", ("10.0.0.2",)): [],
            ("name", ("2001:db8:0::1",)): ["2001:DB8::1"],
            ("id_path", ("2001:db8:0::1",)): [],
        }
        view = opened().view(ENVIRONMENT)
        for again in range(2):
            for (field, values), ids in cases.items():
                query = Find(where=(Addresses(field, values), Equal("type", "host")), order=("id",))
                assert sorted(one.id for one in view.find(query)) == sorted(ids), (field, values, again)
                assert view.count(query) == len(ids)
                assert [one.id for one in view.find(replace(query, limit=1))] == sorted(ids)[:1]
            opened().index_texts(ENVIRONMENT)

    def test_attributes_can_be_given_an_index(self, opened: Opened) -> None:
        store = opened()
        some = [host(f"h{n}", network=f"n{n % 3}", **{"odd.name": "x"}) for n in range(6)]
        put(store, "inventory", map(object_document, some))
        put(store, "inventory", [object_document(host("number", network=7)), object_document(host("without"))])
        wanted = (
            Equal("network", "n1"),
            OneOf("network", ("n1", "n2")),
            Equal("network", 7),
            Equal("odd.name", "x"),
            Prefix("network", "n"),
            Range("network", "n1", "n3"),
            Range("network", "n2"),
        )

        def found() -> list[list[str]]:
            return [[one.id for one in opened().view(ENVIRONMENT).find(Find(where=(each,)))] for each in wanted]

        before = found()
        assert [len(each) for each in before] == [2, 4, 1, 6, 6, 4, 2]
        store.index(["network", "host", "odd.name"])
        store.index(["network"])
        assert found() == before
        put(store, "inventory", [object_document(host("h1", network="n2")), object_document(host("h9", network="n1"))])
        with store.snapshot(ENVIRONMENT) as then:
            put(opened(), "inventory", [object_document(host("h9", network="n2"))])
            assert [one.id for one in then.find(Find(where=(wanted[0],), order=("id",)))] == ["h4", "h9"]
        assert [one.id for one in store.view(ENVIRONMENT).find(Find(where=(wanted[0],)))] == ["h4"]

    def test_links_and_cliques_around_a_thing(self, opened: Opened) -> None:
        store = opened()
        one, two, three = host("h1"), host("h2"), host("h3")
        links = [link(one, two), link(two, three), link(three, one), link(one, one)]
        cliques = [
            Clique(focal_point=ref, clique_type="x", links=tuple(each.document_id for each in some), nodes=(one.ref,))
            for ref, some in ((one.ref, links[:2]), (two.ref, links[1:2]), (three.ref, ()))
        ]
        with store.write(ENVIRONMENT) as writer:
            writer.put("links", map(link_document, links))
            writer.put("cliques", map(clique_document, cliques))
        view = store.view(ENVIRONMENT)
        by_id = sorted((links[0], links[2], links[3]), key=lambda each: each.document_id)
        assert view.links_of(one.ref) == by_id
        assert view.find_links(Find(kind="links", where=(Equal("source", two.ref.document_id),))) == [links[1]]
        with_second = view.cliques_with([links[1].document_id])
        assert {each.focal_point for each in with_second} == {one.ref, two.ref}
        assert [each.focal_point for each in view.cliques_with([links[0].document_id])] == [one.ref]
        assert view.cliques_with([links[3].document_id]) == []
        assert view.cliques_with([]) == []
        with store.write(ENVIRONMENT) as writer:
            writer.put("cliques", [clique_document(replace(cliques[0], links=()))])
            writer.remove("cliques", [cliques[1].document_id])
        assert view.cliques_with([each.document_id for each in links]) == []
        assert view.get_by_id("links", links[0].document_id) == link_document(links[0])
        assert view.get_by_id("links", "0" * 24) is None
        assert view.get_by_id("links", "no id") is None
