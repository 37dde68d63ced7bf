# SPDX-License-Identifier: Apache-2.0
"""docs/support.md equals the page that is generated from the metadata on supported clouds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.metadata.support_page import main, page

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parents[2] / "docs" / "support.md"


def test_it_is_current(tmp_path: Path) -> None:
    """Run ``make schemas`` when this fails."""
    assert main([str(tmp_path / "support.md")]) == 0
    assert (tmp_path / "support.md").read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")


def test_it_tells_every_kind_of_cloud_and_what_was_tested() -> None:
    rows = load_catalog().documents["supported_environments"]
    lines = page(rows).splitlines()[-len(rows) :]
    assert len(lines) == len(rows)
    assert all(line.count(" | ") == 4 for line in lines)
    tested = [row["tested"] for row in rows if row.get("tested")]
    assert [line for line in lines if line.endswith("| no |")] == lines[len(tested) :]


def test_a_cloud_that_nothing_was_made_for() -> None:
    features = {"scanning": False, "listening": False, "monitoring": False}
    row = {"distribution": "New", "distribution_version": ["1", "2"], "mechanism_drivers": ["OVS"], "type_drivers": []}
    assert "| New, 1, 2 | OVS |  | nothing yet | no |" in page([{**row, "features": features}])


def test_it_is_called_with_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
