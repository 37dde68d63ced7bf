# SPDX-License-Identifier: Apache-2.0
"""Shell completion of the installed program: the script for each shell, and the completions."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.bundles import whole
from tests.fixtures.cli import calipso, program

if TYPE_CHECKING:
    from pathlib import Path


def ask(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the program under test
        [program()], capture_output=True, text=True, check=False, env={**os.environ, **variables}, timeout=60
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_produced(shell: str) -> None:
    done = ask(_CALIPSO_COMPLETE=f"source_{shell}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "_CALIPSO_COMPLETE" in done.stdout
    if shell == "bash":
        bash = shutil.which("bash")
        assert bash is not None
        checked = subprocess.run([bash, "-n"], input=done.stdout, text=True, check=False, capture_output=True)  # noqa: S603 - syntax only
        assert (checked.returncode, checked.stderr) == (0, "")


def _bash(line: str, **variables: str) -> list[str]:
    words = line.split(" ")
    done = ask(
        _CALIPSO_COMPLETE="complete_bash", COMP_WORDS="\n".join(words), COMP_CWORD=str(len(words) - 1), **variables
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.chaos
def test_commands_options_and_names_are_completed(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    assert calipso("replay", whole.recording("ovs"), store=store).status == 0
    assert _bash("calipso sc") == ["scan", "scan-manager", "scans", "schedules"]
    assert _bash("calipso scan --clear") == ["--clear", "--clear_all", "--clear-all"]
    assert _bash("calipso tree -e de", CALIPSO_STORE=str(store)) == ["demo-ovs"]
    assert _bash("calipso tree -e de", CALIPSO_STORE=str(tmp_path / "none.db")) == []
    assert not (tmp_path / "none.db").exists()
    assert _bash("calipso list inst", CALIPSO_STORE=str(store)) == ["instance"]
    assert _bash("calipso get instance web", CALIPSO_STORE=str(store)) == ["web-1", "web-2"]
    assert _bash("calipso show gw", CALIPSO_STORE=str(store)) == ["gw-1"]
    assert "vnic-vedge" in _bash("calipso links -t vnic-v", CALIPSO_STORE=str(store))
    (scan,) = (one["scan_id"] for one in calipso("scans", "-o", "json", store=store).json)
    assert _bash(f"calipso scans show {scan[:4]}", CALIPSO_STORE=str(store)) == [scan]
