# SPDX-License-Identifier: Apache-2.0
"""A scan of the lab without access to its database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calipso_nornir import ScanReport, run_scan
from calipso_nornir.store import open_store
from tests.fixtures import lab
from tests.lab.looking import objects

if TYPE_CHECKING:
    from pathlib import Path

    from calipso_nornir.model.stores import Store

pytestmark = pytest.mark.lab


def test_without_the_database_only_its_own_attributes_are_missing(
    known_hosts: Path, first_scan: ScanReport, store: Store, tmp_path: Path
) -> None:
    other = open_store(tmp_path / "nodb.db")
    assert run_scan(lab.environment(known_hosts, mysql=False), store=other).ok
    complete, without = objects(store.view(first_scan.environment)), objects(other.view("lab"))
    for document in complete.values():
        document.pop("binding_levels", None)
        document.pop("endpoint", None)
    assert without == complete
    other.close()
