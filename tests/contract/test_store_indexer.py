# SPDX-License-Identifier: Apache-2.0
"""The thread that keeps the text index up to date, on both stores."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from calipso_nornir.errors import StoreUnavailable
from calipso_nornir.store.documents import object_document
from calipso_nornir.store.indexer import Indexer
from calipso_nornir.testing.store_samples import ENVIRONMENT, host, put

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]
_LONGEST_S = 60.0


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _LONGEST_S
    while not holds():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def test_it_indexes_what_is_enough_and_goes_on_after_an_error(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=Indexer.__module__)
    store = place.open()
    put(store, "inventory", [object_document(host(f"h{number}")) for number in range(9)])
    put(store, "inventory", [object_document(host("alone", environment="there"))], environment="there")
    real, failures = store.environments, iter([StoreUnavailable(store.uri, "a cable"), ZeroDivisionError("a bug")])

    def failing() -> object:
        if (error := next(failures, None)) is not None:
            raise error
        return real()

    monkeypatch.setattr(store, "environments", failing)
    indexer = Indexer(store, every_s=0.01, behind=5)
    indexer.start()
    try:
        _until(lambda: "9 objects at revision 1" in caplog.text)
    finally:
        indexer.stop()
        indexer.join(_LONGEST_S)
    assert not indexer.is_alive()
    assert "a cable" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert place.open().index_texts(ENVIRONMENT) == 0
    assert place.open().index_texts("there") == 1, "one was too few"


def test_it_does_not_look_again_at_what_has_not_changed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    store = place.open()
    put(store, "inventory", [object_document(host("h1"))])
    asked: list[str] = []

    def index_texts(name: str, *, at_least: int) -> int:
        asked.append(f"{name} {at_least}")
        return 0

    monkeypatch.setattr(store, "index_texts", index_texts)
    indexer = Indexer(store, behind=5)
    indexer.round()
    indexer.round()
    assert asked == [f"{ENVIRONMENT} 5"]
    put(store, "inventory", [object_document(host("h2"))])
    indexer.round()
    assert len(asked) == 2
    indexer.stop()
    put(store, "inventory", [object_document(host("h3"))])
    indexer.round()
    assert len(asked) == 2
