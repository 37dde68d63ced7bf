# SPDX-License-Identifier: Apache-2.0
"""The garbage collector runs rarely during a scan, and as before once the last scan has ended."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.scan.memory import SELDOM, seldom_collected
from calipso_nornir.store import open_store
from calipso_nornir.testing.canned import CannedSource
from tests.fixtures.tiny_cloud import CLOUD, TinyCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_it_looks_seldom_until_the_last_scan_has_ended() -> None:
    gc.set_threshold(700, 10, 10)
    with seldom_collected():
        with seldom_collected():
            assert gc.get_threshold() == SELDOM
        assert gc.get_threshold() == SELDOM
    assert gc.get_threshold() == (700, 10, 10)


def test_a_scan_that_fails_leaves_it_as_it_was() -> None:
    gc.set_threshold(700, 10, 10)
    with pytest.raises(ValueError, match="broken"), seldom_collected():
        raise ValueError("broken")
    assert gc.get_threshold() == (700, 10, 10)


def test_what_somebody_has_switched_off_stays_off() -> None:
    gc.set_threshold(0)
    with seldom_collected():
        assert gc.get_threshold()[0] == 0
    assert gc.get_threshold()[0] == 0


def test_the_picture_of_a_scan_is_gone_when_it_has_ended_without_the_collector(tmp_path: Path) -> None:
    """Nothing in it holds itself: the collector, which runs again then, would examine all of it."""
    store = open_store(tmp_path / "calipso.db")
    gc.collect()
    before = _objects()
    gc.disable()
    try:
        with open_cloud(CLOUD, store=store, source=CannedSource(TinyCloud().answers())) as cloud:
            assert cloud.scan().objects.new
            assert _objects() == before
    finally:
        gc.enable()
        store.close()


def _objects() -> int:
    return sum(type(one) is InventoryObject for one in gc.get_objects())
