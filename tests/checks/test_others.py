# SPDX-License-Identifier: Apache-2.0
"""Checks of other distributions: what hosts cannot run is refused before it is packed, and costs no other check."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.checks.host_python import SHARED, problems

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
from calipso_nornir.checks.values import OK, Check, Judgement, Parameter, Question

def ask(values):
    return [Question(("uname", "-s"), str.strip, root=values["root"])]

def judge(values, answers):
    return Judgement(OK, "runs " + answers[0].value)

PLACES = {"uname": "/usr/bin/uname"}
CHECKS = (Check("kernel", "which kernel runs", {"root": Parameter("flag", False, False)}, ask, judge),)
"""
ENTRY = {"of": "0" * 24, "kind": "inventory", "type": "host", "name": "host_a_kernel", "check": "kernel"}


def installed(folder: Path, **modules: str) -> dict[str, str]:
    """Install modules of checks by entry points of their names; return the environment to run Python in."""
    info = folder / "others-0.1.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: others\nVersion: 0.1\n")
    points = "\n".join(f"{name} = checks_of_{name}" for name in modules)
    (info / "entry_points.txt").write_text(f"[calipso_nornir.checks]\n{points}\n")
    for name, source in modules.items():
        (folder / f"checks_of_{name}.py").write_text(source)
    return {**os.environ, "PYTHONPATH": str(folder)}


def packed(folder: Path, environment: dict[str, str], *, ends: int = 0) -> str:
    """Pack the probe into ``probe.pyz``; return what was said."""
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-m", "calipso_nornir.checks.archive", folder / "probe.pyz"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ends, done.stderr
    return done.stdout + done.stderr


def ran(folder: Path, *entries: object) -> list[tuple[int, str]]:
    """Run the archive as a host does, without anything of ours; return status and text of each check."""
    objects = folder / "objects.json"
    objects.write_text(json.dumps({"version": 1, "environment": "lab", "host": "a", "checks": entries}))
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-I", "-S", folder / "probe.pyz", "--objects", objects, "--all"],
        capture_output=True,
        text=True,
        check=True,
    )
    return [(one["status"], one["text"]) for one in map(json.loads, done.stdout.splitlines())]


def test_the_probe_carries_it_and_runs_it(tmp_path: Path) -> None:
    environment = installed(tmp_path, kernel=GOOD)
    packed(tmp_path, environment)
    pnic = {**ENTRY, "name": "pnic", "check": "vnic", "parameters": {"device": "lo"}}
    assert ran(tmp_path, ENTRY, pnic)[0] == (0, "runs Linux")
    before = (tmp_path / "probe.pyz").read_bytes()
    packed(tmp_path, environment)
    assert (tmp_path / "probe.pyz").read_bytes() == before, "the same bytes"


def test_its_rights_name_the_place_that_it_says(tmp_path: Path) -> None:
    code = (
        "import sys, json; from calipso_nornir.checks.objects import read_objects as r; "
        "from calipso_nornir.checks.rights import commands; "
        "print(commands(r(sys.argv[1].encode(), 'f').items))"
    )
    document = json.dumps(
        {"version": 1, "environment": "e", "host": "a", "checks": [{**ENTRY, "parameters": {"root": True}}]}
    )
    for source, said in ((GOOD, "['/usr/bin/uname -s']"), (GOOD.replace("PLACES", "SITES"), "where it is, in PLACES")):
        done = subprocess.run(  # noqa: S603 - ours
            [sys.executable, "-c", code, document],
            env=installed(tmp_path, kernel=source),
            capture_output=True,
            text=True,
            check=False,
        )
        assert said in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import requests\nCHECKS = ()", "line 1: imports requests, which hosts do not have"),
        (
            GOOD + "\nif (x := 1): pass",
            "Python 3.6, which does not know this: Assignment expressions",
        ),
        (GOOD.replace('"kernel"', '"ping"'), "check 'ping' exists already: calipso has it"),
        (
            GOOD.replace('"flag"', '"boolean"'),
            "parameter 'root' of 'kernel' has the type 'boolean'; known are address,",
        ),
        (GOOD.replace("/usr/bin/uname", "uname; id"), "expected the absolute path of a program"),
        ("CHECKS = (1,)", "cannot be used: BadChecks: CHECKS contains something that is no Check"),
        ("raise OSError('no')", "cannot be used: OSError: no"),
    ],
)
def test_what_hosts_cannot_run_is_refused_and_nothing_is_written(tmp_path: Path, source: str, said: str) -> None:
    told = packed(tmp_path, installed(tmp_path, kernel=source), ends=1)
    assert "calipso-probe: entry point kernel of calipso_nornir.checks: checks_of_kernel" in told
    assert said in told
    assert not (tmp_path / "probe.pyz").exists()


def test_two_may_not_have_the_same_name_and_names_are_plain(tmp_path: Path) -> None:
    assert "exists already: kernel has it" in packed(tmp_path, installed(tmp_path, kernel=GOOD, other=GOOD), ends=1)
    assert "expected a unique name" in packed(tmp_path, installed(tmp_path, Kernel=GOOD), ends=1)


def test_one_that_does_not_work_on_a_host_costs_no_other_check(tmp_path: Path) -> None:
    """It was refused by nothing here; there, its Python lacks something."""
    source = (
        GOOD
        + "\nimport sys\nif not sys.flags.no_site:\n    pass\nelse:\n    raise ImportError('not with this Python')\n"
    )
    packed(tmp_path, installed(tmp_path, kernel=source))
    loopback = {**ENTRY, "name": "lo", "check": "vnic", "parameters": {"device": "lo"}}
    broken, good = ran(tmp_path, ENTRY, loopback)
    assert broken == (
        3,
        "this probe has no check 'kernel' (kernel cannot be used: ImportError: not with this Python)",
    )
    assert "this probe" not in good[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import json, re\nfrom typing import Dict\nfrom calipso_nornir.checks.links import LINKS", None),
        ("from calipso_nornir.checks import values", None),
        ("from . import values", "line 1: imports ., which"),
        ("from .values import OK", "line 1: imports .values, which"),
        ("from calipso_nornir.checks import archive", "line 1: imports calipso_nornir.checks.archive, which"),
        ("import calipso_nornir.errors", "line 1: imports calipso_nornir.errors, which"),
        ("from dataclasses import dataclass", "line 1: Python 3.6 has no dataclasses"),
        ("from importlib import metadata", "line 1: Python 3.6 has no importlib.metadata"),
        ("from __future__ import annotations", "line 1: Python 3.6 has no __future__.annotations"),
        (
            "\nmatch 1:\n    case 2: pass",
            "line 3: hosts may have Python 3.6, which does not know this: Pattern",
        ),
        ("def f(a, /): pass", "line 1: hosts may have Python 3.6, which does not know this: Positional-only"),
        ("async def f():\n    return [x async for x in y]", None),
    ],
)
def test_what_a_module_may_be_made_of(text: str, said: str | None) -> None:
    found = list(problems(text.encode()))
    assert found == [] if said is None else found[0].startswith(said)


def test_what_others_may_import_is_in_the_archive() -> None:
    from calipso_nornir.checks import archive  # noqa: PLC0415 - only here

    with zipfile.ZipFile(io.BytesIO(archive.archive())) as found:
        assert {f"{name.replace('.', '/')}.py" for name in SHARED} <= set(found.namelist())
