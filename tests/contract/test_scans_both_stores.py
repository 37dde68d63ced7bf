# SPDX-License-Identifier: Apache-2.0
"""What scans promise: one that fails leaves what was in the store; each type is scanned alone, on MongoDB, too.

More of it is tested on SQLite alone, in ``unit/test_engine_partial`` and ``unit/test_engine_modes``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calipso_nornir.errors import NotAuthenticated
from tests.fixtures.scanning import Scanned, content
from tests.unit.test_engine_history import OVERLAPS, fresh
from tests.unit.test_engine_partial import MOVED_ON, ONE_OF_EACH, agrees, tree

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.places import Place
    from tests.unit.test_engine_history import Overlap

pytest_plugins = ["tests.fixtures.stores"]


def scanned_into(place: Place, tmp_path: Path) -> Scanned:
    """Scan the tiny cloud into a store."""
    one = Scanned(tmp_path)
    one.store.close()
    one.store = place.open()
    assert one.scan().status == "completed"
    return one


def test_a_scan_with_clear_that_fails_leaves_all_that_was_there(place: Place, tmp_path: Path) -> None:
    scanned = scanned_into(place, tmp_path)
    before = scanned.stored()
    refused = NotAuthenticated("https://keystone.example:5000/v3", "calipso", "401")
    answers = {**scanned.cloud.answers(), "GET identity /auth/catalog": refused}
    assert scanned.scan(answers, clear=True).status == "failed"
    assert scanned.stored() == before
    view = scanned.store.view("cloud")
    assert len(view.search("web")) > 0


@pytest.mark.parametrize("how", ["whole", "small"])
@pytest.mark.parametrize("happens", OVERLAPS)
def test_a_scan_that_began_earlier_and_ends_later(
    mongo_place: Place, tmp_path: Path, happens: Overlap, how: str
) -> None:
    """Two scans overlap, each with a client of its own; ``unit/test_engine_history`` has the same on SQLite."""
    first, later = Scanned(tmp_path), Scanned(tmp_path)
    for one in (first, later):
        one.store.close()
        one.store = mongo_place.open()
    happens(first, later, how)
    assert content(later.stored()) == fresh(later.cloud, tmp_path)


@pytest.mark.chaos
def test_each_type_of_object_is_scanned_alone(mongo_place: Place, tmp_path: Path) -> None:
    """An object of each type, below folders and below others: inside it is what a whole scan of the new cloud finds."""
    scanned = scanned_into(mongo_place, tmp_path)
    (tmp_path / "truth").mkdir()
    truth = Scanned(tmp_path / "truth", MOVED_ON)
    truth.scan()
    before = content(scanned.stored())
    for type_, id_ in ONE_OF_EACH.items():
        report = scanned.scan(MOVED_ON.answers(), object_id=id_, object_type=type_, inventory_only=True)
        assert (report.status, report.troubles) == ("completed", []), type_
        assert agrees(tree(scanned, type_, id_), tree(truth, type_, id_)), type_
        scanned.scan()
        assert content(scanned.stored()) == before, f"after {type_}"
    truth.store.close()
