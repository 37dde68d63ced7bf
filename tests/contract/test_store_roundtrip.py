# SPDX-License-Identifier: Apache-2.0
"""Any value of a document is stored in both real stores and read back unchanged."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from calipso_nornir.model.evidence import Evidence
from calipso_nornir.model.naming import in_one_style
from calipso_nornir.model.objects import RESERVED, InventoryObject
from calipso_nornir.model.refs import ObjectRef, Witness
from calipso_nornir.store.documents import OBJECT_FIELDS, object_document, object_of
from calipso_nornir.store.sealing import digest
from calipso_nornir.store.values import clean
from calipso_nornir.testing.store_samples import AT, ENVIRONMENT, host, put

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Store
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

ODD_TEXTS = ["[dot]", "a.b", "$set", "[int]", "[date]", "[own]_id", "[open]", "[[dot]]", "[nul]", "\0", "_id", "\udcff"]
TEXTS = st.text(st.characters(), max_size=12) | st.sampled_from(["", "key", *ODD_TEXTS])
TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**80), 2**80)
    | st.floats()
    | TEXTS
    | st.binary(max_size=8)
    | TIMES
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=12,
)
ATTRIBUTES = st.dictionaries(TEXTS.filter(lambda name: name not in RESERVED), VALUES, max_size=6)
OFTEN = settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()


def same(one: object, other: object) -> bool:
    """Compare values, types and signs; NaN is NaN. Representations of floats, dates and integers are exact."""
    return repr(_ordered(one)) == repr(_ordered(other))


def _ordered(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return sorted((key, repr(_ordered(member))) for key, member in value.items())
    return [_ordered(member) for member in value] if isinstance(value, list) else value


@given(attributes=ATTRIBUTES)
@example(attributes={"DOT:": 1, "DOT": 2})
@OFTEN
def test_attributes_come_back(store: Store, attributes: dict[str, Any]) -> None:
    document = object_document(host("h1", **attributes))
    put(store, "inventory", [document])
    [back] = store.view(ENVIRONMENT).documents("inventory")
    assert same(back, document)
    assert digest(back) == document["digest"]
    wanted = clean({"host": "h1", "services": ["nova-compute"], **attributes})
    assert same(dict(object_of(back).attributes), in_one_style(wanted, reserved=OBJECT_FIELDS))


@given(documents=st.dictionaries(TEXTS, st.dictionaries(TEXTS, VALUES, max_size=4), max_size=4))
@OFTEN
def test_plain_documents_come_back(store: Store, documents: dict[str, dict[str, Any]]) -> None:
    collection = store.collection("scans")
    for old in collection.find():
        collection.delete(str(old["written as"]))
    for key, document in documents.items():
        collection.put(key, {**document, "written as": key})
    for key, document in documents.items():
        assert same(collection.get(key), clean({**document, "written as": key}))
    assert len(collection.find()) == len({clean(key) for key in documents})


@given(texts=st.tuples(*[TEXTS] * 6), at=TIMES)
@OFTEN
def test_frames_come_back(store: Store, texts: tuple[str, ...], at: datetime) -> None:
    type_, id_, name, parent, step, query = texts
    above = ObjectRef(ENVIRONMENT, parent, id_)
    one = InventoryObject(
        ref=ObjectRef(ENVIRONMENT, type_, id_),
        name=name,
        parent=above,
        id_path=f"/{id_}",
        name_path=f"/{name}",
        evidence=(Evidence("cli", query, name, at),),
        found_by=frozenset({Witness(step, above)}),
        scanned_at=at,
    )
    document = object_document(one)
    put(store, "inventory", [document])
    view = store.view(ENVIRONMENT)
    back = view.get(one.ref)
    assert back is not None
    assert object_document(back) == document
    assert back in view.of_type(type_)
    assert back in view.children(above)
    assert view.get(back.ref) == back
    with store.write(ENVIRONMENT) as writer:
        writer.remove("inventory", [document["_id"]])


@pytest.mark.parametrize(
    ("by_mistake", "stored_as"),
    [
        ({1: "a", "1": "b", None: "c", False: "d"}, {"1": "a", "1 (str)": "b", "null": "c", "false": "d"}),
        (Decimal("1.50"), "1.50"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePath("/x"), "/x"),
        ({"b", "a"}, ["a", "b"]),
        (bytearray(b"x"), b"x"),
        (datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)),  # noqa: DTZ001 - the mistake
        (datetime(2026, 1, 1, microsecond=1999, tzinfo=UTC), datetime(2026, 1, 1, microsecond=1000, tzinfo=UTC)),
        (10**5000, hex(10**5000)),
        (range(3), [0, 1, 2]),
    ],
    ids=lambda value: type(value).__name__,  # pytest cannot write the big number
)
def test_what_is_no_json_does_not_stop_a_bulk_write(store: Store, by_mistake: object, stored_as: object) -> None:
    others = [object_document(host(f"h{number}")) for number in range(5)]
    raw = object_document(host("raw"))
    raw["odd"] = by_mistake  # as somebody else's code might hand it over, not cleaned
    put(store, "inventory", [*others, object_document(host("odd", odd=by_mistake)), raw])
    view = store.view(ENVIRONMENT)
    assert view.counts() == {"host": 7}
    for name in ("odd", "raw"):
        found = view.get(host(name).ref)
        assert found is not None
        assert same(found["odd"], stored_as)


def test_deep_and_endless_values_do_not_stop_a_bulk_write(store: Store) -> None:
    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]
    endless: dict[str, Any] = {}
    endless["self"] = endless
    put(store, "inventory", [object_document(host("h1", deep=deep, endless=endless)), object_document(host("h2"))])
    found = store.view(ENVIRONMENT).get(host("h1").ref)
    assert found is not None
    level, depth = found["deep"], 0
    while isinstance(level, list):
        level, depth = level[0], depth + 1
    assert depth == 39
    assert level.startswith("[[[[")
    assert len(level) == 2 * (501 - depth)
    assert "nested too deeply" in str(found["endless"])


def test_attributes_may_not_be_called_like_the_frame() -> None:
    for name in ("_id", "id", "digest", "last_scanned", "handed_down"):
        with pytest.raises(ValueError, match=name):
            object_document(host("h1", **{name: "x"}))


def test_a_time_without_a_zone_is_a_mistake_of_ours() -> None:
    with contextlib.suppress(TypeError), pytest.raises(ValueError, match="zone"):
        object_document(_at(datetime(2026, 1, 1)))  # noqa: DTZ001 - the mistake
    assert object_document(_at(AT))["last_scanned"] == AT


def _at(at: datetime) -> InventoryObject:
    ref = ObjectRef(ENVIRONMENT, "host", "h1")
    return InventoryObject(ref=ref, name="h1", parent=None, id_path="/h1", name_path="/h1", scanned_at=at)
