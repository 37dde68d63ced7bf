# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers are of any shape; the guide's classes are told their type
"""The guide's base of fetchers that query an APIC: what it asks and returns, and each mistake of an author."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import NotAuthorized, SourceNotConfigured
from calipso_nornir.guide import AciAccess
from calipso_nornir.model.aci import AciGet
from calipso_nornir.testing import drive, thing

if TYPE_CHECKING:
    from collections.abc import Callable

PARENT = thing("switches_folder", id="cloud|switches", name="Switches")
BD = {"fvBD": {"attributes": {"dn": "uni/tn-acme/BD-lan", "name": "lan"}}}


def fetcher(call: Callable[[Any], Any]) -> AciAccess:
    """Return a fetcher whose only object has the result of a call as attribute."""
    made: AciAccess = type(
        "AciFetchNewType", (AciAccess,), {"get": lambda self, _id: [{"id": "n", "got": call(self)}]}
    )()
    made.told_types("new_type", {"new_type": ("switches_folder",)})
    return made


def got(call: Callable[[Any], Any], query: AciGet, answer: Any) -> Any:
    driven = drive(fetcher(call), PARENT, {query: answer})
    assert driven.rounds == [[query]]
    return driven[0].attributes["got"]


def test_objects_of_a_class() -> None:
    query = AciGet("class/fvBD", (("query-target-filter", 'eq(fvBD.name,"lan")'),))
    params = {"query-target-filter": 'eq(fvBD.name,"lan")'}
    assert got(lambda self: self.fetch_objects_by_class("fvBD", params), query, [BD]) == [BD["fvBD"]]


@pytest.mark.parametrize("dn", ["pod-1/node-101/sys", "topology/pod-1/node-101/sys"])
def test_one_object(dn: str) -> None:
    found = got(lambda self: self.fetch_mo_data(dn), AciGet("mo/topology/pod-1/node-101/sys"), [BD])
    assert found == {"totalCount": "1", "imdata": [BD]}


def test_an_address_of_the_authors_own() -> None:
    def call(self: Any) -> Any:
        self.login()
        self.refresh_token()
        payload = self.send_get(f"{self.get_base_url()}/class/fvBD.json?a=b", {"page-size": 5}, None, None)
        return self.get_objects_by_field_names(payload, "fvBD", "attributes", "name")

    assert got(call, AciGet("class/fvBD", (("a", "b"), ("page-size", "5"))), [BD]) == ["lan"]


def test_without_a_fabric_there_is_nothing_and_that_is_told() -> None:
    query = AciGet("class/fvBD")
    driven = drive(
        fetcher(lambda self: self.fetch_objects_by_class("fvBD")), PARENT, {query: SourceNotConfigured("ACI")}
    )
    assert driven[0].attributes["got"] == []
    assert [str(one) for one in driven.gaps.values()] == ["the environment has no ACI section"]


def test_a_refusal_ends_the_fetching() -> None:
    refused = NotAuthorized("APIC https://apic", "/api/class/fvBD.json", "no rights")
    with pytest.raises(NotAuthorized):
        drive(fetcher(lambda self: self.fetch_objects_by_class("fvBD")), PARENT, {AciGet("class/fvBD"): refused})


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda self: self.fetch_objects_by_class("fv:BD"), '"fv:BD" is not a class; expected: a name such as fvBD'),
        (lambda self: self.fetch_mo_data(""), "the distinguished name is empty; expected"),
        (lambda self: self.send_get("https://apic/api/class/fvBD.json"), "begin with self.get_base_url()"),
        (
            lambda self: self.fetch_mo_data("uni", response_format="xml"),
            'response_format="xml": only "json" can be read',
        ),
        (
            lambda self: self.get_objects_by_field_names({"imdata": [BD]}, "fvBD", "attribute"),
            'imdata[0].fvBD: expected "attribute", found attributes',
        ),
    ],
)
def test_mistakes_in_what_is_called(call: Callable[[Any], Any], expected: str) -> None:
    with pytest.raises((ValueError, KeyError)) as raised:
        drive(fetcher(call), PARENT, {})
    assert expected in str(raised.value).replace("\\'", "'")
