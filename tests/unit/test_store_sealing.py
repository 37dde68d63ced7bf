# SPDX-License-Identifier: Apache-2.0
"""Sealed documents: whatever they contain, text and digest equal those that ``json`` makes of the cleaned document."""

from __future__ import annotations

import dataclasses
import enum
import json
import sys
import uuid
from collections import OrderedDict, namedtuple
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.model.evidence import Evidence
from calipso_nornir.store import sealing
from calipso_nornir.store.documents import (
    link_document,
    link_fields,
    link_of,
    object_document,
    object_fields,
    object_of,
)
from calipso_nornir.store.encoding import evidence_encoder, fast_encoder
from calipso_nornir.store.sealing import Sealed, digest
from calipso_nornir.store.sqlite import document_rows
from calipso_nornir.store.sqlite.document_rows import to_row
from calipso_nornir.store.values import MAX_DEPTH, clean
from calipso_nornir.testing.store_samples import AT, host, link


class _Colour(enum.Enum):
    RED = "red"


class _Word(enum.StrEnum):
    RED = "red"


class _Number(enum.IntEnum):
    ONE = 1


class _Text(str):
    __slots__ = ()


class _Whole(int):
    pass


@dataclasses.dataclass
class _Pair:
    one: int = 1


_Point = namedtuple("_Point", "x y")  # noqa: PYI024 - the untyped one is as hostile


def _nested(depth: int, inside: Any) -> Any:  # noqa: ANN401 - any value
    for number in range(depth):
        inside = {"in": inside} if number % 2 else [inside]
    return inside


NESTED: list[Any] = [[], {}, 1]
HOSTILE: list[Any] = [
    _Colour.RED,
    _Word.RED,
    _Number.ONE,
    _Text("text"),
    _Whole(7),
    _Pair(),
    _Point(1, 2),
    (1, (2, [3])),
    {1: "a", "1": "b"},
    {_Text("key"): 1},
    {_Word.RED: 1},
    {None: 1, True: 2, 1.5: 3},
    OrderedDict(b=1, a=2),
    {3, 1, 2},
    frozenset("a"),
    b"\x00\xff",
    bytearray(b"x"),
    uuid.UUID(int=7),
    PurePosixPath("/x"),
    datetime(2026, 11, 28, 1, 2, 3, 456789, tzinfo=UTC),
    datetime(2026, 11, 28, tzinfo=UTC).date(),
    float("nan"),
    float("inf"),
    float("-inf"),
    -0.0,
    1e16,
    1e-5,
    1e22,
    5e-324,
    2**63,
    2**64,
    -(2**63) - 1,
    10**3100,
    "\x7f",
    '\x00\x1f\\"/<>\u2028',
    "\ud800",
    "\udcff",
    "\N{PILE OF POO}\ufeff",
    {"\udcff": "key"},
    {"\x7f": "key", "\N{PILE OF POO}": 1, "\uffff": 2, "Z": 3},
    *(_nested(depth, one) for depth in range(MAX_DEPTH - 3, MAX_DEPTH + 3) for one in NESTED),
    _nested(300, 1),
]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.sampled_from(HOSTILE)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3)
)


def _check(value: Any) -> None:  # noqa: ANN401 - any value
    """The value in a document is the cleaned one, of the very types; the digest is that of the document as it is."""
    document = object_document(host("h1", odd=value))
    assert isinstance(document, Sealed)
    assert repr(document["odd"]) == repr(clean({"odd": value})["odd"]) or document["odd"] != document["odd"]
    assert document["digest"] == digest(dict(document))
    if document.text is not None:
        told = [[str(one[name]) for name in ("source", "query", "host")] for one in document["evidence"]]
        left_out = ("digest", "last_scanned")
        content = {key: member for key, member in document.items() if key not in left_out} | {"evidence": sorted(told)}
        assert document.text == json.dumps(content, sort_keys=True, separators=(",", ":"))


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:30].encode("ascii", "replace").decode())
def test_hostile_values(value: Any) -> None:  # noqa: ANN401 - any value
    _check(value)
    _check([{"deeper": [value]}])


@given(VALUES)
def test_any_values(value: Any) -> None:  # noqa: ANN401 - any value
    _check(value)


def test_evidence_is_cleaned_and_its_times_do_not_count() -> None:
    looks = (Evidence("cli", "cat \udcff", "h1", AT), Evidence("api", "GET /"))
    document = link_document(dataclasses.replace(link(host("a"), host("b")), evidence=looks))
    assert [one["query"] for one in document["evidence"]] == ["cat \\udcff", "GET /"]
    assert [one["at"] for one in document["evidence"]] == [AT, None]
    undated = [{**one, "at": None} for one in reversed(document["evidence"])]
    assert digest({**document, "evidence": undated}) == document["digest"]


@pytest.mark.parametrize("value", [1, "text", [1, {"a": [None]}], "\N{PILE OF POO}", (1, 2)])
def test_without_orjson_all_is_the_same(monkeypatch: pytest.MonkeyPatch, value: Any) -> None:  # noqa: ANN401 - any value
    one = host("h1", odd=value)
    found = object_document(one)
    row = to_row("inventory", found)
    monkeypatch.setitem(sys.modules, "orjson", None)
    monkeypatch.setattr(sealing, "_FAST", fast_encoder())
    monkeypatch.setattr(document_rows, "_evidence_text", evidence_encoder(document_rows.time_text))
    without = object_document(one)
    assert isinstance(without, Sealed)
    assert isinstance(found, Sealed)
    assert (without, without.text) == (found, found.text)
    assert to_row("inventory", without) == row


def test_fields_of_what_is_stored_are_those_of_its_document() -> None:
    evidence = (Evidence("db", "SELECT 1", "ctl", AT.replace(microsecond=123456)),)
    one = dataclasses.replace(host("h1", motto="x", ports=[{"n": 1}]), evidence=evidence, scanned_at=AT)
    other = dataclasses.replace(link(one, host("h2")), evidence=evidence)
    told = object_document(one)
    assert list(object_fields(object_of(told)).items()) == _without_digest(told)
    told = link_document(other)
    assert list(link_fields(link_of(told)).items()) == _without_digest(told)


def _without_digest(document: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in document.items() if name != "digest"]
