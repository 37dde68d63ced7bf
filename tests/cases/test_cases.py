# SPDX-License-Identifier: Apache-2.0
"""Every case: a whole scan finds what it must find (see README.md)."""

from __future__ import annotations

import pytest

from tests.cases.running import CASES, FOLDER, differences


@pytest.mark.parametrize("case", CASES)
def test_a_real_cloud_in_small(case: str) -> None:
    assert differences(case) == []


@pytest.mark.parametrize("case", CASES)
def test_a_case_says_what_is_right_and_why(case: str) -> None:
    assert (FOLDER / case / "expected.md").read_text("utf-8").startswith(f"# {case}\n")
