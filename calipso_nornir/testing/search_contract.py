# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: D102, S101 - this module is tests: names say what they show, assertions are what it is for
"""Tests that every store must pass: search finds the same with a text index and without one."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from calipso_nornir.store.documents import object_document
from calipso_nornir.store.searching import Needle
from calipso_nornir.testing.store_samples import ENVIRONMENT, host, pnic, put

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import Store, StoreView

    Opened: TypeAlias = Callable[[], Store]

_WORDS = (
    "web",
    "WEB-1",
    "db",
    "Straße",
    "näh",
    "a",
    "01",
    "0a1b2c3d-4e5f",
    "fa:16:3e:0a:00:01",
    "10.0.0.1",
    "x\0y",
    "",
)
_NEEDLES = (*_WORDS, "e", "eb-", "WEB-1 db", "ss", "1b-4E", "16:3e", "true", "17", "xyz", "\n", "eth")
_LIMITS = (2, 100)


class SearchContract:
    """The contract. Each test opens the store as often as it likes."""

    def test_search_finds_the_same_with_an_index(self, opened: Opened) -> None:
        """In a random life of objects, which are written in small and in large commits, and indexed now and then."""
        chance = random.Random(10)  # noqa: S311 - the same each time, no secret
        store = opened()
        then: list[tuple[datetime, list[InventoryObject]]] = []
        indexed = 0
        for number in range(10):
            put(store, "inventory", [object_document(_some(chance)) for _ in range(chance.choice((1, 3, 40)))])
            gone = [one for one in store.view(ENVIRONMENT).of_type("host_pnic") if chance.random() < 0.2]  # noqa: PLR2004
            with store.write(ENVIRONMENT) as writer:
                writer.remove("inventory", [one.ref.document_id for one in gone])
            if number % 3 == 1:
                indexed += store.index_texts(ENVIRONMENT)
            _check(store.view(ENVIRONMENT))
            time.sleep(0.003)
            then.append((datetime.now(UTC), _all(store.view(ENVIRONMENT))))
            time.sleep(0.003)
        assert indexed > 0
        for at, objects in then[::3]:
            with store.snapshot(ENVIRONMENT, at=at) as view:
                assert _all(view) == objects
                _check(view)

    def test_an_index_says_how_far_behind_it_was(self, opened: Opened) -> None:
        store = opened()
        assert store.index_texts(ENVIRONMENT) == 0, "nothing is there"
        put(store, "inventory", [object_document(host(f"h{number}")) for number in range(30)])
        assert store.index_texts(ENVIRONMENT, at_least=31) == 0
        assert store.index_texts(ENVIRONMENT, at_least=30) == 30  # noqa: PLR2004 - all
        assert store.index_texts(ENVIRONMENT) == 0, "once is enough"
        assert opened().index_texts(ENVIRONMENT) == 0, "for others, too"
        assert [one.id for one in opened().view(ENVIRONMENT).search("H29")] == ["h29"]
        assert store.view("another").search("h29") == []

    def test_a_snapshot_searches_its_own_revision_while_the_index_goes_on(self, opened: Opened) -> None:
        store = opened()
        put(store, "inventory", [object_document(host(f"h{number}", motto="old")) for number in range(30)])
        store.index_texts(ENVIRONMENT)
        with store.snapshot(ENVIRONMENT) as then:
            other = opened()
            put(other, "inventory", [object_document(host(f"h{number}", motto="new")) for number in range(25)])
            other.index_texts(ENVIRONMENT)
            assert len(then.search("old")) == 30  # noqa: PLR2004 - all
            assert then.search("new") == []
            assert len(other.view(ENVIRONMENT).search("old")) == 5  # noqa: PLR2004 - the rest
            assert len(other.view(ENVIRONMENT).search("new")) == 25  # noqa: PLR2004 - as above

    def test_addresses_are_found_however_they_are_written(self, opened: Opened) -> None:
        full = host("h1", address="2001:db8:0:0:0:0:0:1", net="2001:DB8::/32", mac="FA-16-3E-00-00-01")
        other = host("h2", mac="fa16.3e00.0001", address="2001:0db8::0002:0001")
        put(opened(), "inventory", map(object_document, (full, other)))
        for number in range(2):
            view = opened().view(ENVIRONMENT)
            for text in ("2001:DB8::1", "2001:db8:0:0:0:0:0:1", "2001:0db8:0000::0001"):
                assert [one.id for one in view.search(text)] == ["h1"], (text, number)
            for text in ("fa:16:3e:00:00:01", "FA-16-3E-00-00-01", "fa16.3e00.0001", "fa163e000001"):
                assert [one.id for one in view.search(text)] == ["h1", "h2"], (text, number)
            assert [one.id for one in view.search("2001:DB8:0::2:1")] == ["h2"]
            assert [one.id for one in view.search("fa-16-3e-0")] == ["h1", "h2"]
            assert [one.id for one in view.search("2001:db8::/32")] == ["h1"]
            opened().index_texts(ENVIRONMENT)


def _some(chance: random.Random) -> InventoryObject:
    value: Any = chance.choice(_WORDS)
    attributes: dict[str, Any] = {
        "motto": " ".join(chance.choices(_WORDS, k=chance.randrange(4))),
        "list": [value, {"x": 17}, True],
    }
    name = f"{chance.choice(('web', 'db', 'x'))}-{chance.randrange(30)}"
    if chance.random() < 0.5:  # noqa: PLR2004 - half of them
        return host(name, **attributes)
    return replace(pnic(name, f"eth{chance.randrange(2)}"), attributes={"host": name, **attributes})


def _all(view: StoreView) -> list[InventoryObject]:
    return [*view.of_type("host"), *view.of_type("host_pnic")]


def _check(view: StoreView) -> None:
    objects = _all(view)
    for needle in _NEEDLES:
        expected = _expected(objects, needle)
        for limit in _LIMITS:
            found = [one.ref for one in view.search(needle, limit=limit)]
            assert found == expected[:limit], (needle, limit, view.revision)
        assert _paged(view, needle, 3) == expected, (needle, view.revision)
        assert _paged(view, needle, 40) == expected, (needle, view.revision)


def _paged(view: StoreView, needle: str, size: int) -> list[object]:
    """Return what is found page by page; the place of each page's last object is where the next one begins."""
    found: list[object] = []
    after: tuple[bool, str, str] | None = None
    while page := view.search(needle, limit=size, after=after):
        found += [one.ref for one in page]
        after = Needle(needle).place(object_document(page[-1]))
    return found


def _expected(objects: Sequence[InventoryObject], needle: str) -> list[object]:
    """Return what is found, as the documentation says it: names and ids first, then values."""
    text = needle.casefold()
    if not text:
        return []
    named = [
        one.ref for one in objects if any(text in each.casefold() for each in (one.name, one.object_name, one.ref.id))
    ]
    described = [one.ref for one in objects if text in _values(dict(one.attributes)) and one.ref not in named]
    return [*named, *described]


class _Values(list[str]):
    def __contains__(self, text: object) -> bool:
        return any(str(text) in one for one in self)


def _values(value: Any) -> _Values:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return _Values(text for member in value.values() for text in _values(member))
    if isinstance(value, (list, tuple)):
        return _Values(text for member in value for text in _values(member))
    return _Values([str(value).casefold()])
