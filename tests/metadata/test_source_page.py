# SPDX-License-Identifier: Apache-2.0
"""docs/sources.md equals the page that is generated from the kinds of sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir.metadata.source_kinds import source_kinds
from calipso_nornir.metadata.source_page import main, page

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parents[2] / "docs" / "sources.md"


def test_it_is_current(tmp_path: Path) -> None:
    """Run ``make schemas`` when this fails."""
    assert main([str(tmp_path / "sources.md")]) == 0
    assert (tmp_path / "sources.md").read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")


def test_it_tells_every_kind_with_its_questions_and_keys() -> None:
    text = page(list(source_kinds().values()))
    for kind in source_kinds().values():
        assert f"## {kind.section}\n" in text
        assert all(f"| `{query.__name__}` |" in text for query in kind.queries)
        assert all(f"| `{info.alias or key}` |" in text for key, info in kind.schema.model_fields.items())
    assert "any |" not in text, "every value has a word"


def test_it_is_called_with_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
