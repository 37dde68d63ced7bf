# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - attributes are JSON of any shape
"""Implicit links, and the graph that they and cliques walk on."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.model.links import Link, LinkType
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.graph import Graph
from calipso_nornir.scan.implicit import MAX_HOPS, derive_links
from calipso_nornir.testing import AT, thing


def link(ends: str, **more: Any) -> Link:
    """Make a link of "a1>b2": from object a1 of type a to object b2 of type b."""
    source, target = (ObjectRef("cloud", one[0], one) for one in ends.split(">"))
    attributes: dict[str, Any] = {key: more.pop(key) for key in ("network", "zone") if key in more}
    return Link(source=source, target=target, attributes=attributes, **more)


def derived(links: list[Link], type_: str, *sources: str) -> list[Link]:
    graph = Graph(links, ["network", "zone"])
    starts = [thing(one[0], id=one) for one in sources]
    return list(derive_links(graph, LinkType.of(type_), starts, at=AT))


def ends(links: list[Link]) -> list[str]:
    return [f"{one.source.id}>{one.target.id}" for one in links]


CHAIN = [link("a1>b1"), link("b1>c1"), link("c1>d1"), link("d1>e1")]


@pytest.mark.parametrize(
    ("type_", "found"),
    [
        ("a-c", True),
        ("b-d", True),
        ("c-e", True),
        ("a-d", True),
        ("b-e", True),
        ("a-e", True),
        ("a-b", False),
        ("d-e", False),
        ("c-a", False),
        ("e-a", False),
        ("a-a", False),
    ],
)
def test_a_chain_of_four_gives_its_six(type_: str, found: bool) -> None:  # noqa: FBT001
    """discovery.md 4.3: generations {AC, BD, CE}, {AD, BE}, {AE}; never a found link again, never backwards."""
    source, _, target = type_.partition("-")
    assert ends(derived(CHAIN, type_, f"{source}1")) == ([f"{source}1>{target}1"] if found else [])


def test_an_implicit_link_says_by_which_way() -> None:
    (one,) = derived(CHAIN, "a-d", "a1")
    assert (one.implicit, one.name, one.state, one.weight, one.scanned_at) == (True, "", "up", 0, AT)
    assert one.evidence[0].query == "a a1 > b b1 > c c1 > d d1"


def test_the_shortest_way_is_told() -> None:
    (one,) = derived([*CHAIN, link("b1>d1")], "a-d", "a1")
    assert one.evidence[0].query == "a a1 > b b1 > d d1"


def test_state_host_and_switch_are_those_of_the_way() -> None:
    same = derived(
        [link("a1>b1", host="h1", switch="s1"), link("b1>c1", host="h1", switch="s1", state="down")], "a-c", "a1"
    )
    assert [(one.host, one.switch, one.state) for one in same] == [("h1", "s1", "down")]
    mixed = derived([link("a1>b1", host="h1"), link("b1>c1", host="h2")], "a-c", "a1")
    assert [(one.host, one.switch) for one in mixed] == [(None, None)]


def test_circles_end() -> None:
    circle = [link("a1>b1"), link("b1>c1"), link("c1>a1"), link("c1>b1"), link("b1>b2"), link("b2>b1")]
    assert ends(derived(circle, "a-c", "a1")) == ["a1>c1"]
    assert ends(derived(circle, "a-b", "a1")) == ["a1>b2"]
    assert ends(derived(circle, "a-a", "a1")) == []


def test_ways_are_bounded() -> None:
    names = [f"b{number}" for number in range(MAX_HOPS + 2)]
    long = [link(f"a1>{names[0]}"), *(link(f"{one}>{other}") for one, other in pairwise(names))]
    found = ends(derived(long, "a-b", "a1"))
    assert len(found) == MAX_HOPS - 1


@pytest.mark.parametrize(
    ("first", "second", "network"),
    [
        ({}, {}, None),
        ({"network": "n1"}, {}, ["n1"]),
        ({}, {"network": ["n2", "n1"]}, ["n1", "n2"]),
        ({"network": "n1"}, {"network": ["n1", "n2"]}, ["n1"]),
        ({"network": "n1"}, {"network": "n2"}, "none"),
        ({"network": "n1"}, {"network": []}, "none"),
        ({"network": "n1"}, {"zone": "z"}, ["n1"]),
    ],
)
def test_links_of_different_networks_are_not_joined(first: Any, second: Any, network: Any) -> None:
    found = derived([link("a1>b1", **first), link("b1>c1", **second)], "a-c", "a1")
    assert [one.attributes.get("network") for one in found] == ([] if network == "none" else [network])


def test_two_ways_serve_the_networks_of_both() -> None:
    links = [link("a1>b1", network="n1"), link("a1>b2", network="n2"), link("b1>c1"), link("b2>c1")]
    (one,) = derived(links, "a-c", "a1")
    assert one.attributes == {"network": ["n1", "n2"]}
    (free,) = derived([*links, link("a1>b3"), link("b3>c1")], "a-c", "a1")
    assert free.attributes == {}


def test_all_sources_and_targets() -> None:
    links = [link("a1>b1"), link("a2>b1"), link("b1>c1"), link("b1>c2")]
    assert ends(derived(links, "a-c", "a1", "a2", "a3")) == ["a1>c1", "a1>c2", "a2>c1", "a2>c2"]


OBJECTS = st.sampled_from([f"{type_}{number}" for type_ in "abc" for number in range(2)])
LINKS = st.lists(
    st.builds(
        lambda a, b, n: link(f"{a}>{b}", **({"network": n} if n else {})),
        OBJECTS,
        OBJECTS,
        st.sampled_from(["", "n1", "n2"]),
    ),
    max_size=9,
    unique_by=lambda one: one.document_id,
)


def reference(links: list[Link], start: str) -> set[str]:
    """Walk every way that visits no object twice and joins no two networks."""
    found: set[str] = set()

    def walk(at: str, seen: list[str], networks: frozenset[str]) -> None:
        for one in links:
            mine = networks | ({one.attributes["network"]} if one.attributes else set())
            if one.source.id == at and one.target.id not in seen and len(mine) < 2:
                if len(seen) > 1:
                    found.add(one.target.id)
                walk(one.target.id, [*seen, one.target.id], mine)

    walk(start, [start], frozenset())
    return found


@given(LINKS)
def test_every_way_is_found_and_none_is_invented(links: list[Link]) -> None:
    found = {one.target.id for type_ in "abc" for one in derived(links, f"a-{type_}", "a0")}
    linked = {one.target.id for one in links if one.source.id == "a0"}
    assert found - linked == reference(links, "a0") - linked
    graph = {(one.source.id, one.target.id) for one in links}
    for type_ in "abc":
        for one in derived(links, f"a-{type_}", "a0"):
            way = [part.split()[1] for part in one.evidence[0].query.split(" > ")]
            assert set(pairwise(way)) <= graph
            assert len(way) == len(set(way))
            assert (way[0], way[-1], len(way) > 2) == ("a0", one.target.id, True)


# --- the graph


def test_a_graph_is_walked_both_ways_but_points_one_way() -> None:
    one = link("a1>b1", network="n1")
    graph = Graph([one], ["network", "zone"])
    (there,) = graph.hops(LinkType("a", "b"), one.source)
    (back,) = graph.hops(LinkType("b", "a"), one.target)
    assert (there.to, back.to) == (one.target, one.source)
    assert there.limits == back.limits == (frozenset({"n1"}), None)
    assert list(graph.hops(LinkType("a", "c"), one.source)) == []
    assert list(graph.hops(LinkType("a", "b"), one.target)) == []
    assert [hop.to for hop in graph.outgoing(one.source)] == [one.target]
    assert list(graph.outgoing(one.target)) == []


def test_it_was_confirmed_when_the_oldest_of_its_links_was() -> None:
    before, later = AT - timedelta(days=2), AT - timedelta(days=1)
    links = [link("a1>b1", scanned_at=later), link("b1>c1", scanned_at=before), link("c1>d1", scanned_at=AT)]
    assert [one.scanned_at for one in derived(links, "a-d", "a1")] == [before]
    assert [one.scanned_at for one in derived(links, "b-d", "b1")] == [before]
    assert [one.scanned_at for one in derived([*links[:1], link("b1>c1")], "a-c", "a1")] == [later]
