# SPDX-License-Identifier: Apache-2.0
"""A tiny cloud that was scanned once, for tests of the next scan."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.scanning import Scanned

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def scanned_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the store of one whole scan."""
    folder = tmp_path_factory.mktemp("scanned")
    one = Scanned(folder)
    assert one.scan().status == "completed"
    one.store.close()
    return folder


@pytest.fixture
def scanned(scanned_once: Path, tmp_path: Path) -> Scanned:
    """The tiny cloud after one whole scan; each test has a store of its own."""
    shutil.copytree(scanned_once, tmp_path / "store")
    return Scanned(tmp_path / "store")
