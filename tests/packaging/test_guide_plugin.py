# SPDX-License-Identifier: Apache-2.0
"""The developer guide's examples as a distribution, installed beside our wheel."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.packaging.building import ROOT, build, install

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN = ROOT / "tests" / "fixtures" / "guide_plugin"


@pytest.mark.deployment
def test_its_own_tests_pass_where_only_wheels_are(tmp_path: Path, wheel: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    installed = install(tmp_path / "with_it", wheel, build(PLUGIN, made, "wheel"))
    shutil.copytree(PLUGIN / "tests", installed.place / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    done = installed.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "tests")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
    checked = installed.run("calipso", "metadata", "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
