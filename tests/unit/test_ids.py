# SPDX-License-Identifier: Apache-2.0
"""Ids: whatever text a cloud's names contain, different facts give different ids, and paths remain paths."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.model import ids
from calipso_nornir.model.cliques import Clique
from calipso_nornir.model.links import Link
from calipso_nornir.model.refs import ObjectRef, clique_document_id, link_document_id

if TYPE_CHECKING:
    from collections.abc import Callable

NASTY = st.text(alphabet=st.sampled_from("a|/%2F7C \0🦀."), min_size=1)
NAMES = st.one_of(NASTY, st.text(min_size=1))
WORDS = st.lists(NAMES, min_size=1, max_size=4)


@given(WORDS, WORDS)
def test_different_parts_give_different_ids(one: list[str], other: list[str]) -> None:
    first, *more = one
    second, *rest = other
    same = ids.below(ids.plain(first), *more) == ids.below(ids.plain(second), *rest)
    assert same == (one == other)


@given(NAMES, NAMES)
def test_escaping_loses_nothing(one: str, other: str) -> None:
    assert (ids.escaped(one) == ids.escaped(other)) == (one == other)
    assert (ids.path_segment(one) == ids.path_segment(other)) == (one == other)
    assert "/" not in ids.path_segment(one)


_OF_PARTS: dict[str, Callable[..., str]] = {
    name: function
    for name, function in inspect.getmembers(ids, inspect.isfunction)
    if function.__module__ == ids.__name__ and not name.startswith("_") and "document" not in name
}
_OTHERS = {"escaped", "path_segment", "plain", "below"}


@pytest.mark.parametrize("name", sorted(_OF_PARTS.keys() - _OTHERS))
@given(st.data())
def test_every_id_is_injective_stable_and_no_path(name: str, data: st.DataObject) -> None:
    """Parents' ids are ids already, everything else is any text."""
    function = _OF_PARTS[name]
    parameters = list(inspect.signature(function).parameters)

    def draw() -> dict[str, str]:
        made = {}
        for parameter in parameters:
            value = data.draw(NAMES, label=parameter)
            made[parameter] = ids.plain(value) if parameter.endswith("_id") and parameter != "chassis_id" else value
        return made

    one, other = draw(), draw()
    if name == "switch_pnic":
        one["port_id"], other["port_id"] = data.draw(NAMES), data.draw(NAMES)
    assert (function(**one) == function(**other)) == (one == other)
    assert function(**one) == function(**one)
    assert "/" not in function(**one)


@pytest.mark.parametrize("make", [lambda: ids.plain(""), lambda: ids.below("h1", "a", ""), lambda: ids.vnic("h1", "")])
def test_nothing_has_no_id(make: Callable[[], str]) -> None:
    with pytest.raises(ValueError, match="empty"):
        make()


def test_a_namespace_is_part_of_an_interfaces_id() -> None:
    assert ids.vnic("h1", "eth0") == "h1|eth0"
    assert ids.vnic("h1", "eth0", "ns") == "h1|ns|eth0"
    assert ids.vnic("h1", "ns|eth0") == "h1|ns%7Ceth0"


def test_ids_that_others_have_stored() -> None:
    """These may never change: links, cliques, monitoring and other programs point to them."""
    host = ObjectRef("lab", "host", "cmp1")
    vnic = ObjectRef("lab", "vnic", ids.vnic("cmp1", "tap1"))
    assert ids.availability_zone("RegionOne", "nova") == "RegionOne|nova"
    assert ids.aggregate("RegionOne", 7) == ids.aggregate("RegionOne", "7") == "RegionOne|7"
    assert ids.folder("cmp1", "vnics") == "cmp1|vnics"
    assert ids.switch("mac", "aa:bb") == "mac|aa:bb"
    assert host.document_id == "15e0031d5d7b7cab545ec4fb"
    assert Link(source=host, target=vnic).document_id == "f6988df50a6cfd50b6628b43"
    assert Clique(focal_point=host, clique_type="t", links=(), nodes=()).document_id == "b7dfac48d4aaa7860dd4e027"


TEXTS = st.text(alphabet=st.characters(exclude_categories=()), max_size=20)


REFS = st.builds(ObjectRef, TEXTS, TEXTS, TEXTS)


def written(ref: ObjectRef) -> list[bytes]:
    """As stores write it: what UTF-8 cannot hold is escaped."""
    return [part.encode("utf-8", "backslashreplace") for part in (ref.environment, ref.type, ref.id)]


@given(REFS, REFS)
def test_documents_of_different_things_are_different(one: ObjectRef, other: ObjectRef) -> None:
    assert (one.document_id == other.document_id) == (written(one) == written(other))
    assert len(one.document_id) == 24
    assert int(one.document_id, 16) >= 0
    made = {one.document_id, clique_document_id(one), link_document_id("x-y", one, one)}
    assert len(made) == 3


@given(NAMES, NAMES)
def test_a_links_identity_has_its_type_and_direction(one: str, other: str) -> None:
    source, target = ObjectRef("e", "a", one), ObjectRef("e", "a", other)
    there, back = Link(source=source, target=target), Link(source=target, target=source)
    assert (there.document_id == back.document_id) == (one == other)
    assert link_document_id("a-a", source, target) != link_document_id("a-b", source, target)


@pytest.mark.parametrize(
    ("environment", "source", "expected"),
    [
        ("cloud", "v1", "5f1d88e42d22d01731c74d50"),
        ("cloud", "h\u00e4|x/y", "e8b38827fb6eeebd607d4b77"),
        ("\ud800", "v1", "f411afa3543df49178b8d05a"),
        ("cloud", "\udc80", "51d588df0bfae699c5876549"),
    ],
)
def test_the_id_of_a_link_never_changes(environment: str, source: str, expected: str) -> None:
    """Stores of other releases, and documents that refer to it, rely on it."""
    ends = ObjectRef(environment, "vnic", source), ObjectRef(environment, "vedge", "e1")
    assert link_document_id("vnic-vedge", *ends) == expected
