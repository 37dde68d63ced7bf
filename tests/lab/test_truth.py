# SPDX-License-Identifier: Apache-2.0
"""The truth test: a scan reports exactly what exists, object by object, link by link, chain by chain.

``oracle`` determines what exists; missing, wrong and extra are distinguished, and all three must be empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab import comparing
from tests.lab.told import told

if TYPE_CHECKING:
    from calipso_nornir import ScanReport
    from calipso_nornir.model.stores import Store
    from tests.lab.oracle.model import Truth

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def said(first_scan: ScanReport, store: Store) -> Truth:
    """The report of the first scan."""
    assert first_scan.ok, [str(one.error) for one in first_scan.failures]
    return told(store.view(first_scan.environment))


@pytest.mark.parametrize("comparison", ["objects", "facts", "links", "states", "chains", "counts"])
def test_what_is_told_is_true(truth: Truth, said: Truth, comparison: str) -> None:
    differences = getattr(comparing, comparison)(said, truth)
    assert not differences, str(differences)
