# SPDX-License-Identifier: Apache-2.0
"""The law of small scans on MongoDB: the picture equals that of a whole scan (see ``unit/test_small_scans``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures.scanning import Scanned, content
from tests.fixtures.tiny_cloud import EXT, LAN, Server, TinyCloud
from tests.unit.test_engine_history import fresh
from tests.unit.test_small_scans import changed, named, rescanned

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

SERVERS = [Server("web1", "cmp1"), Server("web2", "cmp2")]


@pytest.mark.parametrize(
    "now",
    [
        TinyCloud(servers=[*SERVERS, Server("web3", "cmp2")]),
        TinyCloud(servers=[Server("web1", "cmp2"), Server("web2", "cmp2")]),
        TinyCloud(servers=SERVERS[:1], networks={LAN: "renamed", EXT: "ext"}),
    ],
    ids=["new", "moved", "gone and renamed"],
)
def test_when_what_changed_was_named_all_is_as_after_a_whole_scan(
    mongo_place: Place, tmp_path: Path, now: TinyCloud
) -> None:
    truth = fresh(now, tmp_path)
    scanned = Scanned(tmp_path, TinyCloud(servers=SERVERS))
    scanned.store.close()
    scanned.store = mongo_place.open()
    scanned.scan()
    was = content(scanned.stored())
    refs = named(changed(was, truth), was)
    assert refs
    assert rescanned(scanned, now, *refs).status == "completed"
    assert content(scanned.stored()) == truth
