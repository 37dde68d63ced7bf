# SPDX-License-Identifier: Apache-2.0
"""The probe in one file: for Python 3.6, with nothing but the standard library, and always the same bytes."""

from __future__ import annotations

import ast
import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from calipso_nornir.checks import archive, named_checks

FOLDER = Path(archive.__file__).parent
MODULES = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_are_for_python_3_6_and_import_the_standard_library_only(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 6))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert {alias.name.partition(".")[0] for alias in node.names} <= sys.stdlib_module_names
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1 or (node.module or "").partition(".")[0] in sys.stdlib_module_names
            assert node.module not in ("__future__", "dataclasses"), "of 3.7"
        elif isinstance(node, ast.Call):
            of_3_7 = {"capture_output", "text"} & {keyword.arg for keyword in node.keywords}
            assert not (of_3_7 and ast.unparse(node.func).startswith("subprocess."))
            assert "shell" not in {keyword.arg for keyword in node.keywords}
        # feature_version does not refuse these
        assert not isinstance(node, ast.NamedExpr)
        if isinstance(node, ast.arguments):
            assert not node.posonlyargs


def test_the_same_sources_make_the_same_bytes(tmp_path: Path) -> None:
    copy = tmp_path / "checks"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for one in copy.iterdir():
        one.chmod(0o600)
    code = "import sys; sys.path.insert(0, sys.argv[1]); from checks import archive as a; "
    code += "sys.stdout.buffer.write(a.archive())"
    made = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, check=True).stdout  # noqa: S603 - ours
    assert made == archive.archive()


def test_it_has_what_a_host_needs_and_no_more() -> None:
    with zipfile.ZipFile(io.BytesIO(archive.archive())) as packed:
        names = set(packed.namelist())
        assert packed.testzip() is None
    assert "__main__.py" in names
    assert f"{named_checks.__name__.replace('.', '/')}.py" in names
    assert f"{archive.__name__.replace('.', '/')}.py" not in names
    assert all(name.endswith(".py") for name in names)


def runs(*command: str | Path) -> str | None:
    """Return what a command printed, or None if it is not there; pyenv has names of interpreters that are not."""
    if shutil.which(command[0]) is None:
        return None
    ended = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - ours
    return None if ended.returncode else ended.stdout


def test_it_runs_with_each_python_that_is_here(tmp_path: Path) -> None:
    packed = tmp_path / archive.NAME
    packed.write_bytes(archive.archive())
    packed.chmod(0o755)
    objects = tmp_path / "objects.json"
    objects.write_text('{"version": 1, "environment": "lab", "host": "cmp1", "checks": []}')
    names = [f"python3.{minor}" for minor in range(6, 16)]
    for python in [sys.executable, *(one for one in names if runs(one, "-c", "") is not None)]:
        assert runs(python, packed, "--objects", objects, "--all") == "", python
        assert "calipso-probe" in (runs(python, packed, "--help") or ""), python
    assert "calipso-probe" in (runs(packed, "--help") or "")


def test_the_command_that_packs_it(tmp_path: Path) -> None:
    path = tmp_path / "x.pyz"
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-m", "calipso_nornir.checks.archive", path], check=True, capture_output=True, text=True
    )
    assert done.stdout == f"{path}\n"
    assert path.read_bytes() == archive.archive()
    assert path.stat().st_mode & 0o777 == 0o755
