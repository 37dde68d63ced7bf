# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - attributes are JSON of any shape
"""Cliques: small pictures checked by hand, and others against a slow reference that is obviously correct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.errors import MetadataError
from calipso_nornir.metadata.catalog import Catalog
from calipso_nornir.model.cliques import CliqueType
from calipso_nornir.model.environment import Environment
from calipso_nornir.model.links import Link, LinkType
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.cliques import build_clique, build_cliques, constraint_attributes
from calipso_nornir.scan.graph import Graph
from calipso_nornir.testing import AT, thing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.model.objects import InventoryObject


def link(ends: str, **attributes: Any) -> Link:
    """Make a link of "a1>b2": from object a1 of type a to object b2 of type b."""
    source, target = (ObjectRef("cloud", one[0], one) for one in ends.split(">"))
    return Link(source=source, target=target, attributes=attributes)


def clique(
    focal: InventoryObject, links: Sequence[Link], *types: str, constraints: Sequence[str] = ("network",)
) -> Any:
    chosen = CliqueType(name="t", focal_point_type=focal.type, link_types=tuple(map(LinkType.of, types)))
    graph = Graph(links, ["network", "other"])
    return build_clique(graph, focal, chosen, constraints=constraints, at=AT)


def reached(focal: InventoryObject, links: Sequence[Link], *types: str, **more: Any) -> list[str]:
    found = clique(focal, links, *types, **more)
    names = {one.document_id: f"{one.source.id}>{one.target.id}" for one in links}
    return [] if found is None else [names[one] for one in found.links]


A = thing("a", id="a1")


def test_link_types_are_followed_in_order() -> None:
    links = [link("a1>b1"), link("b1>c1"), link("c1>d1"), link("b2>c2"), link("a1>b3")]
    found = clique(A, links, "a-b", "b-c", "c-d")
    assert [str(node) for node in found.nodes] == ["a a1", "b b1", "b b3", "c c1", "d d1"]
    assert (found.focal_point, found.clique_type, found.scanned_at) == (A.ref, "t", AT)
    assert reached(A, links, "b-c", "a-b") == ["a1>b1", "a1>b3"]


def test_each_hop_goes_against_its_link_where_it_has_to() -> None:
    links = [link("b1>a1"), link("b1>c1"), link("d1>c1"), link("a1>b2")]
    assert reached(A, links, "a-b", "b-c", "c-d") == ["a1>b2", "b1>a1", "b1>c1", "d1>c1"]


def test_a_link_type_that_leads_nowhere_is_passed_over() -> None:
    links = [link("a1>b1"), link("b1>d1")]
    assert reached(A, links, "a-b", "b-c", "c-d", "b-d") == ["a1>b1", "b1>d1"]


def test_what_others_are_linked_to_does_not_change_the_order() -> None:
    """Else small scans, which see the links around one object, would store another clique than full ones."""
    links = [link("a1>d1"), link("d1>c1")]
    alone = clique(A, links, "a-c", "a-d", "d-c")
    beside = clique(A, [*links, link("a2>c2")], "a-c", "a-d", "d-c")
    assert [str(node) for node in alone.nodes] == [str(node) for node in beside.nodes] == ["a a1", "d d1", "c c1"]


def test_without_links_there_is_no_clique() -> None:
    assert clique(A, [link("a2>b1")], "a-b") is None
    assert clique(A, [], "a-b") is None


def test_a_type_may_be_linked_with_itself() -> None:
    links = [link("a1>b1"), link("b1>b2"), link("b3>b1"), link("b2>b4"), link("b2>c2"), link("b3>c3")]
    assert reached(A, links, "a-b", "b-b", "b-c") == ["a1>b1", "b1>b2", "b2>b4", "b3>b1", "b2>c2", "b3>c3"]


def test_a_row_of_one_type_is_followed_in_one_direction() -> None:
    links = [link("a1>b1"), link("b1>b2"), link("b2>b3"), link("b3>b1"), link("b4>b3"), link("b5>b1"), link("b6>b5")]
    row = ["a1>b1", "b1>b2", "b2>b3", "b3>b1", "b5>b1", "b6>b5"]
    assert reached(A, links, "a-b", "b-b") == row
    limited = [link("a1>b1"), link("b1>b2", network="n1"), link("b2>b3", network="n2")]
    assert reached(thing("a", id="a1", network="n1"), limited, "a-b", "b-b") == ["a1>b1", "b1>b2"]


def test_what_a_row_reaches_later_for_another_network_is_left_by_both() -> None:
    """b3 is one link away for the first network, two for the second; the first still leads on from there."""
    focal = thing("a", id="a1", network=["n1", "n2"])
    first = [link("a1>b1", network="n1"), link("b1>b3", network="n1")]
    second = [link("a1>b2", network="n2"), link("b2>b4", network="n2"), link("b4>b3", network="n2")]
    onward = [link("b3>c1", network="n1"), link("b3>c2", network="n2")]
    assert reached(focal, [*first, *second, *onward], "a-b", "b-b", "b-c")[-2:] == ["b3>c1", "b3>c2"]


def test_a_link_that_is_cut_off_ends_the_way_of_those_who_come_from_its_source() -> None:
    links = [link("a1>b1"), link("b1>c1", network=[], cut_off=True), link("c1>d1")]
    found = clique(A, links, "a-b", "b-c", "c-d")
    assert reached(A, links, "a-b", "b-c", "c-d") == ["a1>b1", "b1>c1"]
    assert [node.id for node in found.nodes] == ["a1", "b1", "c1"]
    other_end = thing("d", id="d1")
    assert reached(other_end, links, "d-c", "c-b", "b-a") == ["c1>d1"]


def test_links_that_tell_where_the_way_out_is_are_followed_one_way() -> None:
    """At one switch (c1): the bridge of the server (b1), its neighbour's (b2), and the one that leads out (b3)."""
    inner, outer = {"outward": "c"}, {"outward": "b"}
    links = [link("a1>b1"), link("b1>c1", **inner), link("b2>c1", **inner), link("b3>c1", **outer), link("b3>d1")]
    assert reached(A, links, "a-b", "b-c", "c-b", "b-d") == ["a1>b1", "b1>c1", "b3>c1", "b3>d1"]
    network = thing("network", id="network1")
    carried = Link(source=ObjectRef("cloud", "d", "d1"), target=network.ref)
    inwards = ("network-d", "d-b", "b-c", "c-b", "b-a")
    assert reached(network, [*links, carried], *inwards) == ["d1>network1", "b3>d1", "b3>c1", "b1>c1", "b2>c1", "a1>b1"]
    assert reached(A, [link("a1>b1"), link("b1>c1"), link("b2>c1")], "a-b", "b-c", "c-b") == [
        "a1>b1", "b1>c1", "b2>c1"
    ]  # fmt: skip


def test_a_link_is_taken_once_however_often_it_is_passed() -> None:
    links = [link("a1>b1")]
    assert reached(A, links, "a-b", "b-a", "a-b") == ["a1>b1"]


@pytest.mark.parametrize(
    ("limits", "passes"),
    [
        ({}, True),
        ({"network": "n1"}, True),
        ({"network": ["n9", "n1"]}, True),
        ({"network": "n2"}, False),
        ({"network": []}, False),
        ({"network": None}, False),
        ({"other": "x"}, True),
    ],
)
def test_links_of_other_networks_are_left_out(limits: Any, passes: bool) -> None:  # noqa: FBT001
    focal = thing("a", id="a1", network="n1")
    links = [link("a1>b1", **limits), link("b1>c1")]
    assert reached(focal, links, "a-b", "b-c") == (["a1>b1", "b1>c1"] if passes else [])
    assert clique(focal, [link("a1>b1")], "a-b").constraints == {"network": "n1"}


@pytest.mark.parametrize("own", [[], None])
def test_a_focal_point_without_networks_has_links_without_networks_only(own: Any) -> None:
    focal = thing("a", id="a1", **({"network": own} if own is not None else {}))
    assert reached(focal, [link("a1>b1", network="n1"), link("a1>b2")], "a-b") == ["a1>b2"]
    assert clique(focal, [link("a1>b2")], "a-b").constraints == {"network": own}


def test_a_focal_point_of_two_networks_has_both() -> None:
    focal = thing("a", id="a1", network=["n1", "n2"])
    links = [link("a1>b1", network="n1"), link("a1>b2", network=["n2"]), link("a1>b3", network="n3")]
    assert reached(focal, links, "a-b") == ["a1>b1", "a1>b2"]


def test_what_one_network_reaches_is_not_left_by_another() -> None:
    """A server in two networks, unplugged in n2; its interface in n1 passes the switch that has a way to n2."""
    server = thing("server", id="s1", network=["n1", "n2"])
    links = [
        Link(source=server.ref, target=ObjectRef("cloud", "nic", "nic1"), attributes={"network": "n1"}),
        Link(source=server.ref, target=ObjectRef("cloud", "nic", "nic2"), attributes={"network": "n2"}),
        Link(source=ObjectRef("cloud", "nic", "nic1"), target=ObjectRef("cloud", "b", "b1"), attributes={}),
        link("b1>c1", network=["n1", "n3"]),
        link("b1>c2", network=["n2"]),
        link("b1>c3"),
    ]
    assert reached(server, links, "server-nic", "nic-b", "b-c") == [
        "s1>nic1", "s1>nic2", "nic1>b1", "b1>c1", "b1>c3"
    ]  # fmt: skip
    plugged = Link(source=ObjectRef("cloud", "nic", "nic2"), target=ObjectRef("cloud", "b", "b1"), attributes={})
    assert "b1>c2" in reached(server, [*links, plugged], "server-nic", "nic-b", "b-c")


def test_what_two_link_types_reach_for_different_networks_is_left_by_both() -> None:
    """A bridge that a server's interface in n1 is a member of, and that its interface in n2 reaches by another way."""
    focal = thing("a", id="a1", network=["n1", "n2"])
    first, second = link("a1>b1", network="n1"), link("a1>c1", network="n2")
    links = [first, second, link("c1>b1"), link("b1>d1", network="n1"), link("b1>d2", network="n2")]
    assert reached(focal, links, "a-b", "a-c", "c-b", "b-d") == ["a1>b1", "a1>c1", "c1>b1", "b1>d1", "b1>d2"]


def test_what_constrains_nothing_is_not_looked_at() -> None:
    focal = thing("a", id="a1", network="n1")
    links = [link("a1>b1", network="n2")]
    assert reached(focal, links, "a-b", constraints=()) == ["a1>b1"]
    assert reached(focal, links, "a-b", constraints=("network", "other")) == []


def test_values_that_are_no_text_constrain_as_well() -> None:
    focal = thing("a", id="a1", network=[{"id": 1}])
    links = [link("a1>b1", network={"id": 1}), link("a1>b2", network={"id": 2}), link("a1>b3", network=7)]
    assert reached(focal, links, "a-b") == ["a1>b1"]


def test_all_focal_points_of_a_type() -> None:
    links = [link("a1>b1"), link("a3>b1")]
    chosen = CliqueType(name="t", focal_point_type="a", link_types=(LinkType("a", "b"),))
    focal = [thing("a", id=id_) for id_ in ("a1", "a2", "a3")]
    found = list(build_cliques(Graph(links, []), focal, chosen, constraints=(), at=AT))
    assert [one.focal_point.id for one in found] == ["a1", "a3"]


def test_attributes_that_constrain_somebody() -> None:
    assert constraint_attributes({"a": ("network", "zone"), "b": ("network",), "c": ()}) == ["network", "zone"]


# --- against a reference

TYPES = "abc"
NETWORKS = st.sampled_from(["n1", "n2", [], ["n1"], ["n1", "n2"]])
OBJECTS = st.sampled_from([f"{type_}{number}" for type_ in TYPES for number in range(3)])
LINKS = st.lists(
    st.builds(
        lambda source, target, limits: link(
            f"{source}>{target}", **({"network": limits} if limits is not None else {})
        ),
        OBJECTS,
        OBJECTS,
        st.none() | NETWORKS,
    ),
    max_size=14,
    unique_by=lambda one: one.document_id,
)
LINK_TYPES = st.lists(st.sampled_from([f"{x}-{y}" for x in TYPES for y in TYPES]), min_size=1, max_size=5)


def reference(focal: InventoryObject, links: list[Link], types: list[str]) -> tuple[set[str], set[ObjectRef]]:
    """Do what discovery.md 5.3 and 11 item 12 say, without any index or cleverness, for each network by itself."""
    own = focal.get("network")
    walks = [walk(focal, links, types, network) for network in (own if isinstance(own, list) else [own]) or [None]]
    return set().union(*(taken for taken, _ in walks)), set().union(*(nodes for _, nodes in walks))


def walk(focal: InventoryObject, links: list[Link], types: list[str], own: Any) -> tuple[set[str], set[ObjectRef]]:
    """Follow one network; None is none."""
    nodes: set[ObjectRef] = {focal.ref}
    taken_so: set[tuple[str, bool]] = set()
    for name in types:
        source_type, _, target_type = name.partition("-")
        known = {node for node in nodes if node.type == source_type}
        passable = [one for one in links if "network" not in one.attributes or own in _limits(one)]
        for forward in (True, False):
            starts: set[ObjectRef] = known
            while starts:
                ways = [(one, one.source, one.target) if forward else (one, one.target, one.source) for one in passable]
                found = [(one, end) for one, start, end in ways if start in starts and end.type == target_type]
                new = {end for one, end in found if (one.document_id, forward) not in taken_so}
                taken_so |= {(one.document_id, forward) for one, _ in found}
                nodes |= {end for _, end in found}
                starts = new if source_type == target_type else set()
    return {id_ for id_, _ in taken_so}, nodes


def _limits(one: Link) -> list[Any]:
    limits = one.attributes["network"]
    return [each for each in (limits if isinstance(limits, list) else [limits]) if each is not None]


@given(LINKS, LINK_TYPES, st.none() | NETWORKS)
def test_a_clique_is_what_the_specification_says(links: list[Link], types: list[str], network: Any) -> None:
    focal = thing("a", id="a0", **({"network": network} if network is not None else {}))
    found = clique(focal, links, *types)
    taken, nodes = reference(focal, links, types)
    assert (set(found.links) if found else set()) == taken
    if found is not None:
        assert len(found.links) == len(set(found.links))
        assert len(found.nodes) == len(set(found.nodes))
        assert set(found.nodes) == nodes


@given(st.data(), LINKS, LINK_TYPES)
def test_the_order_of_links_does_not_matter(data: st.DataObject, links: list[Link], types: list[str]) -> None:
    focal = thing("a", id="a0", network="n1")
    one, other = clique(focal, links, *types), clique(focal, data.draw(st.permutations(links)), *types)
    assert (one is None) == (other is None)
    if one is not None:
        assert (set(one.links), set(one.nodes)) == (set(other.links), set(other.nodes))


# --- which clique type


def chosen(*types: CliqueType, environment: Environment | None = None) -> CliqueType | None:
    empty: Any = {}
    known = Catalog(
        object_types=empty,
        link_types=empty,
        scanners=empty,
        link_finders=(),
        clique_types=types,
        clique_constraints=empty,
        constants=empty,
        parsers=empty,
    )
    candidates = known.clique_types_for(environment or CLOUD, "instance")
    return candidates[0].clique_type if candidates else None


CLOUD = Environment(
    name="cloud",
    distribution="Kolla",
    distribution_version="2024.1",
    mechanism_drivers=("OVS", "SRIOV"),
    type_drivers="vxlan",
)


def kind(name: str, **more: Any) -> CliqueType:
    return CliqueType(
        name=name, focal_point_type="instance", link_types=(LinkType("a", "b"),), origin=f"{name}.json", **more
    )


BY_NAME = kind("by name", environment="cloud")
ANY = kind("any", environment="ANY")
RANKED = [
    BY_NAME,
    kind("all", distribution="Kolla", distribution_version="2024.1", mechanism_drivers=("OVS",), type_drivers="vxlan"),
    kind("version", distribution="Kolla", distribution_version="2024.1"),
    kind("drivers of a distribution", distribution="Kolla", mechanism_drivers=("OVS", "SRIOV"), type_drivers="vxlan"),
    kind("distribution", distribution="Kolla"),
    kind("both drivers", mechanism_drivers=("OVS",), type_drivers="vxlan"),
    kind("mechanism", mechanism_drivers=("SRIOV",)),
    kind("type driver", type_drivers="vxlan"),
    kind("type of environment", environment_type="OpenStack"),
    ANY,
]


@pytest.mark.parametrize("rank", range(len(RANKED)), ids=lambda rank: RANKED[rank].name)
def test_the_most_special_clique_type_is_chosen(rank: int) -> None:
    assert chosen(*reversed(RANKED[rank:])) is RANKED[rank]
    assert chosen(*RANKED[rank:]) is RANKED[rank]


@pytest.mark.parametrize(
    "other",
    [
        kind("x", environment="other"),
        kind("x", distribution="RDO"),
        kind("x", distribution="Kolla", distribution_version="2023.1"),
        kind("x", mechanism_drivers=("OVS", "LXB")),
        kind("x", type_drivers="vlan"),
        kind("x", environment_type="Kubernetes"),
        kind("x", environment_type="Kubernetes", distribution="Kolla"),
    ],
)
def test_a_clique_type_of_others_is_never_chosen(other: CliqueType) -> None:
    assert chosen(other) is None
    assert chosen(other, ANY) is ANY


def test_two_that_fit_equally_well_are_an_error() -> None:
    twins = [kind("one", mechanism_drivers=("OVS",)), kind("two", mechanism_drivers=("SRIOV",))]
    with pytest.raises(MetadataError) as caught:
        chosen(*twins, ANY)
    assert str(caught.value) == (
        "metadata cannot be used: 1 fault\n  clique types of instance: "
        '"one" (one.json) and "two" (two.json) fit environment cloud equally well (score 8); make one more specific'
    )
    assert chosen(*twins, BY_NAME) is BY_NAME


def test_no_clique_type_is_no_error() -> None:
    assert chosen() is None
