# SPDX-License-Identifier: Apache-2.0
"""An interrupt ends a command as one, also if a library made another exception of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.cli.main import INTERRUPTED, told_to_end
from calipso_nornir.cli.running import Run
from tests.fixtures.cli import calipso

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_an_interrupt_that_a_library_swallowed_is_no_bug_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pydantic's core raises SchemaError if it is interrupted while it builds a schema."""

    def interrupted(*_: object, **__: object) -> None:
        told_to_end.set()
        raise RuntimeError("SchemaError: KeyboardInterrupt")

    monkeypatch.setattr(Run, "store", interrupted)
    try:
        said = calipso("tree", store=tmp_path / "s.db")
    finally:
        told_to_end.clear()
    assert (said.status, said.err) == (INTERRUPTED, "calipso: interrupted\n")
