# SPDX-License-Identifier: Apache-2.0
"""The URL of a service, from catalogues as they occur."""

from __future__ import annotations

import pytest

from calipso_nornir.errors import ParseError
from calipso_nornir.sources.openstack_catalog import Endpoint, choose, endpoints, home_region, listed, versioned


@pytest.mark.parametrize(
    ("service", "url", "expected"),
    [
        ("network", "http://c:9696", "http://c:9696/v2.0"),
        ("network", "http://c:9696/", "http://c:9696/v2.0"),
        ("network", "http://c:9696/v2.0/", "http://c:9696/v2.0"),
        ("network", "https://c/networking", "https://c/networking/v2.0"),
        ("network", "https://c/api/v1/network", "https://c/api/v1/network/v2.0"),
        ("compute", "http://c:8774/v2.1", "http://c:8774/v2.1"),
        ("compute", "http://c:8774/v2.1/abc123", "http://c:8774/v2.1/abc123"),
        ("compute", "http://c:8774/v2/abc123", "http://c:8774/v2.1/abc123"),
        ("compute", "https://c/compute", "https://c/compute/v2.1"),
        ("identity", "http://c:5000", "http://c:5000/v3"),
        ("identity", "http://c:5000/v3/", "http://c:5000/v3"),
        ("identity", "http://c:5000/v2.0", "http://c:5000/v3"),
        ("identity", "https://c/identity", "https://c/identity/v3"),
        ("identity", "https://[2001:db8::1]:5000/?x=1#y", "https://[2001:db8::1]:5000/v3"),
        ("placement", "http://c:8778/", "http://c:8778"),
    ],
)
def test_the_version_that_is_spoken_stands_in_the_url(service: str, url: str, expected: str) -> None:
    assert versioned(service, url) == expected
    assert versioned(service, expected) == expected


@pytest.mark.parametrize("url", ["", "c:9696", "ftp://c", "http://[::1", "http://c:port", "//c", "http://"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ParseError, match="not an http"):
        versioned("network", url)


def catalog(*rows: tuple[str, str, str, str]) -> tuple[Endpoint, ...]:
    return tuple(Endpoint(*row) for row in rows)


def test_the_catalogue_of_identity_v3() -> None:
    read = endpoints(
        [
            {
                "type": "compute",
                "endpoints": [{"interface": "publicURL", "region": "One", "region_id": "One", "url": "http://c"}],
            },
            {"type": "network", "endpoints": [{"interface": "admin", "region": "Two", "url": "http://n"}]},
            {"type": "empty"},
        ]
    )
    assert read == catalog(("compute", "One", "public", "http://c"), ("network", "Two", "admin", "http://n"))
    assert endpoints([]) == ()


@pytest.mark.parametrize(
    "broken",
    [None, 5, ["x"], [{"endpoints": [{}]}], [{"type": "x", "endpoints": [{}]}], [{"type": "x", "endpoints": 5}]],
)
def test_catalogues_of_unknown_shape(broken: object) -> None:
    with pytest.raises(ParseError, match="Identity v3"):
        endpoints(broken)


def test_choice_by_service_interface_and_region() -> None:
    known = catalog(
        ("compute", "B", "public", "http://b"),
        ("compute", "A", "public", "http://a"),
        ("compute", "A", "internal", "http://ai"),
        ("volumev3", "A", "public", "http://v3"),
        ("block-storage", "A", "public", "http://bs"),
    )
    assert choose(known, "compute", interface="public", region="B") == known[0]
    assert choose(known, "compute", interface="internal", region="A") == known[2]
    assert choose(known, "compute", interface="public", region=None) == known[1]
    assert choose(known, "compute", interface="admin", region="A") is None
    assert choose(known, "network", interface="public", region="A") is None
    assert choose(known, "block-storage", interface="public", region="A") == known[4]
    assert choose(known[:4], "block-storage", interface="public", region="A") == known[3], "an older name of it"


def test_the_region_when_none_is_configured() -> None:
    known = catalog(
        ("identity", "A", "public", "http://k"),
        ("compute", "C", "public", "http://c"),
        ("network", "C", "public", "http://n"),
        ("compute", "B", "public", "http://c"),
        ("network", "B", "public", "http://n"),
        ("compute", "A", "internal", "http://c"),
    )
    assert home_region(known, interface="public") == "B"
    assert home_region(known, interface="internal") == "A"
    assert home_region((), interface="public") is None


def test_what_a_catalogue_has_in_few_words() -> None:
    known = catalog(("a", "R", "public", ""), ("a", "R", "admin", ""), ("b", "R", "public", ""))
    assert listed(known) == ("a in R (admin/public)", "b in R (public)")
