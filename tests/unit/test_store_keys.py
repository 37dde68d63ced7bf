# SPDX-License-Identifier: Apache-2.0
"""Escaped keys, cleaned values, digests: their guarantees for any input."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.store.documents import object_document
from calipso_nornir.store.equality import matches
from calipso_nornir.store.keys import escape, guard, unescape
from calipso_nornir.store.sealing import Sealed, digest
from calipso_nornir.store.values import clean
from calipso_nornir.testing.store_samples import AT, host

if TYPE_CHECKING:
    from collections.abc import Callable

PIECES = ["[", "]", "dot", "dollar", "nul", "open", "own", "int", ".", "$", "\0", "x", "[dot]", "[open]"]
KEYS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join) | st.text(max_size=10)


@given(KEYS)
def test_keys_come_back(key: str) -> None:
    assert unescape(escape(key)) == key
    assert unescape(guard(key)) == key


@given(KEYS, KEYS)
def test_two_keys_are_never_escaped_alike(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)


@given(KEYS)
def test_escaped_keys_are_what_mongodb_takes(key: str) -> None:
    escaped = escape(key)
    assert "." not in escaped
    assert "\0" not in escaped
    assert not escaped.startswith("$")


def test_ordinary_keys_stay_as_they_are_and_dots_are_written_as_calipso_did() -> None:
    for key in ("name", "IP Address", "@type", "802[3]", "a$b", "[x]", "#text"):
        assert escape(key) == key
    assert escape("eth0.100") == "eth0[dot]100"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()) | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()) | st.integers() | st.none(), inner),
    max_leaves=10,
)


@given(ANYTHING)
def test_cleaning_twice_is_cleaning_once(value: Any) -> None:  # noqa: ANN401 - any value
    once = clean(value)
    assert clean(once) == once


@given(st.dictionaries(st.text(max_size=5), ANYTHING))
def test_cleaning_changes_nothing_that_was_given(value: dict[str, Any]) -> None:
    before = copy.deepcopy(value)
    clean(value)
    assert value == before


def test_a_text_that_fails_is_no_reason_to_fail() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    assert clean({"x": Broken()}) == {"x": "<Broken without a text: RuntimeError>"}


def test_two_keys_of_one_text_are_both_kept() -> None:
    assert clean({1: "a", "1": "b"}) == {"1": "a", "1 (str)": "b"}


def test_the_digest_is_of_the_content() -> None:
    one = object_document(host("h1", a=1, b={"c": [1, 2]}))
    later = {**one, "last_scanned": AT + timedelta(days=1), "digest": "another"}
    later["evidence"] = [{**evidence, "at": AT + timedelta(days=1)} for evidence in one["evidence"]]
    turned = dict(reversed(list(later.items())))
    otherwise = {**one, "evidence": one["evidence"][::-1]}
    assert len(one["evidence"]) > 1
    assert digest(turned) == digest(otherwise) == one["digest"] == digest(one)
    changes: list[dict[str, Any]] = [
        {"a": 2},
        {"a": True},
        {"a": "1"},
        {"a": None},
        {"b": {"c": [2, 1]}},
        {"name": "other"},
        {"parent_id": "other"},
        {"evidence": one["evidence"][:1]},
        {"found_by": []},
        {"new": None},
    ]
    digests = [digest({**one, **change}) for change in changes]
    assert len({one["digest"], *digests}) == len(changes) + 1


def test_when_plain_documents_match() -> None:
    document = {"a": 1, "b": [1, {"c": None}], "n": float("nan"), "t": True}
    assert matches(document, {})
    assert matches(document, {"a": 1.0, "b": [1, {"c": None}]})
    assert matches(document, {"n": float("nan")})
    for wrong in ({"a": True}, {"t": 1}, {"b": 1}, {"b": [1]}, {"x": None}, {"b": [1, {"c": None, "d": 1}]}):
        assert not matches(document, wrong), wrong


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.update(a=2),
        lambda one: one.__setitem__("a", 2),
        lambda one: one.__delitem__("a"),
        lambda one: one.pop("a"),
        lambda one: one.popitem(),
        lambda one: one.setdefault("z", 2),
        lambda one: one.__ior__({"a": 2}),
        lambda one: one.clear(),
    ],
)
def test_a_document_that_was_changed_is_written_anew(change: Callable[[dict[str, Any]], object]) -> None:
    document = object_document(host("h1", a=1))
    assert isinstance(document, Sealed)
    assert document.text
    change(document)
    assert not document.text
    assert type({**document}) is dict
