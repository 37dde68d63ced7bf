# SPDX-License-Identifier: Apache-2.0
"""The wheel, built once, and installed once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.packaging.building import ROOT, build, install

if TYPE_CHECKING:
    from pathlib import Path

    from tests.packaging.building import Installed


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our wheel, built from this checkout."""
    return build(ROOT, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Installed:
    """An environment with our wheel."""
    return install(tmp_path_factory.mktemp("installed"), wheel)
