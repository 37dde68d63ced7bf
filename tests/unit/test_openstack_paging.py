# SPDX-License-Identifier: Apache-2.0
"""Pages are joined as each service links them, and endless lists are abandoned."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.errors import ParseError
from calipso_nornir.model.queries import ApiGet
from calipso_nornir.sources.openstack_paging import Pages
from calipso_nornir.sources.page_trail import MAX_BARREN_PAGES

SERVERS = ApiGet("compute", "/servers/detail", "servers", (("all_tenants", "1"),))
PORTS = ApiGet("network", "/ports", "ports", (("limit", "2"),))
PROJECTS = ApiGet("identity", "/projects", "projects")


def items(*ids: str) -> list[dict[str, str]]:
    return [{"id": one} for one in ids]


def link(key: str, href: str) -> dict[str, Any]:
    return {f"{key}_links": [{"rel": "previous", "href": "http://x/?page_reverse=1"}, {"rel": "next", "href": href}]}


def asked(pages: Pages) -> object:
    return pages.next


def test_nova_is_asked_for_a_thousand_at_once_and_followed() -> None:
    pages = Pages(SERVERS)
    assert asked(pages) == (("all_tenants", "1"), ("limit", "1000"))
    pages.add(
        {"servers": items("a", "b"), **link("servers", "http://inner:8774/v2.1/servers/detail?limit=1000&marker=b%26")}
    )
    assert asked(pages) == (("limit", "1000"), ("marker", "b&")), "parameters of the link, address of our own"
    pages.add({"servers": items("c")})
    assert pages.data == items("a", "b", "c")
    assert asked(pages) is None


def test_a_limit_that_was_asked_for_stays() -> None:
    query = ApiGet("compute", "/servers", "servers", (("limit", "1"),))
    assert Pages(query).next == (("limit", "1"),)


def test_neutron_gets_no_limit_of_ours_and_its_links_are_followed() -> None:
    assert Pages(ApiGet("network", "/ports", "ports")).next == ()
    pages = Pages(PORTS)
    pages.add({"ports": items("a", "b"), **link("ports", "http://c:9696/v2.0/ports?limit=2&marker=b")})
    pages.add({"ports": items("b", "c"), **link("ports", "http://c:9696/v2.0/ports?limit=2&marker=c")})
    pages.add({"ports": []})
    assert pages.data == items("a", "b", "c"), "an item that came twice is one item"


def test_keystone() -> None:
    pages = Pages(PROJECTS)
    pages.add(
        {"projects": items("a"), "links": {"self": "x", "previous": None, "next": "http://k/v3/projects?marker=a"}}
    )
    assert pages.next == (("marker", "a"),)
    pages.add({"projects": items("b"), "links": {"next": None}})
    assert pages.data == items("a", "b")


def test_documents_and_rows_without_id() -> None:
    pages = Pages(ApiGet("compute", "/servers/1", "server"))
    pages.add({"server": {"id": "1", "links": [{"rel": "self", "href": "x"}]}})
    assert (pages.data, pages.next) == ({"id": "1", "links": [{"rel": "self", "href": "x"}]}, None)
    rows = Pages(ApiGet("compute", "/os-availability-zone", "availabilityZoneInfo"))
    rows.add({"availabilityZoneInfo": [{"zoneName": "a"}, {"zoneName": "a"}, "x"]})
    assert rows.data == [{"zoneName": "a"}, {"zoneName": "a"}, "x"]


def test_an_empty_list_is_an_answer() -> None:
    pages = Pages(PROJECTS)
    pages.add({"projects": []})
    assert (pages.data, pages.next) == ([], None)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"ports": None}, "neither a list nor a document"),
        ({"ports": "x"}, "neither a list nor a document"),
        ({"networks": []}, 'no key "ports"; it has networks'),
        ({}, 'no key "ports"; it has none'),
        ([], "it is a list"),
        ("x", "it is a str"),
        (None, "it is a NoneType"),
        ({"ports": [], **link("ports", "")}, "no parameters"),
        ({"ports": [], **link("ports", "http://[::1")}, "no parameters"),
    ],
)
def test_bodies_of_unknown_shape(body: object, problem: str) -> None:
    with pytest.raises(ParseError, match=problem):
        Pages(PORTS).add(body)


def test_a_link_back_ends_it() -> None:
    pages = Pages(PORTS)
    pages.add({"ports": items("a"), **link("ports", "http://c?limit=2&marker=a")})
    with pytest.raises(ParseError, match="leads back"):
        pages.add({"ports": items("b"), **link("ports", "http://c?limit=2&marker=a")})


def test_a_list_that_only_repeats_itself_ends() -> None:
    pages = Pages(PORTS)
    for number in range(MAX_BARREN_PAGES):
        pages.add({"ports": items("a"), **link("ports", f"http://c?marker={number}")})
    with pytest.raises(ParseError, match="had nothing new"):
        pages.add({"ports": items("a"), **link("ports", "http://c?marker=last")})


@given(ids=st.lists(st.text(min_size=1), unique=True), size=st.integers(min_value=1, max_value=5))
def test_any_list_cut_anywhere_comes_whole(ids: list[str], size: int) -> None:
    pages = Pages(PORTS)
    place = 0
    while pages.next is not None:
        page = ids[place : place + size]
        place += size
        more = link("ports", f"http://c?limit={size}&marker={place}") if place < len(ids) else {}
        pages.add({"ports": items(*page), **more})
    assert pages.data == items(*ids)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["ports", "ports_links", "links", "next"]), inner)
        ),
    )
)
def test_any_body_is_read_or_refused(body: object) -> None:
    pages = Pages(PORTS)
    try:
        pages.add(body)
    except ParseError:
        return
    assert isinstance(pages.data, (list, dict))
